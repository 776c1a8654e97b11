"""The routes of generations: start, follow, continue, stop, over Server-Sent Events.

A subscriber like the page: it owns no generation. Knows no page, no provider and no file format.
The frames are in chat.http.sse.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Header, Query
from fastapi import Path as PathParameter
from fastapi.responses import Response

from chat.engine import Engine
from chat.generations.generation import Generation
from chat.http.ai_router import create_ai_router
from chat.http.caller import Caller, StartingCaller, TheEngine
from chat.http.event_stream import EventStream
from chat.http.schemas import FRAME_SCHEMA, Ended, ErrorBody, Started, TurnBody
from chat.http.sse import parse_event_id
from chat.visitors import Visitor

GenerationId = Annotated[str, PathParameter(description="From the first frame, or from POST /ai/generations")]
LastEventId = Annotated[str | None, Header(description="Resume after this event")]

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"itemSchema": FRAME_SCHEMA}}, "description": "Frames"},
    204: {"description": "All events were received: EventSource stops"},
}
LONG_URL: dict[int | str, dict[str, Any]] = {
    400: {
        "model": ErrorBody,
        "content": {"text/plain": {}},
        "description": "Malformed; as plain text where the URL is longer than 64 kB, which POST is for",
    }
}

router = create_ai_router("generations")


@router.get("/stream_chat", responses=EVENTS | LONG_URL, response_class=Response)
async def stream_chat(
    engine: TheEngine,
    caller: StartingCaller,
    body: Annotated[TurnBody, Query()],
    last_event_id: LastEventId = None,
) -> Response:
    """Start a generation and follow it. EventSource resumes by itself, without a second answer."""
    return await _start_or_resume(engine, body, caller, last_event_id)


@router.post("/stream_chat", responses=EVENTS, response_class=Response)
async def post_stream_chat(
    engine: TheEngine, caller: StartingCaller, body: TurnBody, last_event_id: LastEventId = None
) -> Response:
    """The same with the fields as JSON: the prompt stays out of URLs and logs."""
    return await _start_or_resume(engine, body, caller, last_event_id)


@router.post("/generations", status_code=201)
async def start_generation(engine: TheEngine, caller: StartingCaller, body: TurnBody) -> Started:
    """Start a generation; follow it at `events`."""
    return _started(engine, await engine.start(body.turn(), caller))


@router.get("/generations/{generation_id}/events", responses=EVENTS, response_class=Response)
async def follow_generation(
    engine: TheEngine,
    caller: Caller,
    generation_id: GenerationId,
    last_event_id: LastEventId = None,
    after: Annotated[str, Query(description="The number of the last event received")] = "",
) -> Response:
    """Follow a generation from any event on. The header takes precedence over `after`."""
    seen = parse_event_id(last_event_id)
    number = int(after) if after.isascii() and after.isdecimal() and len(after) < 12 else -1
    if seen and seen.generation_id == generation_id:
        number = seen.number
    return await _follow(await engine.find(generation_id, caller.owner), number)


@router.post("/generations/{generation_id}/continue", status_code=201)
async def continue_generation(engine: TheEngine, caller: Caller, generation_id: GenerationId) -> Started:
    """Continue an answer that broke or was stopped, from its partial text: a new generation of the rest."""
    return _started(engine, await engine.continue_generation(generation_id, caller))


@router.delete("/generations/{generation_id}")
async def stop_generation(engine: TheEngine, caller: Caller, generation_id: GenerationId) -> Ended:
    """Stop a generation. Its text so far stays. Idempotent: returns once the ending is in the log."""
    generation = await engine.stop(generation_id, caller.owner)
    return Ended(generation_id=generation_id, finish_reason=generation.finish_reason)


async def _start_or_resume(
    engine: Engine, body: TurnBody, caller: Visitor, last_event_id: str | None
) -> Response:
    seen = parse_event_id(last_event_id)
    if seen:  # a reconnect: it must never start, and so bill, a second answer
        return await _follow(await engine.find(seen.generation_id, caller.owner), seen.number)
    generation, is_new = await engine.start_or_find(body.turn(), caller)
    return await _follow(generation, -1, attaches=not is_new)


def _started(engine: Engine, generation: Generation) -> Started:
    return Started(
        generation_id=generation.id,
        conversation_id=engine.conversation_of(generation),
        events=f"{engine.settings.root_path}/ai/generations/{generation.id}/events",
    )


async def _follow(generation: Generation, after: int, *, attaches: bool = True) -> Response:
    await generation.reach(after)
    if generation.is_read(after):
        return Response(status_code=204, headers={"cache-control": "no-store"})
    return EventStream(generation, after, attaches=attaches)
