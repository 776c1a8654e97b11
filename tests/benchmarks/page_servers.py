"""The pages that tests.benchmarks.page and first_visit compare, each a server that prints its URL.

page: ours. load_chat: gr.load_chat of the same endpoint. each: a Chatbot fed with one yield a delta. bare: a
Chatbot and a MultimodalTextbox without any event.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncGenerator
from typing import Any

import uvloop

from chat.visitors import hash_secret

SERVES = ("page", "load_chat", "each", "bare")
FILLER = "The quick brown fox jumps over the lazy dog. 敏捷的棕色狐狸跳过了懒狗。\n\n"
MESSAGE_CHARACTERS = 4_000


def make_messages(count: int) -> list[dict[str, str]]:
    """Return a talk of so many messages."""
    text = (FILLER * (MESSAGE_CHARACTERS // len(FILLER) + 1))[:MESSAGE_CHARACTERS]
    return [{"role": "assistant" if at % 2 else "user", "content": text} for at in range(count)]


async def serve_page(provider: str, before: int, folder: str) -> None:
    """Serve our page, its newest conversation filled with messages of a visitor that any browser is."""
    from app import create_app, create_server, spare_collector
    from chat.settings import Settings

    settings = Settings.from_env(
        {"OPENAI_BASE_URL": provider, "OPENAI_API_KEY": "sk", "OPENAI_MODEL": "stamped", "DATA_DIR": folder}
    )
    app = create_app(settings)
    spare_collector()
    server = create_server(app, settings)
    taken = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[taken]))
    while not server.started:
        await asyncio.sleep(0.05)
    query = ""
    if before:
        owner = "benchmark-benchmark-benchmark"
        history = app.state.engine.history
        stored = hash_secret(owner)
        conversation = await history.create_conversation(stored, "Long")
        parent = None
        for message in make_messages(before):
            kept = await history.add_message(
                conversation.id,
                stored,
                message["role"],
                parent_id=parent,
                text=message["content"],
                finish_reason="stop",
            )
            parent = kept.id
        query = f"#{owner}.{conversation.id}"
    print(f"http://127.0.0.1:{taken.getsockname()[1]}/{query}", flush=True)
    await serving


def serve_load_chat(provider: str, before: int) -> None:
    """Serve what gr.load_chat makes of the same endpoint."""
    import gradio as gr

    chat = gr.load_chat(provider, model="stamped", token="sk", streaming=True)
    if before:
        chat.chatbot.value = chat.chatbot.postprocess(make_messages(before))
    _launch(chat)


def serve_each(provider: str, before: int) -> None:
    """Serve a Chatbot that is given the whole talk at each delta, as Gradio's guides show it."""
    import gradio as gr
    import openai

    client = openai.AsyncOpenAI(base_url=provider, api_key="sk")

    async def answer(message: str, history: list[Any]) -> AsyncGenerator[list[Any], None]:
        talk = [*history, {"role": "user", "content": message}, {"role": "assistant", "content": ""}]
        stream = await client.chat.completions.create(
            model="stamped", messages=[{"role": "user", "content": message}], stream=True
        )
        async for chunk in stream:
            talk[-1]["content"] += (chunk.choices[0].delta.content or "") if chunk.choices else ""
            yield talk

    with gr.Blocks() as page:
        chatbot = gr.Chatbot(make_messages(before))  # type: ignore[arg-type]
        box = gr.Textbox()
        box.submit(answer, [box, chatbot], chatbot)
    _launch(page)


def serve_bare() -> None:
    """Serve the components of our page without anything of ours."""
    import gradio as gr

    with gr.Blocks() as page:
        gr.Chatbot()
        gr.MultimodalTextbox()
    _launch(page)


def _launch(page: Any) -> None:
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", ssr_mode=False)
    print(url, flush=True)
    page.block_thread()


def main() -> None:
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    way, provider, before, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    if way == "page":
        with asyncio.Runner(
            loop_factory=uvloop.new_event_loop
        ) as runner:  # as uvicorn has it, here and for Gradio
            runner.run(serve_page(provider, before, folder))
    elif way == "load_chat":
        serve_load_chat(provider, before)
    elif way == "bare":
        serve_bare()
    else:
        serve_each(provider, before)


if __name__ == "__main__":
    main()
