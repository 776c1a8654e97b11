"""The pool of readers, from outside: real children, real files, real ends."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PIL import Image

from chat.documents.document import Document, Page, Problem
from chat.errors import EmptyFile, FileTooLarge, NoReader, UnreadableFile
from chat.extraction import ReaderLimits, Readers, Reading, frames, refusals
from chat.extraction.child import Child, ChildFailed
from chat.settings import Settings
from tests.benchmarks.fuzz_extraction import fuzz, mutations
from tests.made_files import FILES
from tests.pdf_files import pdf, show

PoolOf = Callable[[ReaderLimits], Readers]


@pytest.fixture
async def pool_of() -> AsyncIterator[PoolOf]:
    pools: list[Readers] = []

    def make(limits: ReaderLimits) -> Readers:
        pools.append(Readers(limits))
        return pools[-1]

    yield make
    for pool in pools:
        await pool.aclose()


@pytest.fixture(scope="module")
async def readers() -> AsyncIterator[Readers]:
    """A pool with the usual limits, which tests share: a child takes most of a second to start."""
    pool = Readers(ReaderLimits())
    await pool.start()
    yield pool
    await pool.aclose()


@pytest.fixture(scope="module")
async def drawers() -> AsyncIterator[Readers]:
    """A pool of children that draw."""
    pool = Readers(ReaderLimits.of_pages(Settings()))
    yield pool
    await pool.aclose()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


async def test_text_file_is_one_page_without_a_label(readers: Readers, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_text("第一行\r\nsecond line  \n", encoding="utf-8")
    document = await (await readers.open(path, "notes.md")).finish()
    assert document == Document(
        "notes.md", "text/markdown", path.stat().st_size, "", (Page("", "第一行\nsecond line\n"),), 1
    )


async def test_empty_file_is_refused_by_name(readers: Readers, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.touch()
    with pytest.raises(EmptyFile, match=r"“a\.txt” is empty"):
        await readers.open(path, "a.txt")


async def test_file_over_the_limit_is_refused_with_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(b"a" * 3_000)
    with pytest.raises(FileTooLarge, match=r"“a\.txt” is larger than the limit of 0\.002 MB") as caught:
        await Readers(ReaderLimits(upload_bytes=2_000)).open(path, "a.txt")
    assert caught.value.details == {"name": "a.txt", "limit_mb": 0.002}


async def test_reading_stops_at_the_cap_of_characters_and_says_so(tmp_path: Path, pool_of: PoolOf) -> None:
    path = tmp_path / "stored"
    path.write_text("abcde\n" * 100_000)
    pool = pool_of(ReaderLimits(characters=400_000))
    document = await (await pool.open(path, "a.txt")).finish()
    assert document.text == ("abcde\n" * 100_000)[:400_000]
    assert document.problems == (
        Problem("truncated", (), "Reading stopped at the limit of 400,000 characters."),
    )


async def test_closed_pool_leaves_no_child(tmp_path: Path, pool_of: PoolOf) -> None:
    pool = pool_of(ReaderLimits())
    await pool.start()
    path = tmp_path / "stored"
    path.write_text("text")
    await (await pool.open(path, "a.txt")).finish()
    pids = [child.pid for child in pool._children]
    await pool.aclose()
    assert pids
    assert not [pid for pid in pids if is_alive(pid)]


async def idle_child(pool: Readers) -> int:
    """Return the process id of a child that waits: it is put back a step after the text is there."""
    async with asyncio.timeout(10):
        while not pool._idle:
            await asyncio.sleep(0.001)
    return pool._idle[0].pid


async def test_child_sees_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pool_of: PoolOf) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    pool = pool_of(ReaderLimits())
    path = tmp_path / "stored"
    path.write_text("text")
    await (await pool.open(path, "a.txt")).finish()
    environment = environment_of(await idle_child(pool))
    assert os.environ["OPENAI_API_KEY"] == "sk-secret"
    assert b"OPENAI" not in environment
    assert b"secret" not in environment


def endless_pdf() -> bytes:
    """A PDF of 2 kB whose first page is easy and whose second draws ten things ten billion times."""
    levels = 10
    extra = []
    for level in range(levels):
        calls = b"/X Do " * 10 if level < levels - 1 else b"BT /F1 9 Tf (again and again) Tj ET"
        inner = b"/XObject << /X %d 0 R >>" % (5 + level) if level < levels - 1 else b""
        extra.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 600 700] /Resources << /Font << /F1 3 0 R >> %b >> "
            b"/Length %d >>\nstream\n%b\nendstream" % (inner, len(calls), calls)
        )
    whole = pdf(show("An easy page"), "/X Do " * 10, extra=extra)
    return whole.replace(
        b"/Font << /F1 3 0 R >> >>  >>", b"/Font << /F1 3 0 R >> /XObject << /X 4 0 R >> >> >>"
    )


async def test_file_without_an_end_costs_its_time_and_leaves_what_was_read(
    tmp_path: Path, pool_of: PoolOf
) -> None:
    path = tmp_path / "stored"
    path.write_bytes(endless_pdf())
    pool = pool_of(ReaderLimits(seconds=1.5))
    await pool.start()
    document = await (await pool.open(path, "a.pdf")).finish()
    path.write_text("text")
    after = await (await pool.open(path, "b.txt")).finish()
    assert document.pages == (Page("1", "An easy page"),)
    assert document.problems == (
        Problem(
            "truncated",
            (),
            "Reading stopped after page 1: Reading “a.pdf” took longer than the limit of 1.5 seconds.",
        ),
    )
    assert after.text == "text"


async def test_event_loop_does_not_compute_while_a_hostile_file_is_read(
    tmp_path: Path, pool_of: PoolOf
) -> None:
    path = tmp_path / "stored"
    path.write_bytes(endless_pdf())
    pool = pool_of(ReaderLimits(seconds=1.0))
    await pool.start()
    before = time.thread_time()
    await (await pool.open(path, "a.pdf")).finish()
    # CPU seconds of the loop's thread, which a busy machine does not change; the child spends a whole one.
    assert time.thread_time() - before < 0.5


async def test_file_that_needs_too_much_memory_is_refused_with_the_limit(
    tmp_path: Path, pool_of: PoolOf
) -> None:
    path = tmp_path / "stored"
    path.write_bytes(pdf(b"BT /F1 9 Tf " + b"(a) Tj " * 2_000_000 + b" ET", is_packed=True))
    pool = pool_of(ReaderLimits(memory_bytes=350_000_000))
    with pytest.raises(UnreadableFile) as caught:
        await pool.open(path, "a.pdf")
    assert str(caught.value) == "Reading “a.pdf” needed more memory than the limit of 350 MB."


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/python"])
async def test_reader_that_cannot_be_started_is_told_and_the_next_file_is_read(
    tmp_path: Path, pool_of: PoolOf, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    path = tmp_path / "stored"
    path.write_text("The fox is red.")
    pool = pool_of(ReaderLimits())
    monkeypatch.setattr("sys.executable", program)
    with pytest.raises(NoReader):
        await pool.open(path, "a.txt")
    monkeypatch.undo()
    assert (await (await pool.open(path, "a.txt")).finish()).text == "The fox is red."


async def test_child_that_dies_ends_one_reading_and_is_replaced(tmp_path: Path, pool_of: PoolOf) -> None:
    path = tmp_path / "stored"
    path.write_bytes(endless_pdf())
    pool = pool_of(ReaderLimits())
    await pool.start()
    reading = await pool.open(path, "a.pdf")
    killed = list(pool._children)
    for child in killed:
        os.kill(child.pid, signal.SIGSEGV)
    document = await reading.finish()
    while any(child.is_alive for child in killed):
        await asyncio.sleep(0.01)
    path.write_text("text")
    after = await (await pool.open(path, "b.txt")).finish()
    assert document.problems == (
        Problem("truncated", (), "Reading stopped after page 1: “a.pdf” is damaged: its reader broke down."),
    )
    assert after.text == "text"


async def test_reading_that_is_cancelled_keeps_what_it_has_and_ends_its_child(
    tmp_path: Path, pool_of: PoolOf
) -> None:
    path = tmp_path / "stored"
    path.write_bytes(endless_pdf())
    pool = pool_of(ReaderLimits())
    reading = await pool.open(path, "a.pdf")
    pids = [child.pid for child in pool._children]
    await reading.cancel()
    assert reading.document.pages == (Page("1", "An easy page"),)
    assert reading.document.problems == (Problem("truncated", (), "Reading was stopped."),)
    assert not [pid for pid in pids if is_alive(pid)]
    await reading.cancel()


async def test_closing_the_pool_ends_what_is_being_read(tmp_path: Path, pool_of: PoolOf) -> None:
    path = tmp_path / "stored"
    path.write_bytes(endless_pdf())
    pool = pool_of(ReaderLimits())
    reading = await pool.open(path, "a.pdf")
    await pool.aclose()
    assert reading.document.is_complete


async def test_caller_that_gives_up_ends_the_reading(tmp_path: Path, pool_of: PoolOf) -> None:
    path = tmp_path / "stored"
    path.write_bytes(endless_pdf().replace(b"(An easy page) Tj", b"/X Do (easy) Tj  "))
    pool = pool_of(ReaderLimits(processes=1))
    opening = asyncio.create_task(pool.open(path, "a.pdf"))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    path.write_text("text")
    assert (await (await pool.open(path, "b.txt")).finish()).text == "text"


async def test_pages_stream_in_while_the_rest_is_read(readers: Readers, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(pdf(*(show(f"Page {number}") for number in range(1, 3_001))))
    reading = await readers.open(path, "a.pdf")
    first = reading.document
    steps = [document async for document in reading.follow()]
    assert first.pages[0] == Page("1", "Page 1")
    assert (len(first.pages) < 3_000, first.is_complete, first.page_count) == (True, False, 3_000)
    assert [len(step.pages) for step in steps] == sorted(len(step.pages) for step in steps)
    assert (len(steps[-1].pages), steps[-1].is_complete, steps[-1].problems) == (3_000, True, ())
    assert reading.document is steps[-1]


async def test_no_more_children_than_the_setting_run_at_once(tmp_path: Path, pool_of: PoolOf) -> None:
    pool = pool_of(ReaderLimits(processes=2))
    await pool.start()
    paths = [tmp_path / str(number) for number in range(6)]
    for path in paths:
        path.write_bytes(pdf(*(show("text") for _ in range(200))))
    readings = await asyncio.gather(*(pool.open(path, "a.pdf") for path in paths))
    count = len(pool._children)
    documents = [await reading.finish() for reading in readings]
    assert count <= 2
    assert [len(document.pages) for document in documents] == [200] * 6


async def test_child_is_used_again(tmp_path: Path, pool_of: PoolOf) -> None:
    readers, path = pool_of(ReaderLimits()), tmp_path / "stored"
    path.write_text("text")
    pids = set()
    for _ in range(5):
        await (await readers.open(path, "a.txt")).finish()
        pids.add(await idle_child(readers))
    assert len(pids) == 1


async def test_a_job_takes_the_child_that_is_being_started_and_a_second_one_starts_its_own(
    tmp_path: Path, pool_of: PoolOf
) -> None:
    path = tmp_path / "stored"
    path.write_text("text")
    for jobs in (1, 2):
        pool = pool_of(ReaderLimits(processes=2))
        await pool.start()
        readings = await asyncio.gather(*(pool.open(path, "a.txt") for _ in range(jobs)))
        pids = {child.pid for child in pool._children}
        assert [(await reading.finish()).text for reading in readings] == ["text"] * jobs
        assert len(pids) == jobs


async def test_a_job_that_waited_for_a_child_which_did_not_start_starts_one(
    tmp_path: Path, pool_of: PoolOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "stored"
    path.write_text("The fox is red.")
    pool = pool_of(ReaderLimits())
    monkeypatch.setattr("sys.executable", "/bin/false")
    await pool.start()
    while not pool._coming:
        await asyncio.sleep(0)
    monkeypatch.undo()
    assert (await (await pool.open(path, "a.txt")).finish()).text == "The fox is red."


def test_the_child_that_draws_loads_neither_the_server_nor_what_reads_text() -> None:
    code = "import sys, chat.extraction.page_drawer; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "pypdfium2" in loaded
    unwanted = (
        "asyncio",
        "chat.settings",
        "chat.extraction.readers",
        "chat.extraction.layout",
        "pypdf",
        "duckdb",
    )
    assert not loaded.intersection(unwanted)


async def test_child_cannot_write_a_file(readers: Readers, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_text("text")
    await (await readers.open(path, "a.txt")).finish()
    assert "Max file size             0                    0" in limits_of(await idle_child(readers))


def limits_of(pid: int) -> str:
    return Path(f"/proc/{pid}/limits").read_text()


def picture(width: int, height: int, kind: str, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height), "red").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode", "media_type"),
    [
        ("PNG", "RGB", "image/jpeg"),
        ("PNG", "RGBA", "image/png"),
        ("JPEG", "RGB", "image/jpeg"),
        ("GIF", "P", "image/jpeg"),
        ("WEBP", "RGB", "image/jpeg"),
    ],
)
async def test_large_picture_is_made_small(
    drawers: Readers, tmp_path: Path, kind: str, mode: str, media_type: str
) -> None:
    path = tmp_path / "stored"
    path.write_bytes(picture(3_000, 1_500, kind, mode))
    data, found = await drawers.shrink_image(path, longest=600)
    with Image.open(io.BytesIO(data)) as image:
        assert (found, image.size) == (media_type, (600, 300))


async def test_small_picture_stays_as_it_is(drawers: Readers, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(picture(30, 20, "PNG"))
    assert await drawers.shrink_image(path) == (path.read_bytes(), "image/png")


def replace_png_size(data: bytes, size: bytes) -> bytes:
    header = data[12:16] + size + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


async def test_picture_of_too_many_pixels_is_refused(drawers: Readers, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    size = struct.pack(">II", 20_000, 20_000)
    path.write_bytes(replace_png_size(picture(1, 1, "PNG", "1"), size))
    with pytest.raises(UnreadableFile, match=r"“big\.png” has more pixels than the limit of 80 million"):
        await drawers.shrink_image(path, name="big.png")


async def test_page_is_rendered_as_a_picture(drawers: Readers, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(pdf(show("Text"), "1 0 0 rg 0 0 612 792 re f"))
    data = await drawers.render(path, 2, 306)
    with Image.open(io.BytesIO(data)) as image:
        red, green, blue = image.convert("RGB").resize((1, 1)).tobytes()
        assert (image.format, image.size) == ("JPEG", (306, 396))
    assert red > 240
    assert max(green, blue) < 20


async def test_page_that_is_not_there_is_refused(drawers: Readers, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(pdf(show("Text")))
    with pytest.raises(UnreadableFile, match=r"Page 9 of “a\.pdf” cannot be shown"):
        await drawers.render(path, 9, 306, name="a.pdf")


async def test_frames_of_a_child_are_bounded() -> None:
    reading = Reading("a.txt", 1, 10)
    reading.feed({"type": "pages", "pages": [["1", "", "x" * 8, ""], ["2", "", "y" * 8, ""]]})
    reading.feed({"type": "problem", "kind": "k" * 100, "pages": ["9" * 9_999], "note": "n" * 9_999})
    reading.end()
    document = reading.document
    assert [page.text for page in document.pages] == ["xxxxxxxx", "yy"]
    assert [len(document.problems[0].kind), len(document.problems[0].note)] == [40, 2_000]
    with pytest.raises(frames.BadFrame):
        frames.lengths(frames.HEAD.pack(frames.OBJECT_BYTES + 1, 0))
    with pytest.raises(frames.BadFrame):
        frames.decode(b"[]")


def test_refusal_of_a_child_keeps_the_name_that_the_parent_knows() -> None:
    fields: dict[str, object] = {
        "error": "SystemExit", "message": "m" * 9_999, "details": {"name": "other", "wrong": 1, "x": []}
    }  # fmt: skip
    error = refusals.from_child(fields, "a.pdf")
    assert (type(error), len(str(error)), error.details) == (
        UnreadableFile,
        500,
        {"name": "a.pdf", "wrong": 1},
    )


async def test_child_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(ChildFailed):
        await Child.start(ReaderLimits())


async def test_broken_files_end_with_a_document_or_a_sentence(tmp_path: Path) -> None:
    files = []
    for name, data in FILES.items():
        files.append(tmp_path / name)
        files[-1].write_bytes(data)
    outcome = await fuzz(mutations(files, 90, seed=5), time.monotonic() + 60)
    assert outcome.counts.total() > 0
    assert outcome.failures == []
