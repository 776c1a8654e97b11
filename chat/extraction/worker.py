"""The child that reads files and computes over their tables: `python -m chat.extraction.worker`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chat.documents.document import Page, Problem
from chat.extraction import frames, inner_files, job_loop, kinds
from chat.extraction.job_loop import Say
from chat.extraction.source import Finding, Shape, Source
from chat.extraction.text_grids import TextGrids
from chat.extraction.tidy import tidy
from chat.numbers.cell_grid import Grid

try:
    import resource
except ImportError:  # Windows: the parent's wall limit is what is left
    resource = None  # type: ignore[assignment]

BATCH_SECONDS = 0.1
MOST_TOLD = 20  # tables that could not be typed


def read(source: Source) -> Iterator[Finding]:
    """Yield what is in a file, tidied, up to its cap of characters. The cells of sheets have no cap."""
    room, is_told, has_sheets = source.characters, False, False
    for finding in inner_files.read_whole(source, kinds.recognise):
        if isinstance(finding, Grid):
            has_sheets = True
            yield finding
            continue
        if room < 0:
            continue
        if not isinstance(finding, Page):
            is_told = is_told or _explains_silence(finding)
            yield finding
            continue
        text = tidy(finding.text)
        yield Page(tidy(finding.label), text[:room], tidy(finding.heading), tidy(finding.printed))
        room -= len(text)
        if room < 0:
            note = f"Reading stopped at the limit of {source.characters:,} characters."
            yield Problem("truncated", (finding.label,) if finding.label else (), note)
            if not has_sheets:
                return
        is_told = is_told or bool(text.strip())
    if not is_told:
        yield Problem("no_text")


def _explains_silence(finding: Shape | Problem) -> bool:
    """Whether a file that has no text needs no other word about it."""
    if isinstance(finding, Problem):
        return finding.kind != "embedded"
    return finding.media_type.startswith("image/")


class PageBatches:
    """Findings as frames: the first at once, then by time and size."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._rows: list[tuple[str, str, str, str]] = []
        self._characters = 0
        self._due = 0.0

    def add(self, finding: Finding) -> None:
        """Send a finding now or with those that follow it soon."""
        match finding:
            case Shape():
                self._say(
                    type="shape",
                    media_type=finding.media_type,
                    unit=finding.unit,
                    page_count=finding.page_count,
                )
            case Problem():
                self._say(type="problem", kind=finding.kind, pages=finding.pages, note=finding.note)
            case Page():
                self._add_page(finding)
            case Grid():
                raise TypeError("a grid is not sent")

    def _add_page(self, page: Page) -> None:
        size, text = frames.PART_CHARACTERS, page.text
        if len(text) > size:
            self.flush()
            cut = range(0, len(text) - size, size)
            for start in cut:
                self._say(type="part", text=text[start : start + size])
            text = text[cut[-1] + size :]
        self._rows.append((page.label, page.heading, text, page.printed))
        self._characters += len(text)
        if time.monotonic() > self._due or self._characters > size:
            self.flush()

    def flush(self) -> None:
        """Send what has gathered."""
        if self._rows:
            self._say(type="pages", pages=self._rows)
        self._rows, self._characters = [], 0
        self._due = time.monotonic() + BATCH_SECONDS


def read_file(job: dict[str, Any], say: Say) -> None:
    """Answer a `read` job. What came before an error is sent before it."""
    batches, grids = PageBatches(say), TextGrids(job["name"])
    source = Source(Path(job["path"]), job["name"], job["password"], job["characters"])
    try:
        for finding in read(source):
            grids.add(finding)
            if not isinstance(finding, Grid):
                batches.add(finding)
    finally:
        batches.flush()
    send_tables(grids, say)


def send_tables(grids: TextGrids, say: Say) -> None:
    """Send the tables of a file with their columns typed; the text stands without them."""
    if not grids.has_any:
        return
    from chat.numbers.file_tables import build_tables
    from chat.numbers.table_pack import pack_tables

    with more_memory():
        try:
            tables, files, failed = build_tables(grids.take())
            pack = pack_tables(tables, files) if tables else b""
        except MemoryError:
            pack, failed = b"", [""]
    if failed:
        pages = tuple(dict.fromkeys(filter(None, failed)))[:MOST_TOLD]
        say(type="problem", kind="not_computed", pages=pages, note="")
    for at in range(0, len(pack), frames.BLOB_PART):
        say(pack[at : at + frames.BLOB_PART], type="tables")


@contextlib.contextmanager
def more_memory() -> Iterator[None]:
    """Allow the address space that DuckDB reserves; it has a limit of its own for what it uses."""
    if resource is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def query_tables(job: dict[str, Any], say: Say) -> None:
    """Answer a `query` job with its result, or with the sentence why there is none."""
    from chat.numbers.sql_query import BadQuery, Tables

    with more_memory():
        packs = [Path(path).read_bytes() for path in (job["path"], *job["more"])]
        try:
            say(type="result", **Tables(packs, job["names"]).run(job["sql"], job["seconds"]))
        except BadQuery as error:
            say(type="no_result", message=str(error))


JOBS: job_loop.Jobs = {"read": read_file, "query": query_tables}


if __name__ == "__main__":
    job_loop.run(JOBS, kinds.load_readers)
