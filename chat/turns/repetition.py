"""Whether a text that grows has come to its end: it repeats itself, or its weak model has said enough.

Knows no model and no stream. Text without letters (rules, tables, numbers) may repeat for longer, and so may
code: both do so in good answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

PERIOD_MAX = 400  # characters of the longest unit that is looked for
REPEATS_MIN = 5
CHARACTERS = 3_000  # of repeated text that are enough, from a model of the owner's: some are asked for it
DEMO_CHARACTERS = 60  # from the tiny demo model, which never recovers
LENIENT = 4  # times as many for text without letters, and in a block of code
HAN_WEIGHT = 3  # letters that a Chinese character counts for
_HAN = re.compile("[\u3040-\u9fff\uac00-\ud7af]")
PROBE_CHARACTERS = 16
ENOUGH_CHARACTERS = 320  # of the tiny demo model, which loses its thread in what follows
_SENTENCE_END = re.compile(r"(?:[a-z)'\"’”][.!?][)'\"’”]?|\n```)\s*$")
WINDOW = PERIOD_MAX + PROBE_CHARACTERS
STEP = 48  # characters between two looks


class RepetitionDetector:
    """Fed with the pieces of one text. patience: characters of repeated text."""

    def __init__(self, patience: int = CHARACTERS) -> None:
        self._patience = patience
        self._step = min(STEP, patience // 6)
        self._kept = patience * LENIENT + PERIOD_MAX * REPEATS_MIN  # characters that are looked at
        self._recent = ""  # the end of the text, in which a first look is cheap
        self._pieces: list[str] = []  # the text before and with it
        self._characters = 0
        self._unseen: list[str] = []
        self._unseen_characters = 0
        self._fences = 0

    def add(self, piece: str) -> bool:
        """Take in the next piece; return whether the text repeats itself at its end."""
        self._unseen.append(piece)
        self._unseen_characters += len(piece)
        if self._unseen_characters < self._step:
            return False
        new = "".join(self._unseen)
        self._unseen.clear()
        self._unseen_characters = 0
        self._fences += new.count("```")
        self._pieces.append(new)
        self._characters += len(new)
        if self._characters > 2 * self._kept:
            self._cut()
        self._recent = (self._recent + new)[-WINDOW:]
        return self._recent.rfind(self._recent[-PROBE_CHARACTERS:], 0, -1) >= 0 and self._repeats()

    def _cut(self) -> str:
        """Forget what is too long ago to be looked at; return the rest as one text."""
        tail = "".join(self._pieces)[-self._kept :]
        self._pieces, self._characters = [tail], len(tail)
        return tail

    def _repeats(self) -> bool:
        tail, is_code = self._cut(), self._fences % 2 == 1
        for period in self._periods(tail):
            unit = tail[-period:]
            patience = self._patience // (HAN_WEIGHT if _HAN.search(unit) else 1)
            needed = max(patience, period * REPEATS_MIN)
            if is_code or not any(map(str.isalpha, unit)):
                needed *= LENIENT
            if len(tail) >= needed and tail[-needed:-period] == tail[-needed + period :]:
                return True
        return False

    def _periods(self, tail: str) -> Iterator[int]:
        """Yield the distances at which the last characters stand before: a unit has one of these lengths."""
        probe = tail[-PROBE_CHARACTERS:]
        end = len(tail) - 1
        start = max(0, len(tail) - PROBE_CHARACTERS - PERIOD_MAX)
        while (at := tail.rfind(probe, start, end)) >= 0:
            yield len(tail) - len(probe) - at
            end = at + len(probe) - 1


class EnoughSaid:
    """Fed with the pieces of one text; full at the end of a sentence, or of a block of code."""

    def __init__(self, characters: int = ENOUGH_CHARACTERS) -> None:
        self._characters = characters
        self._text = ""

    def add(self, piece: str) -> bool:
        """Take in the next piece; return whether the text may end with it."""
        self._text += piece
        is_code = self._text.count("```") % 2 == 1
        return (
            len(self._text) >= self._characters
            and not is_code
            and bool(_SENTENCE_END.search(self._text[-40:]))
        )
