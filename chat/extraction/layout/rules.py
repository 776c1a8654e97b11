"""Rules: the lines drawn on a page, and the grids that they make. Knows no text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

SAME_PLACE = 2.5  # points: two rules so near are one that is drawn twice
JOINT = 3.5  # between the pieces of one rule, and where two rules meet
SHORTEST = 4.0
MOST_RULES = 500  # in each direction; a page with more is a drawing


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line along one axis: `at` on the other axis, from `start` to `end`."""

    at: float
    start: float
    end: float

    def covers(self, place: float, margin: float = JOINT) -> bool:
        return self.start - margin <= place <= self.end + margin


@dataclass(frozen=True)
class Rules:
    """The rules of a page, or of a grid on it."""

    across: tuple[Rule, ...] = ()
    down: tuple[Rule, ...] = ()

    @property
    def columns(self) -> list[float]:
        """Return where columns may begin and end: at vertical rules, and at the ends of horizontal ones."""
        edges = [rule.start for rule in self.across] + [rule.end for rule in self.across]
        places = [rule.at for rule in self.down]
        return cluster([*places, *([min(edges), max(edges)] if edges else [])])

    @property
    def rows(self) -> list[float]:
        """Return where rows may begin and end."""
        edges = [rule.start for rule in self.down] + [rule.end for rule in self.down]
        places = [rule.at for rule in self.across]
        return cluster([*places, *([min(edges), max(edges)] if edges else [])])


def cluster(places: Iterable[float], near: float = SAME_PLACE) -> list[float]:
    """Return the places in order, those that are near to each other as one."""
    groups: list[list[float]] = []
    for place in sorted(places):
        if groups and place - groups[-1][-1] <= near:
            groups[-1].append(place)
        else:
            groups.append([place])
    return [sum(group) / len(group) for group in groups]


def merge(rules: Iterable[Rule]) -> list[Rule]:
    """Return the rules with pieces of one put together."""
    merged: list[Rule] = []
    levels: list[list[Rule]] = []
    for rule in sorted(rules, key=lambda rule: rule.at):
        if levels and rule.at - levels[-1][0].at <= SAME_PLACE:
            levels[-1].append(rule)
        else:
            levels.append([rule])
    for level in levels:
        pieces = sorted((rule.start, rule.end) for rule in level)
        at, (start, end) = level[0].at, pieces[0]
        for first, last in pieces[1:]:
            if first - end <= JOINT:
                end = max(end, last)
            else:
                merged.append(Rule(at, start, end))
                start, end = first, last
        merged.append(Rule(at, start, end))
    return [rule for rule in merged if rule.end - rule.start >= SHORTEST]


def find_grids(rules: Rules) -> list[Rules]:
    """Return the rules that meet each other, grid by grid."""
    across, down = merge(rules.across), merge(rules.down)
    if not across or not down or len(across) > MOST_RULES or len(down) > MOST_RULES:
        return []
    parent = list(range(len(across) + len(down)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for i, row in enumerate(across):
        for j, column in enumerate(down, len(across)):
            if row.covers(column.at) and column.covers(row.at):
                parent[root(i)] = root(j)
    key = {one: root(one) for one in range(len(parent))}
    grids = []
    for _, members in groupby(sorted(key, key=lambda one: key[one]), key=lambda one: key[one]):
        numbers = sorted(members)
        grids.append(
            Rules(
                tuple(across[one] for one in numbers if one < len(across)),
                tuple(down[one - len(across)] for one in numbers if one >= len(across)),
            )
        )
    return [grid for grid in grids if grid.across and grid.down]


def near(rules: Sequence[Rule], at: float) -> list[Rule]:
    """Return the rules that lie at `at`."""
    return [rule for rule in rules if abs(rule.at - at) <= JOINT]
