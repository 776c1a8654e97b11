# ruff: noqa: E501 - what endpoints send is quoted as it comes
"""What endpoints send beside the specification, as scenarios of tests.provider: each with its source.

`WIRE` has the answer that a reader must have at the end. Sources: issues and pull requests as
owner/repository#number, or the page of the provider's documentation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.provider import Call, Script, chunk, frame

ANSWER = "Hello, 世界! 🦊"
LONG = ("I must not chat ", "in class any more.\n")
PARTS = (ANSWER[:5], ANSWER[5:10], ANSWER[10:])
REASONING = "Let me think."
HALF = "Half of "
DONE = frame("[DONE]")
STOP = frame(chunk(finish_reason="stop"))


class Wire(NamedTuple):
    """A scenario. text, reasoning, finish_reason, error: what a reader has at its end."""

    source: str
    script: Script
    text: str = ANSWER
    reasoning: str = ""
    finish_reason: str = "stop"
    error: str = ""


def send(*parts: bytes, type: str = "text/event-stream", cut: bool = False, stays: bool = False) -> Script:
    """Return a script that sends these bytes. cut: and resets; stays: and leaves the connection open."""

    async def write(call: Call) -> None:
        await call.start(200, type)
        for part in parts:
            await call.send(part)
        if stays:
            await call.connection.is_closed.wait()
        elif cut:
            call.cut()
        else:
            await call.end()

    return write


def deltas(*texts: str, **choice: Any) -> list[bytes]:
    """Return a frame for each text. choice: more fields of each choice."""
    return [frame(_with(chunk({"content": text}), choice)) for text in texts]


def _with(value: dict[str, Any], choice: Mapping[str, Any]) -> dict[str, Any]:
    return {**value, "choices": [{**value["choices"][0], **choice}]}


def whole(text: str = ANSWER, **message: Any) -> dict[str, Any]:
    """Return a `chat.completion`."""
    said = {"role": "assistant", "content": text, **message}
    choice = {"index": 0, "message": said, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "choices": [choice]}


def _cumulative() -> list[bytes]:
    frames = []
    for count, part in enumerate(PARTS, 1):
        message = {"role": "assistant", "content": "".join(PARTS[:count])}
        frames.append(frame(_with(chunk({"content": part}), {"message": message})))
    last = {"message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}
    return [*frames, frame(_with(chunk({"content": ""}), last))]


def _snapshots() -> list[bytes]:
    said = ["".join(PARTS[:count]) for count in (1, 2, 3)]
    frames = [
        _with(chunk({"role": "assistant", "content": ""}), {"message": {"content": one}}) for one in said
    ]
    return [*map(frame, frames), STOP, DONE]


def _error(message: str = "The server had an error", **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


_PLAIN = b"".join([*deltas(*PARTS), STOP, DONE])
_HALF = frame(chunk({"content": HALF}))
_THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": REASONING}]}
_OVERLOADED = _error("The engine is currently overloaded", type="engine_overloaded_error")


def _ends(reason: str, text: str = HALF) -> Script:
    return send(*deltas(text), frame(chunk(finish_reason=reason)), DONE)


def _think(before: str, after: str) -> Script:
    return send(*deltas(*(before + REASONING + after + ANSWER)), STOP, DONE)


SNAPSHOTS = {
    "minimax-final-message": Wire("platform.minimax.io: chat completions", send(*deltas(*PARTS), frame(whole()), DONE)),
    "final-message-without-done": Wire("abundantbeing/hermes-browser-extension#11", send(*deltas(*PARTS), frame(whole()))),
    "perplexity-delta-and-message": Wire("docs.perplexity.ai: streaming", send(*_cumulative(), DONE)),
    "perplexity-empty-deltas": Wire("docs.perplexity.ai: streaming", send(*_snapshots())),
    "message-alone": Wire("ENTERPILOT/GoModel#1068", send(frame(whole()), DONE)),
    "message-differs": Wire("ENTERPILOT/GoModel#1068", send(*deltas(*PARTS), frame(whole("Hello")), DONE)),
    "full-delta-at-the-end": Wire(
        "go-kratos/blades#189", send(*deltas(*PARTS), *deltas(ANSWER, finish_reason="stop"), DONE)
    ),
    "message-with-reasoning": Wire(
        "can1357/oh-my-pi#2434",
        send(frame(chunk({"reasoning_content": REASONING})), *deltas(*PARTS),
             frame(whole(reasoning_content=REASONING)), DONE),
        reasoning=REASONING,
    ),
    "cumulative-deltas": Wire(
        "QwenLM/qwen-code#3896",
        send(*deltas(*["".join(PARTS[:count]) for count in (1, 2, 3)], ANSWER), STOP, DONE),
    ),
    "cumulative-reasoning": Wire(
        "platform.minimax.io: reasoning_split",
        send(
            *[frame(chunk({"reasoning_details": [{"text": REASONING[:end]}]})) for end in (3, 7, len(REASONING))],
            *deltas(*PARTS),
            STOP,
            DONE,
        ),
        reasoning=REASONING,
    ),
    "full-delta-before-the-finish": Wire(
        "go-kratos/blades#189, its other form", send(*deltas(*LONG, "".join(LONG)), STOP, DONE), text="".join(LONG)
    ),
    "full-delta-without-an-end": Wire(
        "any", send(*deltas(*LONG, "".join(LONG)), DONE), text="".join(LONG), finish_reason=""
    ),
    "a-line-said-twice": Wire(
        "any", send(*deltas(*LONG, "".join(LONG), "!"), STOP, DONE), text="".join(LONG) * 2 + "!"
    ),
    "digits-that-repeat": Wire("any", send(*deltas("1", "12", " 12"), STOP, DONE), text="112 12"),
    "spaces-that-repeat": Wire("any", send(*deltas("  ", "  x", "  x"), STOP, DONE), text="    x  x"),
    "laughter": Wire("any", send(*deltas("haha", "hahaha", "!"), STOP, DONE), text="hahahahaha!"),
    "repeated-first-deltas": Wire(
        "posit-dev/chatlas#435", send(*deltas("\n", "\n", "Hi"), STOP, DONE), text="\n\nHi"
    ),
}  # fmt: skip
FINISHES = {
    "stop-on-every-chunk": Wire("open-webui/open-webui#16377", send(*deltas(*PARTS, finish_reason="stop"), DONE)),
    "stop-on-every-chunk-no-done": Wire("open-webui/open-webui#16377", send(*deltas(*PARTS, finish_reason="stop"))),
    "stop-on-reasoning": Wire(
        "open-webui/open-webui#16377",
        send(frame(chunk({"reasoning_content": REASONING}, "stop")), *deltas(*PARTS), STOP, DONE),
        reasoning=REASONING,
    ),
    "stop-then-text-no-finish": Wire(
        "open-webui/open-webui#16377", send(STOP, *deltas(*PARTS), DONE), finish_reason=""
    ),
    "stop-then-text-then-end": Wire(
        "open-webui/open-webui#16377", send(STOP, *deltas(HALF)), text=HALF, finish_reason="", error="incomplete"
    ),
    "empty-finish-reasons": Wire("api.together.ai", send(*deltas(*PARTS, finish_reason=""), STOP, DONE)),
    "null-as-text": Wire("spark-api-open.xf-yun.com", send(*deltas(*PARTS, finish_reason="null"), STOP, DONE)),
    "tag-cut-by-finish-reasons": Wire(
        "open-webui/open-webui#16377",
        send(*deltas("<thi", "nk>" + REASONING, "</thi", "nk>" + ANSWER, finish_reason="stop"), DONE),
        reasoning=REASONING,
    ),
    "silence-behind-finish": Wire("ollama/ollama#5312", send(*deltas(*PARTS), STOP, stays=True)),
    "silence-behind-stop-everywhere": Wire(
        "open-webui/open-webui#16377", send(*deltas(*PARTS, finish_reason="stop"), stays=True)
    ),
    "done-with-space": Wire("ggml-org/llama.cpp", send(*deltas(*PARTS), STOP, b"data: [DONE] \n\n", stays=True)),
    "done-bare": Wire("one-api", send(*deltas(*PARTS), STOP, frame("DONE"), stays=True)),
    "done-quoted": Wire("one-api", send(*deltas(*PARTS), STOP, frame('"[DONE]"'), stays=True)),
    "done-without-field": Wire("one-api", send(*deltas(*PARTS), STOP, b"[DONE]\n\n", stays=True)),
    "null-behind-finish": Wire("one-api", send(*deltas(*PARTS), STOP, frame("null"))),
    "damaged-behind-finish": Wire("one-api", send(*deltas(*PARTS), STOP, frame('{"choices": ['))),
    "error-behind-finish": Wire("vllm-project/vllm", send(*deltas(*PARTS), STOP, frame(_error()))),
    "reset-behind-finish": Wire("ollama/ollama", send(*deltas(*PARTS), STOP, cut=True)),
}  # fmt: skip
_CUT = {"text": HALF, "finish_reason": ""}
REASONS = {
    "finish-insufficient": Wire(
        "api-docs.deepseek.com: finish_reason", _ends("insufficient_system_resource"), HALF, "", "overloaded", "overloaded"
    ),
    "finish-network": Wire(
        "docs.bigmodel.cn: finish_reason", _ends("network_error"), HALF, "", "provider_error", "provider_error"
    ),
    "finish-sensitive": Wire("docs.bigmodel.cn: finish_reason", _ends("sensitive"), HALF, "", "content_filter"),
    "finish-context": Wire("mozilla-ai/any-llm#1200", _ends("model_context_window_exceeded"), HALF, "", "context_full"),
    "finish-abort": Wire("vllm-project/vllm: abort", _ends("abort"), HALF, "", "ended_early", "ended_early"),
    "finish-max-tokens": Wire("ai.google.dev: FinishReason", _ends("MAX_TOKENS"), HALF, "", "length"),
    "finish-content-filter": Wire("Azure", _ends("content-filter"), HALF, "", "content_filter"),
    "finish-end-turn": Wire("docs.anthropic.com: stop_reason", _ends("end_turn"), HALF, "", "stop"),
    "finish-unknown": Wire("any", _ends("because_i_say_so"), HALF, "", "unknown_finish", "unknown_finish"),
    "finish-enumeration": Wire("ai.google.dev: FinishReason", _ends("FINISH_REASON_MAX_TOKENS"), HALF, "", "length"),
    "finish-enumeration-stop": Wire("ai.google.dev: FinishReason", _ends("FinishReason.STOP"), HALF, "", "stop"),
    "finish-guardrail": Wire("docs.aws.amazon.com: stopReason", _ends("guardrail_intervened"), HALF, "", "content_filter"),
    "finish-toxic": Wire("docs.cohere.com: finish_reason", _ends("ERROR_TOXIC"), HALF, "", "content_filter"),
    "finish-user-cancel": Wire("docs.cohere.com: finish_reason", _ends("USER_CANCEL"), HALF, "", "ended_early", "ended_early"),
    "finish-error": Wire("openrouter.ai: error", _ends("error"), HALF, "", "provider_error", "provider_error"),
    "finish-cancelled": Wire("sglang", _ends("cancelled"), HALF, "", "ended_early", "ended_early"),
    "finish-interrupted": Wire("any", _ends("interrupted"), HALF, "", "ended_early", "ended_early"),
}  # fmt: skip
_OPENROUTER = {"code": 502, "message": "Provider returned error: overloaded"}
ERRORS = {
    "error-on-choice": Wire(
        "openrouter.ai: errors", send(_HALF, frame(_with(chunk({"content": ""}, "error"), {"error": _OPENROUTER}))),
        HALF, "", "error_", "overloaded",
    ),
    "error-beside-text": Wire(
        "openrouter.ai: errors", send(frame({**chunk({"content": HALF}), **_OVERLOADED})), HALF, "", "", "overloaded"
    ),
    "error-field": Wire(
        "ggml-org/llama.cpp: server", send(_HALF, b"error: " + json.dumps(_OVERLOADED["error"]).encode() + b"\n\n"),
        HALF, "", "", "overloaded",
    ),
    "error-field-text": Wire("ggml-org/llama.cpp: server", send(_HALF, b"error: too many requests\n\n"), HALF, "", "",
                             "rate_limited"),
    "error-event-text": Wire("any", send(_HALF, b"event: error\ndata: insufficient balance\n\n"), HALF, "", "",
                             "quota_exceeded"),
    "error-event-nested": Wire("docs.anthropic.com: errors", send(_HALF, b"event: error\n" + frame(
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})), HALF, "", "", "overloaded"),
    "error-bare-line": Wire("vllm-project/vllm", send(_HALF, json.dumps(_OVERLOADED).encode() + b"\n"), HALF, "", "",
                            "overloaded"),
    "error-line-of-data": Wire("any", send(_HALF, b"data: [ERROR] insufficient balance\n\n"), HALF, "", "",
                               "quota_exceeded"),
    "error-sentence-of-data": Wire("any", send(_HALF, b"data: Error: too many requests\n\n"), HALF, "", "",
                                   "rate_limited"),
    "error-json-body": Wire("any", send(json.dumps(_OVERLOADED).encode(), type="application/json"), "", "", "",
                            "overloaded"),
    "error-json-as-stream": Wire("any", send(json.dumps(_OVERLOADED, indent=2).encode()), "", "", "", "overloaded"),
    "error-minimax-base-resp": Wire(
        "platform.minimax.io: error codes",
        send(json.dumps({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}
                        ).encode(), type="application/json"), "", "", "", "quota_exceeded",
    ),
    "error-no-text": Wire("any", send(frame(chunk({"content": ""}, "stop")), frame(_OVERLOADED)), "", "", "stop",
                          "overloaded"),
}  # fmt: skip


def _legacy() -> list[bytes]:
    """Return a completion of the time before chat, as some servers stream it on the chat route."""
    values = [{"object": "text_completion", "choices": [{"index": 0, "text": one}]} for one in PARTS]
    return [frame(one) for one in values] + [
        frame({"object": "text_completion", "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]})
    ]


_LINES = b"".join(frame[6:-1] for frame in [*deltas(*PARTS), STOP])
CONTENTS = {
    "json-completion": Wire("any", send(json.dumps(whole()).encode(), type="application/json")),
    "json-completion-pretty": Wire(
        "any", send(json.dumps(whole(), indent=2).encode(), type="application/json")
    ),
    "json-completion-as-stream": Wire("any", send(json.dumps(whole()).encode())),
    "ndjson": Wire("any", send(_LINES, type="application/x-ndjson")),
    "ndjson-bytewise": Wire(
        "any", send(*[_LINES[at : at + 7] for at in range(0, len(_LINES), 7)], type="text/plain")
    ),
    "sse-as-json": Wire("any", send(_PLAIN, type="application/json")),
    "sse-as-html": Wire("any", send(_PLAIN, type="text/html")),
    "sse-without-blank-lines": Wire("any", send(_PLAIN.replace(b"\n\n", b"\n"))),
    "sse-without-space": Wire("any", send(_PLAIN.replace(b"data: ", b"data:"))),
    "sse-data-twice": Wire("any", send(_PLAIN.replace(b"data: ", b"data: data: "))),
    "sse-json-in-json": Wire(
        "any", send(*[frame(json.dumps(one[6:-2].decode())) for one in [*deltas(*PARTS), STOP]], DONE)
    ),
    "sse-done-as-event": Wire("any", send(*deltas(*PARTS), b"event: done\ndata: {}\n\n"), finish_reason=""),
    "json-array-of-chunks": Wire(
        "any",
        send(
            b"[" + b",\r\n".join(one[6:-2] for one in [*deltas(*PARTS), STOP]) + b"]", type="application/json"
        ),
    ),
    "legacy-text": Wire("text-generation-webui: completions", send(*_legacy(), DONE)),
    "delta-as-text": Wire("any", send(*[frame({"choices": [{"delta": one}]}) for one in PARTS], STOP, DONE)),
    "content-as-list-of-texts": Wire(
        "any", send(*[frame(chunk({"content": [one]})) for one in PARTS], STOP, DONE)
    ),
    "sse-with-names": Wire("any", send(_PLAIN.replace(b"data: ", b"event: message\nid: 1\ndata: "))),
}
_NOISE = (b"data: ping\n\n", b"data: [HEARTBEAT]\n\n", b"data: null\n\n", b"data:\n\n", b"event: keepalive\ndata: {}\n\n",
          b"event: ping\ndata: {\"type\": \"ping\"}\n\n", b"data: 7\n\n", b"data: \"text\"\n\n", b": comment\n\n",
          b"data: {\"type\": \"heartbeat\", \"timestamp\": \"2025\"}\n\n", b"retry: 3000\n\n", b"<!-- -->\n\n",
          b"data: [1, 2]\n\n", b"data: {\"id\": \"x\", \"message\": \"keep-alive\", \"type\": \"ping\"}\n\n")  # fmt: skip
_BAD_UTF8 = frame(chunk({"content": "caf?"})).replace(b"?", b"\xe9")
_CONTROL = frame(chunk({"content": "a?b"})).replace(b"?", b"\x01")
_LINE_FEED = frame(chunk({"content": "a?b"})).replace(b"?", b"\n")
_USAGE = {
    **chunk(),
    "choices": [],
    "usage": {"prompt_tokens": "3", "completion_tokens": "5", "total_tokens": "8"},
}
UNKNOWN = {
    "noise": Wire(
        "QuantumNous/new-api#1276, netease-lcap/wave-agent#1326, caozhiyuan/copilot-api#88, PhilflowIO/dav-mcp#31",
        send(*_NOISE, *[noise for one in deltas(*PARTS) for noise in (one, *_NOISE)], STOP, *_NOISE, DONE),
    ),
    "bad-utf8": Wire("any", send(_BAD_UTF8, STOP, DONE), text="caf\ufffd"),
    "control-character": Wire("any", send(_CONTROL, STOP, DONE), text="a\x01b"),
    "raw-line-feed": Wire("any", send(_LINE_FEED, STOP, DONE), text="a\nb"),
    "usage-as-texts": Wire("any", send(*deltas(*PARTS), STOP, frame(_USAGE), DONE)),
    "choices-of-nothing": Wire("any", send(frame({"choices": [None]}), *deltas(*PARTS), STOP, DONE)),
}
_HARMONY = f"<|channel|>analysis<|message|>{REASONING}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>"
_PARTS = {"content": [_THINKING]}
THINKING = {
    "thinking-parts": Wire("docs.mistral.ai: reasoning", send(frame(chunk(_PARTS)), *deltas(*PARTS), STOP, DONE)),
    "thinking-parts-and-text": Wire(
        "docs.mistral.ai: reasoning",
        send(frame(chunk({"content": [_THINKING, {"type": "text", "text": ANSWER}]})), STOP, DONE),
    ),
    "thinking-summaries": Wire(
        "openrouter.ai: reasoning",
        send(frame(chunk({"reasoning_details": [{"summary": [{"type": "summary_text", "text": REASONING}]}]})),
             *deltas(*PARTS), STOP, DONE),
    ),
    "thinking-list": Wire("any", send(frame(chunk({"reasoning": [REASONING]})), *deltas(*PARTS), STOP, DONE)),
    "thinking-gemini": Wire(
        "ai.google.dev: OpenAI compatibility",
        send(frame(chunk({"content": REASONING, "extra_content": {"google": {"thought": True}}})),
             *deltas(*PARTS), STOP, DONE),
    ),
    "thinking-litellm": Wire(
        "docs.litellm.ai: reasoning_content",
        send(frame(chunk({"reasoning_content": REASONING, "thinking_blocks": [
            {"type": "thinking", "thinking": REASONING}]})), *deltas(*PARTS), STOP, DONE),
    ),
    "thinking-thought": Wire("ai.google.dev: OpenAI compatibility", _think("<thought>", "</thought>\n")),
    "thinking-thinking": Wire("any", _think("<thinking>", "</thinking>\n\n")),
    "thinking-magistral": Wire("mistralai/Magistral-Small-2507", _think("[THINK]", "[/THINK]")),
    "thinking-gemma": Wire("lmstudio-ai/lmstudio-bug-tracker#2013", _think("<|channel>thought", "<channel|>")),
    "thinking-pangu": Wire("FreedomIntelligence/openPangu-Embedded", _think("[unused16]", "[unused17]")),
    "thinking-thoughts": Wire("any", _think("<thoughts>", "</thoughts>\n")),
    "thinking-seed": Wire("ByteDance-Seed/seed-oss", _think("<seed:think>", "</seed:think>")),
    "thinking-command": Wire("docs.cohere.com: reasoning", _think("<|START_THINKING|>", "<|END_THINKING|>")),
    "thinking-kimi-vl": Wire("MoonshotAI/Kimi-VL", _think("◁think▷", "◁/think▷")),
    "thinking-harmony": Wire("cookbook.openai.com: harmony", send(*deltas(*_HARMONY), STOP, DONE)),
    "thinking-harmony-whole": Wire("cookbook.openai.com: harmony", send(*deltas(_HARMONY), STOP, DONE)),
    "thinking-harmony-bare": Wire(
        "cookbook.openai.com: harmony",
        send(*deltas(f"<|channel|>analysis<|message|>{REASONING}<|end|>{ANSWER}"), STOP, DONE),
    ),
}  # fmt: skip
THINKING = {name: wire._replace(reasoning=REASONING) for name, wire in THINKING.items()}
ERRORS = {
    name: wire._replace(
        finish_reason="provider_error" if wire.finish_reason == "error_" else wire.finish_reason
    )
    for name, wire in ERRORS.items()
}
WIRE = SNAPSHOTS | FINISHES | REASONS | ERRORS | CONTENTS | UNKNOWN | THINKING
