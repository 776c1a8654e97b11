"""Broken files through the real readers: nothing may hang, crash the pool or fail without a sentence.

    CORPORA=folder python -m tests.benchmarks.fuzz_extraction --count 20000 --seconds 1800 --seed 1

Mutates every file under CORPORA/pdf, office and text (bytes of the file; for zip formats also bytes of the
members) and those of tests/made_files.py, so that every reader is met. Reads each mutation in the pool, and
prints what came of them. Exit code 1 where one failed; `--keep` names a folder for those files. A short form
runs in the tests, on the made files alone.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import random
import sys
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chat.documents.document import Document
from chat.errors import AttachmentError
from chat.extraction import ReaderLimits, Readers
from tests.made_files import FILES

LIMIT_SECONDS = 10.0
GRACE_SECONDS = 8.0
LARGEST_BYTES = 2_000_000
TOKENS = (
    b"\x00", b"\xff\xff\xff\xff", b"-1", b"999999999999", b"/Length 99999999", b"<<", b">>", b"endobj",
    b"1 0 R", b"stream\n", b"\\u-99999?", b"{", b"}", b"<", b"&amp;", b"]]>", b"\r\n", b"%s%n",
    b"\xed\xa0\x80", b"0" * 500,
)  # fmt: skip
Mutate = Callable[[random.Random, bytes], bytes]


@dataclass
class Outcome:
    """What came of the mutations: counts by kind of end, and the names of those that failed."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0


def flip(rng: random.Random, data: bytes) -> bytes:
    """Change single bytes."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 4, 16, 64))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(rng: random.Random, data: bytes) -> bytes:
    """Leave out a stretch, or the end."""
    start = rng.randrange(len(data))
    end = len(data) if rng.random() < 0.3 else min(len(data), start + rng.randrange(1, 2_000))
    return data[:start] + data[end:]


def repeat(rng: random.Random, data: bytes) -> bytes:
    """Have a stretch many times."""
    start = rng.randrange(len(data))
    stretch = data[start : start + rng.randrange(1, 300)]
    return data[:start] + stretch * rng.choice((2, 20, 500)) + data[start:]


def insert(rng: random.Random, data: bytes) -> bytes:
    """Put what readers stumble over somewhere."""
    changed = data
    for _ in range(rng.choice((1, 3, 10))):
        start = rng.randrange(len(changed) + 1)
        changed = changed[:start] + rng.choice(TOKENS) + changed[start:]
    return changed


def shuffle(rng: random.Random, data: bytes) -> bytes:
    """Exchange two stretches."""
    one, two = sorted(rng.randrange(len(data)) for _ in range(2))
    size = rng.randrange(1, 400)
    head, first, middle = data[:one], data[one : one + size], data[one + size : two]
    return head + data[two : two + size] + middle + first + data[two + size :]


MUTATIONS: tuple[Mutate, ...] = (flip, cut, repeat, insert, shuffle)


def mutate(rng: random.Random, data: bytes) -> bytes:
    """Return a broken version; of a zip file often with sound packing around broken members."""
    if data.startswith(b"PK") and rng.random() < 0.7:
        try:
            return _mutate_members(rng, data)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, ValueError):
            pass
    return rng.choice(MUTATIONS)(rng, data or b"\n")


def _mutate_members(rng: random.Random, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        infos = [info for info in old.infolist() if info.file_size < LARGEST_BYTES]
        broken = {info.filename for info in rng.sample(infos, min(len(infos), rng.choice((1, 2, 5))))}
        for info in infos:
            content = old.read(info)
            if info.filename in broken and content:
                content = rng.choice(MUTATIONS)(rng, content)
            new.writestr(info.filename, content)
    return out.getvalue()


def mutations(files: Sequence[Path], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes of `count` broken files, the same ones for the same seed."""
    rng = random.Random(seed)
    for number in range(count):
        path = files[number % len(files)]
        name = path.name.rpartition("__")[2]
        if rng.random() < 0.05:
            name = f"renamed.{rng.choice(('pdf', 'docx', 'html', 'ipynb', 'eml', 'srt', 'csv'))}"
        yield name, mutate(rng, path.read_bytes())


async def fuzz(cases: Iterator[tuple[str, bytes]], deadline: float, keep: Path | None = None) -> Outcome:
    """Read the cases in the pool until they or the time end."""
    readers, outcome = Readers(ReaderLimits(seconds=LIMIT_SECONDS)), Outcome()
    await readers.start()
    with tempfile.TemporaryDirectory() as folder:
        await asyncio.gather(
            *(
                _work(readers, cases, Path(folder) / str(number), outcome, deadline, keep)
                for number in range(readers.limits.processes)
            )
        )
    await readers.aclose()
    return outcome


async def _work(
    readers: Readers,
    cases: Iterator[tuple[str, bytes]],
    path: Path,
    outcome: Outcome,
    deadline: float,
    keep: Path | None,
) -> None:
    for name, data in cases:
        if time.monotonic() > deadline:
            return
        await asyncio.to_thread(path.write_bytes, data)
        begun = time.monotonic()
        end = await _read(readers, path, name)
        outcome.slowest_seconds = max(outcome.slowest_seconds, time.monotonic() - begun)
        outcome.counts[end] += 1
        if end.startswith("FAILED"):
            outcome.failures.append(f"{name}: {end}")
            if keep is not None:
                (keep / f"{len(outcome.failures)}-{name}").write_bytes(data)


async def _read(readers: Readers, path: Path, name: str) -> str:
    try:
        async with asyncio.timeout(LIMIT_SECONDS + GRACE_SECONDS):
            document = await (await readers.open(path, name)).finish()
    except AttachmentError as error:
        is_sentence = str(error).endswith(".") and name in str(error)
        return f"refused: {type(error).__name__}" if is_sentence else f"FAILED: no sentence: {error}"
    except TimeoutError:
        return "FAILED: past the limit"
    except Exception as error:  # this is what is looked for
        return f"FAILED: {type(error).__name__}: {error}"
    return _judge(document)


def _judge(document: Document) -> str:
    if not document.is_complete:
        return "FAILED: not complete"
    if document.problems:
        return f"read, with: {document.problems[0].kind}"
    if not document.text.strip() and not document.media_type.startswith("image/"):
        return "FAILED: empty without a problem"
    return "read"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=1_800)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if "CORPORA" not in os.environ:
        print("CORPORA is not set: it names the folder with pdf/, office/ and text/.")
        return 2
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    root = Path(os.environ["CORPORA"])
    found = (path for kind in ("pdf", "office", "text") for path in sorted((root / kind).rglob("*")))
    files = [path for path in found if path.is_file() and path.stat().st_size < LARGEST_BYTES]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for name, data in FILES.items():
            files.append(Path(folder) / f"made__{name}")
            files[-1].write_bytes(data)
        cases = mutations(files, options.count, options.seed)
        outcome = asyncio.run(fuzz(cases, begun + options.seconds, options.keep))
    for end, count in outcome.counts.most_common():
        print(f"{count:7,}  {end}")
    total = outcome.counts.total()
    print(f"{total:7,}  mutations of {len(files)} files in {time.monotonic() - begun:.0f} s;", end=" ")
    print(f"slowest {outcome.slowest_seconds:.1f} s; failed: {len(outcome.failures)}")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
