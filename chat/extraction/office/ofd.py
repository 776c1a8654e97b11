"""OFD, the form of Chinese electronic invoices and official documents (GB/T 33190): a zip of XML.

A page is text at places, with that of its templates below it; lines and tables come from where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from xml.etree.ElementTree import Element

from chat.documents.document import Page, Problem
from chat.extraction import refusals
from chat.extraction.layout.page_tables import find_page_tables
from chat.extraction.layout.page_words import FIRST_WIDE, Word, make_line, rows_of_words
from chat.extraction.layout.rules import Rule, Rules
from chat.extraction.office import xml_tree
from chat.extraction.office.archive import Archive, resolve
from chat.extraction.source import Findings, InnerFile, Shape, Source

MEDIA_TYPE = "application/ofd"
WHAT = "OFD file"
PAGES = 5_000
NARROW = 0.5  # of a letter's size, where it is no Chinese character
THIN = 2.0  # points; what is drawn no thicker is a rule
POINTS = 72 / 25.4  # in a millimetre, which an OFD file measures in


def read(source: Source) -> Findings:
    """Yield the pages of all documents in the file, then what is attached."""
    archive = Archive(source, WHAT)
    documents = [resolve("OFD.xml", one.text or "") for one in _parse(archive, "OFD.xml").iter("DocRoot")]
    pages = [page for document in documents for page in _pages(archive, document)]
    if not pages:
        raise refusals.damaged(source.name, WHAT)
    yield Shape(MEDIA_TYPE, "page", len(pages))
    for number, trees in enumerate(pages[:PAGES], 1):
        lines = list(_lines(trees))
        yield Page(str(number), "\n".join(lines))
        if any(tree.find(".//ImageObject") is not None for tree in trees):
            kind, note = ("embedded", "Pictures were not read.") if lines else ("no_text", "")
            yield Problem(kind, (str(number),), note)
    for document in documents:
        yield from _attachments(archive, document)


def _parse(archive: Archive, name: str) -> Element:
    try:
        return xml_tree.parse(archive.read(name))
    except xml_tree.BadXml:
        return xml_tree.EMPTY


def _pages(archive: Archive, document: str) -> Iterator[list[Element]]:
    """Yield for each page its tree behind those of its templates."""
    root = _parse(archive, document)
    templates = {
        one.get("ID", ""): resolve(document, one.get("BaseLoc", "")) for one in root.iter("TemplatePage")
    }
    trees: dict[str, Element] = {}
    for page in root.findall("Pages/Page"):
        tree = _parse(archive, resolve(document, page.get("BaseLoc", "")))
        below = []
        for one in tree.findall("Template"):
            name = templates.get(one.get("TemplateID", ""), "")
            if name:
                below.append(trees.setdefault(name, _parse(archive, name)))
        yield [*below, tree]


def _lines(trees: list[Element]) -> Iterator[str]:
    """Yield the lines of a page: each table where its first row stands."""
    words = [word for tree in trees for one in tree.iter("TextObject") for word in _words(one)]
    if not words:
        return
    tables = find_page_tables(words, _rules(trees))
    inside = {word for table in tables for word in table.words}
    rows = rows_of_words(word for word in words if word not in inside)
    blocks = [(row[0].top, " ".join(segment.text for segment in make_line(row).segments)) for row in rows]
    blocks += [(min(word.top for word in table.words), "\n".join(table.lines)) for table in tables]
    for _, text in sorted(blocks, key=lambda block: block[0]):
        yield text


def _words(shown: Element) -> Iterator[Word]:
    """Yield a word for each piece of text of an object."""
    left, top = _numbers(shown.get("Boundary", ""), 4)[:2]
    scale_x, skew_y, skew_x, scale_y, move_x, move_y = _numbers(shown.get("CTM", "1 0 0 1 0 0"), 6)
    size = _numbers(shown.get("Size", ""), 1)[0] or 3.0
    x = y = 0.0
    for code in shown.iter("TextCode"):
        text = (code.text or "").strip()
        x = _numbers(code.get("X", str(x)), 1)[0]
        y = _numbers(code.get("Y", str(y)), 1)[0]
        if not text:
            continue
        start = left + scale_x * x + skew_x * y + move_x
        base = top + skew_y * x + scale_y * y + move_y
        width = _width(text, code.get("DeltaX", ""), size) * (abs(scale_x) or 1.0)
        height = size * (abs(scale_y) or 1.0)
        left_edge, right_edge = start * POINTS, (start + width) * POINTS
        yield Word(text, left_edge, (base - height) * POINTS, right_edge, base * POINTS)


def _width(text: str, deltas: str, size: float) -> float:
    """Return how wide a text is: the steps from letter to letter as they are given, else by its letters."""
    steps, fields, at = list[float](), deltas.split(), 0
    while at < len(fields) and len(steps) < len(text):
        if fields[at] == "g" and at + 2 < len(fields):  # a step that is repeated
            count = int(_numbers(fields[at + 1], 1)[0])
            steps += [_numbers(fields[at + 2], 1)[0]] * min(count, len(text))
            at += 3
        else:
            steps += _numbers(fields[at], 1)
            at += 1
    widths = [size if letter >= FIRST_WIDE else size * NARROW for letter in text]
    return sum(steps[: len(text) - 1]) + sum(widths[len(steps[: len(text) - 1]) :])


def _rules(trees: list[Element]) -> Rules:
    """Return the lines that are drawn along the axes."""
    across, down = list[Rule](), list[Rule]()
    for tree in trees:
        for path in tree.iter("PathObject"):
            left, top, width, height = (edge * POINTS for edge in _numbers(path.get("Boundary", ""), 4))
            if height <= THIN < width:
                across.append(Rule(top + height / 2, left, left + width))
            elif width <= THIN < height:
                down.append(Rule(left + width / 2, top, top + height))
    return Rules(tuple(across), tuple(down))


def _numbers(text: str, count: int) -> list[float]:
    """Return that many numbers; 0 for what is none."""
    found = []
    for field in text.split()[:count]:
        try:
            found.append(max(-1e6, min(1e6, float(field))))
        except ValueError:
            found.append(0.0)
    return [*found, *[0.0] * (count - len(found))]


def _attachments(archive: Archive, document: str) -> Iterator[InnerFile]:
    for place in _parse(archive, document).iter("Attachments"):
        index = resolve(document, place.text or "")
        for one in _parse(archive, index).iter("Attachment"):
            name = resolve(index, one.findtext("FileLoc") or "")
            if archive.has(name):
                yield InnerFile(one.get("Name") or name, partial(archive.read, name))
