"""A read ends at its deadline, which may move later; a cancellation from outside stays one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest

from chat.completions import read_timer
from chat.completions.read_timer import ReadTimer

SHORT, LONG = 0.01, 60.0


class HandDriven:
    """Reads that come when the test says so."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.is_awaited = asyncio.Event()

    def give(self, data: bytes) -> None:
        self._queue.put_nowait(data)

    async def reads(self) -> AsyncGenerator[bytes, None]:
        while True:
            self.is_awaited.set()
            yield await self._queue.get()


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_read_ends_at_its_deadline_and_the_next_one_has_its_own() -> None:
    driven, timer = HandDriven(), ReadTimer()
    with pytest.raises(TimeoutError):
        await timer.read(driven.reads(), now() + SHORT)
    driven.give(b"later")
    assert await timer.read(driven.reads(), now() + LONG) == b"later"
    timer.close()


async def test_a_process_that_stood_still_reads_first_what_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_timer, "LATE_SECONDS", 5 * SHORT)
    loop, driven, timer = asyncio.get_running_loop(), HandDriven(), ReadTimer()

    def stand_still() -> None:
        time.sleep(10 * SHORT)
        loop.call_later(0, lambda: loop.call_soon(driven.give, b"came"))  # after the timer that is overdue

    loop.call_soon(stand_still)
    assert await timer.read(driven.reads(), now() + SHORT) == b"came"
    loop.call_soon(time.sleep, 10 * SHORT)
    with pytest.raises(TimeoutError):  # nothing has come
        await timer.read(driven.reads(), now() + SHORT)
    timer.close()


async def test_a_timer_that_was_set_for_an_earlier_read_ends_no_later_one() -> None:
    driven, timer = HandDriven(), ReadTimer()
    reads = driven.reads()
    driven.give(b"first")
    assert await timer.read(reads, now() + SHORT) == b"first"
    asyncio.get_running_loop().call_later(3 * SHORT, driven.give, b"second")
    assert await timer.read(reads, now() + LONG) == b"second"
    timer.close()


async def test_a_deadline_may_come_nearer() -> None:
    driven, timer = HandDriven(), ReadTimer()
    reads = driven.reads()
    driven.give(b"first")
    await timer.read(reads, now() + LONG)
    with pytest.raises(TimeoutError):
        await timer.read(reads, now() + SHORT)


async def test_a_cancellation_from_outside_is_no_timeout() -> None:
    driven = HandDriven()

    async def read() -> None:
        await ReadTimer().read(driven.reads(), now() + LONG)

    task = asyncio.create_task(read())
    await driven.is_awaited.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_nothing_is_cancelled_between_two_reads() -> None:
    driven, timer = HandDriven(), ReadTimer()
    driven.give(b"first")
    await timer.read(driven.reads(), now() + SHORT)
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(3 * SHORT, passed.set)
    await passed.wait()
    task = asyncio.current_task()
    assert task
    assert not task.cancelling()
