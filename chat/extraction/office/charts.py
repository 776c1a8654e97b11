"""Charts and diagrams of Office files: their titles, their series as rows, their words. Knows no page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

from chat.documents.row_format import join_row
from chat.extraction.office.date_format import EPOCH, EPOCH_1904, format_date, is_shown_time
from chat.extraction.office.number_format import format_number, is_date, is_interesting

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
    mark = root.find("date1904")
    epoch = EPOCH if mark is None or mark.get("val", "1") in ("0", "false") else EPOCH_1904
    for series in root.iter("ser"):
        name = _flat(series.find("tx"))
        categories = _points(series, ("cat", "xVal"), epoch)
        values = _points(series, ("val", "yVal"), epoch)
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


def _points(series: Element, names: tuple[str, ...], epoch: datetime) -> dict[int, str]:
    """Return the values of a series by their places; of categories in levels the words of all.

    epoch: from which the days of dates count.
    """
    found: dict[int, str] = {}
    for group in (series.find(name) for name in names):
        if group is None:
            continue
        if group.find(".//pt") is None:
            found.update((at, value.text or "") for at, value in enumerate(group.iter("v")))
        code = group.findtext(".//formatCode") or ""
        for point in group.iter("pt"):
            place = point.get("idx", "")
            value = _shown(point.findtext("v") or "", point.get("formatCode", code), epoch)
            if place.isdigit() and int(place) < MOST_POINTS:
                at = int(place)
                found[at] = f"{value} {found[at]}" if at in found else value
    return found


def _shown(value: str, code: str, epoch: datetime) -> str:
    """Return a value in its format; a date whose form has two readings with the year first."""
    try:
        if is_date(code) and not is_shown_time(code):
            day = epoch + timedelta(days=float(value))
            return format_date(day, code) or day.isoformat(" ", "seconds").removesuffix(" 00:00:00")
        shown = format_number(float(value), code) if is_interesting(code) else ""
    except (ValueError, OverflowError):
        return value
    return shown or _rounded(value)


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
