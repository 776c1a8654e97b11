"""One OpenAI-compatible request -> its chunks, verbatim, with what we need parsed out.

Asks in the form that the endpoint takes, and retries before the first token. Knows no generation, no history
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

from chat.completions import provider_errors
from chat.completions.chunks import Chunk, ChunkParser, dump_json
from chat.completions.continuation import BY_OWNER, Overlap, Way, ask_to_continue, find_way_by_url
from chat.completions.finish_reasons import UNKNOWN
from chat.completions.model_list import ListedModel, read_models
from chat.completions.patience import Patience
from chat.completions.provider_errors import make_error
from chat.completions.refused_options import AcceptedForm, learn
from chat.completions.request import Endpoint, Request
from chat.completions.response import read_chunks
from chat.completions.upstream import NO_SUCH_PATH, Upstream, open_upstream, read_body, reading
from chat.errors import ProviderError

log = logging.getLogger(__name__)

MAX_RETRY_WAIT_SECONDS = 20.0  # an endpoint that asks for more is not retried: the user is told the wait
MAX_BACKOFF_SECONDS = 8.0
STALLS = frozenset({"idle_timeout", "first_token_timeout", "gateway_timeout"})


class Completions:
    """One endpoint's client. Timeouts and the first wait before a retry in seconds."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        first_token_timeout: float = 300,
        idle_timeout: float = 60,
        connect_timeout: float = 10,
        retries: int = 2,
        backoff: float = 0.5,
    ) -> None:
        self.endpoint = endpoint
        self._first_token_timeout = first_token_timeout
        self._idle_timeout = idle_timeout
        self._retries = retries
        self._backoff = backoff
        self._forms: dict[str, AcceptedForm] = {}  # by model: what the endpoint has refused is not sent again
        self._way = find_way_by_url(endpoint.base_url)  # None: not asked yet
        self._upstream = open_upstream(endpoint, connect_timeout)

    async def models(self) -> Sequence[ListedModel]:
        """Return the endpoint's models, in its order. Raises ProviderError."""
        listed = read_models(await self._require_upstream().models())
        if listed is None:
            raise make_error("not_a_stream")
        if self._way is None and listed:
            self._way = BY_OWNER.get(listed[0].owner, Way.INSTRUCTION)
        return listed

    async def stream(self, request: Request) -> AsyncGenerator[Sequence[Chunk]]:
        """Yield chunks in the batches in which they came. Raises ProviderError.

        Closing it, or cancelling who iterates it, closes the upstream connection at once. Faults that a retry
        can mend are retried until the first token, and never after.
        """
        if request.continues and self._way is None:
            await self._learn_way()
        for attempt in range(self._retries + 1):
            parser, overlap, fault = ChunkParser(request.continues), Overlap(""), None
            patience = Patience(self._first_token_timeout, self._idle_timeout)
            try:
                async with (
                    self._ask(request, patience) as response,
                    aclosing(read_chunks(response, parser, patience)) as batches,
                ):
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
        try:
            async with aclosing(self.stream(request)) as batches:
                async for batch in batches:
                    for chunk in batch:
                        text = chunk.text if chunk.recasts else text + chunk.text
        except ProviderError as error:
            if not text or error.type != UNKNOWN:
                raise
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

        After a stall it does not: the endpoint, or what is behind its gateway, may still be at work, and be
        paid for it. Where an address answers with a page, the next one that there is to try is asked.
        """
        if error.type == "not_a_stream" and self._require_upstream().try_next_base():
            return 0.0
        if attempt >= self._retries or not error.retryable or error.type in STALLS:
            return None
        if error.retry_after:
            return error.retry_after if error.retry_after <= MAX_RETRY_WAIT_SECONDS else None
        wait = min(self._backoff * 2.0**attempt, MAX_BACKOFF_SECONDS)
        return wait * (1 - 0.25 * random.random())  # noqa: S311 - jitter is no secret

    @asynccontextmanager
    async def _ask(self, request: Request, patience: Patience) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open the answer's stream; on exit it is closed. Options that the endpoint refuses are left out."""
        upstream = self._require_upstream()
        while True:
            options = self._options(request)
            body = dump_json(options)
            async with upstream.post(body, request.api_key, patience.first_token_at) as answer:
                if answer.status < 400:
                    if request.on_accepted:
                        request.on_accepted()
                    yield answer
                    upstream.settle()
                    return
                async with reading(answer, self._idle_timeout):
                    refusal = await answer.read()
            if answer.status in NO_SUCH_PATH and upstream.try_next_base():
                continue
            if not self._learn_from(answer.status, refusal, request, options):
                raise provider_errors.from_status(answer.status, answer.headers, read_body(refusal))

    def _learn_from(self, status: int, refusal: bytes, request: Request, options: Mapping[str, Any]) -> bool:
        """Remember what the endpoint refuses, and tell whether to ask again in another form."""
        form = learn(self._form(request), status, refusal.decode(errors="replace"), options)
        if form:
            self._forms[request.model] = form
            log.info("the endpoint refuses a request for %s; it is sent as %s", request.model, form)
        elif request.continues and self._way is not Way.INSTRUCTION and status in (400, 422, 500):
            self._way = Way.INSTRUCTION
            return True
        return bool(form)

    def _form(self, request: Request) -> AcceptedForm:
        return self._forms.get(request.model, AcceptedForm())

    def _options(self, request: Request) -> dict[str, Any]:
        """Return the request's body, in the form that the endpoint takes for this model."""
        options: dict[str, Any] = {
            **self.endpoint.sampling,
            "model": request.model,
            **self._messages(request),
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
        }
        given = {name: value for name, value in options.items() if value is not None}
        return self._form(request).shape(given)

    def _messages(self, request: Request) -> Mapping[str, Any]:
        if not request.continues:
            return {"messages": list(request.messages)}
        return ask_to_continue(request.messages, request.continues, self._way or Way.INSTRUCTION)
