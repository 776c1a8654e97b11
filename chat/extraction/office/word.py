"""Word's docx: its text, then what stands beside it: headers, notes, comments, changes, footers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from chat.documents.document import Page, Problem
from chat.extraction.office.embedded import inner_files, picture_problem
from chat.extraction.office.numbering import Numbering
from chat.extraction.office.package import Package
from chat.extraction.office.word_asides import Asides
from chat.extraction.office.word_body import Styles, WordBody, value_of
from chat.extraction.source import Findings, Shape, Source

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SIDE_PARTS = ("header", "footnotes", "endnotes", "comments", "footer")
NOTES = {"footnotes": "footnote", "endnotes": "endnote", "comments": "comment"}
SEPARATORS = ("separator", "continuationSeparator", "continuationNotice")
HEADING = re.compile(r"^(?:heading|berschrift|titre|标题)\s*(\d)$", re.IGNORECASE)
HIDDEN = "Text that Word hides was read too."


def read(source: Source) -> Findings:
    """Yield the one page of a document."""
    package = Package(source, "Word file")
    part = package.main()
    relations = package.relations(part)
    body = package.root(part)
    yield Shape(MEDIA_TYPE)
    parts = {found.kind: found.target for found in relations.values()}
    styles = package.side(parts.get("styles", ""))
    asides = Asides()
    walker = WordBody(
        package, part, _styles(styles), Numbering(package.side(parts.get("numbering", "")), styles), asides
    )
    lines = list(walker.lines(body))
    for kind in SIDE_PARTS:
        targets = sorted({found.target for found in relations.values() if found.kind == kind})
        lines.extend(_side_lines(kind, targets, package, walker))
        if kind == "comments":
            lines.extend(asides.change_lines())
    yield Page("", "\n".join(lines))
    if asides.has_hidden:
        yield Problem("hidden", (), HIDDEN)
    yield from picture_problem(relations.values())
    yield from inner_files(package, relations.values())


def _side_lines(kind: str, targets: list[str], package: Package, walker: WordBody) -> Iterator[str]:
    """Yield the lines of the parts of a kind. Headers that are the same for other pages are told once."""
    seen = set[tuple[str, ...]]()
    for target in targets:
        side = walker.beside(target)
        root = package.side(target)
        lines = list(_note_lines(root, kind, side) if kind in NOTES else side.lines(root))
        if tuple(lines) not in seen:
            seen.add(tuple(lines))
            yield from lines


def _note_lines(root: Element, kind: str, side: WordBody) -> Iterator[str]:
    notes = [note for note in root.iter(NOTES[kind]) if note.get("type") not in SEPARATORS]
    numbers = side.asides.notes
    unmarked = len(numbers) + 1
    for note in sorted(notes, key=lambda note: numbers.get((kind, note.get("id", "")), unmarked)):
        key = note.get("id", "")
        lines = [line for line in side.lines(note) if line.strip()]
        if kind == "comments":
            yield side.asides.comment_line(key, note.get("author", ""), " ".join(lines))
        elif (number := numbers.get((kind, key))) is not None:
            yield f"[^{number}] {' '.join(lines)}"
        else:
            yield from lines


def _styles(root: Element) -> Styles:
    runs = (style for style in root.iter("style") if style.get("type") == "character")
    found = ((style.get("styleId", ""), style.find("rPr")) for style in runs)
    return Styles(_levels(root), {name: properties for name, properties in found if properties is not None})


def _levels(styles: Element) -> dict[str, int]:
    """Return the level of each style that is a heading, by its id."""
    levels: dict[str, int] = {}
    for style in styles.iter("style"):
        name = value_of(style.find("name"))
        outline = style.find("pPr/outlineLvl")
        match = HEADING.match(name)
        if match or outline is not None:
            number = match.group(1) if match else value_of(outline)
            level = int(number) if number.isdigit() else 9
            levels[style.get("styleId", "")] = level if match else level + 1
        elif name.lower() == "title":
            levels[style.get("styleId", "")] = 1
    return {style: level for style, level in levels.items() if level <= 6}
