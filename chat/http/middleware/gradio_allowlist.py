"""The few of Gradio's routes that are open, and the size of what they take.

Gradio brings about forty public routes; the page needs nine. The others answer 404. gradio_sessions.py and
gradio_uploads.py limit what the open ones may ask. Knows no route of ours.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.errors import ChatError, FileTooLarge, InvalidRequest, NotFound
from chat.gradio_internals import GRADIO_PREFIX
from chat.http.body_limit import PARTS_MAX, PartCounter, too_large
from chat.http.middleware.asgi import content_length, header_of, read_body, replay_body, send_error
from chat.http.middleware.login_throttle import is_login_form

# What the page and Gradio's own client ask for; `file=`, `proxy=`, `call/`, `deep_link` and the rest are not.
# Nor are `cancel` and `heartbeat`: each ends an event or a page for its name alone, and our page needs
# neither.
NEEDED = frozenset(
    {
        *("queue/join", "queue/data", "upload", "app_id", "startup-events", "theme.css"),
        *("info", "user", "login_check"),
    }
)
CLOSED = ("/monitoring", "/custom_component", "/svelte/")
EVENT_BYTES = 9_000_000  # of an event of the page: the longest message


class GradioAllowlistMiddleware:
    """Pass only the routes that the page needs, with bounded bodies."""

    def __init__(self, app: ASGIApp, upload_bytes: int, *, has_mcp: bool = False) -> None:
        self._app = app
        self._has_mcp = has_mcp
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        route = gradio_route(scope)
        if scope["path"].startswith(CLOSED) or (
            GRADIO_PREFIX in scope["path"] and not self._is_needed(route)
        ):
            return await send_error(send, NotFound("There is no such route."))
        if not route and not is_login_form(scope):
            return await self._app(scope, receive, send)
        limit = EVENT_BYTES + (PARTS_MAX * self._upload_bytes if route == "upload" else 0)
        if content_length(scope) > limit:
            return await send_error(send, too_large(limit))
        if route == "upload":
            return await self._pass_upload(scope, receive, send, limit)
        try:
            body = await read_body(receive, limit)
        except FileTooLarge as error:
            return await send_error(send, error)
        await self._app(scope, replay_body(body, receive), send)

    async def _pass_upload(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        """Pass an upload on as it arrives. Past a limit Gradio receives a disconnect, its response is
        dropped, and the client receives the refusal.
        """
        size, parts = 0, PartCounter(header_of(scope, b"content-type"))
        refusal: ChatError | None = None

        async def count() -> Message:
            nonlocal size, refusal
            message = await receive()
            chunk = message.get("body", b"")
            size += len(chunk)
            try:
                parts.add(chunk)
            except InvalidRequest as error:
                refusal = error
            refusal = too_large(limit) if size > limit else refusal
            return {"type": "http.disconnect"} if refusal else message

        async def answer(message: Message) -> None:
            if not refusal:
                await send(message)

        try:
            await self._app(scope, count, answer)
        except Exception:
            if not refusal:
                raise
        if refusal:
            await send_error(send, refusal)

    def _is_needed(self, route: str) -> bool:
        return route in NEEDED or (route.partition("/")[0] == "mcp" and self._has_mcp)


def gradio_route(scope: Scope) -> str:
    """Return the name of one of Gradio's routes, such as `queue/join`; empty for other paths."""
    return str(scope["path"]).partition(GRADIO_PREFIX)[2].strip("/")
