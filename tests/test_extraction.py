"""The pool of readers, from outside: real children, real files, real ends."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chat.documents import Document, Page, Problem
from chat.errors import EmptyFile, FileTooLarge
from chat.extraction import Limits, Readers


@pytest.fixture
async def readers() -> AsyncIterator[Readers]:
    pool = Readers(Limits(seconds=20))
    await pool.start()
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
        await Readers(Limits(upload_bytes=2_000)).open(path, "a.txt")
    assert caught.value.details == {"name": "a.txt", "limit_mb": 0.002}


async def test_reading_stops_at_the_cap_of_characters_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_text("abcde\n" * 100_000)
    pool = Readers(Limits(characters=400_000))
    document = await (await pool.open(path, "a.txt")).finish()
    await pool.aclose()
    assert document.text == ("abcde\n" * 100_000)[:400_000]
    assert document.problems == (
        Problem("truncated", (), "Reading stopped at the limit of 400,000 characters."),
    )


async def test_closed_pool_leaves_no_child(tmp_path: Path) -> None:
    pool = Readers(Limits())
    await pool.start()
    path = tmp_path / "stored"
    path.write_text("text")
    await (await pool.open(path, "a.txt")).finish()
    pids = [child.pid for child in pool._children]
    await pool.aclose()
    assert pids
    assert not [pid for pid in pids if is_alive(pid)]


async def test_child_sees_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    pool = Readers(Limits())
    path = tmp_path / "stored"
    path.write_text("text")
    await (await pool.open(path, "a.txt")).finish()
    environment = environment_of(pool._idle[0].pid)
    await pool.aclose()
    assert os.environ["OPENAI_API_KEY"] == "sk-secret"
    assert b"OPENAI" not in environment
    assert b"secret" not in environment
