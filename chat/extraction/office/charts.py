"""Charts and diagrams of Office files: their titles, their series as rows, their words. Knows no page."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from chat.documents.row_format import join_row

MOST_POINTS = 20_000
DIGITS = 15
TITLES = ("chart/title", "chart/plotArea/*/title")


def chart_lines(root: Element) -> Iterator[str]:
    """Yield the title of a chart, then a row of its categories and one for each series."""
    titles = [title for path in TITLES for element in root.findall(path) if (title := words_of(element))]
    yield " ".join(["Chart:", *titles[:1]])
    yield from titles[1:]
    if root.find("chartData") is not None:
        yield from _extended_series(root)
        return
    heads: list[str] = []
    for series in root.iter("ser"):
        name = _flat(series.find("tx"))
        categories = _points(series, ("cat", "xVal"))
        values = _points(series, ("val", "yVal"))
        width = max([*categories, *values, -1]) + 1
        head = join_row(["", *(categories.get(at, "") for at in range(width))])
        if categories and head not in heads[-1:]:
            heads.append(head)
            yield head
        yield join_row([name, *(values.get(at, "") for at in range(width))])


def diagram_lines(root: Element) -> Iterator[str]:
    """Yield the words of a diagram (SmartArt), a line for each of its shapes."""
    yield "Diagram:"
    for point in root.iter("pt"):
        if words := words_of(point):
            yield words


def words_of(element: Element) -> str:
    """Return the text of an element on one line."""
    lines = ("".join(run.text or "" for run in paragraph.iter("t")) for paragraph in element.iter("p"))
    return " ".join(" ".join(lines).split())


def _flat(element: Element | None) -> str:
    if element is None:
        return ""
    return " ".join(value.text or "" for value in element.iter("v"))


def _points(series: Element, names: tuple[str, ...]) -> dict[int, str]:
    """Return the values of a series by their places; of categories in levels the words of all."""
    found: dict[int, str] = {}
    for group in (series.find(name) for name in names):
        if group is None:
            continue
        if group.find(".//pt") is None:
            found.update((at, value.text or "") for at, value in enumerate(group.iter("v")))
        for point in group.iter("pt"):
            place = point.get("idx", "")
            value = _rounded(point.findtext("v") or "")
            if place.isdigit() and int(place) < MOST_POINTS:
                at = int(place)
                found[at] = f"{value} {found[at]}" if at in found else value
    return found


def _rounded(value: str) -> str:
    """Return a value without the digits that only computers see: 8.1999999999999993 is 8.2."""
    if len(value) <= DIGITS:
        return value
    try:
        return f"{float(value):.{DIGITS}g}"
    except ValueError:
        return value


def _extended_series(root: Element) -> Iterator[str]:
    """Yield the data of a chart of Office 2016 (waterfall, tree map): a row for each dimension."""
    for data in root.findall("chartData/data"):
        for dimension in data:
            yield join_row([point.text or "" for point in dimension.iter("pt")])
    for series in root.iter("series"):
        if name := _flat(series.find("tx")):
            yield name
