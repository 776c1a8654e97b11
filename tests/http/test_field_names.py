"""Misspelled fields of a request are found, and fields of other protocols are not taken for them."""

from __future__ import annotations

import pytest

from chat.http.field_names import find_misnamed
from chat.http.schemas import TurnBody

KNOWN = TurnBody.model_fields
OPENAI = (  # of chat completions, of responses, and of servers that speak the same
    "messages frequency_penalty logit_bias logprobs top_logprobs max_completion_tokens metadata "
    "modalities n audio parallel_tool_calls prediction presence_penalty reasoning_effort "
    "response_format seed service_tier stop store stream stream_options tool_choice tools top_p user "
    "verbosity web_search_options prompt_cache_key functions function_call safety_identifier input "
    "instructions previous_response_id background include truncation text reasoning "
    "max_output_tokens min_p top_k repetition_penalty extra_body chat_template_kwargs visitor key "
)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("file_ids", "file_id"),
        ("fileId", "file_id"),
        ("File-Id", "file_id"),
        ("flie_id", "file_id"),
        ("files", "file_id"),
        ("file_contents", "file_content"),
        ("conversationId", "conversation_id"),
        ("conversation", "conversation_id"),
        ("user_mesage", "user_message"),
        ("max_token", "max_tokens"),
        ("systemPrompt", "system_prompt"),
        ("modell", "model"),
        ("readWhole", "read_whole"),
    ],
)
def test_a_misspelled_field_is_found_with_the_one_that_is_meant(name: str, meant: str) -> None:
    assert find_misnamed({"user_message": "Hi", name: "x"}, KNOWN) == (name, meant)


def test_fields_of_other_protocols_are_ignored_and_so_is_a_name_without_a_value() -> None:
    assert find_misnamed({**dict.fromkeys(OPENAI.split(), "x"), **dict.fromkeys(KNOWN, "x")}, KNOWN) is None
    assert find_misnamed({"file_ids": [], "fileId": None, "conversation": ""}, KNOWN) is None
    assert find_misnamed({"x" * 1_000_000: "x", "é" * 30: "x"}, KNOWN) is None
