"""Server-Sent Events on the wire: events -> frames, and the Last-Event-ID header -> where to go on.

Pure functions over bytes and text; the rules are those of the WHATWG standard, section 9.2. Knows no socket.

Two rules are for clients that deviate from the standard when a connection breaks inside a frame:

- The `id:` line is the last of its frame. Some clients (fetch-event-source of npm) take an id as received
  when its line arrives. Before `data:`, they would resume after an event that they never dispatched.
- A stream that attaches to a generation begins with an event named `resumed`. Some clients (WebKit's
  EventSource) append the first bytes of a new connection to the line at which the last one broke. That line
  then belongs to an event without a listener, and not to the first delta.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from chat.errors import ChatError
from chat.generations.events import Event

KEEP_ALIVE_SECONDS = 15.0
# One line each, and no empty one after it: once they have seen an id or a retry, httpx-sse and the openai SDK
# dispatch at every empty line, and the SDK then breaks on the empty data.
KEEP_ALIVE = b": keep-alive\n"
RETRY = b"retry: 1000\n"
DONE = b"[DONE]"
NAMED = frozenset(
    {"generation", "receipt", "progress", "computation", "citations"}
)  # the rest are default events, for onmessage
_LINE_END = re.compile(rb"\r\n|\r|\n")
_EVENT_ID = re.compile(r"([A-Za-z0-9_-]{1,64}):([0-9]{1,12})")


class EventId(NamedTuple):
    """`<generation_id>:<n>` as it stands in a frame's id."""

    generation_id: str
    number: int


def encode_events(generation_id: str, first: int, events: Sequence[Event]) -> bytes:
    """Return the frames of consecutive events, of which `first` is the id of the first."""
    prefix, frames = b"id: %b:" % generation_id.encode(), []
    for number, event in enumerate(events, first):
        data = event.data
        if event.type == "chunk" and b"\n" not in data and b"\r" not in data:
            frames.append(b"data: %b\n%b%d\n\n" % (data, prefix, number))
        else:
            named = (_name_line(event.type), _data(event), prefix, number)
            frames.append(b"%bdata: %b\n%b%d\n\n" % named)
    return b"".join(frames)


def encode_resumed(generation_id: str, after: int) -> bytes:
    """Return the first bytes of a stream that attaches to a generation. after: -1 where no event is known.

    The first line is one that may be lost. The data is what the openai SDK, which reads no event names, takes
    for a chunk without text.
    """
    id_line = b"id: %b:%d\n" % (generation_id.encode(), after) if after >= 0 else b""
    return RETRY + b'event: resumed\ndata: {"choices":[]}\n' + id_line + b"\n"


def encode_error(error: ChatError) -> bytes:
    """Return the frame of a reader's own fault. It has no id: who comes back goes on after the last event."""
    return b"data: %b\n\n" % orjson.dumps(error.body())


def parse_event_id(value: str | None) -> EventId | None:
    """Read a Last-Event-ID. Missing or malformed: None, since an error would end EventSource."""
    match = _EVENT_ID.fullmatch(value.strip()) if value else None
    return EventId(match[1], int(match[2])) if match else None


def _name_line(type: str) -> bytes:
    return b"event: %b\n" % type.encode() if type in NAMED else b""


def _data(event: Event) -> bytes:
    data = DONE if event.type == "done" else event.data
    return b"\ndata: ".join(_LINE_END.split(data))
