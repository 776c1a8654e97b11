"""Nearness: how close in meaning each sentence is to a question, by vectors that an endpoint has made.

A text is cut into passages of whole sentences, each with its vector. Knows no endpoint, no file on disk and
no budget. Offsets are into `Document.text`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chat.grounding.retrieval.passages import Index, Ints, Scores

PASSAGE_SIZE = 800  # characters; one of a script without spaces counts as two
HEADER_CHARACTERS = 200  # of a table's header, in front of a passage that begins below it
MOST_PASSAGES = 5_000  # of one file: four million characters; a longer one has no vectors
FORMAT = 1
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")

Rows = NDArray[np.float32]
Halves = NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class PassageVectors:
    """The vectors of a text's passages, as far as they are there: a row each, of length 1.

    starts: where the passages begin, and where the last one ends. digest: of the text.
    """

    model: str
    digest: str
    starts: Ints
    rows: Halves

    @property
    def is_complete(self) -> bool:
        return len(self.rows) == len(self.starts) - 1

    def with_rows(self, more: Rows) -> PassageVectors:
        """Return the same with further vectors. Raises ValueError where their length differs."""
        halves = more.astype(np.float16)
        rows = np.concatenate((self.rows, halves)) if len(self.rows) else halves
        return PassageVectors(self.model, self.digest, self.starts, rows)

    def pack(self) -> bytes:
        """Return the vectors as they are stored: a line of JSON, then the numbers."""
        head = {
            "format": FORMAT,
            "model": self.model,
            "digest": self.digest,
            "passages": len(self.starts) - 1,
            "shape": list(self.rows.shape),
        }
        return b"\n".join(
            (
                json.dumps(head).encode(),
                self.starts.astype("<i4").tobytes() + self.rows.astype("<f2").tobytes(),
            )
        )


def begin_vectors(index: Index, model: str) -> PassageVectors | None:
    """Return the passages of a text without their vectors; None for a text that has too many."""
    starts = _cut_passages(index)
    if not 1 < len(starts) <= MOST_PASSAGES + 1:
        return None
    return PassageVectors(model, _digest(index), starts, np.zeros((0, 0), np.float16))


def unpack_vectors(pack: bytes, index: Index, model: str) -> PassageVectors | None:
    """Return what was stored; None where it is of another text or model, or cannot be read."""
    try:
        line, data = pack.split(b"\n", 1)
        head = json.loads(line)
        if (head["format"], head["model"], head["digest"]) != (FORMAT, model, _digest(index)):
            return None
        starts = np.frombuffer(data, "<i4", head["passages"] + 1)
        rows = np.frombuffer(data, "<f2", offset=starts.nbytes).reshape(head["shape"])
    except (ValueError, KeyError, TypeError):
        return None
    return PassageVectors(model, head["digest"], starts.astype(np.int32), rows)


def write_passage(index: Index, vectors: PassageVectors, number: int) -> str:
    """Return the text of a passage, with the header of the table that it goes on with."""
    start, end = int(vectors.starts[number]), int(vectors.starts[number + 1])
    first, last = index.headers[index.between(start, end).start]
    header = ""
    if first >= 0 and index.starts[last + 1] <= start:
        header = index.document.text[index.starts[first] : index.starts[last + 1]][:HEADER_CHARACTERS] + "\n"
    return (header + index.document.text[start:end]).strip() or "-"


def measure_nearness(
    question: Rows, files: Sequence[PassageVectors], indexes: Sequence[Index]
) -> list[Scores]:
    """Return for each sentence how near it is: 1 for the nearest of all files, 0 for the common ones.

    question: a vector of length 1. Raises ValueError where it has another length than those of the files.
    """
    found = [vectors.rows.astype(np.float32) @ question for vectors in files]
    everything = np.concatenate(found)
    common, highest = float(np.median(everything)), float(everything.max())
    spread = max(highest - common, 1e-6)
    scores = list[Scores]()
    for own, vectors, index in zip(found, files, indexes, strict=True):
        numbers = np.searchsorted(vectors.starts[:-1], index.starts[:-1], "right") - 1
        scores.append(np.clip((own[numbers] - common) / spread, 0, 1).astype(np.float32))
    return scores


def _cut_passages(index: Index) -> Ints:
    """Return where passages begin: whole sentences, up to PASSAGE_SIZE together."""
    text, bounds = index.document.text, index.starts
    wide = np.zeros(len(text) + 1, np.int32)
    wide[[found.start() + 1 for found in _WIDE.finditer(text)]] = 1
    sizes = bounds + np.cumsum(wide)[bounds]
    starts, first = [0], 0
    while first < len(bounds) - 1:
        fitting = int(np.searchsorted(sizes, sizes[first] + PASSAGE_SIZE, "right")) - 1
        first = max(first + 1, fitting)
        starts.append(int(bounds[first]))
    return np.array(starts, np.int32)


def _digest(index: Index) -> str:
    return hashlib.sha256(index.document.text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
