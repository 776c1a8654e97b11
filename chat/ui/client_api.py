"""The page's functions with names, for gradio_client and MCP: chat and ask_file.

Nobody is known by name here: a caller without a log-in is a visitor of his own at each call, and a
conversation goes on for who knows its id. A file is one that the caller has just uploaded, never a path of
the server: what is not in the inbox is not found. Knows no component.
"""

# No postponed annotations: Gradio reads the return type from the signature as it stands.

from typing import Any

import gradio as gr
from gradio.events import api

from chat.engine import Engine
from chat.errors import ChatError, InvalidRequest
from chat.generations.generation import Generation
from chat.turns.turn import Turn
from chat.ui.sign_in import signed_in
from chat.visitors import Network, Visitor


def add_named(engine: Engine) -> None:
    """Give the page its named functions. Called once, inside the page's context."""

    async def chat(message: str, request: gr.Request, conversation_id: str = "") -> str:
        """Answer a message, in a new conversation or in the one that is named."""
        visitor = _visitor(engine, request)
        return await _answered(
            engine, Turn(str(message), conversation_id=str(conversation_id or "")), visitor
        )

    async def ask_file(question: str, file: gr.FileData, request: gr.Request) -> str:
        """Answer a question about a file that is uploaded with it."""
        visitor = _visitor(engine, request)
        try:
            id = await _attach(engine, file, visitor)
        except ChatError as error:
            raise gr.Error(str(error), print_exception=False) from None
        return await _answered(engine, Turn(str(question), file_ids=(id,), is_temporary=True), visitor)

    with gr.Column(visible=False):  # a browser makes a component of each of their inputs and outputs
        for function in (chat, ask_file):
            api(function, api_name=function.__name__, concurrency_limit=None)


def _visitor(engine: Engine, request: gr.Request) -> Visitor:
    address = request.client.host if request.client else ""
    return Visitor(signed_in(engine, request), Network.of(address))


async def _attach(engine: Engine, file: Any, visitor: Visitor) -> str:
    """Read an upload of the inbox. chat.http.middleware.gradio_sessions put its bare path here."""
    if not isinstance(file, str):
        raise InvalidRequest("No file was uploaded with this.")
    path = engine.inbox.take(file)
    try:
        attachment = await engine.attach(path, path.name, visitor, is_temporary=True)
        async for _ in attachment.follow():  # all of it, before anything is asked
            pass
    finally:
        engine.inbox.discard(path)
    return attachment.id


async def _answered(engine: Engine, turn: Turn, visitor: Visitor) -> str:
    """Return the whole answer. Raises gr.Error with the sentence of what went wrong."""
    try:
        generation = await engine.start(turn, visitor)
    except ChatError as error:
        raise gr.Error(str(error), print_exception=False) from None
    await _read(generation)
    if generation.finish_reason == "error":
        raise gr.Error("The answer broke off. " + generation.text[:200], print_exception=False)
    return generation.text


async def _read(generation: Generation) -> None:
    """Follow it to its end: a generation that nobody follows is stopped after a while."""
    async for _ in generation.follow():
        pass
