"""The HTTP routes: start and follow generations over Server-Sent Events, files, liveness.

A reader like the page: it owns no generation. Knows no page, no provider and no file format.
The frames are in chat.sse; ARCHITECTURE.md and README.md show a session with curl.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, FastAPI, File, Form, Header, Query, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, Field, field_validator
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from chat.engine import Engine
from chat.errors import ChatError, FileTooLarge, InvalidRequest, NotAllowed
from chat.generations import Generation
from chat.sse import KEEP_ALIVE, KEEP_ALIVE_SECONDS, RETRY, encode_events, parse_event_id
from chat.turns import Options, Turn, Visitor

ASSETS = Path(__file__).parent.parent / "assets"
COPY_BYTES = 1 << 20
STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
}
MAX_MESSAGE_CHARACTERS = 2_000_000
OPEN_PATHS = ("/ai/", "/healthz", "/openapi.json")


class TurnBody(BaseModel):
    """The fields of a turn, the same for GET's query and POST's JSON."""

    user_message: str = Field(min_length=1, max_length=MAX_MESSAGE_CHARACTERS, description="The question")
    file_content: str = Field(
        "", max_length=50_000_000, description="Text of a file, put before the question"
    )
    file_id: list[str] = Field([], max_length=100, description="Files from POST /ai/files; repeatable")
    conversation_id: str = Field("", max_length=100, description="Go on with this conversation")
    model: str = Field("", max_length=200, description="One of the endpoint's models, or `quotes`")
    request_id: str = Field("", max_length=200, description="Yours; the same id never starts a second answer")
    system_prompt: str = Field("", max_length=100_000, description="In place of the owner's")
    temperature: float | None = Field(None, ge=0, le=2)
    max_tokens: int | None = Field(None, ge=1, le=1_000_000, description="Longest answer, tokens")

    @field_validator("file_id", mode="before")
    @classmethod
    def _wrap(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def turn(self) -> Turn:
        """Return the turn that these fields ask for."""
        return Turn(
            user_message=self.user_message,
            file_content=self.file_content,
            file_ids=tuple(self.file_id),
            conversation_id=self.conversation_id,
            request_id=self.request_id,
            options=Options(
                model=self.model,
                system_prompt=self.system_prompt,
                temperature=self.temperature,
                max_tokens=self.max_tokens,
            ),
        )


class Started(BaseModel):
    """A generation that was started, and where its events are."""

    generation_id: str
    conversation_id: str
    events: str


class Ended(BaseModel):
    """How a generation ended. finish_reason: the provider's, `cancelled`, or `error`."""

    generation_id: str
    finish_reason: str


class FileRead(BaseModel):
    """What was read of a file, and what was not."""

    file_id: str
    name: str
    media_type: str
    bytes: int
    characters: int
    pages: int
    problems: list[dict[str, Any]]


class ErrorBody(BaseModel):
    """Every failure: a sentence, its stable type, and whether a retry can help."""

    error: dict[str, Any]


class EventStream(Response):
    """A generation's frames after event `after`, to its ending. Leaves at once when the client does."""

    def __init__(self, generation: Generation, after: int = -1) -> None:
        super().__init__(status_code=200, headers=STREAM_HEADERS)
        del self.headers["content-length"]
        self.generation = generation
        self.after = min(max(after, -1), generation.last_id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        gone = asyncio.ensure_future(_wait_for_disconnect(receive))
        with anyio.CancelScope() as sending:
            gone.add_done_callback(lambda _: sending.cancel())
            await self._send_frames(send)
        gone.cancel()

    async def _send_frames(self, send: Send) -> None:
        number, prefix = self.after + 1, RETRY
        follow = self.generation.follow(self.after, idle=KEEP_ALIVE_SECONDS)
        async with aclosing(follow) as batches:
            async for batch in batches:
                frames = encode_events(self.generation.id, number, batch) if batch else KEEP_ALIVE
                await send({"type": "http.response.body", "body": prefix + frames, "more_body": True})
                number, prefix = number + len(batch), b""
        await send({"type": "http.response.body", "body": b""})


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def get_engine(request: Request) -> Engine:
    """Return the engine that app.py made."""
    engine: Engine = request.app.state.engine
    return engine


def identify(
    request: Request,
    engine: Annotated[Engine, Depends(get_engine)],
    authorization: Annotated[str, Header(description="Bearer API_TOKEN, where it is set")] = "",
    x_visitor: Annotated[str, Header(max_length=200, description="Whose things these are")] = "",
    visitor: Annotated[str, Query(max_length=200, description="The same, for EventSource")] = "",
) -> Visitor:
    """Return who calls: a holder of the Bearer token where one is set, and the owner of what is started."""
    token = engine.settings.api_token
    scheme, _, given = authorization.partition(" ")
    if token and not (scheme.lower() == "bearer" and _is_same(given.strip(), token)):
        raise NotAllowed("This server wants its API token: send Authorization: Bearer <token>.")
    return Visitor(owner=x_visitor or visitor, address=request.client.host if request.client else "")


def _is_same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())


TheEngine = Annotated[Engine, Depends(get_engine)]
Caller = Annotated[Visitor, Depends(identify)]
LastEventId = Annotated[str | None, Header(description="Go on after this event")]

FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (400, 401, 404, 413, 415, 422, 429, 500, 502, 503)
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Frames"},
    204: {"description": "You have all of it: EventSource stops"},
}

router = APIRouter(prefix="/ai", responses=FAILURES)
server_router = APIRouter(tags=["server"])


@router.get("/stream_chat", tags=["generations"], responses=EVENTS, response_class=EventStream)
async def stream_chat(
    engine: TheEngine,
    caller: Caller,
    body: Annotated[TurnBody, Query()],
    last_event_id: LastEventId = None,
) -> Response:
    """Start a generation and follow it. EventSource resumes by itself, without a second answer."""
    return await _start_or_resume(engine, body, caller, last_event_id)


@router.post("/stream_chat", tags=["generations"], responses=EVENTS, response_class=EventStream)
async def post_stream_chat(
    engine: TheEngine, caller: Caller, body: TurnBody, last_event_id: LastEventId = None
) -> Response:
    """The same with the fields as JSON: the prompt stays out of URLs and logs."""
    return await _start_or_resume(engine, body, caller, last_event_id)


@router.post("/generations", tags=["generations"], status_code=201)
async def start_generation(engine: TheEngine, caller: Caller, body: TurnBody) -> Started:
    """Start a generation; follow it at `events`."""
    generation = await engine.start(body.turn(), caller)
    return Started(
        generation_id=generation.id,
        conversation_id=engine.conversation_of(generation),
        events=f"/ai/generations/{generation.id}/events",
    )


@router.get(
    "/generations/{generation_id}/events", tags=["generations"], responses=EVENTS, response_class=EventStream
)
async def follow_generation(
    engine: TheEngine,
    caller: Caller,
    generation_id: str,
    last_event_id: LastEventId = None,
    after: Annotated[str, Query(description="The number of the last event seen")] = "",
) -> Response:
    """Follow a generation from any event on. The header wins over `after`."""
    seen = parse_event_id(last_event_id)
    number = int(after) if after.isascii() and after.isdecimal() and len(after) < 12 else -1
    if seen and seen.generation_id == generation_id:
        number = seen.number
    return _follow(engine.find(generation_id, caller.owner), number)


@router.delete("/generations/{generation_id}", tags=["generations"])
async def stop_generation(engine: TheEngine, caller: Caller, generation_id: str) -> Ended:
    """Stop it. What had come stays. Idempotent: answers when the ending is in the log."""
    generation = await engine.stop(generation_id, caller.owner)
    return Ended(generation_id=generation_id, finish_reason=generation.finish_reason)


@router.post("/files", tags=["files"], status_code=201)
async def read_file(
    engine: TheEngine,
    caller: Caller,
    file: Annotated[UploadFile, File(description="The file")],
    password: Annotated[str, Form(description="Opens an encrypted file")] = "",
) -> FileRead:
    """Read a file, to ask about it with its `file_id`. Tells what could not be read."""
    with engine.scratch() as folder:
        path = await _save(file, folder / "upload", engine.settings.max_upload_bytes)
        attachment = await engine.attach(path, file.filename or "file", caller.owner, password or None)
        document = await attachment.finish()
    problems = [{"kind": one.kind, "pages": list(one.pages), "note": one.note} for one in document.problems]
    return FileRead(
        file_id=attachment.id,
        name=document.name,
        media_type=document.media_type,
        bytes=document.size,
        characters=len(document.text),
        pages=document.page_count,
        problems=problems,
    )


@router.get("/example", include_in_schema=False)
async def show_example() -> FileResponse:
    """A page of its own that talks to the routes with EventSource, as any other site can."""
    return FileResponse(ASSETS / "example.html")


@server_router.get("/healthz")
async def tell_health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


async def _start_or_resume(
    engine: Engine, body: TurnBody, caller: Visitor, last_event_id: str | None
) -> Response:
    seen = parse_event_id(last_event_id)
    if seen:  # a reconnect: it must never start, and so bill, a second answer
        return _follow(engine.find(seen.generation_id, caller.owner), seen.number)
    return _follow(await engine.start(body.turn(), caller), -1)


def _follow(generation: Generation, after: int) -> Response:
    if generation.is_finished and after >= generation.last_id:
        return Response(status_code=204, headers={"cache-control": "no-store"})
    return EventStream(generation, after)


async def _save(file: UploadFile, path: Path, limit: int) -> Path:
    """Write an upload to disk. Raises FileTooLarge past `limit` bytes."""
    size = 0
    async with await anyio.open_file(path, "wb") as target:
        while block := await file.read(COPY_BYTES):
            size += len(block)
            if size > limit:
                raise FileTooLarge(
                    f"{file.filename} is larger than {limit / 1e6:g} MB, which is the limit.",
                    name=file.filename or "",
                    limit_mb=limit / 1e6,
                )
            await target.write(block)
    return path


def add_error_answers(app: FastAPI) -> None:
    """Answer every failure with the same JSON body, and never with a traceback."""

    async def tell(request: Request, error: Exception) -> JSONResponse:
        known = (
            error
            if isinstance(error, ChatError)
            else ChatError("Something went wrong here. It has been logged.")
        )
        headers: Mapping[str, str] = {}
        if known.retry_after is not None:
            headers = {"retry-after": str(max(1, round(known.retry_after)))}
        elif known.status == 401:
            headers = {"www-authenticate": "Bearer"}
        return JSONResponse(known.body(), known.status, headers)

    async def tell_invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "body"
        return await tell(request, InvalidRequest(f"{place}: {first['msg']}", field=place))

    app.add_exception_handler(ChatError, tell)
    app.add_exception_handler(Exception, tell)
    app.add_exception_handler(RequestValidationError, tell_invalid)


class RouteCors(CORSMiddleware):
    """Cross-origin answers for our own routes; what is Gradio's passes by."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(OPEN_PATHS):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def add_cors(app: FastAPI, origins: Sequence[str]) -> None:
    """Allow other origins to call our routes, never with credentials, and none to call Gradio's."""
    # Gradio leaves its own answers out, which mirror any origin with credentials, where it finds this class.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    if origins:
        app.add_middleware(
            RouteCors,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["authorization", "content-type", "last-event-id", "x-visitor"],
            expose_headers=["retry-after", "x-request-id"],
        )
