"""What the formats of Office share: parts, the relations between them, tables. Knows no document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename, dirname
from xml.etree.ElementTree import Element

from chat.extraction import refusals
from chat.extraction.office import xml_tree
from chat.extraction.office.archive import Archive, resolve
from chat.extraction.source import Source


@dataclass(frozen=True)
class Relation:
    """kind: the last word of its type, such as `slide`. target: a part, or an address outside."""

    kind: str
    target: str
    is_outside: bool


class Package:
    """A docx or pptx as parts. A part that is missing or damaged reads as empty, the main one is refused."""

    def __init__(self, source: Source, what: str) -> None:
        self.archive = Archive(source, what)
        self._source, self._what = source, what

    def main(self, kind: str = "officeDocument") -> str:
        """Return the name of the main part."""
        for relation in self.relations("").values():
            if relation.kind == kind and self.archive.has(relation.target):
                return relation.target
        raise refusals.damaged(self._source.name, self._what)

    def root(self, part: str) -> Element:
        """Return the tree of the main part; UnreadableFile where it is damaged."""
        try:
            return xml_tree.parse(self.archive.read(part))
        except xml_tree.BadXml as error:
            raise refusals.damaged(self._source.name, self._what) from error

    def side(self, part: str) -> Element:
        """Return the tree of another part; empty where it is missing or damaged."""
        try:
            return xml_tree.parse(self.archive.read(part))
        except xml_tree.BadXml:
            return xml_tree.EMPTY

    def relations(self, part: str) -> dict[str, Relation]:
        """Return the relations of a part by their ids."""
        place = f"{dirname(part)}/_rels/{basename(part)}.rels".lstrip("/")
        found = {}
        for item in self.side(place):
            target, is_outside = item.get("Target", ""), item.get("TargetMode") == "External"
            kind = item.get("Type", "").rpartition("/")[2]
            where = target if is_outside else resolve(part, target)
            found[item.get("Id", "")] = Relation(kind, where, is_outside)
        return found


def members(table: Element, tag: str) -> Iterator[Element]:
    """Yield the rows of a table, or the cells of a row, without those of tables inside it."""
    for child in table:
        if child.tag == tag:
            yield child
        elif child.tag not in ("tbl", "table", "p", "tc", "table-cell"):
            yield from members(child, tag)


def heading(level: int, text: str) -> str:
    """Return a heading as Markdown has it."""
    words = " ".join(text.split())
    return f"{'#' * max(1, min(level, 6))} {words}" if words else ""
