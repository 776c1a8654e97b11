"""The blocks of a model's Markdown: code stays as it is, in a form that every parser reads as code; the
rest goes through chat.ui.markdown.inline, a paragraph, heading or table cell at a time.

A line scanner after CommonMark's container rules. Where marked 12 (in Gradio) reads something otherwise,
the source is written so that both agree: an unclosed fence in a list is closed, indented code is fenced,
code that begins with a tab gets a form in which marked does not turn the tab into spaces. Knows no page
and no cache.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chat.ui.markdown.fences import INDENTED_FENCE, Fence, write_code
from chat.ui.markdown.inline import WHITE, escape, write_inline
from chat.ui.markdown.links import read_link
from chat.ui.markdown.table_cells import without_code, write_row

FORMULA_LINES_MAX = 80
DEPTH_MAX = 40  # quotes and lists in each other; a browser cannot lay out thousands
_LEADING_TABS = re.compile(r"^( *)(\t+)")
_QUOTE = re.compile(r" {0,3}> ?")
_MARKER = re.compile(r"( {0,3}(?:[-*+]|\d{1,9}[.)]))([ \t]+|$)")
_OPENS = re.compile(r"( {0,3}(?:\d{1,9}(?=[.)]))?)([>*+.)-])")  # the character that makes a container
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_FENCE = re.compile(r"( *)(`{3,}|~{3,})(.*)$")
_BREAKS = re.compile(r" {0,3}(?:#{1,6}(?:\s|$)|=+\s*$|-+\s*$|</?[a-zA-Z!?]|\[(?:\\.|[^\[\]\\])+\]:)")
_DELIMITERS = re.compile(r" {0,3}(?:\| *)?:?-+:? *(?:\| *:?-+:? *)*(?:\| *)?$")
_DEFINITION = re.compile(
    r""" {0,3}\[(?!\^)((?:\\.|[^\[\]\\\n]){1,200})\]: *(?:<([^<>\n]*)>|(\S+))"""
    r"""(?: +(?:"[^"\n]*"|'[^'\n]*'|\([^()\n]*\)))? *$"""
)
_ENVIRONMENT = re.compile(r" {0,3}\\begin\{((?:align|alignat|equation|gather)\*?)\}")
# What can be opened and closed: the tags alone, without attributes, each on a line of its own.
_DETAILS = re.compile(
    r" {0,3}(?P<opens><details(?: open)?>)?\s*(?:<summary>(?P<summary>.{1,500}?)</summary>)?\s*"
    r"(?P<closes></details>)?\s*",
    re.IGNORECASE,
)
_BARE_TAG = re.compile(r"</?(?:b|strong|i|em|code|kbd|sub|sup)>", re.IGNORECASE)
_FOOTNOTE = re.compile(r" {0,3}\[\^([\w-]{1,32})\]:[ \t]*(.*)$", re.DOTALL)


class Blocks:
    """One run over one text."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self.hosts = hosts
        self.out: list[str] = []
        self.containers: list[int] = []  # 0: a quote; else a list item, and how far its content is indented
        self.fence: Fence | None = None
        self.paragraph: list[tuple[str, str]] = []  # (prefix, content) of its lines
        self.in_table = False
        self.in_indented = False

    def write(self, text: str) -> str:
        """Return the text, mended."""
        lines = text.split("\n")
        at = 0
        while at < len(lines):
            at = self._read(lines, at)
        self._end_paragraph()
        if self.fence:
            self._end_fence(closed=self.in_indented)
        return "\n".join(self.out)

    def _read(self, lines: list[str], at: int) -> int:
        if self.fence:
            at = self._skip_code(lines, at)
            return at + 1 if at == len(lines) or self._read_code(lines[at]) else self._read(lines, at)
        line = _LEADING_TABS.sub(lambda match: match[1] + "    " * len(match[2]), lines[at])
        prefix, rest, is_whole = self._enter(line)
        if not rest.strip():
            self._end_paragraph()
            self.out.append(line)
            return at + 1
        if not is_whole and self.paragraph and not self._starts_block(rest):
            return self._read_text(lines, at, prefix, rest)  # a lazy line: it belongs to the paragraph above
        prefix, rest = self._open_containers(prefix, rest, is_whole)
        if (match := _FENCE.match(rest)) and not ("`" in match[3] and match[2][0] == "`"):
            self._begin_fence(match, prefix)
            return at + 1
        if rest.startswith("    ") and not self.paragraph:
            self._begin_indented(prefix, rest)
            return at + 1
        return self._read_text(lines, at, prefix, rest)

    # Containers

    def _enter(self, line: str) -> tuple[str, str, bool]:
        """Go into the containers that the line goes on with; return what that took, the rest, whether all."""
        at = 0
        for depth, indent in enumerate(self.containers):
            rest = line[at:]
            quote = _QUOTE.match(rest) if indent == 0 else None
            if quote:
                at += quote.end()
            elif indent and not rest.strip():
                continue
            elif indent and len(rest) - len(rest.lstrip(" ")) >= indent:
                at += indent
            else:
                self._lost = depth
                return line[:at], rest, False
        return line[:at], line[at:], True

    def _open_containers(self, prefix: str, rest: str, is_whole: bool) -> tuple[str, str]:
        if not is_whole:
            self._end_paragraph()
            del self.containers[self._lost :]
        while rest.strip():
            if len(self.containers) >= DEPTH_MAX:
                return prefix, _OPENS.sub(r"\1\\\2", rest, count=1)
            if quote := _QUOTE.match(rest):
                taken, indent = quote.end(), 0
            elif (marker := _MARKER.match(rest)) and not _RULE.match(rest) and self._may_open(marker):
                spaces = len(marker[2])
                taken = marker.end() if 0 < spaces <= 4 else marker.end(1) + min(1, spaces)
                indent = marker.end(1) + (spaces if 0 < spaces <= 4 else 1)
            else:
                break
            self._end_paragraph()
            self.containers.append(indent)
            prefix, rest = prefix + rest[:taken].replace("\t", " "), rest[taken:]
        return prefix, rest

    def _may_open(self, marker: re.Match[str]) -> bool:
        return not self.paragraph or bool(marker[2])

    def _starts_block(self, rest: str) -> bool:
        return bool(
            _QUOTE.match(rest)
            or _MARKER.match(rest)
            or _FENCE.match(rest)
            or _BREAKS.match(rest)
            or _RULE.match(rest)
        )

    def _inner(self, prefix: str) -> str:
        """Return the prefix of a further line in the same containers."""
        return "".join("> " if indent == 0 else " " * indent for indent in self.containers) or ""

    # Code

    def _begin_fence(self, match: re.Match[str], prefix: str) -> None:
        self._end_paragraph()
        self.in_indented = False
        info = match[3].strip()
        self.fence = Fence(match[2], info, len(match[1]), len(self.containers), prefix, self._inner(prefix))

    def _begin_indented(self, prefix: str, rest: str) -> None:
        self.in_indented = True
        self.fence = Fence(
            INDENTED_FENCE, "", 4, len(self.containers), prefix, self._inner(prefix), [rest[4:]]
        )

    def _skip_code(self, lines: list[str], at: int) -> int:
        """Take the lines that can be nothing but code: in no container, and without a fence's mark."""
        fence = self.fence
        assert fence is not None
        if fence.depth or fence.indent or self.in_indented:
            return at
        start, mark = at, fence.mark
        while at < len(lines) and mark not in lines[at]:
            at += 1
        fence.lines += lines[start:at]
        return at

    def _read_code(self, line: str) -> bool:
        """Take a line of the open code; False where the code has ended before it."""
        fence = self.fence
        assert fence is not None
        rest, is_whole = self._enter_code(line)
        if not is_whole and not self._continues(rest):
            self._end_fence(closed=True)
            return False
        if self.in_indented:
            return self._read_indented(rest)
        closing = rest.strip()
        shallow = len(rest) - len(rest.lstrip(" ")) <= fence.indent + 3
        if shallow and closing.startswith(fence.mark) and not closing[len(fence.mark) :].strip("`~"):
            self._end_fence(closed=True)
            return True
        taken = min(fence.indent, len(rest) - len(rest.lstrip(" ")))
        fence.lines.append(rest[taken:])
        return True

    def _enter_code(self, line: str) -> tuple[str, bool]:
        """Return the code on the line, with its tabs but those that only bring it into its containers."""
        _, rest, is_whole = self._enter(line)
        while not is_whole and (tab := _LEADING_TABS.match(line)):
            line = f"{tab[1]}    {line[len(tab[1]) + 1 :]}"
            _, rest, is_whole = self._enter(line)
        return rest, is_whole

    def _continues(self, rest: str) -> bool:
        """Is a line that is indented too little still code? In a list, where it begins nothing new."""
        return (
            not self.in_indented
            and self.containers[self._lost] > 0
            and not (_MARKER.match(rest) or _QUOTE.match(rest) or re.match(r" {0,3}#{1,6}\s", rest))
        )

    def _read_indented(self, rest: str) -> bool:
        assert self.fence is not None
        if rest.strip() and not rest.startswith(("    ", "\t")):
            self._end_fence(closed=True)
            return False
        self.fence.lines.append(rest[1 if rest.startswith("\t") else 4 :])
        return True

    def _end_fence(self, *, closed: bool) -> None:
        fence, self.fence = self.fence, None
        assert fence is not None
        after: list[str] = []
        while self.in_indented and fence.lines and not fence.lines[-1].strip():
            after.append(fence.lines.pop())
        self.in_indented = False
        self.out += write_code(fence, closed) + ["" for _ in after]

    # Text

    def _read_text(self, lines: list[str], at: int, prefix: str, rest: str) -> int:
        if not self.containers and (part := _write_details(rest)):
            self._end_paragraph()
            self.out.append(part)
            return at + 1
        last = self._formula_end(lines, at, rest)
        for number in range(at + 1, last + 1):
            rest += "\n" + self._enter(lines[number])[1]
        if self.in_table:
            self._write_row(prefix, rest)
        elif last == at and "|" in rest and at + 1 < len(lines) and self._is_delimiter_row(lines[at + 1]):
            self._end_paragraph()
            self._write_row(prefix, rest)
            self.in_table = True
        elif self.paragraph and not _BREAKS.match(rest) and not _RULE.match(rest):
            self.paragraph.append((prefix, rest))
        else:
            self._end_paragraph()
            self.paragraph.append((prefix, rest))
            if _BREAKS.match(rest) or _RULE.match(rest):
                self._end_paragraph()
        return last + 1

    def _is_delimiter_row(self, line: str) -> bool:
        _, rest, is_whole = self._enter(line)
        return is_whole and bool(_DELIMITERS.match(rest)) and ("|" in rest or ":" in rest)

    def _formula_end(self, lines: list[str], at: int, rest: str) -> int:
        r"""Return the line that closes the formula which this one opens with `\[` or `$$`, or this one."""
        environment = _ENVIRONMENT.match(rest)
        if "$$" not in rest and "\\[" not in rest and not environment:
            return at
        plain = without_code(rest)
        closer = "$$" if plain.count("$$") % 2 else "\\]" if plain.count("\\[") > plain.count("\\]") else ""
        if environment:
            closer = f"\\end{{{environment[1]}}}" if f"\\end{{{environment[1]}}}" not in rest else ""
        for number in range(at + 1, min(len(lines), at + FORMULA_LINES_MAX) if closer else 0):
            if closer in lines[number]:
                return number
            if not lines[number].strip() or _FENCE.match(lines[number]):
                break
        return at

    def _write_row(self, prefix: str, rest: str) -> None:
        self.out.append(prefix + write_row(rest, self.hosts))

    def _end_paragraph(self) -> None:
        self.in_table = False
        paragraph, self.paragraph = self.paragraph, []
        if not paragraph:
            return
        prefixes = [prefix for prefix, _ in paragraph]
        text = "\n".join(content for _, content in paragraph)
        self.out.append(prefixes[0] + _write_paragraph(text, self.hosts, prefixes[1:]))


def _write_details(line: str) -> str:
    """Return a line that opens or closes a part that can be folded, or nothing.

    The tags alone, without attributes; an empty line after them lets what follows be Markdown.
    """
    found = _DETAILS.fullmatch(line) if "<" in line else None
    if not found or not any(found.groups()):
        return ""
    summary = _BARE_TAG.sub("", found["summary"] or "").replace("**", "")
    if "<" in summary or ">" in summary:
        return ""
    opens = "<details open>" if (found["opens"] or "").lower().endswith("open>") else "<details>"
    shown = opens if found["opens"] else ""
    if summary:
        shown += f"<summary>{escape(summary)}</summary>\n"
    return shown + ("\n</details>\n" if found["closes"] else "")


def _write_paragraph(text: str, hosts: Sequence[str], prefixes: Sequence[str]) -> str:
    if note := _FOOTNOTE.match(text):
        return f"{WHITE}<sup>{note[1]}</sup> {write_inline(note[2], hosts, prefixes)}"
    definition = _DEFINITION.match(text)
    link = read_link(definition[2] or definition[3]) if definition else None
    if definition and link and "\n" not in text:
        title = f' "{link.host}"' if link.host else ""
        return f"[{definition[1]}]: <{link.url}>{title}"
    lines = text.split("\n")
    may_be_table = any("|" in line and _DELIMITERS.match(line) for line in lines)
    if may_be_table and len(lines) == len(prefixes) + 1:  # marked may see one where we do not
        rows = [write_inline(line, hosts) for line in lines]
        return "\n".join([rows[0], *(prefix + row for prefix, row in zip(prefixes, rows[1:], strict=True))])
    return write_inline(text, hosts, prefixes)
