"""What history costs: writes at once, searches in ten thousand messages, a start, a large import.

Run: python -m tests.benchmarks.history [database URL]; without a URL on SQLite in a temporary folder. Needs
an empty database.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chat.history import Growth, History

OWNER = "visitor"
WORDS = "人工 智能 在 医疗 领域 的 应用 与 发展 stream event token 数据 模型 answer 问题 文件"


@contextmanager
def measured(what: str, count: int = 1) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds = time.perf_counter() - started
    print(f"{what:<58} {seconds / count * 1000:10.2f} ms")


def make_text(characters: int, choose: random.Random) -> str:
    text = ""
    while len(text) < characters:
        text += choose.choice(WORDS.split()) + choose.choice(["", " ", "，"])
    return text


def make_export(conversations: int, messages: int) -> bytes:
    """Return an export of 2,000 characters a message."""
    choose, time_ = random.Random(1), "2026-01-01T00:00:00+00:00"
    talk = [
        {"parent": n - 1 if n else None, "role": "user", "created": time_, "text": make_text(2000, choose)}
        for n in range(messages)
    ]
    value = {"format": "xiaojia.conversation", "version": 1, "title": "t", "pinned": False, "attachments": []}
    value |= {"created": time_, "updated": time_, "shown": messages - 1, "messages": talk}
    return json.dumps([value] * conversations, ensure_ascii=False).encode()


async def watch_pauses(work: Awaitable[object]) -> float:
    """Return the event loop's longest pause, in seconds, while the work goes on."""
    task, longest, before = asyncio.ensure_future(work), 0.0, time.perf_counter()
    while not task.done():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
    await task
    return longest


async def measure_writes(history: History) -> None:
    conversation = await history.create_conversation(OWNER)
    with measured("add_message, one after the other", 200):
        for _ in range(200):
            await history.add_message(conversation.id, OWNER, "user", parent_id=None, text="x" * 2000)
    with measured("add_message, 1,000 at once", 1000):
        await asyncio.gather(
            *(
                history.add_message(conversation.id, OWNER, "user", parent_id=None, text="x" * 2000)
                for _ in range(1000)
            )
        )
    message = await history.add_message(
        conversation.id, OWNER, "assistant", parent_id=None, generation_id="g"
    )
    with measured("end_answer, 20,000 characters", 100):
        for _ in range(100):
            await history.end_answer(Growth(OWNER, message.id, "g", {"text": "字" * 20_000}))
    grown = [Growth(OWNER, message.id, "g", {"text": "字" * 200, "reasoning": ""})] * 1000
    with measured("write_turns, 1,000 answers that grow, together", 1000):
        await history.write_turns(grown)


async def measure_reads(history: History) -> None:
    data = make_export(100, 100)
    started = time.perf_counter()
    pause = await watch_pauses(history.import_json(data, OWNER))
    seconds, megabytes = time.perf_counter() - started, len(data) / 1e6
    print(f"{f'import of 10,000 messages, {megabytes:.0f} MB':<58} {seconds * 1000:10.2f} ms")
    print(f"{'- the longest pause of the event loop meanwhile':<58} {pause * 1000:10.2f} ms")
    idle = await watch_pauses(asyncio.sleep(2))
    print(f"{'- and in two seconds of nothing':<58} {idle * 1000:10.2f} ms")
    (conversation, *_) = await history.conversations(OWNER)
    with measured("the first 50 conversations", 20):
        for _ in range(20):
            await history.conversations(OWNER)
    with measured("a branch of 100 messages of 2,000 characters", 20):
        for _ in range(20):
            await history.branch(conversation.id, OWNER)
    for query, what in (("智能在", "found often"), ("不存在的词", "found nowhere")):
        with measured(f"search in 10,000 messages, {what}", 5):
            for _ in range(5):
                await history.conversations(OWNER, query)


async def measure(url: str) -> None:
    with measured("start on an empty database"):
        history = History(url)
        await history.start()
    await measure_writes(history)
    await measure_reads(history)
    await history.aclose()
    with measured("start on a full one"):
        history = History(url)
        await history.start()
    await history.aclose()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite3"
        asyncio.run(measure(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{path}"))
        if path.exists():
            print(f"the file: {path.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
