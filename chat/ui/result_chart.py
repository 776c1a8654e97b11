"""A result of two columns or more as a plain chart: a line over time, bars for groups. Inline SVG, no script.

Positions are percentages and texts have the size of the page, so that it is readable on a phone; the table
beside it is its text. Knows the JSON of computations.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from chat.ui.html import plain, tag
from chat.ui.texts import text

Json = Mapping[str, Any]
FEWEST, MOST_BARS, MOST_POINTS = 2, 20, 200
BAR_HEIGHT, LINE_HEIGHT = 40, 190  # pixels
TOP, BOTTOM = 14, 162  # of the line's own area
LABEL_CHARACTERS, VALUE_CHARACTERS = 34, 16
_TIME = re.compile(
    r"(?:1[5-9]|20)\d\d(?:[-/.]?(?:Q[1-4]|W?\d{1,2}))?(?:[-/.]\d{1,2}.*)?|(?:1[5-9]|20)\d\d年.*"
)
_YEARS = re.compile(r"year|jahr|année|año|anno|年", re.IGNORECASE)
Point = tuple[str, float | None]


def show_chart(
    columns: Sequence[Json], rows: Sequence[Sequence[Any]], titles: Sequence[str], language: str
) -> str:
    """Return the chart of a result; nothing where a table says more."""
    found = _pick(columns, rows)
    if found is None:
        return ""
    label, measure, is_time = found
    points = [(_name(row[label]), _number(row[measure])) for row in rows]
    known = sum(value is not None for _, value in points)
    if known < FEWEST or len({name for name, _ in points}) < len(points):
        return ""
    caption = text(language, "computed.chart", measure=titles[measure], label=titles[label])
    if is_time and len(points) > FEWEST:
        drawn = _line(sorted(points)) if len(points) <= MOST_POINTS else ""
    else:
        drawn = _bars(points) if len(points) <= MOST_BARS else ""
    shown = tag("figcaption", plain(caption)) + drawn
    return tag("figure", shown, cls="chart", role="img", aria_label=caption) if drawn else ""


def _pick(columns: Sequence[Json], rows: Sequence[Sequence[Any]]) -> tuple[int, int, bool] | None:
    """Return the column of labels, that of values, and whether the labels are times."""
    kinds = [str(one.get("kind")) for one in columns]
    times = [at for at, one in enumerate(columns) if _is_time(one, [row[at] for row in rows])]
    labels = [at for at, kind in enumerate(kinds) if kind != "number" and at not in times]
    measures = [at for at, kind in enumerate(kinds) if kind == "number" and at not in times]
    if not measures or len(times) + len(labels) != 1:
        return None
    return (*times, *labels)[0], measures[0], bool(times)


def _is_time(column: Json, values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    if not known or column.get("kind") == "date":
        return bool(known)
    if column.get("kind") == "number":
        named = _YEARS.search(str(column.get("name", "")))
        return bool(named) and all(isinstance(one, int) and 1500 <= one <= 2200 for one in known)
    return all(_TIME.fullmatch(str(one)) for one in known)


def _name(value: Any) -> str:
    return "–" if value is None else str(value)


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _bars(points: Sequence[Point]) -> str:
    """Return a bar below each label, its value at the end of the line."""
    values = [value for _, value in points if value is not None]
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    zero = -low / span * 100
    parts = []
    for at, (name, value) in enumerate(points):
        y = at * BAR_HEIGHT
        parts.append(_label(name, 0, y + 14, "start", LABEL_CHARACTERS))
        if value is None:
            parts.append(_label("–", 100, y + 14, "end", VALUE_CHARACTERS, cls="value"))
            continue
        parts.append(_label(_short(value), 100, y + 14, "end", VALUE_CHARACTERS, cls="value"))
        x = zero if value >= 0 else zero - abs(value) / span * 100
        width = max(0.3, abs(value) / span * 100)
        parts.append(tag("rect", x=f"{x:.2f}%", y=y + 20, width=f"{width:.2f}%", height=10, rx=2))
    return _svg(parts, len(points) * BAR_HEIGHT)


def _line(points: Sequence[Point]) -> str:
    """Return a line through the values, with lines of the scale behind it."""
    values = [value for _, value in points if value is not None]
    marks = _scale(min(values), max(values))
    low, span = marks[0], marks[-1] - marks[0]
    step = 100 / max(1, len(points) - 1)
    parts = []
    for mark in marks:
        y = BOTTOM - (mark - low) / span * (BOTTOM - TOP)
        parts.append(tag("line", x1="0", x2="100%", y1=f"{y:.1f}", y2=f"{y:.1f}", cls="scale"))
        parts.append(_label(_short(mark), 0, y - 3, "start", VALUE_CHARACTERS, cls="value"))
    parts.append(_path(points, low, span, step))
    for at, (name, value) in enumerate(points):
        if value is not None:
            y = BOTTOM - (value - low) / span * (BOTTOM - TOP)
            title = tag("title", plain(f"{name}: {_short(value)}"))
            parts.append(tag("circle", title, cx=f"{at * step:.2f}%", cy=f"{y:.1f}", r=3))
    ends = [(0, "start"), (len(points) - 1, "end")]
    if len(points) > 4:
        ends.insert(1, ((len(points) - 1) // 2, "middle"))
    parts += [_label(points[at][0], at * step, LINE_HEIGHT - 8, anchor, 12) for at, anchor in ends]
    return _svg(parts, LINE_HEIGHT)


def _scale(low: float, high: float) -> list[float]:
    """Return round numbers from one below the values to one above them."""
    low = 0.0 if 0 <= low < high / 2 else low
    wanted = ((high - low) or abs(high) or 1.0) / 4
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= wanted)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def _path(points: Sequence[Point], low: float, span: float, step: float) -> str:
    """Return the line as a drawing that is stretched to the width, broken where there is no value."""
    steps, is_open = list[str](), False
    for at, (_, value) in enumerate(points):
        if value is not None:
            y = 100 - (value - low) / span * 100
            steps.append(f"{'L' if is_open else 'M'}{at * step:.3f} {y:.2f}")
        is_open = value is not None
    line = tag("path", d="".join(steps), vector_effect="non-scaling-stroke")
    return tag(
        "svg", line, viewBox="0 0 100 100", preserveAspectRatio="none", x="0", y=TOP, width="100%",
        height=BOTTOM - TOP, overflow="visible",
    )  # fmt: skip


def _label(words: str, x: float, y: float, anchor: str, longest: int, cls: str = "label") -> str:
    width = sum(2 if letter >= "\u2e80" else 1 for letter in words)
    if width > longest:
        words = words[: longest // (2 if width > len(words) else 1) - 1] + "…"
    return tag("text", plain(words), x=f"{x:.2f}%", y=f"{y:.1f}", text_anchor=anchor, cls=cls)


def _short(value: float) -> str:
    """Return a number in a few characters: 1,234.5, 12.3M."""
    for unit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if abs(value) >= unit * 10:
            return f"{value / unit:,.4g}{letter}"
    if value and not abs(value) >= 1e-3:
        return f"{value:.3g}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _svg(parts: Sequence[str], height: int) -> str:
    return tag("svg", *parts, width="100%", height=height, aria_hidden="true", focusable="false")
