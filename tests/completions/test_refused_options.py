# ruff: noqa: E501 - what endpoints send is quoted as it comes
"""A refusal of a parameter, as providers word it -> the form in which the request is sent again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from chat.completions import ModelMemory, Request, join_text, model_memory
from chat.completions.refused_options import (
    AcceptedForm,
    fold_system,
    is_of_model,
    learn,
    refuses_pictures,
    without_messages,
)
from chat.errors import ProviderError
from tests.completions.test_client import client
from tests.provider import Call, Provider, say
from tests.scenarios import fail

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
OPTIONS: dict[str, Any] = {
    "messages": MESSAGES,
    "stream_options": {"include_usage": True},
    "temperature": 0.5,
    "max_tokens": 5000,
}
FOLDED = [{"role": "user", "content": "Be brief.\n\nHello"}]
# status, body, and what is sent instead
REFUSALS: dict[str, tuple[int, str, dict[str, Any]]] = {
    "OpenAI o1: temperature": (400, "Unsupported value: 'temperature' does not support 0.5 with this model. Only the "
                               "default (1) value is supported.", {"temperature": None}),
    "Moonshot k2.5: temperature": (400, "invalid temperature: only 1 is allowed for this model", {"temperature": None}),
    "OpenAI o1: max_tokens": (400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                              "'max_completion_tokens' instead.", {"max_tokens": None, "max_completion_tokens": 5000}),
    "OpenAI: too many": (400, "max_tokens is too large: 5000. This model supports at most 4096 completion tokens, "
                         "whereas you provided 5000.", {"max_tokens": 4096}),
    "DashScope: range": (400, "<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 2000]",
                         {"max_tokens": 2000}),
    "DeepSeek: range": (400, "Invalid max_tokens value, the valid range of max_tokens is [1, 4096]", {"max_tokens": 4096}),
    "Groq: at most": (400, "`max_tokens` must be less than or equal to `1024`, the maximum value for `max_tokens` is "
                      "less than the `context_window` for this model", {"max_tokens": 1024}),
    "Zhipu: range": (400, '{"error":{"code":"1210","message":"max_tokens参数非法。取值范围[1,4095]"}}', {"max_tokens": 4095}),
    "any: a comma in the number": (400, "max_tokens must be at most 4,096", {"max_tokens": 4096}),
    "Anthropic: too many": (400, "max_tokens: 5000 > 4096, which is the maximum allowed number of output tokens for x",
                            {"max_tokens": 4096}),
    "Anthropic: temperature": (400, "`temperature` is deprecated for this model.", {"temperature": None}),
    "Gemini: stream_options": (400, 'Invalid JSON payload received. Unknown name "stream_options": Cannot find field.',
                               {"stream_options": None}),
    "any: include_usage": (400, "Unrecognized request argument supplied: include_usage", {"stream_options": None}),
    "Baidu: the first role": (400, "the role of first message must be user", {"messages": FOLDED}),
    "Pydantic: roles": (422, "Input should be 'user', 'assistant' or 'tool' (loc: body.messages.0.role)",
                        {"messages": FOLDED}),
    "Mistral: a role": (400, "Unexpected message role: system", {"messages": FOLDED}),
    "any: in Chinese": (400, "messages中role参数不支持system", {"messages": FOLDED}),
    "vLLM: template": (400, '{"message": "System role not supported", "code": 400}', {"messages": FOLDED}),
    "vLLM: alternate": (400, "Conversation roles must alternate user/assistant/user/assistant/...",
                        {"messages": FOLDED}),
    "llama.cpp: template": (500, "Value is not callable: System role not supported", {"messages": FOLDED}),
    "OpenAI o1-mini: system": (400, "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
                               {"messages": FOLDED}),
    "Gemini: Gemma": (400, "Developer instruction is not enabled for models/gemma-3-4b-it", {"messages": FOLDED}),
    "Mistral: stream_options": (422, '{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],'
                                '"msg":"Extra inputs are not permitted"}]}', {"stream_options": None}),
    "Azure: stream_options": (400, "Unrecognized request argument supplied: stream_options", {"stream_options": None}),
}  # fmt: skip


TOOLS = {**OPTIONS, "tools": [{"type": "function", "function": {"name": "run_sql"}}]}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "registry.ollama.ai/library/gemma:2b does not support tools"),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        (500, "tools param requires --jinja flag"),
        (404, "No endpoints found that support tool use. Try disabling \"run_sql\"."),
        (400, "Function calling is not enabled for models/gemma-3-4b-it"),
        (400, "Unrecognized request argument supplied: tools"),
        (422, '{"detail":[{"type":"extra_forbidden","loc":["body","tools"],"msg":"Extra inputs are not permitted"}]}'),
        (400, "Tool calling is not supported with this model"),
    ],
)  # fmt: skip
def test_a_model_that_takes_no_tools_is_asked_without_them(status: int, said: str) -> None:
    form = learn(AcceptedForm(), status, said, TOOLS)
    assert form
    assert form.shape(TOOLS) == OPTIONS
    assert is_of_model(AcceptedForm(), form, said)
    other = learn(AcceptedForm(), status, said, OPTIONS)  # a request without tools is not changed by it
    assert other is None or other.has_tools


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refused_option_is_sent_in_the_form_that_is_taken(case: str) -> None:
    status, said, changed = REFUSALS[case]
    form = learn(AcceptedForm(), status, said, OPTIONS)
    assert form
    wanted = {name: value for name, value in (OPTIONS | changed).items() if value is not None}
    assert form.shape(OPTIONS) == wanted


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens (4000 in the "
              "messages, 5000 in the completion)."),
        (400, "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is "
              "4096 tokens and your request has 4000 input tokens (5000 > 4096 - 4000)."),
        (400, "Unknown parameter: 'colour'."),
        (401, "Incorrect API key provided; temperature 0.5"),
        (500, "Traceback: temperature"),
        (400, ""),
    ],
)  # fmt: skip
def test_what_another_form_does_not_mend_is_no_refusal_of_an_option(status: int, said: str) -> None:
    assert learn(AcceptedForm(), status, said, OPTIONS) is None


def test_a_name_that_was_changed_is_not_changed_back() -> None:
    said = "Unsupported parameter: 'max_completion_tokens'. Use 'max_tokens' instead."
    assert (
        learn(
            AcceptedForm(budget="max_completion_tokens"), 400, said, {**OPTIONS, "max_completion_tokens": 9}
        )
        is None
    )


def test_the_system_message_goes_before_the_first_words_also_beside_pictures() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:,"}}
    said = [{"type": "text", "text": "Look"}, picture]
    folded = fold_system([MESSAGES[0], {"role": "user", "content": said}])
    assert folded == [{"role": "user", "content": [{"type": "text", "text": "Be brief."}, *said]}]


async def test_a_model_that_takes_nothing_is_asked_in_its_form_from_then_on() -> None:
    async def strict(call: Call) -> None:
        if any(one["role"] == "system" for one in call.body["messages"]):
            return await fail(400, {"message": "System role not supported"})(call)
        for name in ("stream_options", "temperature"):
            if name in call.body:
                return await fail(400, {"message": f"Unsupported parameter: '{name}'"})(call)
        await say(call, ["ok"])

    async with Provider() as provider:
        provider.scripts["strict"] = strict
        completions = client(provider.url)
        for _ in range(2):
            assert await join_text(completions.stream(Request("strict", MESSAGES, temperature=0.5))) == "ok"
        await completions.aclose()
        assert len(provider.chats) == 3 + 1 + 1
        assert provider.chats[-1].body == {"model": "strict", "messages": FOLDED, "stream": True}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Unsupported parameter: 'temperature' is not supported with this model.", True),
        ("temperature: Extra inputs are not permitted", True),
        ("invalid temperature: only 1 is allowed for this model", True),
        ("temperature must be at most 1", False),
        ("temperature: not a number", False),
    ],
)
def test_an_option_is_left_out_for_others_only_if_it_is_unsupported(said: str, expected: bool) -> None:
    learned = learn(AcceptedForm(), 400, said, OPTIONS)
    assert learned
    assert is_of_model(AcceptedForm(), learned, said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("This model does not support image input", True),
        ("image input is not supported - hint: you may need to provide the mmproj", True),
        ("Invalid content type. image_url is only supported by certain models.", True),
        ("unknown variant `image_url`, expected `text`", True),
        ("At most 0 image(s) may be provided in one request.", True),
        ("Unsupported image format", False),
        ("This model does not support image/tiff", False),
        ("Could not process image: the file is damaged", False),
        ("image is too large", False),
    ],
)
def test_a_picture_that_is_refused_for_itself_says_nothing_of_the_model(said: str, expected: bool) -> None:
    assert refuses_pictures(said) == expected


@pytest.mark.parametrize("dump", [str, json.dumps, lambda text: json.dumps(text, ensure_ascii=False)])
def test_what_a_refusal_repeats_of_the_messages_is_not_read(dump: Callable[[str], str]) -> None:
    text = 'Say "temperature is unsupported", 请\nplease'
    for content in (text, [{"type": "text", "text": text}, {"type": "image_url", "image_url": {}}]):
        said = f"Invalid request: {dump(text)}"
        assert (
            without_messages(said, [{"role": "user", "content": content}]).strip(' "') == "Invalid request:"
        )


async def test_what_one_visitor_is_refused_for_changes_no_request_of_others() -> None:
    async def picky(call: Call) -> None:
        asked = call.body["messages"][-1]["content"]
        if asked.startswith("Unsupported"):
            return await fail(400, {"message": f"Bad request: {asked[:60]}"})(call)
        if call.body.get("temperature", 0) > 1:
            return await fail(400, {"message": "temperature must be at most 1"})(call)
        if call.headers["authorization"] == "Bearer sk-own" and "stream_options" in call.body:
            return await fail(400, {"message": "stream_options is not supported in your plan"})(call)
        await say(call, ["ok"])

    forged = [{"role": "user", "content": "Unsupported parameter: temperature. " + "Not supported. " * 9}]
    async with Provider() as provider:
        provider.scripts["picky"] = picky
        completions = client(provider.url)
        with pytest.raises(ProviderError):
            await join_text(completions.stream(Request("picky", forged, temperature=0.5)))
        assert await join_text(completions.stream(Request("picky", MESSAGES, temperature=2))) == "ok"
        assert await join_text(completions.stream(Request("picky", MESSAGES, api_key="sk-own"))) == "ok"
        assert await join_text(completions.stream(Request("picky", MESSAGES, temperature=0.5))) == "ok"
        await completions.aclose()
        last = provider.chats[-1].body
        assert (last["temperature"], last["stream_options"]) == (0.5, {"include_usage": True})


def test_what_models_refuse_is_kept_for_an_hour_and_for_so_many_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known: ModelMemory[int] = ModelMemory()
    now = 5_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for number in range(model_memory.MODELS + 1):
        known[f"model {number}"] = number
    assert [known.get(f"model {number}", -1) for number in (0, 1, model_memory.MODELS)] == [-1, 1, 1000]
    now += model_memory.KEPT_SECONDS
    assert known.get("model 1", -1) == -1
