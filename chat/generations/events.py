"""The events of a generation: each a line of JSON, with the text that it adds to the answer.

Values, and the text in them. Knows no log, no subscriber and no wire.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import orjson

from chat.errors import ChatError

ENDINGS = frozenset({"done", "error"})


class Event(NamedTuple):
    """One entry of the log. Its id is its index there, from 0, and is therefore not stored.

    type: `generation` first; then `chunk`, `receipt`, `progress`, `computation`, `citations`; `done`
    or `error` last.
    data: one line of JSON, as sent. text, reasoning: the characters that it adds to the answer.
    recasts: all text before it was reasoning (a </think> arrived without its <think>).
    """

    type: str
    data: bytes
    text: str = ""
    reasoning: str = ""
    recasts: bool = False


Source = AsyncIterator[Sequence[Event]]


def done_event(finish_reason: str) -> Event:
    """Return the ending of a generation without a fault: the provider's reason, or `cancelled`."""
    return Event("done", to_json({"finish_reason": finish_reason}))


def error_event(error: ChatError) -> Event:
    """Return the ending of a generation that failed, as the JSON that is sent."""
    return Event("error", to_json(error.body()))


def to_json(value: object) -> bytes:
    """Return the JSON in no more memory than it needs: orjson's own result keeps a block of 4 kB."""
    return bytes(memoryview(orjson.dumps(value)))


def read_text(events: Sequence[Event], text: str = "", reasoning: str = "") -> tuple[str, str]:
    """Return answer and reasoning after `events`, which continue `text` and `reasoning`."""
    for event in events:
        if event.recasts:
            text, reasoning = "", reasoning + text
        text += event.text
        reasoning += event.reasoning
    return text, reasoning
