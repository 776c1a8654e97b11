# ruff: noqa: E501 - the refusals are quoted as they come
"""The named scenarios of tests.provider: what a model name makes the provider answer.

Names with numbers are patterns: `status-<code>`, `burst-<deltas>`, `paced-<deltas>-<seconds between>`. The
texts that a well-behaved scenario says are constants here, so that a test can claim the exact answer.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping

from tests.provider import Call, Script, chunk, frame, say
from tests.wire_scenarios import ANSWER as ANSWER
from tests.wire_scenarios import HALF as HALF
from tests.wire_scenarios import REASONING as REASONING
from tests.wire_variants import WIRE

ERRORS = {
    400: "Unknown parameter: 'colour'.",
    401: "Incorrect API key provided: sk-test*******4321.",
    404: "The model `gone` does not exist or you do not have access to it.",
}
STATUS_HEADERS: dict[int, dict[str, str]] = {429: {"retry_after": "7"}}
TOO_LONG: dict[str, tuple[int, dict[str, object]]] = {
    "openai": (400, {"message": "This model's maximum context length is 128000 tokens. However, your messages "
                                "resulted in 140000 tokens.", "code": "context_length_exceeded"}),
    "vllm": (400, {"message": "This model's maximum context length is 4096 tokens. However, you requested 5000 "
                              "tokens (4000 in the messages, 1000 in the completion).", "type": "BadRequestError",
                   "code": 400}),
    "llamacpp": (400, {"message": "the request exceeds the available context size, try increasing it",
                       "type": "exceed_context_size_error", "code": 400}),
    "anthropic": (400, {"message": "prompt is too long: 210000 tokens > 200000 maximum",
                        "type": "invalid_request_error"}),
    "gemini": (400, {"message": "The input token count (1200000) exceeds the maximum number of tokens allowed "
                                "(1048576).", "status": "INVALID_ARGUMENT"}),
    "mistral": (400, {"message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 "
                                 "maximum context length", "type": "invalid_request_message_order"}),
    "openrouter": (413, {"message": "This endpoint's maximum context length is 8192 tokens.", "code": 413}),
    "groq": (413, {"message": "Please reduce the length of the messages or completion.",
                   "code": "context_length_exceeded"}),
}  # fmt: skip


def replay(*parts: bytes, ends: bool = True) -> Script:
    """Return a script that sends these bytes, each part a write of its own, and then ends (or drops) the answer."""

    async def send(call: Call) -> None:
        await call.start()
        for part in parts:
            await call.send(part)
            await asyncio.sleep(0)
        if ends:
            await call.end()
        else:
            call.cut()

    return send


def fail(status: int, error: Mapping[str, object] | None = None, **headers: str) -> Script:
    """Return a script that refuses with this status and an error object."""

    async def refuse(call: Call) -> None:
        message = ERRORS.get(status, f"The provider says {status}, key sk-test-secret-4321.")
        await call.reply(status, {"error": error or {"message": message, "type": "error"}}, **headers)

    return refuse


async def _plain(call: Call) -> None:
    await say(call, [ANSWER[at : at + 3] for at in range(0, len(ANSWER), 3)])


async def _reasoning(call: Call) -> None:
    field = call.model.partition("-")[2] or "reasoning_content"
    for part in (REASONING[:7], REASONING[7:]):
        await call.chunk({field: part, "content": None})
    await _plain(call)


async def _think(call: Call) -> None:
    opening = "" if call.model.endswith("unopened") else "<think>"
    await say(call, [*(opening + REASONING + "</think>\n\n"), ANSWER])


async def _refusal(call: Call) -> None:
    await call.chunk({"refusal": "I cannot "})
    await call.chunk({"refusal": "help with that."})
    await call.finish()


async def _tools(call: Call) -> None:
    function = {"name": "weather", "arguments": '{"city": "广州"}'}
    await call.chunk({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}]})
    await call.finish("tool_calls")


async def _html(call: Call) -> None:
    await call.reply(200, "<!doctype html><h1>Welcome to nginx!</h1>", "text/html")


async def _without_stream_options(call: Call) -> None:
    if "stream_options" in call.body:
        return await fail(400, {"message": "Unrecognized request argument supplied: stream_options"})(call)
    await _plain(call)


async def _completion_tokens_only(call: Call) -> None:
    if "max_tokens" in call.body:
        message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        return await fail(400, {"message": message, "param": "max_tokens", "code": "unsupported_parameter"})(
            call
        )
    await _plain(call)


async def _cut_before_headers(call: Call) -> None:
    call.cut()


async def _stall_before_headers(call: Call) -> None:
    await call.connection.is_closed.wait()


async def _stall_before_token(call: Call) -> None:
    await call.start()
    await call.connection.is_closed.wait()


async def _stall_midway(call: Call) -> None:
    await call.text(HALF)
    await call.connection.is_closed.wait()


async def _stall_reasoning(call: Call) -> None:
    await call.chunk({"reasoning_content": REASONING})
    await call.connection.is_closed.wait()


async def _endless(call: Call) -> None:
    await call.text(HALF)
    while True:
        await asyncio.sleep(0.02)
        await call.text("and on ")


async def _burst(call: Call) -> None:
    count = int(call.model.split("-")[1])
    await call.chunk({"role": "assistant", "content": ""})
    for start in range(0, count, 20):
        await call.text(*[f"word{n:05} " for n in range(start, min(start + 20, count))])
    await call.finish()


async def _paced(call: Call) -> None:
    """Send deltas at fixed times; each begins with the moment it was sent, in nanoseconds of `monotonic`."""
    _, count, seconds = call.model.split("-", 2)
    loop = asyncio.get_running_loop()
    start = loop.time()
    await call.start()
    for n in range(int(count)):
        await asyncio.sleep(start + n * float(seconds) - loop.time())
        await call.text(f"{time.monotonic_ns()} ")
    await call.finish()


_HALF = frame(chunk({"content": HALF}))
_STOP = frame(chunk(finish_reason="stop"))
_DONE = frame("[DONE]")
_WHOLE = frame(chunk({"role": "assistant", "content": ANSWER})) + _STOP + _DONE
_ERROR = {"error": {"message": "The server had an error, key sk-test-secret-4321.", "type": "server_error"}}

SCENARIOS: dict[str, Script] = {
    "plain": _plain,
    "reasoning": _reasoning,
    "reasoning-reasoning": _reasoning,
    "reasoning-reasoning_text": _reasoning,
    "think": _think,
    "think-unopened": _think,
    "refusal": _refusal,
    "tools": _tools,
    "crlf": replay(_WHOLE.replace(b"\n", b"\r\n")),
    "comments": replay(b": keep-alive\n\n", _WHOLE.replace(b"data:", b":\n: waiting\n\ndata:")),
    "bytewise": replay(*[_WHOLE[at : at + 1] for at in range(len(_WHOLE))]),
    "no-done": replay(_WHOLE.removesuffix(_DONE)),
    "no-blank-line": replay(_WHOLE.removesuffix(_DONE).rstrip(b"\n")),
    "without-stream-options": _without_stream_options,
    "completion-tokens-only": _completion_tokens_only,
    "html": _html,
    "cut-before-headers": _cut_before_headers,
    "cut-before-token": replay(b": hello\n\n", ends=False),
    "cut-midway": replay(_HALF, ends=False),
    "no-finish": replay(_HALF),
    "empty": replay(b""),
    "stall-before-headers": _stall_before_headers,
    "stall-before-token": _stall_before_token,
    "stall-midway": _stall_midway,
    "stall-reasoning": _stall_reasoning,
    "endless": _endless,
    "malformed": replay(_HALF + b'data: {"choices": [{"delta": {"content": "bro\n\n'),
    "error-midway": replay(_HALF + frame(_ERROR)),
    "error-event": replay(_HALF + b"event: error\n" + frame(_ERROR)),
    "overloaded-midway": replay(_HALF + frame({"error": {"message": "Overloaded", "code": 529}})),
    **{name: wire.script for name, wire in WIRE.items()},
}

PATTERNS: dict[str, Callable[[str], Script]] = {
    "status-": lambda rest: fail(int(rest), None, **STATUS_HEADERS.get(int(rest), {})),
    "too-long-": lambda rest: fail(TOO_LONG[rest][0], TOO_LONG[rest][1]),
    "burst-": lambda rest: _burst,
    "paced-": lambda rest: _paced,
}


def find_scenario(name: str) -> Script | None:
    """Return the scenario of this name, or None."""
    patterns = (make(name.removeprefix(start)) for start, make in PATTERNS.items() if name.startswith(start))
    return SCENARIOS.get(name) or next(patterns, None)


def describe() -> str:
    """Return the names, for `python -m tests.scenarios`."""
    return json.dumps([*SCENARIOS, *[f"{start}…" for start in PATTERNS]], indent=1)


if __name__ == "__main__":
    print(describe())
