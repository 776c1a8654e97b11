"""Tell the channels of harmony apart, the format of gpt-oss, where a server passes it on as one text.

    <|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>

Only the final channel is the answer. Sans-IO: fed text, returns text.
"""

from __future__ import annotations

import re

from chat.completions.reasoning_marks import find_partial

_MARKS = ("<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>", "<|call|>", "<|constrain|>")
_MARK = re.compile("|".join(map(re.escape, _MARKS)))
_FINAL = "final"


class HarmonySplitter:
    """One answer's state; it begins with a header."""

    def __init__(self) -> None:
        self._header: str | None = ""  # of the message whose header is being read; None: in its body
        self._is_final = False
        self._pending = ""

    @property
    def is_holding(self) -> bool:
        return bool(self._pending)

    def feed(self, piece: str) -> tuple[str, str]:
        """Return the answer and the reasoning that the piece adds, except what could be a mark's start."""
        piece, self._pending = self._pending + piece, ""
        cut = find_partial(piece, _MARKS)
        piece, self._pending = piece[:cut], piece[cut:]
        texts, reasonings, at = list[str](), list[str](), 0
        for mark in _MARK.finditer(piece):
            self._add(piece[at : mark.start()], texts, reasonings)
            self._turn(mark[0])
            at = mark.end()
        self._add(piece[at:], texts, reasonings)
        return "".join(texts), "".join(reasonings)

    def flush(self) -> tuple[str, str]:
        """Return what was held back: the answer ends here."""
        texts, reasonings = list[str](), list[str]()
        self._add(self._pending, texts, reasonings)
        self._pending = ""
        return "".join(texts), "".join(reasonings)

    def _add(self, text: str, texts: list[str], reasonings: list[str]) -> None:
        if self._header is not None:
            self._header += text
        elif self._is_final:
            texts.append(text)
        else:
            reasonings.append(text)

    def _turn(self, mark: str) -> None:
        header = self._header or ""
        if mark == "<|message|>":
            channel = header.rpartition("<|channel|>")[2] if "<|channel|>" in header else _FINAL
            self._header, self._is_final = None, channel.split()[:1] in ([_FINAL], [])
        elif mark in ("<|channel|>", "<|constrain|>"):
            self._header = header + mark
        elif mark == "<|start|>":
            self._header = ""
        else:  # the message is over; what comes without a header is the answer
            self._header, self._is_final = None, True
