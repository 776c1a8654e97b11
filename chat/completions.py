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

import aiohttp
import httpx2
import openai

from chat import provider_errors
from chat.errors import ProviderError
from chat.provider_errors import find_error, make_error
from chat.upstream import Chunk, ChunkParser, ErrorObject, FrameSplitter, parse_json

__all__ = ["Chunk", "Completions", "Endpoint", "Request"]

log = logging.getLogger(__name__)

NETWORK_ERRORS = (httpx2.HTTPError, httpx2.InvalidURL, aiohttp.ClientError, OSError)
MAX_RETRY_WAIT_SECONDS = 20.0  # an endpoint that asks for more is not retried: the user is told the wait
MAX_BACKOFF_SECONDS = 8.0
LAST_WORDS_SECONDS = 5.0  # how long the usage and [DONE] may take once the finish reason has come
DRAIN_SECONDS = (
    0.1  # how long the end of the body may take after [DONE]; then the connection is not used again
)


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

    continues: the partial answer that the completion is to go on from, or empty.
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    temperature: float | None = None
    max_tokens: int | None = None
    continues: str = ""


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
        self._client = _make_client(endpoint, idle_timeout, connect_timeout)

    async def models(self) -> tuple[str, ...]:
        """Return the endpoint's model names. Raises ProviderError."""
        try:
            response = await self._require_client().models.with_raw_response.list(timeout=10)
            value = parse_json(response.content)
            listed = value["data"] if isinstance(value, dict) else value
            return tuple(str(model["id"]) for model in listed)
        except openai.OpenAIError as error:
            raise _map(error) from None
        except (ValueError, KeyError, TypeError):
            raise make_error("not_a_stream") from None

    async def stream(self, request: Request) -> AsyncGenerator[Sequence[Chunk]]:
        """Yield chunks in the batches in which they came. Raises ProviderError.

        Closing it, or cancelling who iterates it, closes the upstream connection at once. Faults that a retry
        can mend are retried until the first token, and never after.
        """
        for attempt in range(self._retries + 1):
            parser = ChunkParser(request.continues)
            try:
                async with self._ask(request) as response, aclosing(_read(response, parser)) as batches:
                    async for batch in batches:
                        yield batch
                return
            except ProviderError as error:
                wait = self._wait_before_retry(error, attempt)
                if parser.has_begun or wait is None:
                    raise
                log.info("asking again in %.1f s (%s)", wait, error.type)
            await asyncio.sleep(wait)

    async def complete(self, request: Request) -> str:
        """Return a short answer whole (titles, search terms). Raises ProviderError."""
        texts: list[str] = []
        async with aclosing(self.stream(request)) as batches:
            async for batch in batches:
                for chunk in batch:
                    texts = [chunk.text] if chunk.recasts else [*texts, chunk.text]
        return "".join(texts)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._client:
            await self._client.close()

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
        while True:
            options = self._options(request)
            try:
                asked = client.chat.completions.with_streaming_response.create(
                    model=request.model, messages=[], stream=True, extra_body=options
                )
                async with asked as answer:
                    yield answer.http_response
                return
            except openai.APIStatusError as error:
                option = _find_refused(error, options)
                if option is None:
                    raise _map(error) from None
                log.info(
                    "the endpoint refuses %s for %s; asking without it from now on", option, request.model
                )
                self._refused.add((request.model, option))
            except openai.OpenAIError as error:
                raise _map(error) from None
            except NETWORK_ERRORS as error:
                raise provider_errors.from_exception(error) from None

    def _options(self, request: Request) -> dict[str, Any]:
        """Return the body beside model and stream; the messages too, which the SDK would walk otherwise."""
        refused = {option for model, option in self._refused if model == request.model}
        budget = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
        options: dict[str, Any] = {
            **self.endpoint.sampling,
            "messages": list(request.messages),
            "stream_options": {"include_usage": True},
            "temperature": request.temperature,
            budget: request.max_tokens,
        }
        return {name: value for name, value in options.items() if value is not None and name not in refused}


async def _read(response: httpx2.Response, parser: ChunkParser) -> AsyncGenerator[Sequence[Chunk]]:
    """Yield what each read completes, from the first token on; raise ProviderError after the last chunk."""
    await _check_is_stream(response)
    frames, chunks = FrameSplitter(), list[Chunk]()
    async with aclosing(response.aiter_bytes()) as reads:
        while not parser.is_done:
            fault = await _advance(reads, frames, parser, chunks)
            is_over = fault is not None or parser.is_done
            if is_over and parser.is_holding:
                chunks[-1] = parser.flush(chunks[-1])
            if parser.has_begun or parser.is_done:
                kept = [chunks.pop()] if parser.is_holding else []
                if chunks:
                    yield chunks
                chunks = kept
            if fault:
                raise fault
        await _drain(reads)


async def _advance(
    reads: AsyncGenerator[bytes], frames: FrameSplitter, parser: ChunkParser, chunks: list[Chunk]
) -> ProviderError | None:
    """Read once and append the chunks that this completes; return the fault that ends the answer, if any."""
    data = b""
    try:
        data = await _read_some(reads, parser)
        parser.parse(frames.feed(data) if data else frames.close(), chunks)
    except ErrorObject as error:
        return provider_errors.from_error_object(error.value)
    except NETWORK_ERRORS as error:
        if not parser.is_finished:  # after the finish reason nothing is missing
            return provider_errors.from_exception(error)
    except (ValueError, TypeError, AttributeError, LookupError):
        return make_error("malformed")
    if not data and not parser.is_done:
        parser.is_done = True
        return None if parser.is_finished else make_error("incomplete")
    return None


async def _read_some(reads: AsyncGenerator[bytes], parser: ChunkParser) -> bytes:
    """Return what has come, or nothing at the end. The client's own read time-out watches for a stall."""
    if not parser.is_finished:
        return await anext(reads, b"")
    async with asyncio.timeout(LAST_WORDS_SECONDS):
        return await anext(reads, b"")


async def _drain(reads: AsyncGenerator[bytes]) -> None:
    """Read the end of the body after [DONE], so that the connection can be used again."""
    with suppress(*NETWORK_ERRORS):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in reads:
                pass


async def _check_is_stream(response: httpx2.Response) -> None:
    """Raise where a status of 200 does not come with a stream: a web page, or an error as JSON."""
    media_type = response.headers.get("content-type", "")
    if "html" in media_type:
        raise make_error("not_a_stream")
    if "application/json" in media_type:
        try:
            value = parse_json(await response.aread())
        except NETWORK_ERRORS as error:
            raise provider_errors.from_exception(error) from None
        except ValueError:
            value = None
        raise provider_errors.from_error_object(value) if find_error(value) else make_error("not_a_stream")


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
