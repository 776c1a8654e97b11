"""A reader of event streams by the letter of the WHATWG standard (HTML, 9.2), and one that reconnects.

`EventStreamDecoder` is the standard's parser, sans-IO: the measure that our frames are held against.
`EventSource` does what a browser does: it reads, and when the connection is lost it asks again with the id of
the last event, until it is told 204 or anything else that is not a stream. Knows nothing of the project.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

import httpx

LINE_END = re.compile("\r\n|\r|\n")


@dataclass(frozen=True)
class ServerSentEvent:
    """A dispatched event, as a listener sees it."""

    data: str
    type: str = "message"
    id: str = ""


class EventStreamDecoder:
    """Fed bytes in any pieces, it returns the events that they complete. retry: milliseconds."""

    def __init__(self, last_event_id: str = "") -> None:
        self.last_event_id = last_event_id
        self.retry: int | None = None
        self.comments: list[str] = []
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._is_first = True
        self._text = ""
        self._clear()

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Return the events that `data` completes. What no empty line has ended is not an event."""
        return [event for line in self._lines(self._decode(data)) for event in self._take(line)]

    @property
    def line_id(self) -> str:
        """The id of the newest `id:` line, of an event that may not be complete."""
        return self._id

    def _lines(self, text: str) -> list[str]:
        if self._is_first and text:
            text, self._is_first = text.removeprefix("\ufeff"), False
        text = self._text + text
        held = "\r" if text.endswith("\r") else ""  # it may be half of a CRLF
        *lines, rest = LINE_END.split(text.removesuffix(held))
        self._text = rest + held
        return lines

    def _take(self, line: str) -> Iterator[ServerSentEvent]:
        name, colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            yield from self._dispatch()
        elif colon and not name:
            self.comments.append(value)
        elif name == "event":
            self._type = value
        elif name == "data":
            self._data += value + "\n"
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value)

    def _dispatch(self) -> Iterator[ServerSentEvent]:
        self.last_event_id = self._id
        data, type = self._data, self._type
        self._clear()
        if data:
            yield ServerSentEvent(data.removesuffix("\n"), type or "message", self.last_event_id)

    def _clear(self) -> None:
        self._data, self._type, self._id = "", "", self.last_event_id


@dataclass
class EventSource:
    """Follows `url` across lost connections. `connections` and `bytes` count what that took.

    retry_seconds: in place of the stream's own `retry`; a test has no time to wait.
    """

    client: httpx.AsyncClient
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    last_event_id: str = ""
    connections: int = 0
    bytes: int = 0
    status: int = 0
    is_enough: Callable[[ServerSentEvent], bool] = lambda event: False
    unheard: Collection[str] = ("resumed",)  # named events that have no listener

    async def follow(self) -> AsyncGenerator[ServerSentEvent, None]:
        """Yield events until a status other than 200, or until one is enough."""
        while True:
            headers = {"accept": "text/event-stream"}
            if self.last_event_id:
                headers["last-event-id"] = self.last_event_id
            self.connections += 1
            try:
                async with self.client.stream(
                    "GET", self.url, params=self.params, headers=headers
                ) as response:
                    self.status = response.status_code
                    if response.status_code != 200:
                        return
                    async for event in self._read(response):
                        yield event
                        if self.is_enough(event):
                            return
            except httpx.TransportError:
                continue

    async def _read(self, response: httpx.Response) -> AsyncGenerator[ServerSentEvent, None]:
        decoder = EventStreamDecoder(self.last_event_id)
        async for data in response.aiter_raw():
            self.bytes += len(data)
            for event in decoder.feed(data):
                self.last_event_id = event.id
                if event.type not in self.unheard:
                    yield event
