"""Following a generation for a page, without a browser: what is shown, and what a page that goes leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import orjson
import pytest

from chat.generations.events import Event
from chat.generations.generation import Generation, GenerationLimits
from chat.generations.registry import Generations
from chat.ui.follower import Followers, Growing
from chat.ui.pace import BROWSER_SECONDS, SLOWEST_ALONE_SECONDS, SLOWEST_SECONDS, Load, Pace
from chat.ui.view import Reader, show_growing, show_thinking

OPENING = Event("generation", orjson.dumps({"generation_id": "g", "model": "m", "receipt": {}}))
DONE = Event("done", orjson.dumps({"finish_reason": "stop"}))


def chunk(text: str = "", reasoning: str = "", *, recasts: bool = False) -> Event:
    return Event("chunk", b"{}", text, reasoning, recasts)


class Source:
    """What a generation says, as the test lets it."""

    def __init__(self) -> None:
        self.batches: asyncio.Queue[Sequence[Event]] = asyncio.Queue()

    async def write(self) -> AsyncGenerator[Sequence[Event], None]:
        while True:
            events = await self.batches.get()
            yield events
            if events[-1] is DONE:
                return


def start(source: Source) -> Generation:
    return Generations(GenerationLimits(abandoned_after=60)).start(
        source.write(), owner="anna", id="g", opening=[OPENING]
    )


async def test_what_has_come_before_the_page_looked_is_one_showing() -> None:
    source = Source()
    generation = start(source)
    source.batches.put_nowait([chunk(letter) for letter in "abcdef"])
    source.batches.put_nowait([DONE])
    await generation.wait()
    followers = Followers()
    texts = []
    async with aclosing(followers.begin("page").follow(generation, followers.load)) as growings:
        async for growing in growings:
            assert growing is not None
            texts.append((growing.text, growing.ending is not None))
    assert texts == [("abcdef", True)]
    assert followers.load.streaming == 0


async def test_a_page_that_goes_leaves_the_generation_running() -> None:
    source = Source()
    generation = start(source)
    source.batches.put_nowait([chunk("a")])
    followers = Followers()
    growings = followers.begin("page").follow(generation, followers.load)
    await anext(growings)
    await growings.aclose()
    assert not generation.is_finished
    source.batches.put_nowait([chunk("b"), DONE])
    await generation.wait()
    assert generation.text == "ab"


async def test_a_newer_follower_of_the_same_page_ends_the_older() -> None:
    source = Source()
    generation = start(source)
    followers = Followers()
    older = followers.begin("page")
    growings = older.follow(generation, followers.load)
    await anext(growings)
    newer = followers.begin("page")
    followers.begin("another page")
    source.batches.put_nowait([chunk("a"), DONE])
    assert [one async for one in growings] == []
    assert (older.is_newest, newer.is_newest) == (False, True)


async def test_text_that_turns_out_to_be_reasoning_moves_there() -> None:
    growing = Growing()
    growing.add([chunk("Let me think.")])
    growing.add([chunk("Yes.", recasts=True)])
    assert (growing.text, growing.reasoning) == ("Yes.", "Let me think.")


async def test_the_progress_of_reading_a_file_is_shown_until_there_is_text() -> None:
    growing, reader = Growing(), Reader("en")
    growing.add([OPENING, Event("progress", orjson.dumps({"read": 2, "parts": 12}))])
    assert "Reading part 3 of 12…" in str(show_growing(growing, reader))
    growing.add([Event("progress", orjson.dumps({"read": 12, "parts": 12}))])
    assert "All 12 parts are read" in str(show_growing(growing, reader))
    growing.add([chunk("Lamps.")])
    assert "parts" not in str(show_growing(growing, reader))


LONG = {
    "en": "The model&#x27;s endpoint has sent nothing yet: it may be busy, or be reading a long prompt, which"
    " takes minutes without a graphics card.",
    "zh": "模型接口还没有回应：可能繁忙，也可能在读很长的内容，没有显卡的机器需要几分钟。",
}


@pytest.mark.parametrize(
    ("language", "seconds", "fault", "sentence"),
    [
        ("en", 2.9, "", "Thinking..."),
        ("en", 7, "", "Thinking... 7 s"),
        ("en", 9, "rate_limited", "The model&#x27;s endpoint has had too many requests. Asking again... 9 s"),
        ("zh", 0.2, "overloaded", "模型接口负载过高。正在重新请求... 1 秒"),
        ("en", 75, "", f"Thinking... 1 min 15 s. {LONG['en']}"),
        ("zh", 75, "", f"正在思考... 1 分 15 秒。{LONG['zh']}"),
    ],
)
def test_the_page_says_for_how_long_the_model_has_been_waited_for(
    language: str, seconds: float, fault: str, sentence: str
) -> None:
    (content,) = show_thinking(Reader(language), seconds, fault)["content"]
    assert content["value"] == f'<div class="thinking">{sentence}</div>'


def test_a_showing_that_costs_more_comes_less_often_within_its_bounds() -> None:
    load = Load()
    pace = Pace(load)
    cheap = pace.interval()
    pace.cost = 0.01
    dear = pace.interval()
    pace.cost = 10.0
    with load.enter(), load.enter():
        assert pace.interval() == SLOWEST_SECONDS
    assert pace.interval() == SLOWEST_ALONE_SECONDS
    assert BROWSER_SECONDS == cheap < dear <= SLOWEST_ALONE_SECONDS
