"""An open HTTP answer -> the chunks in it, batch by batch, up to its end or its fault.

Knows when a stream is over, and what a stream is that ends too early; knows no request and no client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

import aiohttp
import httpx2

from chat import provider_errors
from chat.errors import ProviderError
from chat.provider_errors import find_error, make_error
from chat.upstream import Chunk, ChunkParser, ErrorObject, FrameSplitter, parse_json

NETWORK_ERRORS = (httpx2.HTTPError, httpx2.InvalidURL, aiohttp.ClientError, OSError)
LAST_WORDS_SECONDS = 5.0  # how long the usage and [DONE] may take once the finish reason has come
DRAIN_SECONDS = (
    0.1  # how long the end of the body may take after [DONE]; then the connection is not used again
)


async def read_chunks(response: httpx2.Response, parser: ChunkParser) -> AsyncGenerator[Sequence[Chunk]]:
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
