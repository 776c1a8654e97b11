"""Where the parts of a page are drawn: short ones at once, long ones in a thread, in a fair turn.

A message is drawn up to SHOWN_CHARACTERS, and a page up to PAGE_CHARACTERS: a browser lays out no more in
reasonable time. Copy and export have all of it. Before a visitor scrolls up only some screens are drawn: they
are drawn again whenever a message is sent. Knows no component.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import ParamSpec, TypeVar

from chat.fair_places import FairThreads
from chat.history import Message
from chat.ui.markdown.rendering import render
from chat.visitors import Visitor

SHOWN_CHARACTERS = 200_000  # of one message
PAGE_CHARACTERS = 1_000_000
# Above the newest turn, before a visitor scrolls up: five large screens. Scrolling up adds 40 messages.
FIRST_MESSAGES, FIRST_CHARACTERS = 20, 16_000
AT_ONCE_CHARACTERS = 20_000  # drawn on the event loop: some tens of milliseconds
CUTS_KEPT = 16

P = ParamSpec("P")
T = TypeVar("T")

_render_cut = lru_cache(CUTS_KEPT)(render)  # the same text again and again while an answer grows


def draw_text(text: str, image_hosts: Sequence[str], *, growing: bool) -> str:
    """Return Markdown that the Chatbot shows, of as much of the text as is shown."""
    if len(text) <= SHOWN_CHARACTERS:
        return render(text, image_hosts, growing=growing)
    return _render_cut(cut(text), tuple(image_hosts))


def cut(text: str) -> str:
    """Return what is shown of a message: whole lines, if there are any."""
    if len(text) <= SHOWN_CHARACTERS:
        return text
    end = text.rfind("\n", SHOWN_CHARACTERS // 2, SHOWN_CHARACTERS)
    return text[: end if end > 0 else SHOWN_CHARACTERS]


def count_hidden(messages: Sequence[Message], scrolled: int) -> int:
    """Return how many of the oldest messages are not shown.

    scrolled: how many of the newest ones a visitor has scrolled up to; 0: the visitor is at the end.
    """
    most = max(scrolled, FIRST_MESSAGES)
    left = PAGE_CHARACTERS if scrolled else FIRST_CHARACTERS
    for shown, message in enumerate(reversed(messages)):
        left -= min(len(message.text) + len(message.reasoning), SHOWN_CHARACTERS)
        if shown >= most or (shown and left < 0):
            return len(messages) - shown
    return 0


def count_characters(messages: Sequence[Message]) -> int:
    """Return the characters that drawing these messages reads."""
    return sum(len(cut(message.text)) + len(cut(message.reasoning)) for message in messages)


async def draw(
    threads: FairThreads,
    visitor: Visitor,
    characters: int,
    work: Callable[P, T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Return what `work` returns, which reads so many characters."""
    if characters <= AT_ONCE_CHARACTERS:
        return work(*args, **kwargs)
    return await threads.run(visitor.caller, work, *args, **kwargs)
