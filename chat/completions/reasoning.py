"""Tell a model's reasoning from its answer where both come as one text, with marks around the former.

Sans-IO: fed text, returns text. Every pair of `reasoning_marks` counts where an answer begins. <think> counts
anywhere outside code: not in a fenced block and not between backticks, where it is what the answer is about.
Knows no chunk and no provider.
"""

from __future__ import annotations

from typing import NamedTuple

from chat.completions.harmony import HarmonySplitter
from chat.completions.markdown_code import MarkdownCode
from chat.completions.reasoning_marks import (
    BARE_ANALYSIS,
    BARE_FINAL,
    HARMONY,
    PAIRS,
    THINK,
    UNOPENED,
    WRAPPERS,
    Pair,
    find_partial,
)

_OPENINGS = (*(pair.opening for pair in PAIRS), *HARMONY)
_LATER = (THINK.opening,)


class Split(NamedTuple):
    """What a piece of text adds. recasts: all text before it was reasoning, since </think> came unopened."""

    text: str
    reasoning: str = ""
    recasts: bool = False


class ReasoningSplitter:
    """One answer's state. `said` is the answer so far, where this one continues another."""

    def __init__(self, said: str = "") -> None:
        self._pair: Pair | None = None  # whose opening has come; None: in the answer
        self._harmony: HarmonySplitter | None = None
        self._has_text = bool(said.strip())
        self._may_be_unopened = not said
        self._beginning = said[: len(BARE_ANALYSIS)]
        self._has_reasoned = False
        self._wrapper = ""  # what closes the wrapper around the answer
        self._pending = ""  # the end of the text so far, where it could be the start of a mark
        self._unread: list[str] = [said]  # text that _code has not seen: read only once a mark turns up
        self._code = MarkdownCode()
        self._after_ignored: list[str] | None = None
        self._texts: list[str] = []  # of this piece
        self._reasonings: list[str] = []

    @property
    def is_holding(self) -> bool:
        """Whether the end of the last piece is held back, since it could be the start of a mark."""
        return bool(self._pending) or bool(self._harmony and self._harmony.is_holding)

    def is_plain(self, piece: str) -> bool:
        """Whether `piece` adds itself to the answer, as most do; then it has been taken."""
        if "<" in piece or "◁" in piece or self._pending or self._pair or not self._has_text or self._harmony:
            return False
        if self._may_be_unopened and (len(self._beginning) < len(BARE_ANALYSIS) or self._is_bare):
            return False
        self._unread.append(piece)
        return True

    def feed(self, piece: str) -> Split:
        """Return what `piece` adds, except an end that could be the start of a mark."""
        if self.is_plain(piece):
            return Split(piece)
        if self._harmony:
            return Split(*self._harmony.feed(piece))
        piece, self._pending = self._pending + piece, ""
        self._texts, self._reasonings, recasts = [], [], False
        while piece and not self._harmony:
            piece, is_unopened = self._take(piece)
            recasts = recasts or is_unopened
        return Split("".join(self._texts), "".join(self._reasonings), recasts)

    def flush(self) -> Split:
        """Return what was held back: the answer ends here.

        Reasoning that ends in no answer, but in which a closing mark was ignored as code, ended there: an
        answer shown twice is better than none.
        """
        if self._harmony:
            return Split(*self._harmony.flush())
        self._texts, self._reasonings = [], []
        pending, self._pending = self._pending, ""
        self._emit(pending)
        reasoning = "".join(self._reasonings)
        if self._pair and self._after_ignored:
            return Split("".join(self._after_ignored).lstrip(), reasoning)
        return Split("".join(self._texts), reasoning)

    def _take(self, piece: str) -> tuple[str, bool]:
        """Take the piece up to its first mark; return the rest, and whether all before was reasoning."""
        marks = self._marks(piece)
        found = min(((at, mark) for mark in marks if (at := piece.find(mark)) >= 0), default=None)
        if found is None:
            cut = find_partial(piece, marks)
            self._emit(piece[:cut])
            self._pending = piece[cut:]
            return "", False
        at, mark = found
        if self._is_at_start and (mark in _OPENINGS or mark in WRAPPERS) and piece[:at].strip():
            self._emit(piece[:at])  # an answer has begun before the mark: look again at what counts there
            return piece[at:], False
        self._emit(piece[:at])
        is_unopened = self._turn_at(mark)
        if self._harmony:
            return self._enter_harmony(piece[at:])
        return piece[at + len(mark) :], is_unopened

    @property
    def _is_at_start(self) -> bool:
        return self._pair is None and not self._has_text

    @property
    def _is_bare(self) -> bool:
        """Whether the text began as harmony does without its special tokens."""
        return self._beginning == BARE_ANALYSIS

    def _marks(self, piece: str) -> tuple[str, ...]:
        """Return the marks that count at the beginning of the piece."""
        if self._pair:
            return (self._pair.closing,)
        closings = UNOPENED if self._may_be_unopened else ()
        if self._may_be_unopened and (self._beginning + piece.lstrip()).startswith(BARE_ANALYSIS):
            closings = (*closings, BARE_FINAL)
        if self._wrapper:
            closings = (*closings, self._wrapper)
        elif self._has_reasoned and not self._has_text:
            closings = (*closings, *WRAPPERS)
        if self._is_at_start and _may_open(piece.lstrip()):
            return (*_OPENINGS, *closings)
        return (*_LATER, *closings)

    def _turn_at(self, mark: str) -> bool:
        """Act on a mark, unless it is in code; return whether it recasts all text before."""
        if self._is_in_code():
            self._emit(mark)
            if self._pair and self._after_ignored is None:
                self._after_ignored = []
            return False
        if mark in WRAPPERS or mark == self._wrapper:
            self._wrapper = WRAPPERS.get(mark, "")
            return False
        if mark in HARMONY:
            self._harmony = HarmonySplitter()
            return False
        is_unopened = self._pair is None and (mark in UNOPENED or mark == BARE_FINAL)
        self._has_reasoned = True
        if is_unopened:
            self._reasonings = [*self._texts, *self._reasonings]
            self._texts = []
            self._has_text = False
        opened = None if self._pair else next((pair for pair in PAIRS if pair.opening == mark), None)
        self._pair = opened
        self._may_be_unopened = False
        self._after_ignored = None
        self._code, self._unread = MarkdownCode(), []
        return is_unopened

    def _enter_harmony(self, rest: str) -> tuple[str, bool]:
        assert self._harmony
        text, reasoning = self._harmony.feed(rest)
        self._texts.append(text)
        self._reasonings.append(reasoning)
        return "", False

    def _emit(self, piece: str) -> None:
        self._unread.append(piece)
        if self._pair:
            if self._after_ignored is not None:
                self._after_ignored.append(piece)
            self._reasonings.append(piece)
            return
        if not self._has_text and not self._may_be_unopened:
            piece = piece.lstrip()  # the line breaks between </think> and the answer
        self._has_text = self._has_text or bool(piece.strip())
        if len(self._beginning) < len(BARE_ANALYSIS):
            self._beginning = (self._beginning + piece).lstrip()[: len(BARE_ANALYSIS)]
        self._texts.append(piece)

    def _is_in_code(self) -> bool:
        self._code.feed("".join(self._unread))
        self._unread = []
        return self._code.is_open


def _may_open(text: str) -> bool:
    """Whether a text begins, or could go on to begin, with an opening."""
    return any(text.startswith(opening) or opening.startswith(text) for opening in _OPENINGS)
