"""OpenDocument text and presentations (odt, odp): headings, paragraphs, lists, tables, notes, comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from xml.etree.ElementTree import Element

from chat.documents.document import Page, Problem
from chat.extraction import formulas, refusals
from chat.extraction.layout.grid import WIDEST, SpanningCell, cell_text, is_grid, table_lines
from chat.extraction.office import xml_tree
from chat.extraction.office.archive import Archive, resolve
from chat.extraction.office.opendocument_changes import change_lines
from chat.extraction.office.opendocument_numbering import mark_numbers
from chat.extraction.office.package import heading, members
from chat.extraction.raised import lowered, raised, struck, write_raised
from chat.extraction.source import Findings, Shape, Source

TEXT = "application/vnd.oasis.opendocument.text"
PRESENTATION = "application/vnd.oasis.opendocument.presentation"
SKIPPED = frozenset(
    {"tracked-changes", "forms", "sequence-decls", "automatic-styles", "scripts", "font-face-decls"}
)
PAGE_NUMBER = "page-number"  # class of a frame that shows <number>
SPACES = {"tab": "\t", "line-break": "\n"}
HIDDEN = "Text that the program hides was read too."
SPACE_RUN = 100
OBJECTS = 200
OUTSIDE = re.compile(r"(?:https?|ftp|mailto|tel):", re.IGNORECASE)
TICKED, OPEN = "☒", "☐"
FIELDS = frozenset({"text", "textarea", "formatted-text", "number", "date", "combobox"})
CHART_TITLES = ("title", "subtitle", "plot-area/axis/title")
BLOCKS = frozenset(
    {"frame", "text-box", "note-body", "annotation", "table", "custom-shape", "p", "h", "list"}
)


def read(source: Source) -> Findings:
    """Yield the one page of a text, or each slide of a presentation."""
    archive = Archive(source, "OpenDocument file")
    try:
        root = xml_tree.parse(archive.read("content.xml"))
    except xml_tree.BadXml as error:
        raise refusals.damaged(source.name, "OpenDocument file") from error
    _graft_objects(root, archive)
    styles = _styles(archive)
    _mark_spans(root, styles)
    mark_numbers(root, styles)
    slides = list(root.iter("page"))
    if slides and root.find("body/presentation") is not None:
        yield from _slides(slides, _hidden_slides(root))
    else:
        yield Shape(TEXT)
        yield Page("", "\n".join([*_lines(root), *_fields(root), *change_lines(root), *_frame(styles)]))
    if _has_hidden(root, styles):
        yield Problem("hidden", (), HIDDEN)
    pictures = sum(name.startswith("Pictures/") for name in archive.names)
    if pictures:
        yield Problem("embedded", (), f"Not read: {pictures} pictures.")


def _has_hidden(root: Element, styles: Element) -> bool:
    """Whether a style that is used, or a part of the text, is not shown."""
    hidden = {
        style.get("name", "")
        for style in chain(styles.iter("style"), root.iter("style"))
        if (properties := style.find("text-properties")) is not None and properties.get("display") == "none"
    }
    spans = (one for tag in ("span", "p", "h") for one in root.iter(tag))
    is_styled = bool(hidden) and any(one.get("style-name") in hidden for one in spans)
    return is_styled or any(one.get("display") == "none" for one in root.iter("section"))


def _mark_spans(root: Element, named: Element) -> None:
    """Note on each span whether its style raises, lowers or strikes it. named: styles with a name."""
    styles = {
        style.get("name", ""): properties
        for style in chain(named.iter("style"), root.iter("style"))
        if (properties := style.find("text-properties")) is not None
    }
    for span in root.iter("span"):
        style = styles.get(span.get("style-name", ""))
        place = "" if style is None else style.get("text-position", "")
        if place and not place.startswith("0%"):
            span.set("place", "sub" if place.startswith(("sub", "-")) else "super")
        if style is not None and style.get("text-line-through-style", "none") != "none":
            span.set("is_struck", "1")


def _fields(root: Element) -> Iterator[str]:
    """Yield name and state of the controls of a form."""
    for control in (one for forms in root.iter("forms") for one in forms.iter()):
        name = control.get("label") or control.get("name", "")
        if control.tag in ("checkbox", "radio"):
            state = control.get("current-state", control.get("state", "")) == "checked"
            is_ticked = state or control.get("current-selected", control.get("selected")) == "true"
            yield f"{name}: {TICKED if is_ticked else OPEN}"
        elif control.tag in FIELDS and (value := control.get("current-value") or control.get("value")):
            yield f"{name}: {value}"


def object_lines(archive: Archive, href: str) -> list[str]:
    """Return the lines of a chart or a formula, which is a document of its own. href: where it is."""
    box = Element("box")
    box.extend(_inside(archive, href))
    return [line for line in _lines(box) if line.strip()]


def _graft_objects(root: Element, archive: Archive) -> None:
    """Put charts and formulas, which are documents of their own, where they are shown."""
    for shown, _ in zip(list(root.iter("object")), range(OBJECTS), strict=False):
        shown.extend(_inside(archive, shown.get("href", "")))


def _inside(archive: Archive, href: str) -> list[Element]:
    """Return what an embedded document shows; nothing where it is missing or damaged."""
    try:
        inside = xml_tree.parse(archive.read(f"{resolve('content.xml', href)}/content.xml"))
    except xml_tree.BadXml:
        return []
    if inside.tag != "math":
        return inside.findall("body")
    formula = Element("p")
    formula.text = formulas.from_mathml(inside)
    return [formula]


def _chart(chart: Element) -> Iterator[str]:
    """Yield the titles of a chart, and its values as a table: a column for each series."""
    titles = [title for path in CHART_TITLES for one in chart.findall(path) if (title := _flat(one))]
    yield " ".join(["Chart:", *titles[:1]])
    yield from titles[1:]
    for table in chart.findall("table"):
        yield from _table(table)


def _flat(element: Element) -> str:
    return " ".join(" ".join(_lines(element)).split())


def _hidden_slides(root: Element) -> set[str]:
    """Return the names of the styles of slides that are not shown."""
    return {
        style.get("name", "")
        for style in root.iter("style")
        if (properties := style.find("drawing-page-properties")) is not None
        and properties.get("visibility") == "hidden"
    }


def _slides(slides: list[Element], hidden: set[str]) -> Findings:
    yield Shape(PRESENTATION, "slide", len(slides))
    for number, slide in enumerate(slides, 1):
        titles = [" ".join(_lines(f)) for f in slide.iter("frame") if f.get("class") == "title"]
        title = " ".join(titles[0].split()) if titles else ""
        text = "\n".join(line for line in _lines(slide) if line.strip())
        yield Page(str(number), text, title)
        if slide.get("style-name", "") in hidden:
            yield Problem("hidden", (str(number),), f"Hidden slide {number}.")
        if not text and slide.find(".//image") is not None:  # one that shows nothing lacks nothing
            yield Problem("no_text", (str(number),))


def _frame(styles: Element) -> Iterator[str]:
    """Yield the headers and footers, which stand among the styles, those of several pages once."""
    parts = (part for page in styles.iter("master-page") for part in page)
    shown = (tuple(line for line in _lines([part]) if line.strip()) for part in parts)
    for lines in dict.fromkeys(shown):
        yield from lines


def _styles(archive: Archive) -> Element:
    try:
        return xml_tree.parse(archive.read("styles.xml"))
    except xml_tree.BadXml:
        return xml_tree.EMPTY


def _lines(element: Iterable[Element]) -> Iterator[str]:
    for child in element:
        if child.tag in SKIPPED or child.get("class") == PAGE_NUMBER:
            continue
        if child.tag == "frame" and child.get("class") == "title":
            yield heading(1, " ".join(_lines(child)))
        elif child.tag in ("p", "h"):
            yield from _paragraph(child)
        elif child.tag == "table":
            yield from _table(child)
        elif child.tag == "annotation":
            creator = "".join(child.findtext("creator", "").split("\n")).strip()
            yield f"Comment{f' by {creator}' if creator else ''}: {' '.join(filter(None, _lines(child)))}"
        elif child.tag == "notes":
            if lines := [line for line in _lines(child) if line.strip()]:
                yield from ("Notes:", *lines)
        elif child.tag == "chart" and child.find("plot-area") is not None:
            yield from _chart(child)
        else:
            yield from _lines(child)


def _table(table: Element) -> Iterator[str]:
    headers = [row for group in table.findall("table-header-rows") for row in group]
    lines = list(members(table, "table-row"))
    divided = [cell for line in lines for cell in members(line, "table-cell") if _holds_table(cell)]
    rows = [list(_cells(row)) for row in lines]
    if divided and not is_grid(rows, len(divided)):  # it lays out a page
        for line in lines:
            for cell in members(line, "table-cell"):
                yield from _lines(cell)
        return
    yield from table_lines(rows, min(len(headers), len(rows)))


def _holds_table(cell: Element) -> bool:
    """Whether a cell holds a table of more than one row."""
    return any(len(list(members(table, "table-row"))) > 1 for table in cell.iter("table"))


def _cells(line: Element) -> Iterator[SpanningCell]:
    for cell in members(line, "table-cell"):
        columns, rows, repeated = (
            _count(cell.get(f"number-{name}", "1"))
            for name in ("columns-spanned", "rows-spanned", "columns-repeated")
        )
        found = SpanningCell(
            cell_text(_lines(cell), holds_table=cell.find(".//table") is not None), columns, rows
        )
        yield from [found] * min(repeated, WIDEST)


def _count(value: str) -> int:
    return int(value) if value.isdigit() and len(value) < 6 else 1


def _paragraph(paragraph: Element) -> Iterator[str]:
    boxes: list[Element] = []
    text = write_raised("".join(_runs(paragraph, boxes)))
    if (mark := paragraph.get("mark")) and text.strip():
        text = f"{mark} {text}"
    level = paragraph.get("outline-level", "1") if paragraph.tag == "h" else ""
    line = heading(int(level) if level.isdigit() else 1, text) if level else text
    urls = (link.get("href", "") for link in paragraph.iter("a"))
    yield " ".join([line, *(f"<{url}>" for url in urls if OUTSIDE.match(url) and url not in text)])
    for box in boxes:
        yield from _lines(box)


def _runs(element: Element, boxes: list[Element]) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag == "note":
            yield _note(child, boxes)
        elif child.tag == "span":
            yield _span(child, "".join(_runs(child, boxes)))
        elif child.tag in BLOCKS:
            box = Element("box")
            box.append(child)
            boxes.append(box)
        elif child.tag == "s":
            count = child.get("c", "1")
            yield " " * min(int(count) if count.isdigit() else 1, SPACE_RUN)
        elif child.tag in SPACES:
            yield SPACES[child.tag]
        else:
            yield from _runs(child, boxes)
        yield child.tail or ""


def _span(span: Element, text: str) -> str:
    place = span.get("place")
    text = struck(text) if span.get("is_struck") else text
    return raised(text) if place == "super" else lowered(text) if place else text


def _note(note: Element, boxes: list[Element]) -> str:
    """Return the mark of a note; its text follows the paragraph."""
    citation, body = note.find("note-citation"), note.find("note-body")
    mark = f"[^{''.join(citation.itertext()).strip()}]" if citation is not None else ""
    box, line = Element("box"), Element("p")
    line.text = " ".join([mark, *(_lines(body) if body is not None else ())]).strip()
    box.append(line)
    boxes.append(box)
    return mark
