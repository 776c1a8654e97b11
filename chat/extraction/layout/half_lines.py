"""Labels that stand half a line higher or lower than their values: cells aligned at their middle."""

from __future__ import annotations

from collections.abc import Sequence

from chat.extraction.layout.cell_lines import is_value
from chat.extraction.layout.page_words import Line, Segment

SUPERSCRIPT = 0.8  # of a height: what is smaller is a mark
HALF = 0.85  # of a height from base to base: no two lines of one text are so near


def join_half_lines(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with each such label in the lines of its values.

    A label of two lines around its values is one text. A label between two lines of values is in both.
    """
    labels: dict[int, list[int]] = {}
    for at, line in enumerate(lines):
        beside = [near for near in (at - 1, at + 1) if 0 <= near < len(lines)]
        for near in beside:
            if _is_label_of(line, lines[near]):
                labels.setdefault(near, []).append(at)
    used = {at for found in labels.values() for at in found}
    return [
        _with_label(line, [lines[one] for one in labels[at]]) if at in labels else line
        for at, line in enumerate(lines)
        if at not in used
    ]


def _is_label_of(label: Line, values: Line) -> bool:
    return (
        len(label.segments) == 1
        and len(values.segments) > 1
        and label.segments[0].right < values.segments[0].left
        and label.height > SUPERSCRIPT * values.height
        and abs(label.base - values.base) < HALF * label.height
        and any(is_value(segment.text) for segment in values.segments)
    )


def _with_label(values: Line, label: Sequence[Line]) -> Line:
    whole = Line([Segment([word for line in label for word in line.words]), *values.segments])
    whole.base, whole.height = values.base, values.height
    return whole
