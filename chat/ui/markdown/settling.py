"""The end of a growing Markdown text, made such that it does not flicker when the next characters come.

What could become something else is held back for as long as it is short (a list's marker, a table's head,
half a link or formula); bold and code that are open are closed. Knows only the end: what is in a code
block is left alone.
"""

from __future__ import annotations

import re

HELD_CHARACTERS_MAX = 1_500
CLOSED_CHARACTERS_MAX = 200
TEXT_CHARACTERS_MAX = (
    20_000  # past it a closing mark, which makes Gradio send the whole text again, is not worth it
)
_LAST_LINE = re.compile(r"(?:\A|\n)[ \t>]*(?:[-=*+_#`~|:>]+|\d{1,9}[.)]?)[ \t]*\Z")
_TABLE_HEAD = re.compile(r"(?:\A|\n)[ \t>]*\|[^\n]*(?:\n[ \t>]*[|:\- ]*)?\Z")
_OPEN_LINK = re.compile(r"!?\[[^\[\]\n]{0,80}\Z|!?\[[^\[\]\n]{0,300}\](?:\([^()\s]{0,900})?\Z")
_OPEN_TAG = re.compile(r"(?:<[a-zA-Z/]{0,10}|&#?\w{0,8}|\\|!|(?<!\$)\$)\Z")
_OPEN_FORMULA = re.compile(
    r"\\\((?:(?!\\\))[^\n])*\Z|\\\[(?:(?!\\\]).)*\Z"
    r"|\\begin\{(?:align|alignat|equation|gather)\*?\}(?:(?!\\end\{).)*\Z"
    r"|(?<![\w$\\`])\$(?=[^\s$\d])(?:[^$`\n]{0,12}|(?=[^$\n]*[\\^_=])[^$`\n]{0,160})\Z",
    re.DOTALL,
)
_CLOSED_FORMULA = re.compile(r"(?<![\w$\\])\$(?=[^\s$])[^$\n]{1,300}?(?<!\s)\$(?![\w$])")
_CODE = re.compile(r"(?<!`)(`++)(?:[^`]|[^`][\s\S]*?[^`])\1(?!`)")
_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)


def settle(block: str) -> str:
    """Return the last block of a growing text as it may be shown already."""
    if _is_in_fence(block):
        line = block[block.rfind("\n") + 1 :]
        return block[: -len(line)] if line and not line.strip(" `~") and "\n" in block else block
    start = block.rfind("\n\n") + 2 if "\n\n" in block else 0
    return block[:start] + _settle_paragraph(block[start:])


def _is_in_fence(block: str) -> bool:
    mark = ""
    for match in _FENCE.finditer(block):
        if not mark:
            mark = match[1]
        elif match[1].startswith(mark) and not match[2].strip("`~ \t"):
            mark = ""
    return bool(mark)


def _settle_paragraph(text: str) -> str:
    plain = text
    for closed in (_CODE, _CLOSED_FORMULA):
        plain = closed.sub(lambda match: "x" * len(match[0]), plain)
    held = len(text)
    if plain.count("$$") % 2:
        held = plain.rfind("$$")
    for pattern in (_OPEN_FORMULA, _TABLE_HEAD, _OPEN_LINK, _OPEN_TAG, _LAST_LINE):
        if match := pattern.search(plain, max(0, held - HELD_CHARACTERS_MAX), held):
            held = match.start()
    if len(text) - held > HELD_CHARACTERS_MAX:
        held = len(text)
    return _close(text[:held].rstrip(" "), plain[:held]) if held else ""


def _close(text: str, plain: str) -> str:
    """Close the code or the bold that is open at the end, or take its mark away where nothing follows it."""
    tick = plain.rfind("`")
    at, mark = (tick, "`") if tick >= 0 else (plain.rfind("**"), "**") if plain.count("**") % 2 else (-1, "")
    if at < 0 or len(text) - at > CLOSED_CHARACTERS_MAX:
        return text
    if tick >= 0:
        mark = "`" * (len(plain[: tick + 1]) - len(plain[: tick + 1].rstrip("`")))
        at = tick + 1 - len(mark)
    inside = text[at + len(mark) :].strip("*")
    if not inside.strip():
        return text[:at].rstrip(" ")
    return (
        text if inside[0].isspace() and mark == "**" else text.rstrip(" *`" if mark == "**" else " ") + mark
    )
