"""XML documents without their tags: FictionBook, workbooks of Excel 2003, OpenDocument, any other XML.

Of data, whose elements are fields of records, the names of the fields stay. What is no XML is plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from chat.documents.document import Page, Problem
from chat.extraction.layout.grid import SpanningCell, table_lines
from chat.extraction.office import opendocument, sheets, xml_tree
from chat.extraction.office.opendocument_forms import SPREADSHEET, pack
from chat.extraction.office.package import heading
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import encodings, excel_xml, plain

OPEN_DOCUMENT = "opendocument"
DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")
PACKED = re.compile(r"[A-Za-z0-9+/=\s]{200,}")  # base64, as pictures and other data stand in XML
DEEPEST = 200
PARAGRAPHS = frozenset({"p", "para", "v", "li"})
UNREAD = frozenset({"schemaLocation", "noNamespaceSchemaLocation", "space", "lang"})
BLOCKS = frozenset({"p", "para", "title", "subtitle", "v", "text-author", "li", "dt", "dd"})


def read(source: Source) -> Findings:
    """Yield the pages of an XML file; the text as it is where that is not well-formed."""
    data = source.read_bytes()
    root = _parse(data)
    if root is None:
        yield from plain.read(source)
    elif root.tag == "FictionBook":
        yield from _book(root)
    elif root.tag == "Workbook":
        yield from excel_xml.read(root)
    elif root.tag == "document" and OPEN_DOCUMENT in root.get("mimetype", ""):
        yield from _open_document(source, root)
    else:
        yield Shape("application/xml")
        yield Page("", "\n".join(_data_lines(root, 0) if _is_data(root) else _lines_of(root, 0)))


def _open_document(source: Source, root: Element) -> Findings:
    """Yield what is in an OpenDocument file that is one file (fodt, fods, fodp) and no zip."""
    media_type = root.get("mimetype", "")
    packed = pack(source, source.read_bytes(), media_type)
    yield from sheets.read_as("ods", packed) if media_type == SPREADSHEET else opendocument.read(packed)
    if pictures := sum(1 for _ in root.iter("binary-data")):
        yield Problem("embedded", (), f"Not read: {pictures} pictures.")


def _parse(data: bytes) -> Element | None:
    """Return the root; the encoding is found as that of any text, whatever the file declares."""
    text, _ = encodings.decode(data, _declared(data))
    text = DECLARED.sub("", text.lstrip("\ufeff"))
    try:
        return xml_tree.parse(text.encode("utf-8", "replace"))
    except xml_tree.BadXml:
        return None


def _declared(data: bytes) -> str:
    found = re.search(rb"""^\s*<\?xml[^>]{0,200}encoding\s*=\s*["']([\w.:-]+)""", data[:400])
    return found.group(1).decode("ascii") if found else ""


def _book(root: Element) -> Findings:
    """Yield the chapters of a book: the sections of its bodies; notes are the last."""
    info = root.find("description/title-info")
    title = "" if info is None else _flat(info.find("book-title"))
    authors = [] if info is None else [" ".join(map(_flat, author)) for author in info.findall("author")]
    chapters = [part for body in root.findall("body") for part in _chapters(body)]
    yield Shape("application/x-fictionbook+xml", "chapter", len(chapters))
    for number, parts in enumerate(chapters, 1):
        name = next((_flat(found) for part in parts if (found := part.find("title")) is not None), "")
        front = [heading(1, title), *authors] if number == 1 else []
        lines = [*front, *(line for part in parts for line in _section(part, 2))]
        yield Page(str(number), "\n".join(line for line in lines if line), name or title)
    if pictures := len(root.findall("binary")):
        yield Problem("embedded", (), f"Not read: {pictures} pictures.")


def _chapters(body: Element) -> Iterator[list[Element]]:
    before = Element("front")
    before.extend(child for child in body if child.tag != "section")
    sections = body.findall("section")
    yield [before, *sections[:1]] if _flat(before) else sections[:1]
    yield from ([section] for section in sections[1:])


def _section(section: Element, level: int) -> Iterator[str]:
    for child in section:
        if child.tag == "title":
            yield heading(level, _flat(child))
        elif child.tag == "section":
            yield from _section(child, level + 1)
        elif child.tag == "table":
            yield from table_lines([[SpanningCell(_flat(cell)) for cell in row] for row in child.iter("tr")])
        else:
            yield from _lines_of(child, 0)


def _is_data(root: Element) -> bool:
    """Whether all words stand in fields: a text has words between elements, or paragraphs."""
    return not any(one.tag in PARAGRAPHS or (len(one) and _own(one)) for one in root.iter())


def _data_lines(element: Element, depth: int) -> Iterator[str]:
    """Yield a line for each field of a record, with its attributes, and for the attributes of a record."""
    is_field = not len(element) or depth > DEEPEST
    text, attributes = _flat(element) if is_field else "", _attributes(element)
    if text or attributes:
        yield f"{element.tag}: {f'{text} ({attributes})' if text and attributes else text or attributes}"
    for child in () if is_field else element:
        yield from _data_lines(child, depth + 1)


def _lines(element: Element, depth: int) -> Iterator[str]:
    """Yield the lines inside an element."""
    children = list(element)
    is_record = len(children) > 1 and not any(len(child) for child in children) and not _own(element)
    for child in children:
        if not is_record or child.tag in BLOCKS:
            yield from _lines_of(child, depth)
        elif (text := _flat(child)) or child.attrib:
            yield f"{child.tag}: {text or _attributes(child)}"


def _lines_of(element: Element, depth: int) -> Iterator[str]:
    """Yield an element as a line where it has words of its own, else the lines inside it."""
    if depth > DEEPEST or element.tag in BLOCKS or _own(element) or not len(element):
        if text := _flat(element) or (f"{element.tag}: {_attributes(element)}" if element.attrib else ""):
            yield text
    else:
        yield from _lines(element, depth + 1)


def _own(element: Element) -> bool:
    """Whether words stand right in an element, and not in its children alone."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _flat(element: Element | None) -> str:
    """Return the text of an element on one line, without data that is packed into letters."""
    parts = [] if element is None else [part for part in element.itertext() if not PACKED.fullmatch(part)]
    return " ".join("".join(parts).split())


def _attributes(element: Element) -> str:
    return ", ".join(
        f"{name}={value}"
        for name, value in element.attrib.items()
        if name not in UNREAD and not PACKED.fullmatch(value)
    )
