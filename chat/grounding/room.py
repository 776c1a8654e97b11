"""Room: what is left of a budget of characters, and the sentences of the files that it was spent on.

Knows no question and no score.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chat.grounding.retrieval.headings import Span
from chat.grounding.retrieval.passages import Index

PART_COST_CHARACTERS = 7  # what the mark between two stretches takes from the budget


REASONS = ("", "words", "named", "table", "header", "front", "sample", "whole")  # why text is sent


class Room:
    """What is left of the budget, and the sentences taken so far, each with why. Files are numbered."""

    def __init__(self, indexes: Sequence[Index], budget: int) -> None:
        self.indexes = indexes
        self.left = budget
        self._taken = [bytearray(len(index) + 2) for index in indexes]  # one more at each end, never taken

    def take(self, file: int, first: int, last: int, why: str = "words") -> bool:
        """Take sentences first..last-1, and the headers of the rows among them.

        Only if their new characters, and the marks of new parts, can be paid.
        """
        starts, taken, headers = self.indexes[file].starts, self._taken[file], self.indexes[file].headers
        ranges = [(first, last, why)]
        for begin, end in dict.fromkeys(headers[first:last]):
            if begin >= 0 and not (taken[begin + 1] or first <= begin < last):
                ranges.append((begin, end + 1, "header"))
        cost = 0
        for begin, end, _ in ranges:
            cost += sum(int(starts[i + 1] - starts[i]) for i in range(begin, end) if not taken[i + 1])
            if not any(taken[begin : end + 2]):
                cost += PART_COST_CHARACTERS
        if cost > self.left:
            return False
        self.left -= cost
        for begin, end, reason in ranges:
            code = REASONS.index(reason)
            for at in range(begin + 1, end + 1):
                taken[at] = taken[at] or code
        return True

    def is_whole(self, file: int) -> bool:
        return 0 not in self._taken[file][1:-1]

    def spans(self, file: int) -> tuple[Span, ...]:
        """Return the stretches taken of a file."""
        starts = self.indexes[file].starts
        return tuple((int(starts[first]), int(starts[last])) for first, last in self._runs(file))

    def reasons(self, file: int) -> tuple[tuple[str, ...], ...]:
        """Return for each stretch why its parts are sent, each reason once."""
        taken = self._taken[file]
        return tuple(
            tuple(REASONS[code] for code in sorted(set(taken[first + 1 : last + 1])))
            for first, last in self._runs(file)
        )

    def _runs(self, file: int) -> list[tuple[int, int]]:
        found = re.finditer(b"[^\0]+", self._taken[file])
        return [(one.start() - 1, one.end() - 1) for one in found]
