"""Jupyter notebooks (ipynb): text and code as they stand, and what the code printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from chat.documents.document import Page
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import encodings, markup, plain
from chat.extraction.text.markdown_html import read_markdown

MEDIA_TYPE = "application/x-ipynb+json"


def read(source: Source) -> Findings:
    """Yield the one page of a notebook; as plain text where it is none after all."""
    text, _ = encodings.decode(source.read_bytes())
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
        yield read_markdown(text) + "\n"
        return
    yield f"```{language}\n{text}\n```"
    for output in cell.get("outputs", ()):
        if printed := _shown(output):
            yield printed
    yield ""


def _shown(output: dict[str, Any]) -> str:
    """Return what an output shows as text: HTML where it is a table or nothing else, an error by its name."""
    data = output.get("data", {})
    if "ename" in output:
        return f"{output['ename']}: {output.get('evalue', '')}"
    html = _joined(data.get("text/html", ""))
    if html and ("<table" in html or "text/plain" not in data):
        return markup.text_of_html(html)[0]
    return _joined(output.get("text") or data.get("text/plain") or data.get("text/markdown") or "")


def _joined(value: object) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)
