"""PowerPoint's pptx, slide by slide: titles, text, tables, diagrams, charts, notes, comments."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from chat.documents.document import Page, Problem
from chat.extraction import formulas
from chat.extraction.layout.grid import SpanningCell, table_lines
from chat.extraction.office.charts import chart_lines, diagram_lines
from chat.extraction.office.embedded import inner_files, picture_problem
from chat.extraction.office.package import Package, Relation, heading
from chat.extraction.raised import lowered, raised, struck, write_raised
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
        elif text:
            yield from picture_problem(around.values(), (str(number),))
        if slide.get("show") in ("0", "false"):
            yield Problem("hidden", (str(number),), f"Hidden slide {number}.")
        yield from inner_files(package, around.values())


def _beside(package: Package, relations: dict[str, Relation]) -> Iterator[str]:
    for kind in SIDE_KINDS:
        for target in sorted({found.target for found in relations.values() if found.kind == kind}):
            root = package.side(target)
            lines = list(_side_lines(kind, root))
            if kind == "notesSlide" and any(lines):
                yield "Notes:"
            yield from (f"Comment: {line}" for line in lines if line) if kind == "comments" else lines


def _side_lines(kind: str, root: Element) -> Iterator[str]:
    if kind == "chart":
        return chart_lines(root)
    return diagram_lines(root) if kind == "diagramData" else lines_of(root)


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
    return write_raised("".join(_runs(paragraph)))


def _runs(element: Element) -> Iterator[str]:
    for child in element:
        if child.tag == "t":
            yield child.text or ""
        elif child.tag == "br":
            yield "\n"
        elif child.tag == "oMath":
            yield formulas.from_omml(child)
        elif child.tag == "r":
            properties = child.find("rPr")
            place = "0" if properties is None else properties.get("baseline", "0")
            text = "".join(_runs(child))
            if properties is not None and properties.get("strike", "noStrike") != "noStrike":
                text = struck(text)
            yield (
                text if place.strip("-0%") == "" else lowered(text) if place.startswith("-") else raised(text)
            )
        elif child.tag != "Fallback":
            yield from _runs(child)
