"""The HTTP routes: start and follow generations over Server-Sent Events, files, liveness.

A reader like the page: it owns no generation. Knows no page, no provider and no file format.
The frames are in chat.http.sse; ARCHITECTURE.md and README.md show a session with curl.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, FastAPI, File, Form, Header, Query, Request, UploadFile
from fastapi import Path as PathParameter
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from chat.engine import Engine
from chat.errors import ChatError, FileTooLarge, InvalidRequest, NotAllowed, NotFound, Stopping
from chat.generations.registry import Generation
from chat.http.api_reference import write_reference
from chat.http.event_stream import EventStream
from chat.http.middleware.security_headers import EXAMPLE_POLICY
from chat.http.schemas import FRAME_SCHEMA, Ended, ErrorBody, FileRead, ReadingProblem, Started, TurnBody
from chat.http.sse import parse_event_id
from chat.limits.auth import is_reserved
from chat.telemetry.metrics import CONTENT_TYPE as METRICS_TYPE
from chat.visitors import Visitor

ASSETS = Path(__file__).resolve().parents[2] / "assets"
COPY_BYTES = 1 << 20
OPEN_PATHS = ("/ai/", "/healthz", "/readyz", "/openapi.json")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
BODY_OVERHEAD_BYTES = (
    9_000_000  # what a request may hold beside a file: the longest message, a form's borders
)


class GuardedRoute(APIRoute):
    """Asks for the token, and counts the body as it comes, before any of it is kept."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guard(request: Request) -> Response:
            settings = get_engine(request).settings
            _authorize(request)
            return await handle(_limit_body(request, settings.max_upload_bytes + BODY_OVERHEAD_BYTES))

        return guard


class BodyTooLarge(HTTPException):
    """Found while a body is read, where FastAPI takes every other exception for a malformed one."""

    def __init__(self, refusal: ChatError) -> None:
        super().__init__(413)
        self.refusal = refusal


def _authorize(request: Request) -> str:
    """Return the owner that the Authorization header proves, empty for anybody. Raises NotAllowed."""
    owner = get_engine(request).access.identify(request.headers.get("authorization", ""))
    if owner is None:
        raise NotAllowed("This server wants its API token or a log-in: send an Authorization header.")
    return owner


def _limit_body(request: Request, limit: int) -> Request:
    """Return the request with a body of at most `limit` bytes. Raises FileTooLarge, also while it is read."""
    refusal = FileTooLarge(f"The request is larger than {limit / 1e6:g} MB, which is the limit.")
    if int(request.headers.get("content-length", 0)) > limit:
        raise refusal
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise BodyTooLarge(refusal)
        return message

    return Request(request.scope, receive)


def get_engine(request: Request) -> Engine:
    """Return the engine that app.py made."""
    engine: Engine = request.app.state.engine
    return engine


async def provide_engine(request: Request) -> Engine:
    """As a dependency: what is not asynchronous would be run in a thread, for each request."""
    return get_engine(request)


async def identify(
    request: Request,
    x_visitor: Annotated[str, Header(max_length=200, description="Whose things these are")] = "",
    visitor: Annotated[str, Query(max_length=200, description="The same, for EventSource")] = "",
) -> Visitor:
    """Return who calls: who is logged in, else the visitor that the request names. Raises InvalidRequest."""
    named = x_visitor or visitor
    if is_reserved(named):
        raise InvalidRequest("X-Visitor may not name a user.", field="x-visitor")
    return Visitor(_authorize(request) or named, request.client.host if request.client else "")


async def _authorize_reading(request: Request) -> None:
    """Ask for the log-in before documents and figures too, unless PUBLIC_DOCS leaves them open."""
    if not get_engine(request).settings.public_docs:
        _authorize(request)


TheEngine = Annotated[Engine, Depends(provide_engine)]
Caller = Annotated[Visitor, Depends(identify)]
GenerationId = Annotated[
    str, PathParameter(description="As its first frame and POST /ai/generations tell it")
]
LastEventId = Annotated[str | None, Header(description="Go on after this event")]

FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (400, 401, 404, 413, 415, 422, 429, 500, 502, 503)
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"itemSchema": FRAME_SCHEMA}}, "description": "Frames"},
    204: {"description": "You have all of it: EventSource stops"},
}
LONG_URL: dict[int | str, dict[str, Any]] = {
    400: {
        "model": ErrorBody,
        "content": {"text/plain": {}},
        "description": "Malformed; as plain text where the URL is longer than 64 kB, which POST is for",
    }
}
BEARER = HTTPBearer(auto_error=False, description="API_TOKEN, where the server has one")  # GuardedRoute asks

router = APIRouter(prefix="/ai", responses=FAILURES, route_class=GuardedRoute, dependencies=[Depends(BEARER)])
server_router = APIRouter(tags=["server"], dependencies=[Depends(_authorize_reading)])


@router.get("/stream_chat", tags=["generations"], responses=EVENTS | LONG_URL, response_class=Response)
async def stream_chat(
    engine: TheEngine,
    caller: Caller,
    body: Annotated[TurnBody, Query()],
    last_event_id: LastEventId = None,
) -> Response:
    """Start a generation and follow it. EventSource resumes by itself, without a second answer."""
    return await _start_or_resume(engine, body, caller, last_event_id)


@router.post("/stream_chat", tags=["generations"], responses=EVENTS, response_class=Response)
async def post_stream_chat(
    engine: TheEngine, caller: Caller, body: TurnBody, last_event_id: LastEventId = None
) -> Response:
    """The same with the fields as JSON: the prompt stays out of URLs and logs."""
    return await _start_or_resume(engine, body, caller, last_event_id)


@router.post("/generations", tags=["generations"], status_code=201)
async def start_generation(engine: TheEngine, caller: Caller, body: TurnBody) -> Started:
    """Start a generation; follow it at `events`."""
    return _tell_started(engine, await engine.start(body.turn(), caller))


@router.get(
    "/generations/{generation_id}/events", tags=["generations"], responses=EVENTS, response_class=Response
)
async def follow_generation(
    engine: TheEngine,
    caller: Caller,
    generation_id: GenerationId,
    last_event_id: LastEventId = None,
    after: Annotated[str, Query(description="The number of the last event seen")] = "",
) -> Response:
    """Follow a generation from any event on. The header wins over `after`."""
    seen = parse_event_id(last_event_id)
    number = int(after) if after.isascii() and after.isdecimal() and len(after) < 12 else -1
    if seen and seen.generation_id == generation_id:
        number = seen.number
    return await _follow(await engine.find(generation_id, caller.owner), number)


@router.post("/generations/{generation_id}/continue", tags=["generations"], status_code=201)
async def continue_generation(engine: TheEngine, caller: Caller, generation_id: GenerationId) -> Started:
    """Continue an answer that broke or was stopped, from its partial text: a new generation of the rest."""
    return _tell_started(engine, await engine.continue_generation(generation_id, caller))


@router.delete("/generations/{generation_id}", tags=["generations"])
async def stop_generation(engine: TheEngine, caller: Caller, generation_id: GenerationId) -> Ended:
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
    with engine.inbox.scratch() as folder:
        path = await _save(file, folder / "upload", engine.settings.max_upload_bytes)
        attachment = await engine.attach(path, file.filename or "file", caller, password or None)
        document = await attachment.finish()
    problems = [
        ReadingProblem(kind=one.kind, pages=list(one.pages), note=one.note) for one in document.problems
    ]
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
    return FileResponse(ASSETS / "example.html", headers={"content-security-policy": EXAMPLE_POLICY})


@server_router.get("/healthz")
async def tell_health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@server_router.get("/readyz", responses={503: {"model": ErrorBody}})
async def tell_readiness(engine: TheEngine) -> dict[str, str]:
    """New answers may be asked for; 503 while the server stops."""
    if not engine.is_ready:
        raise Stopping("The server is stopping.")
    return {"status": "ready", "model": "yes" if engine.models.is_connected else "quotes"}


@server_router.get("/metrics", include_in_schema=False)
async def tell_metrics(engine: TheEngine) -> Response:
    """Figures for Prometheus."""
    return Response(engine.metrics.render(), media_type=METRICS_TYPE)


@server_router.get("/openapi.json", include_in_schema=False)
async def describe_routes(request: Request) -> Response:
    """Our routes for programs."""
    return JSONResponse(_describe(request))


@server_router.get("/docs", include_in_schema=False)
async def show_routes(request: Request) -> Response:
    """Our routes for people."""
    template = await asyncio.to_thread((ASSETS / "reference.html").read_text, "utf-8")
    page = write_reference(template, _describe(request))
    return Response(page, media_type="text/html; charset=utf-8")


def _describe(request: Request) -> dict[str, Any]:
    """Return the routes as OpenAPI has them; they ask for a token only where this server does."""
    document: dict[str, Any] = request.app.openapi()
    if not get_engine(request).access.is_open:
        return document
    paths = {
        path: {method: operation | {"security": []} for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    return document | {"paths": paths}


async def _start_or_resume(
    engine: Engine, body: TurnBody, caller: Visitor, last_event_id: str | None
) -> Response:
    seen = parse_event_id(last_event_id)
    if seen:  # a reconnect: it must never start, and so bill, a second answer
        return await _follow(await engine.find(seen.generation_id, caller.owner), seen.number)
    return await _follow(await engine.start(body.turn(), caller), -1)


def _tell_started(engine: Engine, generation: Generation) -> Started:
    return Started(
        generation_id=generation.id,
        conversation_id=engine.conversation_of(generation),
        events=f"{engine.settings.root_path}/ai/generations/{generation.id}/events",
    )


async def _follow(generation: Generation, after: int) -> Response:
    await generation.reach(after)
    if generation.is_finished and after >= generation.ending_id:
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
                    f"{file.filename or 'The file'} is larger than {limit / 1e6:g} MB, which is the limit.",
                    name=file.filename or "",
                    limit_mb=limit / 1e6,
                )
            await target.write(block)
    return path


@router.api_route("/{path:path}", methods=list(METHODS), include_in_schema=False)
async def refuse_unknown(request: Request) -> None:
    """Answer for the rest of /ai, which would be the page's otherwise. Stays the last route."""
    allowed: set[str] = set()
    for route in router.routes:
        if isinstance(route, APIRoute) and route.matches(request.scope)[0] is Match.PARTIAL:
            allowed |= route.methods or set()
    if allowed:
        raise HTTPException(405, headers={"allow": ", ".join(sorted(allowed))})
    raise NotFound("There is no such route.")


async def _tell(request: Request, error: Exception) -> JSONResponse:
    known = (
        error if isinstance(error, ChatError) else ChatError("Something went wrong here. It has been logged.")
    )
    headers: dict[str, str] = {}
    if known.retry_after is not None:
        headers = {"retry-after": str(max(1, round(known.retry_after)))}
    elif known.status == 401:
        access = get_engine(request).access
        headers = {"www-authenticate": 'Basic realm="Xiaojia"' if access.has_login else "Bearer"}
    return JSONResponse(known.body(), known.status, headers)


async def _tell_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:] if first["type"] != "json_invalid") or "body"
    return await _tell(request, InvalidRequest(f"{place}: {first['msg']}", field=place))


async def _tell_refused(request: Request, error: Exception) -> JSONResponse:
    """Answer for what the framework refuses by itself: no such method, a form that cannot be parsed."""
    assert isinstance(error, HTTPException)
    if isinstance(error, BodyTooLarge):
        return await _tell(request, error.refusal)
    body = InvalidRequest(f"{error.detail}.").body()
    return JSONResponse(body, error.status_code, dict(error.headers or {}))


def add_error_answers(app: FastAPI) -> None:
    """Answer every failure with the same JSON body, and never with a traceback."""
    app.add_exception_handler(ChatError, _tell)
    app.add_exception_handler(HTTPException, _tell_refused)
    app.add_exception_handler(RequestValidationError, _tell_invalid)
    app.add_exception_handler(Exception, _tell)


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
