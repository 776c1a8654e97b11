"""An open HTTP answer -> the chunks in it, batch by batch, up to its end or its fault.

Knows when a stream is over, and what a stream is that ends too early; knows no request and no client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress

import aiohttp

from chat.completions import provider_errors
from chat.completions.chunks import Chunk, ChunkParser, ErrorObject, FrameSplitter, parse_json
from chat.completions.provider_errors import find_error, make_error
from chat.completions.upstream import NETWORK_ERRORS
from chat.errors import ProviderError

LAST_WORDS_SECONDS = 5.0  # how long the usage and [DONE] may take once the finish reason has come
DRAIN_SECONDS = (
    0.1  # how long the end of the body may take after [DONE]; then the connection is not used again
)


async def read_chunks(answer: aiohttp.ClientResponse, parser: ChunkParser) -> AsyncGenerator[Sequence[Chunk]]:
    """Yield what each read completes, from the first token on; raise ProviderError after the last chunk."""
    await _check_is_stream(answer)
    intake, reads = _Intake(parser), answer.content.iter_any()
    try:
        async for data in reads:
            if chunks := intake.take(data):
                yield chunks
            if intake.fault or parser.is_finished or parser.is_done:
                break
        await intake.take_last_words(reads)
    except NETWORK_ERRORS as error:
        if not parser.is_finished:  # after the finish reason nothing is missing
            intake.fault = provider_errors.from_exception(error)
    if chunks := intake.end():
        yield chunks
    if intake.fault:
        raise intake.fault
    await _drain(reads)


class _Intake:
    """The bytes of one answer in, its chunks out as soon as they are decided; `fault` is what ended it."""

    def __init__(self, parser: ChunkParser) -> None:
        self.fault: ProviderError | None = None
        self._parser = parser
        self._frames = FrameSplitter()
        self._held: list[Chunk] = []

    def take(self, data: bytes) -> Sequence[Chunk]:
        """Return the chunks that are decided.

        Held back is what comes before the first token, for it may be asked again, and a chunk whose text ends
        in what could be a tag.
        """
        self._parse(data)
        if not self._parser.has_begun:
            return ()
        chunks, self._held = self._held, []
        if self._parser.is_holding:
            self._held = chunks[-1:]
            return chunks[:-1]
        return chunks

    async def take_last_words(self, reads: AsyncIterator[bytes]) -> None:
        """Take the usage and [DONE], which come after the finish reason if at all."""
        if not self.fault and not self._parser.is_done and self._parser.is_finished:
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                async for data in reads:
                    self._parse(data)
                    if self.fault or self._parser.is_done:
                        return

    def end(self) -> Sequence[Chunk]:
        """Return what was held back, if the answer had begun; set the fault of an answer without an end."""
        parser = self._parser
        if not self.fault:
            self._parse(None)
        if not self.fault and not parser.is_finished and not parser.is_done:
            self.fault = make_error("incomplete")
        if parser.is_holding:
            self._held[-1:] = [parser.flush(self._held[-1])]
        return self._held if parser.has_begun or not self.fault else ()

    def _parse(self, data: bytes | None) -> None:
        """Parse what these bytes complete; None: the body has ended."""
        try:
            payloads = self._frames.close() if data is None else self._frames.feed(data)
            self._parser.parse(payloads, self._held)
        except ErrorObject as error:
            self.fault = provider_errors.from_error_object(error.value)
        except (ValueError, TypeError, AttributeError, LookupError):
            self.fault = make_error("malformed")


async def _drain(reads: AsyncIterator[bytes]) -> None:
    """Read the end of the body after [DONE], so that the connection can be used again."""
    with suppress(*NETWORK_ERRORS):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in reads:
                pass


async def _check_is_stream(answer: aiohttp.ClientResponse) -> None:
    """Raise where a status of 200 does not come with a stream: a web page, or an error as JSON."""
    media_type = answer.headers.get("content-type", "")
    if "html" in media_type:
        raise make_error("not_a_stream")
    if "application/json" in media_type:
        try:
            value = parse_json(await answer.read())
        except NETWORK_ERRORS as error:
            raise provider_errors.from_exception(error) from None
        except ValueError:
            value = None
        raise provider_errors.from_error_object(value) if find_error(value) else make_error("not_a_stream")
