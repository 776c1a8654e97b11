"""One OpenAI-compatible request -> its chunks, verbatim, with what we need parsed out.

The only module that knows the OpenAI client. Of it we use the request: authentication, headers, proxies,
connections. The stream is read as bytes, since the typed one builds a model for each chunk, which costs ten
times as much and changes what the provider said. Knows no generation, no history and no page.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from chat.completions import provider_errors
from chat.completions.chunks import Chunk, ChunkParser, parse_json
from chat.completions.continuation import BY_OWNER, Overlap, Way, ask_to_continue, find_way_by_url
from chat.completions.provider_errors import make_error
from chat.completions.response import NETWORK_ERRORS, read_chunks
from chat.errors import ProviderError

__all__ = ["Chunk", "Completions", "Endpoint", "Request"]

log = logging.getLogger(__name__)

MAX_RETRY_WAIT_SECONDS = 20.0  # an endpoint that asks for more is not retried: the user is told the wait
MAX_BACKOFF_SECONDS = 8.0
MODELS_SECONDS = 10.0


@dataclass(frozen=True)
class Endpoint:
    """Where completions come from. context_window: tokens, 0 where unknown."""

    base_url: str
    api_key: str = field(repr=False)
    models: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    context_window: int = 0
    sampling: Mapping[str, Any] = field(default_factory=dict)
    is_demo: bool = False


@dataclass(frozen=True)
class Request:
    """What a completion is asked for. messages: OpenAI's own dictionaries.

    continues: the partial answer that the completion is to go on from, or empty. api_key: a visitor's own, in
    place of the owner's.
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    temperature: float | None = None
    max_tokens: int | None = None
    continues: str = ""
    api_key: str = field(default="", repr=False)


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
        self._client = _make_client(endpoint, idle_timeout, connect_timeout)

    async def models(self) -> tuple[str, ...]:
        """Return the endpoint's model names. Raises ProviderError."""
        try:
            response = await self._require_client().models.with_raw_response.list(timeout=MODELS_SECONDS)
            value = parse_json(response.content)
            listed = value["data"] if isinstance(value, dict) else value
            if self._way is None and listed:
                self._way = BY_OWNER.get(str(listed[0].get("owned_by")), Way.INSTRUCTION)
            return tuple(str(model["id"]) for model in listed)
        except openai.OpenAIError as error:
            raise _map(error) from None
        except NETWORK_ERRORS as error:
            raise provider_errors.from_exception(error) from None
        except (ValueError, LookupError, TypeError, AttributeError):
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
        if self._client:
            await self._client.close()

    async def _learn_way(self) -> None:
        """Ask the endpoint what it is, to know how it continues a message."""
        with suppress(ProviderError):
            await self.models()
        self._way = self._way or Way.INSTRUCTION

    def _require_client(self) -> openai.AsyncOpenAI:
        if self._client is None:
            raise make_error("bad_base_url")
        return self._client

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
    async def _ask(self, request: Request) -> AsyncIterator[httpx2.Response]:
        """Open the answer's stream; on exit it is closed. Options that the endpoint refuses are left out."""
        client = self._require_client()
        if not (request.api_key or self.endpoint.api_key).isascii():
            raise make_error("unauthorized")  # no header can hold it
        own = {"Authorization": f"Bearer {request.api_key}"} if request.api_key else None
        while True:
            options = self._options(request)
            try:
                asked = client.chat.completions.with_streaming_response.create(
                    model=request.model, messages=[], stream=True, extra_body=options, extra_headers=own
                )
                async with asked as answer:
                    yield answer.http_response
                return
            except openai.APIStatusError as error:
                if not self._learn_from(error, request, options):
                    raise _map(error) from None
            except openai.OpenAIError as error:
                raise _map(error) from None
            except NETWORK_ERRORS as error:
                raise provider_errors.from_exception(error) from None

    def _learn_from(self, error: openai.APIStatusError, request: Request, options: Mapping[str, Any]) -> bool:
        """Remember what the endpoint refuses, and tell whether to ask again without it."""
        option = _find_refused(error, options)
        if option:
            self._refused.add((request.model, option))
        elif request.continues and self._way is not Way.INSTRUCTION and error.status_code in (400, 422, 500):
            option, self._way = "continuing a message", Way.INSTRUCTION
        if option:
            log.info("the endpoint refuses %s for %s; it is not asked for it again", option, request.model)
        return bool(option)

    def _options(self, request: Request) -> dict[str, Any]:
        """Return the body beside model and stream; the messages too, which the SDK would walk otherwise."""
        refused = {option for model, option in self._refused if model == request.model}
        budget = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
        options: dict[str, Any] = {
            **self.endpoint.sampling,
            **self._messages(request),
            "stream_options": {"include_usage": True},
            "temperature": request.temperature,
            budget: request.max_tokens,
        }
        return {name: value for name, value in options.items() if value is not None and name not in refused}

    def _messages(self, request: Request) -> Mapping[str, Any]:
        if not request.continues:
            return {"messages": list(request.messages)}
        return ask_to_continue(request.messages, request.continues, self._way or Way.INSTRUCTION)


def _make_client(endpoint: Endpoint, idle: float, connect: float) -> openai.AsyncOpenAI | None:
    """Return the SDK's client, or None for a base URL that is none. It retries nothing: streams it cannot.

    aiohttp below it, since that parses in C and hands over all that one read of the socket brought, for a
    third of the CPU time in a burst.
    """
    parts = urlsplit(endpoint.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    timeout = httpx2.Timeout(connect=connect, read=idle, write=idle, pool=None)
    # 0 and not None: None means aiohttp's own default of 100 here.
    limits = httpx2.Limits(max_connections=0, max_keepalive_connections=100, keepalive_expiry=30)
    return openai.AsyncOpenAI(
        api_key=endpoint.api_key or "none",
        base_url=endpoint.base_url,
        default_headers={"Accept-Encoding": "identity", **endpoint.headers},
        max_retries=0,
        timeout=timeout,
        http_client=openai.DefaultAioHttpClient(timeout=timeout, limits=limits),
    )


def _map(error: openai.OpenAIError) -> ProviderError:
    if isinstance(error, openai.APIStatusError):
        return provider_errors.from_status(error.status_code, error.response.headers, _body(error.response))
    return provider_errors.from_exception(error)


def _body(response: httpx2.Response) -> object:
    try:
        return parse_json(response.content)
    except ValueError:
        return response.text


def _find_refused(error: openai.APIStatusError, options: Mapping[str, Any]) -> str | None:
    """Return the option that the endpoint says it does not take, if it is one that we can do without."""
    if error.status_code not in (400, 422):
        return None
    said = error.response.text
    if "max_tokens" in options and "max_completion_tokens" in said:
        return "max_tokens"
    return next(
        (name for name in ("stream_options", "temperature") if name in options and name in said), None
    )
