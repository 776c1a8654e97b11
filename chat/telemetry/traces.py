"""One OpenTelemetry trace per turn, if OTEL_EXPORTER_OTLP_ENDPOINT is set and its packages are installed.

A span from the request to the ending, and a child span until the first token: times, counts and the finish
reason, never a text. Without the setting nothing is imported, and a turn costs one comparison.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from chat.generations.generation import Generation
from chat.request_id import REQUEST_ID
from chat.turns.answer import Answer

log = logging.getLogger(__name__)

NANOSECONDS = 1_000_000_000
FLUSH_MILLISECONDS = 2_000


class Traces:
    """endpoint: an OTLP collector over HTTP, such as http://127.0.0.1:4318; empty: no traces."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._provider: Any = None
        self._tracer: Any = None

    def open(self) -> None:
        """Start to export. A missing package is logged once and is not a failure."""
        if not self._endpoint:
            return
        try:
            self._provider = _create_provider(self._endpoint)
        except ImportError as error:
            log.warning("No traces: %s is not installed (opentelemetry-exporter-otlp-proto-http)", error.name)
            return
        self._tracer = self._provider.get_tracer("xiaojia")

    def record(self, generation: Generation, answer: Answer, tokens: int) -> None:
        """Export an ended answer and its number of tokens."""
        if self._tracer is None:
            return
        timings, now = answer.timings(), time.time_ns()
        began = now - int((timings["total"] or 0) * NANOSECONDS)
        turn = self._tracer.start_span(
            "turn", start_time=began, attributes=_describe(generation, answer, tokens)
        )
        if timings["first_token"] is not None:
            self._record_wait(turn, began, began + int(timings["first_token"] * NANOSECONDS))
        turn.end(end_time=now)

    async def aclose(self) -> None:
        """Send the waiting spans, for at most two seconds."""
        if self._provider is not None:
            await asyncio.to_thread(self._provider.force_flush, FLUSH_MILLISECONDS)
            await asyncio.to_thread(self._provider.shutdown)

    def _record_wait(self, turn: Any, began: int, ended: int) -> None:
        from opentelemetry.trace import set_span_in_context

        context = set_span_in_context(turn)
        self._tracer.start_span("first token", context=context, start_time=began).end(end_time=ended)


def _create_provider(endpoint: str) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "xiaojia"}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _describe(generation: Generation, answer: Answer, tokens: int) -> dict[str, str | int]:
    return {
        "gen_ai.request.model": answer.task.model.name,
        "gen_ai.response.finish_reasons": generation.finish_reason,
        "xiaojia.tokens": tokens,
        "xiaojia.events": len(generation.events),
        "xiaojia.files": len(answer.task.attachments),
        "xiaojia.request_id": REQUEST_ID.get(),
    }
