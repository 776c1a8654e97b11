"""Tell a model's reasoning from its answer where both come as one text, with <think> tags around the former.

Sans-IO: fed text, returns text. Tags count anywhere outside code: not in a fenced block and not between
backticks (CommonMark 0.31, sections 4.5 and 6.1), where they are what the answer is about. Knows no chunk and
no provider.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TAG = re.compile("</?think>")
_PARTIAL_TAG = re.compile(r"<(?:/?(?:t(?:h(?:i(?:nk?)?)?)?)?)?\Z")
_FENCE = re.compile(" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_BACKTICKS = re.compile("`+")


class Split(NamedTuple):
    """What a piece of text adds. recasts: all text before it was reasoning, since </think> came unopened."""

    text: str
    reasoning: str = ""
    recasts: bool = False


class ReasoningSplitter:
    """One answer's state. `said` is the answer so far, where this one continues another."""

    def __init__(self, said: str = "") -> None:
        self._is_reasoning = False
        self._has_text = bool(said.strip())
        self._may_be_unopened = not said
        self._pending = ""  # the end of the text so far, where it could be the start of a tag
        self._unread: list[str] = [said]  # text that _code has not seen: read only once a tag turns up
        self._code = _Code()
        self._after_ignored: list[str] | None = None

    @property
    def is_holding(self) -> bool:
        """Whether the end of the last piece is held back, since it could be the start of a tag."""
        return bool(self._pending)

    def is_plain(self, piece: str) -> bool:
        """Whether `piece` adds itself to the answer, as most do; then it has been taken."""
        if "<" in piece or self._pending or self._is_reasoning or not self._has_text:
            return False
        self._unread.append(piece)
        return True

    def feed(self, piece: str) -> Split:
        """Return what `piece` adds, except an end that could be the start of a tag."""
        if self.is_plain(piece):
            return Split(piece)
        piece, self._pending = self._pending + piece, ""
        if partial := _PARTIAL_TAG.search(piece):
            piece, self._pending = piece[: partial.start()], partial[0]
        return self._split(piece)

    def flush(self) -> Split:
        """Return what was held back: the answer ends here.

        Reasoning that ends in no answer, but in which a closing tag was ignored as code, ended there: an
        answer shown twice is better than none.
        """
        pending, self._pending = self._pending, ""
        split = self._emit(pending)
        if self._is_reasoning and self._after_ignored:
            return Split("".join(self._after_ignored).lstrip(), split.reasoning)
        return split

    def _split(self, piece: str) -> Split:
        texts, reasonings, recasts, at = [""], [""], False, 0
        for tag in _TAG.finditer(piece):
            self._add(piece[at : tag.start()], texts, reasonings)
            at = tag.end()
            if self._is_unopened(tag[0]):
                reasonings, texts, recasts = [*texts, *reasonings], [""], True
            elif not self._switch(tag[0]):
                self._add(tag[0], texts, reasonings)
                if self._is_reasoning and tag[0] == "</think>" and self._after_ignored is None:
                    self._after_ignored = []
        self._add(piece[at:], texts, reasonings)
        return Split("".join(texts), "".join(reasonings), recasts)

    def _add(self, piece: str, texts: list[str], reasonings: list[str]) -> None:
        split = self._emit(piece)
        texts.append(split.text)
        reasonings.append(split.reasoning)

    def _emit(self, piece: str) -> Split:
        self._unread.append(piece)
        if self._is_reasoning:
            if self._after_ignored is not None:
                self._after_ignored.append(piece)
            return Split("", piece)
        if not self._has_text and not self._may_be_unopened:
            piece = piece.lstrip()  # the line breaks between </think> and the answer
        self._has_text = self._has_text or bool(piece.strip())
        return Split(piece)

    def _is_unopened(self, tag: str) -> bool:
        """Whether this tag closes what the answer began with: some templates write the opening tag."""
        if tag == "<think>" or not self._may_be_unopened or self._is_in_code():
            return False
        self._turn(is_reasoning=False)
        self._has_text = False
        return True

    def _switch(self, tag: str) -> bool:
        """Take the tag as one, unless it is out of place or in code."""
        if (tag == "<think>") == self._is_reasoning or self._is_in_code():
            return False
        self._turn(is_reasoning=not self._is_reasoning)
        return True

    def _turn(self, *, is_reasoning: bool) -> None:
        self._is_reasoning = is_reasoning
        self._may_be_unopened = False
        self._after_ignored = None
        self._code, self._unread = _Code(), []

    def _is_in_code(self) -> bool:
        self._code.feed("".join(self._unread))
        self._unread = []
        return self._code.is_open


class _Code:
    """Whether the end of a growing Markdown text is inside code."""

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
