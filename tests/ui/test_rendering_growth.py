"""Rendering takes time in proportion to its text, whatever a model writes: runs and nestings of any mark."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from chat.history import make_title
from chat.ui.markdown.blocks import DEPTH_MAX
from chat.ui.markdown.rendering import render

PIECES = (
    *("> ", "- ", "* ", "1. ", "`", "``` ", "~~~", "~", "*", "**", "***a", "**a*", "_", "#", "|", "|-|\n"),
    *("[", "]", "![", "[](", "](", "[a](b", "[^1]", "(", ")", "<", "<a ", "<!--", "<details>", "<think>"),
    *(
        "$",
        "$$",
        "\\(",
        "\\[",
        "\\",
        "&",
        "&#",
        "http://",
        "www.",
        "a@b.",
        "`a``",
        "\t",
        "\n",
        "　",
        "- > - >",
    ),
    *("- a\n", "  - a\n", "> a\n>> b\n", "| a | b |\n", "a\n\n"),
)
FRAMES = ("{}", "| a |\n|---|\n| {} |\n", "# {}", "- {}", "[{}](https://example.org)")
SMALL, LARGE = 2_000, 20_000  # characters
GROWTH_MAX = 30  # of the time, where the text grows ten times
NOTHING_SECONDS = 0.25  # of CPU: too little to tell how it grows


def cpu_seconds(work: Callable[[str], object], text: str) -> float:
    began = time.thread_time()
    work(text)
    return time.thread_time() - began


def check_growth(work: Callable[[str], object], frame: str, piece: str) -> None:
    small, large = (frame.format((piece * size)[:size]) for size in (SMALL, LARGE))
    taken = cpu_seconds(work, large)
    assert taken < NOTHING_SECONDS or taken < GROWTH_MAX * cpu_seconds(work, small), (frame, piece, taken)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("is_growing", [False, True])
def test_rendering_grows_with_its_text(frame: str, is_growing: bool) -> None:
    for piece in PIECES:
        check_growth(lambda text: render(text, growing=is_growing), frame, piece)


def test_titles_are_made_of_the_beginning() -> None:
    for piece in PIECES:
        check_growth(make_title, "{}", piece)


@pytest.mark.parametrize(("mark", "escaped"), [("> ", "\\>"), ("- ", "\\-"), ("1. ", "1\\.")])
def test_containers_stop_at_a_depth_that_a_browser_can_lay_out(mark: str, escaped: str) -> None:
    shown = render(mark * (DEPTH_MAX + 3) + "x")
    assert shown.startswith(mark * DEPTH_MAX + escaped)
    assert shown.endswith("x")
