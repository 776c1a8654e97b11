"""EPUB: the chapters in reading order."""

from __future__ import annotations

from urllib.parse import unquote

from chat.documents.document import Page, Problem
from chat.extraction import refusals
from chat.extraction.office import xml_tree
from chat.extraction.office.archive import Archive, resolve
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import markup

MEDIA_TYPE = "application/epub+zip"
WHAT = "EPUB book"
CHAPTERS = 5_000
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")


def read(source: Source) -> Findings:
    """Yield a page for each chapter."""
    archive = Archive(source, WHAT)
    try:
        chapters = _chapters(archive)
    except xml_tree.BadXml as error:
        raise refusals.damaged(source.name, WHAT) from error
    if not chapters:
        raise refusals.damaged(source.name, WHAT)
    if any(name.encode() in archive.read("META-INF/encryption.xml") for name in chapters):
        raise refusals.locked_for_good(source.name, WHAT)
    yield Shape(MEDIA_TYPE, "chapter", len(chapters))
    for number, name in enumerate(chapters, 1):
        text, title = markup.text_of(archive.read(name))
        yield Page(str(number), text, title)
    pictures = sum(name.lower().endswith(PICTURES) for name in archive.names)
    if pictures:
        yield Problem("embedded", (), f"Not read: {pictures} pictures.")


def _chapters(archive: Archive) -> list[str]:
    container = xml_tree.parse(archive.read("META-INF/container.xml"))
    package = next((item.get("full-path", "") for item in container.iter("rootfile")), "")
    root = xml_tree.parse(archive.read(package))
    items = {item.get("id", ""): item.get("href", "") for item in root.iter("item")}
    order = [items.get(item.get("idref", ""), "") for item in root.iter("itemref")][:CHAPTERS]
    names = [resolve(package, unquote(href)) for href in order if href]
    return [name for name in names if archive.has(name)]
