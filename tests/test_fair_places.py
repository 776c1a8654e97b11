"""Places are shared by callers, whatever each of them sends; time is the test's own."""

from __future__ import annotations

import asyncio
import threading

from chat.fair_places import EXTRA_SECONDS, FairPlaces, FairThreads


class Work:
    """Jobs that hold a place until the test ends them."""

    def __init__(self, places: int = 2, extra: int = 1) -> None:
        self.time = 0.0
        self.places = FairPlaces(places, extra, lambda: self.time)
        self.running: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, caller: str, name: str) -> None:
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._run(caller, name))
        await settle()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self._tasks[name]
        await settle()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.wait([self._tasks[name]])
        await settle()

    async def wait(self, seconds: float) -> None:
        self.time += seconds
        self.places._dispatch()  # as its timer does
        await settle()

    async def _run(self, caller: str, name: str) -> None:
        async with self.places.hold(tuple(caller.split())):
            self.running.append(name)
            await self._ends[name].wait()
            self.running.remove(name)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_caller_uses_all_places_while_there_is_no_other() -> None:
    work = Work()
    for name in ("a1", "a2", "a3"):
        await work.start("a", name)
    assert work.running == ["a1", "a2"]
    await work.end("a1")
    assert work.running == ["a2", "a3"]
    await work.end("a2")
    await work.end("a3")


async def test_a_free_place_goes_to_the_caller_that_has_used_least() -> None:
    work = Work(places=1)
    await work.start("a", "a1")
    for name in ("a2", "a3"):
        await work.start("a", name)
    await work.start("b", "b1")
    work.time = EXTRA_SECONDS / 2
    await work.end("a1")
    assert work.running == ["b1"]
    for name in ("b1", "a2", "a3"):
        await work.end(name)


async def test_a_caller_that_holds_nothing_gets_an_extra_place_after_a_moment() -> None:
    work = Work(places=2, extra=1)
    for name in ("a1", "a2", "a3"):
        await work.start("a", name)
    await work.start("b", "b1")
    assert work.running == ["a1", "a2"]
    await work.wait(EXTRA_SECONDS)
    assert work.running == ["a1", "a2", "b1"]
    await work.start("c", "c1")
    await work.wait(EXTRA_SECONDS)
    assert work.running == ["a1", "a2", "b1"]  # no more than places and extra
    for name in ("b1", "c1", "a1", "a2", "a3"):
        await work.end(name)


async def test_a_charge_is_forgotten_with_time() -> None:
    work = Work(places=1)
    await work.start("a", "a1")
    work.time = 30.0
    await work.end("a1")
    assert work.places.charge(("a",)) == 30.0
    work.time += 60.0
    assert work.places.charge(("a",)) == 15.0
    work.time += 3600.0
    await work.start("b", "b1")
    await work.end("b1")
    assert work.places.charge(("a",)) < 0.01


async def test_a_cancelled_caller_leaves_its_place_to_the_next() -> None:
    work = Work(places=1)
    await work.start("a", "a1")
    await work.start("b", "b1")
    await work.start("c", "c1")
    await work.cancel("b1")
    assert work.places.waiting == 1
    await work.cancel("a1")
    assert work.places.waiting == 0
    await work.end("c1")
    assert work.places._running == 0


async def test_names_of_one_network_share_as_one() -> None:
    work = Work(places=1, extra=2)
    await work.start("net a", "a1")
    for name in ("a2", "a3", "a4"):
        await work.start(f"net {name}", name)  # another name each
    await work.wait(EXTRA_SECONDS)
    assert work.running == ["a1", "a2"]  # the last extra place is for another network
    await work.start("other b", "b1")
    await work.wait(EXTRA_SECONDS)
    assert work.running == ["a1", "a2", "b1"]
    for name in ("b1", "a1", "a2", "a3", "a4"):
        await work.end(name)


async def test_visitors_of_one_network_take_turns() -> None:
    work = Work(places=1, extra=0)
    for name in ("a1", "a2", "a3"):
        await work.start("net a", name)
    await work.start("net b", "b1")
    work.time = 1.0
    await work.end("a1")
    assert work.running == ["b1"]
    for name in ("b1", "a2", "a3"):
        await work.end(name)


async def test_a_cancelled_caller_of_a_thread_keeps_its_place_until_the_thread_is_done() -> None:
    threads = FairThreads("test", places=1, extra=0)
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait()

    task = asyncio.create_task(threads.run(("a",), work))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    later = asyncio.create_task(threads.run(("b",), str, 1))
    await settle()
    assert not later.done()
    may_end.set()
    assert await later == "1"
    assert task.cancelled()
    threads.close()
