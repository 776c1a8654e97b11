"""One turn as a trace, at a collector on a loopback socket; nothing at all without the setting."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.provider import Provider
from tests.servers import run_app

COLLECTOR = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
ROOT = Path(__file__).resolve().parents[2]


async def test_a_turn_is_a_span_with_figures_and_without_text(provider: Provider, tmp_path: Path) -> None:
    received: list[bytes] = []

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split()[0])
        received.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(collect, "127.0.0.1", 0)
    endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    environ = {
        "OPENAI_BASE_URL": provider.url,
        "OPENAI_MODEL": "plain",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
    }
    async with run_app(tmp_path, **environ) as app:
        await app.client.post("/ai/stream_chat", json={"user_message": "a private question"})
    server.close()
    await server.wait_closed()
    request = COLLECTOR.ExportTraceServiceRequest.FromString(received[0])
    spans = {span.name: span for span in request.resource_spans[0].scope_spans[0].spans}
    turn, wait = spans["turn"], spans["first token"]
    assert wait.parent_span_id == turn.span_id
    assert turn.start_time_unix_nano == wait.start_time_unix_nano
    assert wait.end_time_unix_nano <= turn.end_time_unix_nano
    values = {one.key: one.value.string_value or one.value.int_value for one in turn.attributes}
    assert values["gen_ai.request.model"] == "plain"
    assert values["gen_ai.response.finish_reasons"] == "stop"
    assert values["xiaojia.tokens"] == 8
    assert values["xiaojia.request_id"]
    assert b"private" not in received[0]


@pytest.mark.slow
def test_without_the_setting_nothing_of_it_is_imported() -> None:
    code = (
        "import sys; from chat.telemetry.traces import Traces; Traces('').open(); "
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
