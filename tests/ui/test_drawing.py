"""Long messages are cut and drawn in a thread; short ones on the loop."""

from __future__ import annotations

import threading

import pytest

from chat.fair_places import FairThreads
from chat.history import Message
from chat.history.entities import now
from chat.ui import drawing
from chat.ui.drawing import AT_ONCE_CHARACTERS, SHOWN_CHARACTERS, count_hidden, cut, draw, draw_text
from chat.ui.view import Branch, Reader, show_branch
from chat.visitors import Visitor


def message(text: str, role: str = "assistant") -> Message:
    return Message("id", "conversation", None, role, now(), text=text)  # type: ignore[arg-type]


def test_a_long_text_is_cut_at_a_line() -> None:
    assert cut("x" * SHOWN_CHARACTERS) == "x" * SHOWN_CHARACTERS
    assert cut("x" * (SHOWN_CHARACTERS + 1)) == "x" * SHOWN_CHARACTERS
    assert cut("line\n" * SHOWN_CHARACTERS) == ("line\n" * (SHOWN_CHARACTERS // 5))[:-1]


def test_a_cut_message_says_so_and_an_uncut_one_does_not() -> None:
    note = Reader().say("answer.long", shown=SHOWN_CHARACTERS)
    short, long = (str(show_branch(Branch([message("word\n" * count)]), Reader())) for count in (10, 50_000))
    assert note in long
    assert note not in short
    assert len(long) < 2 * SHOWN_CHARACTERS


def test_a_growing_text_past_the_cut_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing._render_cut.cache_clear()
    for count in (60_000, 70_000, 80_000):
        shown = draw_text("word\n" * count, (), growing=True)
    assert shown == draw_text("word\n" * 90_000, (), growing=False)
    assert drawing._render_cut.cache_info().misses == 1


@pytest.mark.parametrize(
    ("sizes", "scrolled", "hidden"),
    [
        ([10] * 30, 0, 10),
        ([4_000] * 30, 0, 26),  # some screens
        ([300_000] * 9, 0, 8),
        ([4_000] * 30, 5, 10),
        ([10] * 90, 40, 50),
        ([300_000] * 9, 40, 4),
        ([], 0, 0),
    ],
)
def test_a_page_shows_the_newest_messages_that_fit(sizes: list[int], scrolled: int, hidden: int) -> None:
    assert count_hidden([message("x" * size) for size in sizes], scrolled) == hidden


@pytest.mark.parametrize(
    ("characters", "is_here"), [(AT_ONCE_CHARACTERS, True), (AT_ONCE_CHARACTERS + 1, False)]
)
async def test_long_work_leaves_the_loop(characters: int, is_here: bool) -> None:
    threads = FairThreads("drawing")
    ran = await draw(threads, Visitor(), characters, threading.get_ident)
    assert (ran == threading.get_ident()) is is_here
    threads.close()
