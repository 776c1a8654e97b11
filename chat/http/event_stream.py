"""One HTTP answer that is a generation's frames: a reader that leaves with its client. Knows no route."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import anyio
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from chat.errors import Unreachable
from chat.generations.events import ENDINGS, Event
from chat.generations.generation import Generation
from chat.http.sse import (
    KEEP_ALIVE,
    KEEP_ALIVE_SECONDS,
    RETRY,
    encode_error,
    encode_events,
    encode_resumed,
)

STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
}


class EventStream(Response):
    """A generation's frames after event `after`, to its ending. Leaves at once when the client does.

    attaches: the generation was there before the request, so that the client may have had a connection to it.
    """

    def __init__(self, generation: Generation, after: int = -1, *, attaches: bool) -> None:
        super().__init__(status_code=200, headers=STREAM_HEADERS)
        del self.headers["content-length"]
        self.generation = generation
        self.head = encode_resumed(generation.id, after) if attaches else RETRY
        self.after = generation.place_of(after)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        gone = asyncio.ensure_future(_wait_for_disconnect(receive))
        with anyio.CancelScope() as sending:
            gone.add_done_callback(lambda _: sending.cancel())
            try:
                await self._send_frames(send)
            finally:
                gone.cancel()

    async def _send_frames(self, send: Send) -> None:
        # Each piece wakes the client, which takes longer than all that went before it: so they are few.
        number, head, last = self.after + 1, self.head, b""
        if self.after == self.generation.last_id:  # nothing to catch up with: a proxy is to see an answer
            await send(_body(head))
            head = b""
        try:
            async with aclosing(self.generation.follow(self.after, idle=KEEP_ALIVE_SECONDS)) as batches:
                async for batch in batches:
                    last = head + (self._encode(number, batch) if batch else KEEP_ALIVE)
                    if batch and batch[-1].type in ENDINGS:
                        break
                    await send(_body(last))
                    number, head, last = number + len(batch), b"", b""
        except Unreachable as error:
            last = encode_error(error)
        await send(_body(last, more=False))

    def _encode(self, number: int, batch: Sequence[Event]) -> bytes:
        generation = self.generation
        if batch[-1].type not in ENDINGS:
            return encode_events(generation.id, number, batch)
        return encode_events(generation.id, number, batch[:-1]) + encode_events(
            generation.id, generation.ending_id, batch[-1:]
        )


def _body(piece: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": piece, "more_body": more}


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
