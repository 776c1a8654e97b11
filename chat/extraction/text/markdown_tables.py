"""Tables of Markdown as rows without outer bars. Everything else of the text stays as it is.

The form is that of GitHub Flavored Markdown, section 4.10: a header, a rule with as many cells, then rows.
"""

from __future__ import annotations

import re

from chat.documents.row_format import count_bars, join_row, split_row

_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")


def rewrite_tables(text: str) -> str:
    """Return the text with each row of a table as `a | b`; the rule below a header is left out."""
    lines, out, at = text.split("\n"), list[str](), 0
    while at < len(lines):
        line = lines[at]
        width = _width(line, lines[at + 1] if at + 1 < len(lines) else "")
        if not width:
            out.append(line)
            at += 1
            continue
        out.append(_row(line, width))
        at += 2
        while at < len(lines) and count_bars(lines[at]):
            out.append(_row(lines[at], width))
            at += 1
    return "\n".join(out)


def _width(line: str, rule: str) -> int:
    """Return the number of columns of the table that these two lines begin; 0 where they do not."""
    if "-" not in rule or "|" not in line or not _RULE.fullmatch(rule):
        return 0
    width = len(_cells(line))
    return width if width > 1 and len(_cells(rule)) == width else 0


def _cells(line: str) -> list[str]:
    """Return the cells of a row. The bar at either end is optional in each line."""
    cells = split_row(line.strip())
    if line.lstrip().startswith("|") and cells and not cells[0] and len(cells) > 1:
        cells = cells[1:] if count_bars(line.strip()) == len(cells) - 1 else cells
    elif line.rstrip().endswith("|") and not line.rstrip().endswith("\\|") and cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def _row(line: str, width: int) -> str:
    cells = _cells(line)[:width]
    return join_row([*cells, *[""] * (width - len(cells))])
