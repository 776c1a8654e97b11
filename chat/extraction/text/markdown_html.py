"""Markdown as a reader of the page sees it: tables as rows, no tags of HTML, no comments. Knows no file.

Everything else stays as it is; so does code, in blocks and within a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from chat.documents.row_format import count_bars
from chat.extraction.raised import END, LOWER, RAISE, write_raised
from chat.extraction.text.markdown_tables import rewrite_tables
from chat.extraction.text.markup import text_of_html

_BREAK = "\x0b"  # where a line ends in what is shown; in a row of a table a space
_BLOCKS = (
    "address article aside blockquote br caption center dd details div dl dt figcaption figure footer header "
    "hr iframe main nav ol p picture section source summary table tbody td tfoot th thead tr ul video"
)
_INLINE = "abbr b big cite em font i ins kbd mark small span strong tt u wbr"
_SHOWN = {
    "s": "~~", "strike": "~~", "del": "~~", "sup": RAISE, "/sup": END, "sub": LOWER, "/sub": END,
    "li": f"{_BREAK}- ", "/li": _BREAK,
    **{f"h{level}": f"{_BREAK}{'#' * level} " for level in range(1, 7)},
    **{f"/h{level}": _BREAK for level in range(1, 7)},
    **dict.fromkeys(_INLINE.split(), ""),
    **dict.fromkeys(_BLOCKS.split(), _BREAK),
}  # fmt: skip
_NAMES = "|".join({*(name for name in _SHOWN if name[0] != "/"), "a", "img"})
_TOKEN = re.compile(
    r"(?P<code>``[^\n]+?``|`[^`\n]+`)|(?P<comment><!--)"
    rf"|<(?P<tag>/?(?:{_NAMES}))(?=[\s/>])(?P<attributes>[^<>]{{0,2000}})>"
    r"|(?P<entity>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]\w{1,30});)",
    re.IGNORECASE,
)
_TABLE = re.compile(r"<(/?)table\b[^<>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE = {
    name: re.compile(rf"""\b{name}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
    for name in ("alt", "href")
}
_ADDRESS = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_BLANK = re.compile(r"\s*")
_FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
_INDENTED = re.compile(r"(?: {4}|\t)\s*\S")
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])\s")


def read_markdown(text: str) -> str:
    """Return Markdown whose tables are rows and whose HTML is what it shows."""
    return "\n".join(part if is_code else rewrite_tables(_seen(part)) for is_code, part in _divide(text))


def _divide(text: str) -> Iterator[tuple[bool, str]]:
    """Yield blocks of code, and what stands between them, each without its last line break."""
    lines, fence, was_code, is_list = list[str](), "", False, False
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        is_indented = (
            not is_list and _INDENTED.match(line) and (was_code or not lines or not lines[-1].strip())
        )
        is_code = bool(fence or mark or is_indented)
        if lines and is_code != was_code:
            yield was_code, "\n".join(lines)
            lines = []
        lines.append(line)
        was_code = is_code
        if mark:
            is_end = mark[1].startswith(fence) and line.strip() == mark[1]
            fence = mark[1] if not fence else "" if is_end else fence
        elif line[:1].strip() or _ITEM.match(line):
            is_list = bool(_ITEM.match(line))
    yield was_code, "\n".join(lines)


def _seen(text: str) -> str:
    """Return what is shown of Markdown without blocks of code."""
    if "<" not in text and "&" not in text:
        return text
    out, at, links, without_end = list[str](), 0, list[str](), set[str]()
    while token := _TOKEN.search(text, at):
        out.append(text[at : token.start()])
        at, tag = token.end(), (token["tag"] or token["comment"] or "").lower()
        end = _end(tag, text, token.start()) if tag in ("table", "<!--") and tag not in without_end else 0
        if end:
            at = end
            out += ["\n", text_of_html(text[token.start() : end])[0], "\n"] if tag == "table" else []
        elif token["comment"]:
            out.append(tag)
        elif tag:
            out.append(_tag(tag, token["attributes"], links))
            if tag[0] == "h" and tag != "hr" and (blank := _BLANK.match(text, at)):
                at = blank.end()  # a heading's words may begin in the next line
        else:
            out.append(token["code"] or _character(token["entity"]))
        if tag in ("table", "<!--") and not end:
            without_end.add(tag)  # none that follows has an end either
    out.append(text[at:])
    return "\n".join(line for one in "".join(out).split("\n") for line in _lines(one))


def _end(tag: str, text: str, start: int) -> int:
    """Return where a comment or a table ends, which may hold others; 0 where it does not."""
    if tag != "table":
        return text.find("-->", start) + 3 if text.find("-->", start) > 0 else 0
    depth = 0
    for found in _TABLE.finditer(text, start):
        depth += -1 if found[1] else 1
        if not depth:
            return found.end()
    return 0


def _tag(tag: str, attributes: str, links: list[str]) -> str:
    """Return what stands for a tag. links: the targets of those that are open, which it changes."""
    if tag == "img":
        return _value("alt", attributes)
    if tag == "a":
        url = _value("href", attributes)
        links.append(url if _ADDRESS.match(url) else "")
        return "[" if links[-1] else ""
    if tag == "/a":
        return f"]({url})" if (url := links.pop() if links else "") else ""
    return _SHOWN[tag] if tag in _SHOWN else _SHOWN.get(tag[1:], "")


def _value(name: str, attributes: str) -> str:
    found = _ATTRIBUTE[name].search(attributes)
    return unescape(next(filter(None, found.groups()), "")) if found else ""


def _character(entity: str) -> str:
    """Return what an entity stands for; a bar in a cell stays a part of it."""
    return unescape(entity).replace("|", "\\|").replace("\n", " ")


def _lines(line: str) -> Iterator[str]:
    """Yield the lines that a line becomes: none where it has nothing but tags."""
    parts = line.split(_BREAK)
    if len(parts) == 1:
        yield write_raised(line)
    elif count_bars(line):
        yield write_raised(" ".join(part.strip() for part in parts))
    else:
        yield from (write_raised(part.rstrip()) for part in parts if part.strip(" \t#-"))
