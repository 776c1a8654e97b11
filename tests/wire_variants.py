# ruff: noqa: E501 - what endpoints send is quoted as it comes
"""More of each class in tests.wire_scenarios: forms that were misread when they were first tried here.

`WIRE` has both.
"""

from __future__ import annotations

import json
from typing import Any

from tests import wire_scenarios
from tests.provider import Script, chunk, frame
from tests.wire_scenarios import (
    ANSWER,
    DONE,
    HALF,
    PARTS,
    REASONING,
    STOP,
    Wire,
    deltas,
    send,
    whole,
)

_HALF = frame(chunk({"content": HALF}))


def _messages(*texts: str) -> list[bytes]:
    """Return chunks that have a message and no delta."""
    return [
        frame({"choices": [{"index": 0, "message": {"role": "assistant", "content": one}}]}) for one in texts
    ]


def _choice(**choice: Any) -> bytes:
    return frame({**chunk(), "choices": [{"index": 0, "finish_reason": None, **choice}]})


def _chunks_in(name: str) -> list[bytes]:
    """Return an answer whose chunks a gateway puts into envelopes."""
    return [frame({"code": 0, "message": "ok", name: json.loads(one[6:])}) for one in [*deltas(*PARTS), STOP]]


def _tagged(text: str) -> Script:
    return send(*deltas(*text), STOP, DONE)


def _noisy(*noise: bytes) -> Script:
    return send(*noise, *[one for delta in deltas(*PARTS) for one in (delta, *noise)], STOP, *noise, DONE)


def _fails(error: str, *parts: bytes) -> Wire:
    return Wire("any", send(_HALF, *parts), HALF, "", "", error)


def _ends(source: str, reason: str, name: str, error: str = "") -> Wire:
    return Wire(source, send(_HALF, frame(chunk(finish_reason=reason)), DONE), HALF, "", name, error)


_GROWING = ["".join(PARTS[:count]) for count in (1, 2, 3)]
_STATES = (
    frame({"message": "processing", "status": "ok"}),
    frame({"queue_position": 3, "message": "You are number 3 in the queue"}),
    frame({"status": "queued", "message": "waiting for a worker"}),
    frame({"object": "chat.completion.chunk", "choices": [{}]}),
    frame({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}),
    _choice(delta=None),
    _choice(content_filter_offsets={"check_offset": 4}, content_filter_results={}),
    frame({"prompt_progress": {"total": 10, "processed": 3}}),
)
_RATE = b'{"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded", "request_id": "x"}'
_PLAIN_END = (STOP, DONE)

VARIANTS = {
    # --- snapshots ---
    "messages-that-grow": Wire("any", send(*_messages(*_GROWING), *_PLAIN_END)),
    "messages-of-increments": Wire("alibabacloud.com: incremental_output", send(*_messages(*PARTS), *_PLAIN_END)),
    "text-beside-delta": Wire(
        "lm-sys/FastChat", send(*[_choice(delta={"content": one}, text=one) for one in PARTS], *_PLAIN_END)
    ),
    "increment-in-message-too": Wire(
        "any", send(*[_choice(delta={"content": one}, message={"content": one}) for one in PARTS], *_PLAIN_END)
    ),
    "final-message-with-tags": Wire(
        "any",
        send(*deltas("<think>", REASONING, "</think>", *PARTS), frame(whole(f"<think>{REASONING}</think>{ANSWER}"))),
        reasoning=REASONING,
    ),
    # --- finish reasons ---
    "done-without-line-end": Wire("any", send(*deltas(*PARTS), STOP, b"data: [DONE]")),
    "page-behind-finish": Wire("any", send(*deltas(*PARTS), STOP, b"<html>502 Bad Gateway</html>\n")),
    "stop-then-length": Wire(
        "any",
        send(*deltas(*PARTS[:2], finish_reason="stop"), *deltas(PARTS[2], finish_reason="length"), DONE),
        finish_reason="length",
    ),
    "finish-image": _ends("ai.google.dev: FinishReason", "IMAGE_PROHIBITED_CONTENT", "content_filter"),
    "finish-malformed": _ends(
        "ai.google.dev: FinishReason", "MALFORMED_RESPONSE", "provider_error", "provider_error"
    ),
    "finish-engine": _ends("any", "engine_error", "provider_error", "provider_error"),
    "finish-busy": _ends("any", "server_busy", "overloaded", "overloaded"),
    "finish-longest": _ends("any", "max_completion_length", "length"),
    "finish-eos": _ends("any", "FINISHED_EOS", "stop"),
    "finish-user": _ends("any", "stopped_by_user", "ended_early", "ended_early"),
    # --- errors ---
    "error-in-delta": _fails("rate_limited", frame(chunk({"error": {"message": "Too many requests"}}))),
    "error-of-dashscope": _fails("rate_limited", b"event:error\n:HTTP_STATUS/429\ndata:" + _RATE + b"\n\n"),
    "error-beside-success": _fails("quota_exceeded", frame({"code": 1113, "msg": "余额不足", "success": False})),
    "error-detail": _fails("rate_limited", frame({"detail": "Too many requests"})),
    "error-list": Wire(
        "developers.cloudflare.com/workers-ai",
        send(frame({"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]})),
        "", "", "", "unauthorized",
    ),
    "nothing-known-but-done": Wire(
        "any", send(frame({"type": "response.output_text.delta", "delta": HALF}), DONE), "", "", "", "not_a_stream"
    ),
    # --- contents ---
    "completion-in-envelope": Wire("any", send(frame({"code": 0, "message": "success", "data": whole()}))),
    "chunks-in-envelopes": Wire("any", send(*_chunks_in("data"), DONE)),
    "chunks-in-output": Wire("alibabacloud.com: DashScope", send(*_chunks_in("output"))),
    # --- what is unknown ---
    "states": Wire("any", _noisy(*_STATES)),
    "content-as-number": Wire(
        "any", send(*deltas("a"), frame(chunk({"content": 7})), *deltas("b"), *_PLAIN_END), text="a7b"
    ),
}  # fmt: skip
THINKING = {
    "thinking-longcat": Wire("meituan-longcat/LongCat-Flash-Thinking", _tagged(f"<longcat_think>{REASONING}</longcat_think>\n{ANSWER}")),
    "thinking-apertus": Wire("swiss-ai/Apertus", _tagged(f"<|inner_prefix|>{REASONING}<|inner_suffix|>{ANSWER}")),
    "thinking-solar": Wire("upstage/Solar-Open", _tagged(f"<|think|>{REASONING}<|end|><|begin|>assistant<|content|>{ANSWER}")),
    "thinking-and-wrapper": Wire("tencent/Hunyuan-A13B, baidu/ERNIE-4.5", _tagged(f"<think>{REASONING}</think>\n<answer>\n{ANSWER}</answer>")),
    "thinking-and-response": Wire(
        "CohereLabs/command-a-reasoning",
        _tagged(f"<|START_THINKING|>{REASONING}<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>"),
    ),
    "thinking-closed-in-text": Wire(
        "any", send(frame(chunk({"reasoning_content": REASONING})), *deltas("</think>\n\n", *PARTS), *_PLAIN_END)
    ),
    "thinking-in-another-field": Wire(
        "any", send(frame(chunk({"thought_content": REASONING, "thought_signature": "QQ=="})), *deltas(*PARTS), *_PLAIN_END)
    ),
    "thinking-in-a-part": Wire(
        "any", send(frame(chunk({"content": [{"type": "reasoning_text", "text": REASONING}]})), *deltas(*PARTS), *_PLAIN_END)
    ),
}  # fmt: skip
THINKING = {name: wire._replace(reasoning=REASONING) for name, wire in THINKING.items()}
THINKING["thinking-harmony-without-tokens"] = Wire(
    "openai/gpt-oss, special tokens left out",
    _tagged(f"analysis{REASONING}assistantfinal{ANSWER}"),
    reasoning=f"analysis{REASONING}",
)
WIRE = wire_scenarios.WIRE | VARIANTS | THINKING
