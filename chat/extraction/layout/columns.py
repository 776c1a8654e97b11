"""Columns of a table from where its words leave room, line by line. Knows no rules and no rows."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from chat.extraction.layout.page_words import Line, Segment

FEW_SHARE = 0.12  # of the lines may cross a gutter: headings that span columns
FULL_SHARE = 0.75  # of the most texts of a line: lines with as many show the columns
HEADING_SHARE = 0.6  # a heading over columns, or a total, has no more of them
FEWEST_FULL = 3
NARROW = 0.25  # of a line's height: no gutter is narrower, unless cells of one line are nearer
Span = tuple[float, float]


def table_columns(lines: Sequence[Line]) -> list[Span]:
    """Return the columns of a table: headings above and between its rows, and totals, may span several."""
    rows = _without_spanning(lines)
    columns = find_columns(rows)
    more = [
        line
        for line in lines
        if len(line.segments) == 1 and len(columns_under(line.segments[0], columns)) == 1
    ]
    return find_columns([*rows, *more]) if more else columns


def _without_spanning(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of several texts, without those with a text over several columns of the fullest."""
    rows = [line for line in lines if len(line.segments) > 1]
    most = max((len(line.segments) for line in rows), default=0)
    full = [line for line in rows if len(line.segments) >= FULL_SHARE * most]
    if not FEWEST_FULL <= len(full) < len(rows):
        return rows
    columns = find_columns(full)
    counts = Counter(column_of(one, columns) for line in full for one in line.segments)
    sure = [column for at, column in enumerate(columns) if counts[at] > 1]  # others: words of a heading
    kept = [
        line
        for line in rows
        if len(line.segments) > HEADING_SHARE * most
        or all(len(columns_under(one, sure)) < 2 for one in line.segments)
    ]
    return kept if len(kept) == len(rows) or len(find_columns(kept)) >= len(sure) else full


def find_columns(lines: Sequence[Line]) -> list[Span]:
    """Return left and right of each column: what at most a few lines cross parts two of them."""
    if not lines:
        return []
    events = _edges(lines)
    strict = _covered(events, 0)
    few = int(FEW_SHARE * len(lines)) if len(lines) < 8 else max(1, int(FEW_SHARE * len(lines)))
    loose = strict
    for crossing in range(1, min(few, 4) + 1):
        found = _covered(events, crossing)
        found += [span for span in strict if not any(_overlap(span, one) > 0 for one in found)]
        if len(found) > len(loose):
            loose = sorted(found)
    height = sorted(line.height for line in lines)[len(lines) // 2]
    return _merge_empty(lines, _close(loose, min(NARROW * height, _narrowest(lines) / 2)), height)


def _narrowest(lines: Sequence[Line]) -> float:
    """Return the narrowest gap between two segments of a line."""
    gaps = (two.left - one.right for line in lines for one, two in pairwise(line.segments))
    return max(0.0, min(gaps, default=math.inf))


def _edges(lines: Sequence[Line]) -> list[tuple[float, int]]:
    """Return where segments begin (1) and end (-1), in order."""
    edges: list[tuple[float, int]] = []
    for line in lines:
        for segment in line.segments:
            edges += (segment.left, 1), (segment.right, -1)
    return sorted(edges)


def _covered(events: Sequence[tuple[float, int]], crossing: int) -> list[Span]:
    """Return the stretches of x that more than `crossing` lines cover."""
    spans: list[Span] = []
    count, start = 0, 0.0
    for place, step in events:
        if step > 0 and count == crossing:
            start = place
        count += step
        if step < 0 and count == crossing and place > start:
            spans.append((start, place))
    return spans


def _close(spans: Sequence[Span], least: float) -> list[Span]:
    closed: list[Span] = []
    for start, end in spans:
        if closed and start - closed[-1][1] < least:
            closed[-1] = closed[-1][0], max(end, closed[-1][1])
        elif end - start > 0.2:
            closed.append((start, end))
    return closed


def _merge_empty(lines: Sequence[Line], spans: list[Span], height: float) -> list[Span]:
    """Put together two neighbours that no line has both of: one column, whose cells are not aligned."""
    rows = [{column_of(segment, spans) for segment in line.segments} for line in lines]
    at = 0
    spans = list(spans)
    while at + 1 < len(spans):
        is_near = spans[at + 1][0] - spans[at][1] < 2.5 * height
        if is_near and not any(at in row and at + 1 in row for row in rows):
            spans[at : at + 2] = [(spans[at][0], spans[at + 1][1])]
            rows = [{column - (column > at) for column in row} for row in rows]
        else:
            at += 1
    return spans


def column_of(segment: Segment, spans: Sequence[Span]) -> int:
    """Return the column that a segment shares most with; the nearest where it shares with none."""
    left, right = segment.left, segment.right
    first = bisect_left(spans, left, key=lambda span: span[1])
    last = bisect_right(spans, right, key=lambda span: span[0])
    if last - first == 1:
        return first
    near = range(first, last) if last > first else range(max(0, first - 1), min(len(spans), first + 1))
    return max(near, key=lambda at: (_overlap((left, right), spans[at]), -_distance(segment, spans[at])))


def columns_under(segment: Segment, spans: Sequence[Span]) -> list[int]:
    """Return the columns that a segment reaches into."""
    first = bisect_right(spans, segment.left + 0.5, key=lambda span: span[1])
    last = bisect_left(spans, segment.right - 0.5, key=lambda span: span[0])
    return [at for at in range(first, last) if spans[at][1] - spans[at][0] > 0.5]


def _overlap(one: Span, two: Span) -> float:
    return min(one[1], two[1]) - max(one[0], two[0])


def _distance(segment: Segment, span: Span) -> float:
    return abs((segment.left + segment.right) / 2 - (span[0] + span[1]) / 2)


def place(line: Line, spans: Sequence[Span]) -> list[str]:
    """Return the text of each column in a line. A segment that reaches over a gutter is divided there."""
    cells = [""] * len(spans)
    for segment in line.segments:
        for part in _divide(segment, spans):
            under = columns_under(part, spans)
            at = under[0] if len(under) > 1 else column_of(part, spans)
            cells[at] = f"{cells[at]} {part.text}".strip()
    return cells


def _divide(segment: Segment, spans: Sequence[Span]) -> list[Segment]:
    """Return a segment in parts where a space between two words stands upon a gutter."""
    under = columns_under(segment, spans)
    if len(under) < 2 or len(segment.words) < 2:
        return [segment]
    parts = [[segment.words[0]]]
    for before, word in zip(segment.words, segment.words[1:], strict=False):
        is_gutter = any(
            spans[at][1] - 1 <= before.right + 0.5 * before.height
            and before.right <= spans[at + 1][0] + 1
            and word.left >= spans[at + 1][0] - 1
            and before.right <= spans[at][1] + 1
            for at in under[:-1]
        )
        if is_gutter:
            parts.append([word])
        else:
            parts[-1].append(word)
    return [Segment(part) for part in parts] if len(parts) == len(under) else [segment]
