"""One OpenAI-compatible request -> its chunks, verbatim, with what we need parsed out.

Asks, leaves out what the endpoint refuses, retries before the first token. Knows no generation, no history
and no page.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import aiohttp
import orjson

from chat.completions import provider_errors
from chat.completions.chunks import Chunk, ChunkParser
from chat.completions.continuation import BY_OWNER, Overlap, Way, ask_to_continue, find_way_by_url
from chat.completions.provider_errors import make_error
from chat.completions.request import Endpoint, Request
from chat.completions.response import read_chunks
from chat.completions.upstream import NETWORK_ERRORS, Upstream, open_upstream, read_body
from chat.errors import ProviderError

log = logging.getLogger(__name__)

MAX_RETRY_WAIT_SECONDS = 20.0  # an endpoint that asks for more is not retried: the user is told the wait
MAX_BACKOFF_SECONDS = 8.0


class Completions:
    """One endpoint's client. Timeouts and the first wait before a retry in seconds."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        idle_timeout: float = 60,
        connect_timeout: float = 10,
        retries: int = 2,
        backoff: float = 0.5,
    ) -> None:
        self.endpoint = endpoint
        self._retries = retries
        self._backoff = backoff
        self._refused: set[tuple[str, str]] = set()  # (model, option) that the endpoint would not take
        self._way = find_way_by_url(endpoint.base_url)  # None: not asked yet
        self._upstream = open_upstream(endpoint, idle_timeout, connect_timeout)

    async def models(self) -> tuple[str, ...]:
        """Return the endpoint's model names. Raises ProviderError."""
        listed = await self._require_upstream().models()
        try:
            if self._way is None and listed:
                self._way = BY_OWNER.get(str(listed[0].get("owned_by")), Way.INSTRUCTION)
            return tuple(str(model["id"]) for model in listed)
        except (LookupError, TypeError, AttributeError):
            raise make_error("not_a_stream") from None

    async def stream(self, request: Request) -> AsyncGenerator[Sequence[Chunk]]:
        """Yield chunks in the batches in which they came. Raises ProviderError.

        Closing it, or cancelling who iterates it, closes the upstream connection at once. Faults that a retry
        can mend are retried until the first token, and never after.
        """
        if request.continues and self._way is None:
            await self._learn_way()
        for attempt in range(self._retries + 1):
            parser, overlap, fault = ChunkParser(request.continues), Overlap(""), None
            try:
                async with self._ask(request) as response, aclosing(read_chunks(response, parser)) as batches:
                    overlap = Overlap(request.continues if self._way is Way.INSTRUCTION else "")
                    async for batch in batches:
                        if decided := overlap.feed(batch):
                            yield decided
            except ProviderError as error:
                fault = error
            if held := overlap.flush():
                yield held
            if fault is None:
                return
            wait = self._wait_before_retry(fault, attempt)
            if parser.has_begun or wait is None:
                raise fault
            log.info("asking again in %.1f s (%s)", wait, fault.type)
            await asyncio.sleep(wait)

    async def complete(self, request: Request) -> str:
        """Return a short answer whole (titles, search terms). Raises ProviderError."""
        text = ""
        async with aclosing(self.stream(request)) as batches:
            async for batch in batches:
                for chunk in batch:
                    text = chunk.text if chunk.recasts else text + chunk.text
        return text

    async def aclose(self) -> None:
        """Close every connection."""
        if self._upstream:
            await self._upstream.aclose()

    async def _learn_way(self) -> None:
        """Ask the endpoint what it is, to know how it continues a message."""
        with suppress(ProviderError):
            await self.models()
        self._way = self._way or Way.INSTRUCTION

    def _require_upstream(self) -> Upstream:
        if self._upstream is None:
            raise make_error("bad_base_url")
        return self._upstream

    def _wait_before_retry(self, error: ProviderError, attempt: int) -> float | None:
        """Return the wait in seconds as the SDK counts it, or None where asking again does not help.

        After a stall it does not: the endpoint may still be at work, and be paid for it.
        """
        if attempt >= self._retries or not error.retryable or error.type == "idle_timeout":
            return None
        if error.retry_after:
            return error.retry_after if error.retry_after <= MAX_RETRY_WAIT_SECONDS else None
        wait = min(self._backoff * 2.0**attempt, MAX_BACKOFF_SECONDS)
        return wait * (1 - 0.25 * random.random())  # noqa: S311 - jitter is no secret

    @asynccontextmanager
    async def _ask(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open the answer's stream; on exit it is closed. Options that the endpoint refuses are left out."""
        upstream = self._require_upstream()
        while True:
            options = self._options(request)
            async with upstream.post(orjson.dumps(options), request.api_key) as answer:
                if answer.status < 400:
                    if request.on_accepted:
                        request.on_accepted()
                    yield answer
                    return
                refusal = await _read_refusal(answer)
            if not self._learn_from(answer.status, refusal, request, options):
                raise provider_errors.from_status(answer.status, answer.headers, read_body(refusal))

    def _learn_from(self, status: int, refusal: bytes, request: Request, options: Mapping[str, Any]) -> bool:
        """Remember what the endpoint refuses, and tell whether to ask again without it."""
        option = _find_refused(status, refusal.decode(errors="replace"), options)
        if option:
            self._refused.add((request.model, option))
        elif request.continues and self._way is not Way.INSTRUCTION and status in (400, 422, 500):
            option, self._way = "continuing a message", Way.INSTRUCTION
        if option:
            log.info("the endpoint refuses %s for %s; it is not asked for it again", option, request.model)
        return bool(option)

    def _options(self, request: Request) -> dict[str, Any]:
        """Return the request's body, without what the endpoint has refused for this model."""
        refused = {option for model, option in self._refused if model == request.model}
        budget = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
        options: dict[str, Any] = {
            **self.endpoint.sampling,
            "model": request.model,
            **self._messages(request),
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": request.temperature,
            budget: request.max_tokens,
        }
        return {name: value for name, value in options.items() if value is not None and name not in refused}

    def _messages(self, request: Request) -> Mapping[str, Any]:
        if not request.continues:
            return {"messages": list(request.messages)}
        return ask_to_continue(request.messages, request.continues, self._way or Way.INSTRUCTION)


async def _read_refusal(answer: aiohttp.ClientResponse) -> bytes:
    try:
        return await answer.read()
    except NETWORK_ERRORS as error:
        raise provider_errors.from_exception(error) from None


def _find_refused(status: int, said: str, options: Mapping[str, Any]) -> str | None:
    """Return the option that the endpoint says it does not take, if it is one that we can do without."""
    if status not in (400, 422):
        return None
    if "max_tokens" in options and "max_completion_tokens" in said:
        return "max_tokens"
    return next(
        (name for name in ("stream_options", "temperature") if name in options and name in said), None
    )
