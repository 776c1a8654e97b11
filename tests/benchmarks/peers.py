"""The servers that tests.benchmarks.streams compares: each the same route, the way somebody would write it.

Run as a process of its own: `python -m tests.benchmarks.peers <name> <provider's URL> <port>`. All on the
same server, uvicorn with uvloop and httptools, and each with `GET /ai/stream_chat?user_message=&model=`.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
import openai
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

KEY = "sk-benchmark"
SSE = "text/event-stream"


def messages(text: str) -> Any:
    return [{"role": "user", "content": text}]


def make_modelled(url: str) -> FastAPI:
    """The modelled route: the synchronous SDK, and each chunk's model dumped as JSON."""
    app, client = FastAPI(), openai.OpenAI(api_key=KEY, base_url=url)

    @app.get("/ai/stream_chat")
    def stream_chat(user_message: str, model: str) -> Response:
        def write() -> Iterator[str]:
            stream = client.chat.completions.create(model=model, messages=messages(user_message), stream=True)
            for chunk in stream:
                yield f"data: {chunk.model_dump_json()}\n\n"
            yield "data: [DONE]\n\n"

        return StreamingResponse(write(), media_type=SSE)

    return app


def make_typed(url: str) -> FastAPI:
    """The SDK's asynchronous typed stream with sse-starlette."""
    from sse_starlette import EventSourceResponse

    app, client = FastAPI(), openai.AsyncOpenAI(api_key=KEY, base_url=url)

    @app.get("/ai/stream_chat")
    async def stream_chat(user_message: str, model: str) -> Response:
        async def write() -> AsyncGenerator[Mapping[str, str]]:
            stream = await client.chat.completions.create(
                model=model, messages=messages(user_message), stream=True
            )
            async for chunk in stream:
                yield {"data": chunk.model_dump_json()}
            yield {"data": "[DONE]"}

        answer: Response = EventSourceResponse(write())
        return answer

    return app


def make_bytes(url: str) -> FastAPI:
    """The floor: the provider's bytes passed on untouched, by the quickest client there is in Python."""
    state: dict[str, aiohttp.ClientSession] = {}

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout()) as session:
            state["session"] = session
            yield

    app = FastAPI(lifespan=live)

    @app.get("/ai/stream_chat")
    async def stream_chat(user_message: str, model: str) -> Response:
        async def write() -> AsyncGenerator[bytes]:
            body = {"model": model, "messages": messages(user_message), "stream": True}
            headers = {"authorization": f"Bearer {KEY}"}
            url_ = f"{url}/chat/completions"
            async with state["session"].post(url_, json=body, headers=headers) as answer:
                async for data in answer.content.iter_any():
                    yield data

        return StreamingResponse(write(), media_type=SSE)

    return app


def make_bytes_httpx(url: str) -> FastAPI:
    """The same with httpx, as most would write it."""
    app = FastAPI()
    client = httpx.AsyncClient(timeout=None, limits=httpx.Limits(max_connections=None))

    @app.get("/ai/stream_chat")
    async def stream_chat(user_message: str, model: str) -> Response:
        async def write() -> AsyncGenerator[bytes]:
            body = {"model": model, "messages": messages(user_message), "stream": True}
            headers = {"authorization": f"Bearer {KEY}"}
            url_ = f"{url}/chat/completions"
            async with client.stream("POST", url_, json=body, headers=headers) as answer:
                async for data in answer.aiter_raw():
                    yield data

        return StreamingResponse(write(), media_type=SSE)

    return app


PEERS: dict[str, Callable[[str], FastAPI]] = {
    "modelled": make_modelled,
    "typed": make_typed,
    "bytes": make_bytes,
    "bytes-httpx": make_bytes_httpx,
}


if __name__ == "__main__":
    name, url, port = sys.argv[1:]
    uvicorn.run(PEERS[name](url), port=int(port), log_level="warning", loop="uvloop", http="httptools")
