"""Background writes: in order per key, in batches, and one by one if a batch fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from chat.errors import NotFound
from chat.history import write_queue
from chat.history.write_queue import BATCH_ITEMS, BatchWriter, WriteQueue


class Sheet:
    """A database that waits for `go` with each write, and refuses every batch with `bad`."""

    def __init__(self) -> None:
        self.written: list[list[str]] = []
        self.go = asyncio.Event()

    async def write(self, items: Sequence[str]) -> None:
        await self.go.wait()
        if "bad" in items:
            raise NotFound("There is no such message.")
        self.written.append(list(items))


async def test_items_that_arrive_during_a_write_are_the_next_batch() -> None:
    sheet = Sheet()
    batches = BatchWriter(sheet.write)
    tasks = [asyncio.create_task(batches.add("first"))]
    await asyncio.sleep(0)  # the write is in progress
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(batches.add(str(number))) for number in range(BATCH_ITEMS + 1)]
    await asyncio.sleep(0)
    sheet.go.set()
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in sheet.written] == [1, BATCH_ITEMS, 1]
    assert [item for batch in sheet.written for item in batch] == ["first", *map(str, range(BATCH_ITEMS + 1))]


@pytest.mark.parametrize(("share", "batches"), [(0.0, ["1", "2", "3"]), (1e9, ["1", "23"])])
async def test_items_that_arrive_while_the_writer_rests_are_one_batch(
    monkeypatch: pytest.MonkeyPatch, share: float, batches: list[str]
) -> None:
    monkeypatch.setattr(write_queue, "REST_SECONDS", 0.5)
    sheet = Sheet()
    sheet.go.set()
    writer = BatchWriter(sheet.write, share)
    await writer.add("1")
    second = asyncio.create_task(writer.add("2"))
    for _ in range(5):  # steps of the loop, in which a writer that does not rest writes it
        await asyncio.sleep(0)
    await asyncio.gather(second, writer.add("3"))
    assert ["".join(batch) for batch in sheet.written] == batches


async def test_a_bad_item_does_not_fail_the_others_of_its_batch() -> None:
    sheet = Sheet()
    sheet.go.set()
    batches = BatchWriter(sheet.write)
    told = await asyncio.gather(*map(batches.add, ("a", "bad", "b")), return_exceptions=True)
    assert [type(answer) for answer in told] == [type(None), NotFound, type(None)]
    assert sorted(item for batch in sheet.written for item in batch) == ["a", "b"]


async def test_a_cancelled_item_is_not_written() -> None:
    sheet = Sheet()
    batches = BatchWriter(sheet.write)
    first = asyncio.create_task(batches.add("first"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    given_up, last = asyncio.create_task(batches.add("given up")), asyncio.create_task(batches.add("last"))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    sheet.go.set()
    await asyncio.gather(first, last)
    assert sheet.written == [["first"], ["last"]]


async def test_writes_of_one_key_are_in_order_and_other_keys_do_not_wait() -> None:
    recorder, sheet = WriteQueue(), Sheet()
    batches = BatchWriter(sheet.write)
    for key, item in (("one", "1a"), ("one", "1b"), ("two", "2a")):
        recorder.later(key, lambda item=item: batches.add(item))  # type: ignore[misc]
    sheet.go.set()
    await recorder.settle_all()
    written = [item for batch in sheet.written for item in batch]
    assert sorted(written) == ["1a", "1b", "2a"]
    assert written.index("1a") < written.index("1b")
    await recorder.aclose()
