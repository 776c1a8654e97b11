"""Whether the end of a growing Markdown text is inside code (CommonMark 0.31, sections 4.5 and 6.1)."""

from __future__ import annotations

import re

_FENCE = re.compile(" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_BACKTICKS = re.compile("`+")


class MarkdownCode:
    """Fed the text as it grows."""

    def __init__(self) -> None:
        self._fence = ""
        self._backticks = ""  # the run that opened a code span in this paragraph
        self._line = ""

    @property
    def is_open(self) -> bool:
        return bool(self._fence or _FENCE.match(self._line) or _span(self._backticks, self._line))

    def feed(self, text: str) -> None:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._end_line(line)

    def _end_line(self, line: str) -> None:
        fence = _FENCE.match(line)
        if self._fence:
            if line.strip().startswith(self._fence) and not line.strip().strip(self._fence[0]):
                self._fence = ""
        elif fence:
            self._fence, self._backticks = fence[1], ""
        else:
            self._backticks = _span(self._backticks, line) if line.strip() else ""


def _span(opened: str, line: str) -> str:
    """Return the run of backticks that a code span is open with at the end of the line, or nothing."""
    for run in _BACKTICKS.findall(line):
        if not opened:
            opened = run
        elif run == opened:
            opened = ""
    return opened
