"""An open HTTP answer -> the chunks in it, batch by batch, up to its end or its fault.

Knows when a stream is over, and which stream ends too early; knows no request and no client. What the body
holds decides, not its content type.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress

import aiohttp

from chat.completions import provider_errors
from chat.completions.chunks import Chunk, ChunkParser, ErrorObject
from chat.completions.finish_reasons import BROKEN
from chat.completions.patience import Patience
from chat.completions.payloads import FrameSplitter
from chat.completions.provider_errors import make_error
from chat.completions.read_timer import ReadTimer
from chat.completions.upstream import NETWORK_ERRORS
from chat.errors import ProviderError

log = logging.getLogger(__name__)

DRAIN_SECONDS = (
    0.1  # how long the end of the body may take after [DONE]; then the connection is not used again
)


async def read_chunks(
    answer: aiohttp.ClientResponse, parser: ChunkParser, patience: Patience
) -> AsyncGenerator[Sequence[Chunk]]:
    """Yield what each read completes, from the first token on; raise ProviderError after the last chunk."""
    intake, reads, timer = _Intake(parser), answer.content.iter_any(), ReadTimer()
    try:
        while not (intake.fault or parser.is_done):
            data = await timer.read(reads, patience.deadline(parser))
            if not data:
                break
            if chunks := intake.take(data):
                yield chunks
    except TimeoutError:
        intake.break_off(patience.fault(parser))
    except NETWORK_ERRORS as error:
        intake.break_off(provider_errors.from_exception(error))
    finally:
        timer.close()
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

    def break_off(self, fault: ProviderError) -> None:
        """End the answer with a fault; behind a finish reason nothing is missing, so that it is none."""
        if not self._parser.finish_reason:
            self.fault = fault

    def end(self) -> Sequence[Chunk]:
        """Return what was held back, if the answer had begun; set the fault of an answer without an end."""
        parser = self._parser
        if not self.fault:
            self._parse(None)
        if not self.fault:
            self.fault = self._find_fault()
        if parser.is_holding and self._held:
            self._held[-1:] = [parser.flush(self._held[-1])]
        return self._held if parser.has_begun or not self.fault else ()

    def _find_fault(self) -> ProviderError | None:
        """Return what is wrong with an answer whose body has ended, or at whose [DONE] it was left."""
        parser = self._parser
        if parser.finish_reason in BROKEN:
            return make_error(parser.finish_reason)
        is_foreign = parser.has_unknown and not parser.has_chunks
        if parser.finish_reason or (parser.is_done and not is_foreign):
            return None
        if is_foreign:
            return make_error("not_a_stream")
        return make_error("incomplete" if parser.has_begun else "no_answer")

    def _parse(self, data: bytes | None) -> None:
        """Parse what these bytes complete; None: the body has ended."""
        try:
            payloads = self._frames.close() if data is None else self._frames.feed(data)
            self._parser.parse(payloads, self._held)
        except ErrorObject as error:
            self.fault = provider_errors.from_error_object(error.value)
        except ValueError:
            self.fault = make_error("malformed")


async def _drain(reads: AsyncIterator[bytes]) -> None:
    """Read the end of the body after [DONE], so that the connection can be used again."""
    with suppress(*NETWORK_ERRORS):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in reads:
                pass
