"""Jupyter notebooks (ipynb): text and code as they stand, and what the code printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from chat.documents import Page
from chat.extraction import encodings, plain
from chat.extraction.source import Findings, Shape, Source

MEDIA_TYPE = "application/x-ipynb+json"


def read(source: Source) -> Findings:
    """Yield the one page of a notebook; as plain text where it is none after all."""
    text, _ = encodings.decode(source.path.read_bytes())
    try:
        book = json.loads(text)
        language = str(book.get("metadata", {}).get("kernelspec", {}).get("language", "python"))
        lines = [line for cell in book["cells"] for line in _cell(cell, language)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        yield from plain.read(source)
        return
    yield Shape(MEDIA_TYPE)
    yield Page("", "\n".join(lines))


def _cell(cell: dict[str, Any], language: str) -> Iterator[str]:
    text = _joined(cell.get("source", ""))
    if cell.get("cell_type") != "code":
        yield text + "\n"
        return
    yield f"```{language}\n{text}\n```"
    for output in cell.get("outputs", ()):
        shown = output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue") or ""
        if printed := _joined(shown):
            yield printed
    yield ""


def _joined(value: object) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)
