"""Model servers on this machine: which of the usual ones answers, and with which chat models.

Asks loopback alone, with a short GET /v1/models each. Knows no setting and no page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from chat.completions import Endpoint

ASKED_SECONDS = 1.0
AGAIN_SECONDS = 20.0  # between two looks while none is found
NO_CHAT = re.compile(r"embed|rerank|whisper|tts|clip|(?:^|[/:-])bge-|(?:^|[/:-])e5-", re.IGNORECASE)


@dataclass(frozen=True)
class ModelServer:
    """A program that serves models, and the port that it uses unless it is told otherwise."""

    name: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


MODEL_SERVERS = (
    ModelServer("Ollama", 11434),
    ModelServer("LM Studio", 1234),
    ModelServer("llama.cpp", 8080),
    ModelServer("vLLM", 8000),
)


async def find_endpoint(servers: Sequence[ModelServer], own_port: int) -> tuple[ModelServer, Endpoint] | None:
    """Return the first server with a chat model, and its endpoint; None without any.

    own_port: the port of this app, which is not asked.
    """
    # No proxy and no redirect: the question stays on this machine. No certificates either: it is plain HTTP,
    # and they would take 20 ms of the event loop at each look.
    async with httpx.AsyncClient(timeout=ASKED_SECONDS, trust_env=False, verify=False) as client:  # noqa: S501
        for server in servers:
            models = await _chat_models(client, server) if server.port != own_port else ()
            if models:
                return server, Endpoint(base_url=server.url, api_key="none", models=models)
    return None


async def _chat_models(client: httpx.AsyncClient, server: ModelServer) -> tuple[str, ...]:
    try:
        answer = await client.get(f"{server.url}/models")
        listed = answer.json()["data"] if answer.status_code == httpx.codes.OK else []
        names = [str(model["id"]) for model in listed]
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return ()
    return tuple(name for name in names if not NO_CHAT.search(name))
