"""The child: reads one file after another from untrusted bytes, under limits of its own.

`python -m chat.extraction.worker MEMORY_BYTES SECONDS FOLDER`, jobs on standard input, frames on standard
output (chat.extraction.frames). Its sandbox leaves it the files of FOLDER and its libraries. It has no
secret, and its parent kills it when it hangs.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from chat.documents.document import Page, Problem
from chat.errors import AttachmentError
from chat.extraction import frames, inner_files, kinds, refusals, sandbox
from chat.extraction.source import Finding, Shape, Source
from chat.extraction.text_grids import TextGrids
from chat.extraction.tidy import tidy
from chat.numbers.cell_grid import Grid

try:
    import resource
except ImportError:  # Windows: the parent's wall limit is what is left
    resource = None  # type: ignore[assignment]

PR_SET_PDEATHSIG = 1
BATCH_SECONDS = 0.1
MOST_TOLD = 20  # tables that could not be typed
TABLES_BYTES = 1_200_000_000  # of address space beside that of the readers, for DuckDB alone
GROWN_BYTES = 400_000_000  # a child that has been this large is replaced rather than kept
Say = Callable[..., None]


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


def render_page(job: dict[str, Any], say: Say) -> None:
    """Answer a `render` job with one picture."""
    from chat.extraction import pictures

    source = Source(Path(job["path"]), job["name"], job["password"])
    say(pictures.render(source, job["page"], job["width"]), type="picture", media_type="image/jpeg")


def show_page(job: dict[str, Any], say: Say) -> None:
    """Answer a `page` job with one picture, for the viewer."""
    from chat.extraction import pictures

    source = Source(Path(job["path"]), job["name"])
    blob, media_type = pictures.show_page(source, job["page"], job["width"])
    say(blob, type="picture", media_type=media_type)


def place_text(job: dict[str, Any], say: Say) -> None:
    """Answer a `boxes` job with the box of each character of a page's text."""
    from chat.extraction.pdf.page_places import place_page

    boxes = place_page(Source(Path(job["path"]), job["name"]), job["page"], job["text"])
    say(boxes.packed, type="boxes", aspect=boxes.aspect)


def shrink_picture(job: dict[str, Any], say: Say) -> None:
    """Answer a `shrink` job with one picture."""
    from chat.extraction import pictures

    source = Source(Path(job["path"]), job["name"])
    blob, media_type = pictures.shrink(source, job["longest"], job["limit_bytes"])
    say(blob, type="picture", media_type=media_type)


Jobs = dict[str, Callable[[dict[str, Any], Say], None]]
JOBS: Jobs = {
    "read": read_file,
    "render": render_page,
    "shrink": shrink_picture,
    "page": show_page,
    "boxes": place_text,
    "query": query_tables,
}


def answer(job: dict[str, Any], say: Say, jobs: Jobs = JOBS, grown_bytes: int = GROWN_BYTES) -> bool:
    """Do one job; return whether this process can still be trusted with another."""
    try:
        jobs[job["job"]](job, say)
    except AttachmentError as error:
        say(type="refusal", error=type(error).__name__, message=str(error), details=error.details)
    except MemoryError:
        say(type="refusal", error="MemoryError")
        return False
    except (KeyboardInterrupt, SystemExit, BrokenPipeError):
        raise
    except (
        BaseException
    ) as error:  # any reader may meet any error; a panic of the one in Rust is no Exception
        broken = refusals.crashed(job["name"])
        say(type="refusal", error=type(broken).__name__, message=str(broken), details=broken.details)
        return isinstance(error, Exception) and _peak_bytes() < grown_bytes
    return _peak_bytes() < grown_bytes


def _peak_bytes() -> int:
    """Return the most memory that this process has held since it was started.

    Not ru_maxrss where Linux tells better: that begins with the size of the server it was started from.
    """
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def limit_process(memory_bytes: int) -> None:
    """Bound the address space; forbid core dumps and files."""
    if resource is None:
        return
    space = (memory_bytes, memory_bytes + TABLES_BYTES)
    for name, values in (("RLIMIT_AS", space), ("RLIMIT_CORE", (0, 0)), ("RLIMIT_FSIZE", (0, 0))):
        try:
            resource.setrlimit(getattr(resource, name), values)
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS
            continue


def die_with_parent() -> None:
    """Have the kernel end this process when the parent is gone, whatever it is doing then. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def limit_cpu(seconds: float) -> None:
    """Allow the next job this much CPU time; the kernel ends the process past it."""
    if resource is None:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = usage.ru_utime + usage.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent + seconds) + 1, hard))


def serve(
    asked: BinaryIO,
    answers: BinaryIO,
    seconds: float,
    unconfined: Sequence[str] = (),
    jobs: Jobs = JOBS,
    grown_bytes: int = GROWN_BYTES,
) -> None:
    """Answer jobs until the pipe closes or this process is not fit for another."""

    def say(blob: bytes = b"", **fields: Any) -> None:
        answers.write(frames.encode(fields, blob))
        answers.flush()

    say(type="ready", unconfined=unconfined)
    while head := asked.read(frames.HEAD.size):
        body, _ = frames.lengths(head)
        job = frames.decode(asked.read(body))
        limit_cpu(seconds)
        is_fit = answer(job, say, jobs, grown_bytes)
        say(type="end", retire=not is_fit)
        if not is_fit:
            return


def run(jobs: Jobs, grown_bytes: int, load: Callable[[], None]) -> None:
    """Keep the pipe for frames alone, load the readers, give up every right that reading needs not, serve."""
    unconfined = [] if sandbox.isolate_network() else ["namespaces"]
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a C library prints does not end in a frame
    load()
    sys.dont_write_bytecode = True
    die_with_parent()
    limit_process(int(sys.argv[1]))
    unconfined += sandbox.confine(Path(sys.argv[3]))
    serve(sys.stdin.buffer, answers, float(sys.argv[2]), unconfined, jobs, grown_bytes)


if __name__ == "__main__":
    run(JOBS, GROWN_BYTES, kinds.load_readers)
