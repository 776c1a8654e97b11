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
from dataclasses import replace
from typing import Any

import aiohttp

from chat.completions import provider_errors
from chat.completions.chunks import Chunk, ChunkParser, dump_json
from chat.completions.continuation import BY_OWNER, Overlap, Way, ask_to_continue, find_way_by_url
from chat.completions.finish_reasons import UNKNOWN
from chat.completions.model_list import ListedModel, read_models
from chat.completions.model_memory import ModelMemory
from chat.completions.patience import Patience
from chat.completions.provider_errors import make_error
from chat.completions.refused_options import (
    AcceptedForm,
    is_of_model,
    learn,
    refuses_pictures,
    without_messages,
)
from chat.completions.request import Endpoint, Request
from chat.completions.response import read_chunks
from chat.completions.tool_calls import Reply, find_arguments
from chat.completions.upstream import NO_SUCH_PATH, Upstream, open_upstream, read_body, reading
from chat.errors import ProviderError

log = logging.getLogger(__name__)

MAX_BACKOFF_SECONDS = 8.0
# From the first request to the last. An endpoint that asks for a longer wait is not retried: the user is told
# the wait. Nor is one that took as long to refuse: LiteLLM's proxy tries three times before it does.
RETRY_SECONDS = 20.0
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
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self.endpoint = endpoint
        self._first_token_timeout = first_token_timeout
        self._idle_timeout = idle_timeout
        self._retries = retries
        self._backoff = backoff
        self._retry_seconds = retry_seconds
        self._forms: ModelMemory[AcceptedForm] = ModelMemory()
        # Whose answers end with a finish reason. The name is empty where an endpoint has one model.
        self._ends: ModelMemory[bool] = ModelMemory()
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
        time = asyncio.get_running_loop().time
        last_at = time() + self._retry_seconds
        for attempt in range(self._retries + 1):
            parser, overlap, fault = ChunkParser(request.continues), Overlap(""), None
            patience = Patience(self._first_token_timeout, self._idle_timeout)
            try:
                async with (
                    self._ask(request, patience) as (response, way),
                    aclosing(read_chunks(response, parser, patience)) as batches,
                ):
                    overlap = Overlap(request.continues if way is Way.INSTRUCTION else "")
                    async for batch in batches:
                        if decided := overlap.feed(batch):
                            yield decided
            except ProviderError as error:
                fault = error
            if held := overlap.flush():
                yield held
            if fault is None:
                self._check_end(request.model, parser)
                return
            wait = self._wait_before_retry(fault, attempt)
            if parser.has_begun or wait is None or time() + wait > last_at:
                raise fault
            if wait and request.on_retry:
                request.on_retry(fault)
            log.info("asking again in %.1f s (%s)", wait, fault.type)
            await asyncio.sleep(wait)

    def _check_end(self, model: str, parser: ChunkParser) -> None:
        """Raise ProviderError for a text without the finish reason that the model's answers have.

        llama-cpp-python's server sends [DONE] in the middle of an answer when another request comes.
        """
        is_usual = self._ends.get(model, False) or self._ends.get("", False)
        if parser.finish_reason:
            self._ends[model] = True
        elif is_usual and parser.has_text and not parser.is_refuted:
            raise make_error("ended_early")

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
            return error.retry_after
        wait = min(self._backoff * 2.0**attempt, MAX_BACKOFF_SECONDS)
        return wait * (1 - 0.25 * random.random())  # noqa: S311 - jitter is no secret

    @asynccontextmanager
    async def _ask(
        self, request: Request, patience: Patience
    ) -> AsyncIterator[tuple[aiohttp.ClientResponse, Way]]:
        """Open the answer's stream; on exit it is closed. Yields with it how a continuation was asked for.

        Options that the endpoint refuses are left out. What it refuses of a model is remembered once the
        request has gone through, so that no message which is refused for itself changes those of others; nor
        does a request with a visitor's own key, whose rights may be fewer.
        """
        upstream, form = self._require_upstream(), self._forms.get(request.model, AcceptedForm())
        known, is_lasting = form, not request.api_key
        while True:
            options = self._options(request, form)
            body = dump_json(options)
            async with upstream.post(body, request.api_key, patience.first_token_at) as answer:
                if answer.status < 400:
                    if request.on_accepted:
                        request.on_accepted()
                    if form != known and is_lasting:
                        self._remember(request.model, form)
                    yield answer, self._find_way(form)
                    upstream.settle()
                    return
                async with reading(answer, self._idle_timeout):
                    refusal = await answer.read()
            if answer.status in NO_SUCH_PATH and upstream.try_next_base():
                continue
            said = without_messages(refusal.decode(errors="replace"), options["messages"])
            learned = learn(form, answer.status, said, options) or self._tell_to_continue(
                form, answer.status, request
            )
            if learned is None:
                fault = provider_errors.from_status(answer.status, answer.headers, read_body(refusal))
                fault.refuses_pictures = refuses_pictures(said) and not request.api_key
                raise fault
            is_lasting = is_lasting and is_of_model(form, learned, said)
            form = learned

    def _remember(self, model: str, form: AcceptedForm) -> None:
        self._forms[model] = form
        log.info("the endpoint refuses a request for %s; it is sent as %s", model, form)

    def _tell_to_continue(self, form: AcceptedForm, status: int, request: Request) -> AcceptedForm | None:
        """Return the form in which a refused continuation is asked for by an instruction, if it was not."""
        if request.continues and self._find_way(form) is not Way.INSTRUCTION and status in (400, 422, 500):
            return replace(form, is_told_to_continue=True)
        return None

    def _find_way(self, form: AcceptedForm) -> Way:
        return Way.INSTRUCTION if form.is_told_to_continue else self._way or Way.INSTRUCTION

    def _options(self, request: Request, form: AcceptedForm) -> dict[str, Any]:
        """Return the request's body, in the form that the endpoint takes for this model.

        What a request leaves open is the endpoint's own sampling.
        """
        options: dict[str, Any] = {
            "model": request.model,
            **self._messages(request, form),
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "tools": list(request.tools) or None,
        }
        given = {name: value for name, value in options.items() if value is not None}
        return form.shape({**self.endpoint.sampling, **given})

    def _messages(self, request: Request, form: AcceptedForm) -> Mapping[str, Any]:
        if not request.continues:
            return {"messages": list(request.messages)}
        return ask_to_continue(request.messages, request.continues, self._find_way(form))


async def join_text(batches: AsyncGenerator[Sequence[Chunk], None]) -> str:
    """Return the text of a short completion (titles, search words, notes). Raises as the stream does."""
    return (await join_reply(batches)).text


async def join_reply(batches: AsyncGenerator[Sequence[Chunk], None]) -> Reply:
    """Return a short completion: its text and the arguments of its tool call. Raises as the stream does."""
    text = arguments = ""
    try:
        async with aclosing(batches):
            async for batch in batches:
                for chunk in batch:
                    text = chunk.text if chunk.recasts else text + chunk.text
                    arguments += find_arguments(chunk.data)
    except ProviderError as error:
        if not (text or arguments) or error.type != UNKNOWN:  # the text is as good as its end is odd
            raise
    return Reply(text, arguments)
