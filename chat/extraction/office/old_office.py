"""Old Word and PowerPoint files (doc, ppt), as office-oxide reads them: a page, or a page for each slide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import office_oxide

from chat.documents.document import Page, Problem
from chat.extraction import refusals
from chat.extraction.layout.grid import SpanningCell, cell_text, table_lines
from chat.extraction.office import office_encryption
from chat.extraction.office.old_notes import find_notes
from chat.extraction.office.old_powers import write_powers
from chat.extraction.office.package import heading
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import plain

WHATS = {"doc": "Word file", "ppt": "PowerPoint file"}
MEDIA_TYPES = {"doc": "application/msword", "ppt": "application/vnd.ms-powerpoint"}
Json = dict[str, Any]
Kind = Literal["doc", "ppt"]
LINK = re.compile(r" <(\S+)>")


def read_as(kind: Kind, source: Source) -> Findings:
    """Yield the pages of a file of this kind (a key of WHATS)."""
    data = office_encryption.unlock_old(source)
    try:
        sections: list[Json] = office_oxide.Document.from_bytes(data, kind).to_ir()["sections"]
    except (office_oxide.OfficeOxideError, OSError, ValueError, KeyError) as error:
        raise refusals.damaged(source.name, WHATS[kind]) from error
    if kind == "ppt":
        yield Shape(MEDIA_TYPES[kind], "slide", len(sections))
        notes = dict(enumerate(find_notes(data), 1))
        for number, slide in enumerate(sections, 1):
            title = " ".join(str(slide.get("title") or "").split())
            lines = [line for line in document_lines([slide]) if line.strip()]
            lines = with_notes(lines, notes.get(number, []))
            yield Page(str(number), "\n".join(lines), title)
            if slide.get("hidden"):
                yield Problem("hidden", (str(number),), f"Hidden slide {number}.")
            if not lines and _count(slide, "image"):
                yield Problem("no_text", (str(number),))
    else:
        yield Shape(MEDIA_TYPES[kind])
        text = write_powers(data, "\n".join(document_lines(sections)))
        yield Page("", text)
        yield from plain.judge(text)
    if pictures := sum(_count(section, "image") for section in sections):
        yield Problem("embedded", (), f"Not read: {pictures} pictures.")


def with_notes(lines: list[str], notes: list[str]) -> list[str]:
    """Return the lines of a slide with its notes behind them, where the reader may have put them too."""
    if not notes:
        return lines
    is_there = [line.strip() for line in lines[-len(notes) :]] == [line.strip() for line in notes]
    return [*(lines[: -len(notes)] if is_there else lines), "Notes:", *notes]


def document_lines(sections: Sequence[Json]) -> Iterator[str]:
    """Yield the lines of the sections, then headers and footers, which many sections share, once."""
    seen = set[tuple[str, ...]]()
    for section in sections:
        yield from _lines(section.get("elements"))
    for section in sections:
        for name, inside in section.items():
            if name not in ("elements", "title") and isinstance(inside, list | dict):
                lines = tuple(_lines(inside))
                yield from () if lines in seen else lines
                seen.add(lines)


def _lines(found: Any) -> Iterator[str]:
    """Yield the lines of an element, or of several."""
    if isinstance(found, list):
        for one in found:
            yield from _lines(one)
    elif isinstance(found, dict):
        kind = found.get("type")
        if kind == "heading":
            yield heading(int(found.get("level") or 1), _text(found.get("content")))
        elif kind == "paragraph":
            yield _text(found.get("content"))
        elif kind == "table":
            yield from table_lines([list(_cells(row)) for row in found.get("rows") or ()])
        elif found.get("marker") == "comment":
            words = " ".join(" ".join(_lines(found.get("content"))).split())
            yield f"Comment by {author}: {words}" if (author := found.get("author")) else f"Comment: {words}"
        elif kind in ("text", "line_break"):
            yield _text([found])
        elif kind != "image":
            for inside in found.values():
                if isinstance(inside, list | dict):
                    yield from _lines(inside)


def _cells(row: Json) -> Iterator[SpanningCell]:
    for cell in row.get("cells") or ():
        text = cell_text(_lines(cell.get("content")), holds_table=_count(cell, "table") > 0)
        yield SpanningCell(
            text, max(1, int(cell.get("col_span") or 1)), max(1, int(cell.get("row_span") or 1))
        )


def _text(content: Any) -> str:
    """Return the text of runs, a link's target behind its words."""
    parts, link = list[str](), ""
    for run in content if isinstance(content, list) else ():
        target = str(run.get("hyperlink") or "")
        if link and target != link:
            parts.append(f" <{link}>")
        link = target if target.startswith(("http", "mailto:")) else ""
        parts.append("\n" if run.get("type") == "line_break" else str(run.get("text") or ""))
        if inner := run.get("content"):
            parts.append(_text(inner))
    words = "".join([*parts, f" <{link}>" if link else ""])
    for address in LINK.findall(words):
        if words.count(address) > 1:  # which its words are already
            words = words.replace(f" <{address}>", "")
    return words


def _count(found: Any, kind: str) -> int:
    """Return how many elements of a type are in one."""
    inside = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    own = isinstance(found, dict) and found.get("type") == kind
    return int(own) + sum(_count(one, kind) for one in inside if isinstance(one, list | dict))
