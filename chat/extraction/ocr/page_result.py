"""A page that was read from a picture, as it crosses the pipe from the child. Knows no engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chat.documents.document import WordBox

MOST_CHARACTERS = 200_000
MOST_WORDS = 20_000
WORDS_OF_NOTE = 300


@dataclass(frozen=True)
class PageResult:
    """confidence: mean over the characters, 0 to 1. missing: what nothing on this machine can read."""

    text: str = ""
    boxes: tuple[WordBox, ...] = ()
    confidence: float = 0.0
    engine: str = ""
    missing: str = ""

    def to_fields(self) -> dict[str, Any]:
        """Return it as the fields of a frame."""
        return {
            "type": "page",
            "text": self.text,
            "boxes": [part for box in self.boxes for part in box],
            "confidence": round(self.confidence, 4),
            "engine": self.engine,
            "missing": self.missing,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> PageResult:
        """Return the page of a frame. Nothing in it is trusted: a file may have taken the child over."""
        text = str(fields.get("text", ""))[:MOST_CHARACTERS]
        numbers = fields.get("boxes")
        parts = numbers[: 6 * MOST_WORDS] if isinstance(numbers, list) else []
        confidence = fields.get("confidence")
        return cls(
            text,
            tuple(_boxes(parts, len(text))),
            min(1.0, max(0.0, float(confidence))) if isinstance(confidence, int | float) else 0.0,
            str(fields.get("engine", ""))[:WORDS_OF_NOTE],
            str(fields.get("missing", ""))[:WORDS_OF_NOTE],
        )


def _boxes(parts: list[Any], characters: int) -> list[WordBox]:
    boxes: list[WordBox] = []
    for at in range(0, len(parts) - 5, 6):
        six = parts[at : at + 6]
        if not all(isinstance(part, int | float) for part in six):
            continue
        start, end = int(six[0]), int(six[1])
        left, top, right, bottom = (min(1.0, max(0.0, float(part))) for part in six[2:])
        if 0 <= start < end <= characters:
            boxes.append((start, end, left, top, right, bottom))
    return boxes
