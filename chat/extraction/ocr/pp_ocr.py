"""PP-OCR, by rapidocr and onnxruntime: its models come in rapidocr's wheel, nothing is fetched.

Reads Chinese, Japanese and Latin, and photographs; not Arabic, Cyrillic, Thai or Hindi. Its classifier of
turned lines stays off: it turns good lines round.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chat.extraction.ocr.seen_words import SeenWord, join_runs

NAME = "pp-ocr"
SCRIPTS = frozenset({"Latin", "Han", "Japanese"})
OPTIONS = {
    "Global.use_cls": False,
    "Global.log_level": "error",
    "Rec.rec_batch_num": 1,  # a third quicker than batches, whose lines are padded to the longest
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # pages run side by side, each in a process
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}

Quad = Sequence[Sequence[float]]


def is_installed() -> bool:
    """Whether its packages are there; imports nothing."""
    return all(importlib.util.find_spec(name) is not None for name in ("rapidocr", "onnxruntime"))


class PpOcr:
    """The engine, loaded: about 900 MB while it reads."""

    def __init__(self) -> None:
        from rapidocr import RapidOCR

        self._engine: Any = RapidOCR(params=OPTIONS)

    def read(self, grey: np.ndarray[Any, np.dtype[np.uint8]]) -> list[SeenWord]:
        """Return the words of a picture, in no order of lines."""
        found = self._engine(np.repeat(grey[:, :, None], 3, axis=2), return_word_box=True)
        if found.txts is None:
            return []
        words: list[SeenWord] = []
        for line, (text, quad, score) in enumerate(zip(found.txts, found.boxes, found.scores, strict=True)):
            pieces = found.word_results[line] if found.word_results else ()
            words += join_runs(_words_of_line(text, quad, float(score), pieces, line))
        return words


def _words_of_line(
    text: str, quad: Quad, score: float, pieces: Sequence[tuple[str, float, Quad]], line: int
) -> Iterator[SeenWord]:
    """Yield the words of a line. Its text has the spaces, its pieces have the boxes."""
    boxes = [box for piece, _, corners in pieces for box in _per_character(piece, _box(corners))]
    if len(boxes) != len("".join(text.split())):
        yield SeenWord(text.strip(), *_box(quad), score, line)
        return
    at = 0
    for word in text.split():
        lefts, tops, rights, bottoms = zip(*boxes[at : at + len(word)], strict=True)
        at += len(word)
        yield SeenWord(word, min(lefts), min(tops), max(rights), max(bottoms), score, line)


def _per_character(piece: str, box: tuple[float, float, float, float]) -> Iterator[tuple[float, ...]]:
    characters = "".join(piece.split())
    left, top, right, bottom = box
    width = (right - left) / max(1, len(characters))
    for number in range(len(characters)):
        yield left + number * width, top, left + (number + 1) * width, bottom


def _box(quad: Quad) -> tuple[float, float, float, float]:
    across, down = [float(x) for x, _ in quad], [float(y) for _, y in quad]
    return min(across), min(down), max(across), max(down)
