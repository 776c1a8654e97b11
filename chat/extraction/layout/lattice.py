"""Tables whose cells are ruled: rows and columns from the rules, from the words where a rule is missing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from chat.extraction.layout.cell_lines import CellLine, group_lines, is_value, join_rows
from chat.extraction.layout.columns import find_columns
from chat.extraction.layout.page_words import TIGHT, Line, Segment, Word, join_lines, make_line, rows_of_words
from chat.extraction.layout.rules import Rules, near

LEAST_WORDS = 4
NEAR_EDGE = 1.0  # points by which a word may stand out of its cell
MOST_PLACES = 300
MOST_CELLS = 20_000
CENTRED = 0.12  # of a cell's width: text so near to its middle is centred


@dataclass(frozen=True)
class Area:
    """A cell as it is ruled: rows top to bottom - 1 and columns left to right - 1 of the grid."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Placed:
    """Text in the grid. rows: how many it spans."""

    column: int
    text: str
    rows: int


class Lattice:
    """A grid of rules and the words in it."""

    def __init__(self, grid: Rules, words: Sequence[Word]) -> None:
        self.grid = grid
        self.xs, self.ys = grid.columns, grid.rows
        self.words = self._inside(words) if self._is_grid() else []

    def _inside(self, words: Sequence[Word]) -> list[Word]:
        left, right = self.xs[0] - NEAR_EDGE, self.xs[-1] + NEAR_EDGE
        top, bottom = self.ys[0] - NEAR_EDGE, self.ys[-1] + NEAR_EDGE
        near_by = [word for word in words if word.bottom > top and word.top < bottom]
        return [word for word in near_by if left <= word.centre <= right and top <= word.middle <= bottom]

    def _is_grid(self) -> bool:
        sizes = len(self.xs) - 1, len(self.ys) - 1
        is_small = max(sizes) < MOST_PLACES and sizes[0] * sizes[1] <= MOST_CELLS
        return is_small and min(sizes) >= 1 and max(sizes) >= 2

    def is_possible(self) -> bool:
        """Whether the rules can be those of a table."""
        return len(self.words) >= LEAST_WORDS

    def rows(self) -> list[list[str]]:
        """Return the rows of the table."""
        contents = self._contents(self._areas())
        edges = self._split_columns(contents)
        rows: list[list[str]] = []
        spans: list[tuple[int, int, int, str]] = []
        first_of_band: dict[int, int] = {}
        for band in range(len(self.ys) - 1):
            first_of_band[band] = len(rows)
            found = [(area, lines) for area, lines in contents if area.top == band]
            flat = [(area, lines) for area, lines in found if area.bottom == band + 1]
            new = self._band_rows(flat, edges, is_first=not rows)
            tall = [(area, lines) for area, lines in found if area.bottom > band + 1]
            if tall and not new:
                new = [[""] * (len(edges) - 1)]
            for area, lines in tall:
                column = bisect_right(edges, self.xs[area.left] + 0.1) - 1
                text = join_lines(line_text(line) for line in lines)
                new[0][column] = f"{new[0][column]} {text}".strip()
                spans.append((len(rows), area.bottom, column, text))
            rows += new
        first_of_band[len(self.ys) - 1] = len(rows)
        _repeat(rows, [(top, first_of_band[bottom], column, text) for top, bottom, column, text in spans])
        return [row for row in rows if any(row)]

    def _areas(self) -> list[Area]:
        """Return the cells, each the rectangle around elementary ones that no rule parts."""
        height, width = len(self.ys) - 1, len(self.xs) - 1
        parent = list(range(height * width))

        def root(one: int) -> int:
            while parent[one] != one:
                one = parent[one]
            return one

        walls = [near(self.grid.down, x) for x in self.xs]
        floors = [near(self.grid.across, y) for y in self.ys]
        for row in range(height):
            middle = (self.ys[row] + self.ys[row + 1]) / 2
            for column in range(width):
                centre = (self.xs[column] + self.xs[column + 1]) / 2
                if column + 1 < width and not any(rule.covers(middle, 0.5) for rule in walls[column + 1]):
                    parent[root(row * width + column + 1)] = root(row * width + column)
                if row + 1 < height and not any(rule.covers(centre, 0.5) for rule in floors[row + 1]):
                    parent[root((row + 1) * width + column)] = root(row * width + column)
        groups: dict[int, list[int]] = {}
        for one in range(height * width):
            groups.setdefault(root(one), []).append(one)
        return [_rectangle(members, width) for members in groups.values()]

    def _contents(self, areas: Sequence[Area]) -> list[tuple[Area, list[Line]]]:
        """Return each cell with its lines. One that is tall for want of rules gives each row its own."""
        owner = {
            (row, column): area
            for area in areas
            for row in range(area.top, area.bottom)
            for column in range(area.left, area.right)
        }
        words: dict[Area, list[Word]] = {}
        for word in self.words:
            row = min(max(bisect_right(self.ys, word.middle) - 1, 0), len(self.ys) - 2)
            column = min(max(bisect_right(self.xs, word.centre) - 1, 0), len(self.xs) - 2)
            words.setdefault(owner[row, column], []).append(word)
        contents = []
        for area, inside in words.items():
            lines = [make_line(row) for row in rows_of_words(inside)]
            contents += list(self._distribute(area, lines))
        return contents

    def _distribute(self, area: Area, lines: list[Line]) -> Iterator[tuple[Area, list[Line]]]:
        spaces = [two.base - one.base for one, two in pairwise(lines)]
        is_block = all(space <= TIGHT * lines[0].height for space in spaces)
        if area.bottom - area.top == 1 or is_block:
            yield area, lines
            return
        bands: dict[int, list[Line]] = {}
        for line in lines:
            band = bisect_right(self.ys, line.base - line.height / 2) - 1
            bands.setdefault(min(max(band, area.top), area.bottom - 1), []).append(line)
        for band, members in bands.items():
            yield Area(band, area.left, band + 1, area.right), members

    def _split_columns(self, contents: Sequence[tuple[Area, list[Line]]]) -> list[float]:
        """Return the edges of the columns: those ruled, and gutters inside a ruled column."""
        edges = list(self.xs)
        for column in range(len(self.xs) - 1):
            lines = [
                line
                for area, found in contents
                if (area.left, area.right) == (column, column + 1)
                for line in found
            ]
            several = [line for line in lines if len(line.segments) > 1]
            if len(several) < 2 or len(several) < 0.5 * len(lines):
                continue
            spans = find_columns(lines)
            edges += [(one[1] + two[0]) / 2 for one, two in pairwise(spans)]
        return sorted(edges)

    def _band_rows(
        self, contents: Sequence[tuple[Area, list[Line]]], edges: Sequence[float], *, is_first: bool
    ) -> list[list[str]]:
        """Return the rows between two rules: one, or as many as figures stand below each other."""
        lines = self._band_lines(contents, edges)
        if not lines:
            return []
        if len(lines) > 1 and self._holds_rows(lines, is_first=is_first):
            return [join_rows(group) for group in group_lines(lines)]
        return [join_rows(lines)]

    def _holds_rows(self, lines: Sequence[CellLine], *, is_first: bool) -> bool:
        columns = range(len(lines[0].cells))
        if any(sum(is_value(line.cells[column]) for line in lines) > 1 for column in columns):
            return True
        return not is_first and len(self.ys) <= 4 and all(len(line.filled) > 1 for line in lines)

    def _band_lines(
        self, contents: Sequence[tuple[Area, list[Line]]], edges: Sequence[float]
    ) -> list[CellLine]:
        """Return the lines between two rules, with the words of all their cells."""
        placed = [
            (line, segment, self._column(area, line, segment, edges))
            for area, lines in contents
            for line in lines
            for segment in line.segments
        ]
        placed.sort(key=lambda one: one[0].base)
        groups: list[list[tuple[Line, Segment, int]]] = []
        for one in placed:
            if groups and one[0].base - groups[-1][0][0].base < 0.4 * one[0].height:
                groups[-1].append(one)
            else:
                groups.append([one])
        return [_cell_line(group, len(edges) - 1) for group in groups]

    def _column(self, area: Area, line: Line, segment: Segment, edges: Sequence[float]) -> int:
        """Return the column of a segment: the first of its cell, unless it clearly stands in another."""
        first = bisect_right(edges, self.xs[area.left] + 0.1) - 1
        last = bisect_right(edges, self.xs[area.right] - 0.1) - 1
        centre = (segment.left + segment.right) / 2
        own = min(max(bisect_right(edges, centre) - 1, first), last)
        if first == last or own == first:
            return first
        left, right = self.xs[area.left], self.xs[area.right]
        is_centred = abs(centre - (left + right) / 2) <= CENTRED * (right - left)
        is_inside = edges[own] - 1 <= segment.left and segment.right <= edges[own + 1] + 1
        return own if is_inside and (len(line.segments) > 1 or not is_centred) else first


def line_text(line: Line) -> str:
    return " ".join(segment.text for segment in line.segments)


def _rectangle(members: Sequence[int], width: int) -> Area:
    rows, columns = [one // width for one in members], [one % width for one in members]
    return Area(min(rows), min(columns), max(rows) + 1, max(columns) + 1)


def _cell_line(group: Sequence[tuple[Line, Segment, int]], width: int) -> CellLine:
    cells = [""] * width
    for _, segment, column in sorted(group, key=lambda one: one[1].left):
        cells[column] = f"{cells[column]} {segment.text}".strip()
    return CellLine(tuple(cells), group[0][0].base, max(line.height for line, *_ in group))


def _repeat(rows: list[list[str]], spans: Sequence[tuple[int, int, int, str]]) -> None:
    """Repeat a label that spans body rows in each of them."""
    for top, bottom, column, text in spans:
        row = rows[top]
        has_values = any(is_value(cell) for below in rows[top:bottom] for cell in below[column + 1 :] if cell)
        if has_values and not any(is_value(cell) for cell in row[: column + 1] if cell):
            for below in rows[top + 1 : bottom]:
                below[column] = below[column] or text
