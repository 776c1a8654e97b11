"""PowerPoint's pptx, slide by slide: titles, text, tables, diagrams, charts, notes, comments."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from chat.documents.document import Page, Problem
from chat.documents.row_format import join_row
from chat.extraction.layout.grid import SpanningCell, table_lines
from chat.extraction.office.package import Package, Relation, heading
from chat.extraction.source import Findings, Shape, Source

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
TITLES = ("title", "ctrTitle")
UNREAD_PLACES = ("sldNum", "sldImg")
SIDE_KINDS = ("diagramData", "chart", "notesSlide", "comments")


def read(source: Source) -> Findings:
    """Yield a page for each slide."""
    package = Package(source, "PowerPoint file")
    part = package.main()
    relations = package.relations(part)
    order = [item.get("r:id", "") for item in package.root(part).iter("sldId")]
    slides = [relations[found].target for found in order if found in relations]
    yield Shape(MEDIA_TYPE, "slide", len(slides))
    for number, name in enumerate(slides, 1):
        slide, around = package.side(name), package.relations(name)
        title = _title(slide)
        lines = [*lines_of(slide), *_beside(package, around)]
        text = "\n".join(line for line in lines if line.strip())
        yield Page(str(number), text, title)
        if not text and slide.find(".//blip") is not None:  # one that shows nothing lacks nothing
            yield Problem("no_text", (str(number),))


def _beside(package: Package, relations: dict[str, Relation]) -> Iterator[str]:
    for kind in SIDE_KINDS:
        for target in sorted({found.target for found in relations.values() if found.kind == kind}):
            root = package.side(target)
            lines = list(chart_lines(root) if kind == "chart" else lines_of(root))
            if kind == "notesSlide" and any(lines):
                yield "Notes:"
            yield from lines


def _title(slide: Element) -> str:
    titles = (shape for shape in slide.iter("sp") if _place(shape) in TITLES)
    words = (" ".join(_paragraphs(shape)) for shape in titles)
    return next((" ".join(title.split()) for title in words if title.strip()), "")


def _place(shape: Element) -> str:
    place = shape.find("nvSpPr/nvPr/ph")
    return "" if place is None else place.get("type", "body")


def lines_of(element: Element) -> Iterator[str]:
    """Yield a line for each paragraph and each row of a table, in the order of the slide."""
    for child in element:
        if child.tag == "Fallback":
            continue
        place = _place(child) if child.tag == "sp" else ""
        if place in TITLES:
            yield heading(1, " ".join(_paragraphs(child)))
        elif place in UNREAD_PLACES:
            continue
        elif child.tag == "tbl":
            yield from table_lines([list(_cells(line)) for line in child.iter("tr")])
        elif child.tag == "p":
            yield _text(child)
        elif child.tag == "text":  # a comment, of slides as it stands and of sheets in runs
            yield child.text or _text(child)
        else:
            yield from lines_of(child)


def _cells(line: Element) -> Iterator[SpanningCell]:
    for cell in line.iter("tc"):
        if cell.get("hMerge", "0") in ("0", "false") and cell.get("vMerge", "0") in ("0", "false"):
            spans = (cell.get(name, "1") for name in ("gridSpan", "rowSpan"))
            columns, rows = (int(span) if span.isdigit() and len(span) < 6 else 1 for span in spans)
            yield SpanningCell(" ".join(_paragraphs(cell)), columns, rows)


def _paragraphs(element: Element) -> Iterator[str]:
    return (_text(paragraph) for paragraph in element.iter("p"))


def _text(paragraph: Element) -> str:
    parts = []
    for run in paragraph.iter():
        if run.tag == "t":
            parts.append(run.text or "")
        elif run.tag == "br":
            parts.append("\n")
    return "".join(parts)


def chart_lines(root: Element) -> Iterator[str]:
    """Yield the titles of a chart, then its series as rows."""
    yield from (_text(paragraph) for paragraph in root.iter("p"))
    for series in root.iter("ser"):
        groups = (series.find(name) for name in ("tx", "cat", "xVal", "val", "yVal"))
        values = [value.text or "" for group in groups if group is not None for value in group.iter("v")]
        yield join_row(values)
