"""The embedded model: llama.cpp in a child process, with the OpenAI-compatible interface of any endpoint.

A child process, because then a crash of llama.cpp fails one answer and not the app, it can have a lower
priority than the page (niceness), and it leaves nothing behind. It listens on loopback and requires a
random key. When it dies it is started again on the same address. Knows no prompt.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx

from chat.errors import ChatError
from chat.local_model.weights import Weights

PROJECT = Path(__file__).parents[2]
LOADING_SECONDS = 300.0  # a large file from a slow disk
ENDING_SECONDS = 5.0
RESTART_SECONDS = (0.0, 1.0, 5.0, 30.0)  # before each restart in a row; the last one repeats
KEPT_VARIABLES = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "CUDA_VISIBLE_DEVICES")
# With two threads on two cores, of which the page uses one, spinning threads wrote 1 token per second and
# sleeping threads 31.
SLEEPING_THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Profile:
    """How llama.cpp runs weights. slots: concurrent requests. threads: while writing; 0: every core."""

    slots: int
    context_tokens: int
    answer_tokens: int
    threads: int
    sampling: dict[str, float] = field(default_factory=dict)


# Measured with 12 questions and 6 about a file, five times under four system prompts: the likeliest token had
# 70 % of the file's and 77 % of the others right; 0.2 with top_p 0.9 (the model card) had 57 and 72 %. A
# repetition penalty costs answers about files: of 6, one was right with 1.1, three without.
DEMO_SAMPLING = {"temperature": 0.0}
DEMO = Profile(slots=2, context_tokens=8192, answer_tokens=512, threads=1, sampling=DEMO_SAMPLING)
STANDARD = Profile(slots=4, context_tokens=8192, answer_tokens=-1, threads=0)


class LocalModel:
    """A running model. context_window: tokens available to one request."""

    def __init__(self, weights: Weights) -> None:
        self.name = weights.name
        self.is_demo = weights.is_demo
        self.base_url = ""
        self.api_key = secrets.token_urlsafe(32)
        self.context_window = 0
        self._weights = weights
        self._profile = DEMO if weights.is_demo else STANDARD
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, weights: Weights) -> LocalModel:
        """Load the weights, and return when the model answers. Raises ChatError."""
        model = cls(weights)
        try:
            model.base_url = await model._run(port=0) + "/v1"
            model.context_window = await model._read_context_window()
        except BaseException:
            await model.aclose()
            raise
        model._supervisor = asyncio.create_task(model._restart_when_dead(), name="embedded model")
        return model

    @property
    def sampling(self) -> dict[str, float]:
        """Sampling fields for requests to this model: the best measured."""
        return dict(self._profile.sampling)

    def __repr__(self) -> str:
        return f"LocalModel({self.name!r}, {self.base_url!r})"

    async def aclose(self) -> None:
        """End the child process and wait for its end. Idempotent."""
        if self._supervisor:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])
        with anyio.CancelScope(shield=True):
            await self._end()

    async def _restart_when_dead(self) -> None:
        """Restart the child whenever it dies: a prompt that crashes llama.cpp costs one answer."""
        failures = 0
        while self._process:
            code = await self._process.wait()
            log.warning("The embedded model ended (%s); restarting it.", describe_exit(code))
            await asyncio.sleep(RESTART_SECONDS[min(failures, len(RESTART_SECONDS) - 1)])
            try:
                await self._run(port=urlsplit(self.base_url).port or 0)
                failures = 0
            except ChatError as error:
                failures += 1
                log.warning("%s", error)

    async def _run(self, port: int) -> str:
        """Start the child process; return its address. Raises ChatError."""
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "chat.local_model.llama_server",
            cwd=PROJECT, env=child_environment(), start_new_session=True,  # Ctrl-C reaches the app only
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        line = b""
        with anyio.move_on_after(LOADING_SECONDS), contextlib.suppress(ConnectionError):
            process.stdin.write(json.dumps(self._job(port)).encode() + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
        reply = json.loads(line) if line.endswith(b"\n") else {}
        if "address" in reply:
            return str(reply["address"])
        code = await self._end()
        why = reply.get("error") or f"llama.cpp ended while it loaded it ({describe_exit(code)})"
        raise ChatError(f"The embedded model {self.name} cannot be used: {why}.")

    def _job(self, port: int) -> dict[str, Any]:
        profile = self._profile
        return {
            "path": str(self._weights.path),
            "name": self.name,
            "key": self.api_key,
            "port": port,
            "slots": profile.slots,
            "context_tokens": profile.context_tokens,
            "answer_tokens": profile.answer_tokens,
            "threads": profile.threads,
        }

    async def _read_context_window(self) -> int:
        """Return the context window of a slot: less than configured if the model was trained on less."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        address = self.base_url.removesuffix("/v1")
        try:
            async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
                response = await client.get(f"{address}/props")
            return int(response.json()["default_generation_settings"]["n_ctx"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise ChatError(f"The embedded model {self.name} does not answer.") from error

    async def _end(self) -> int:
        """End the child and return its exit code."""
        process = self._process
        if process is None:
            return 0
        if process.stdin:
            process.stdin.close()
        with anyio.move_on_after(ENDING_SECONDS):
            return await process.wait()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()


def child_environment() -> dict[str, str]:
    """Return the few variables that llama.cpp needs: no key of an endpoint is among them."""
    return {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ} | SLEEPING_THREADS


def describe_exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
