"""A provider's finish reason -> our own name for it. The one table of synonyms.

The provider's words never reach the places where our names stand: `error`, `cancelled` and `interrupted` are
what this program says of an answer, and some providers send the same words.
"""

from __future__ import annotations

import re

# Reasons with which an answer is over, of OpenAI, Anthropic, Gemini, Mistral, TGI, vLLM, DashScope and Zhipu.
_ENDINGS = {
    "stop": "stop end eos eos_token end_turn stop_sequence stop_token stop_word eos_found"
    " complete completed finish eos_token_id finished_eos end_of_sequence end_of_text"
    " finished done success normal",
    "length": "length length_limit max_tokens max_token max_tokens_reached max_length_reached"
    " max_output_tokens max_new_tokens max_completion_tokens max_length"
    " token_limit token_budget output_limit",
    "context_full": "model_context_window_exceeded model_length context_length context_length_exceeded"
    " context_window_exceeded",
    "content_filter": "content_filter content_filtered sensitive safety recitation blocklist"
    " prohibited_content spii image_safety refusal risk moderation blocked language"
    " guardrail_intervened error_toxic toxic policy_violation content_policy_violation moderated filtered",
    "tool_calls": "tool_calls tool_call tool_use function_call function_calls",
}
# Reasons with which an answer broke off, by the type of the fault.
_FAULTS = {
    "overloaded": "insufficient_system_resource overloaded engine_overloaded capacity",
    "provider_error": "error network_error server_error internal_error failed failure timeout exception",
    "ended_early": "abort aborted cancel cancelled canceled interrupted user_cancel"
    " user_cancelled pause_turn pause"
    " malformed_function_call preempted",
}
_NAMES = {
    word: name for table in (_ENDINGS, _FAULTS) for name, words in table.items() for word in words.split()
}
# Words in a reason that is not in the table. None of them makes a success of it.
_HINTS = {
    "ended_early": re.compile(r"cancel|abort|user_stop|stopped_by|interrupt|preempt"),
    "overloaded": re.compile(r"busy|overload|capacity|rate_limit|insufficient"),
    "content_filter": re.compile(r"safety|prohibit|block|policy|filter|moderat|sensitive|censor|toxic"),
    "length": re.compile(r"length|tokens?_(limit|exceed)|max_\w*tokens"),
    "provider_error": re.compile(r"error|fail|time_?out|timed_out|exception|malformed|unavailable"),
}
_NONE = frozenset({"", "null", "none", "undefined", "finish_reason_unspecified", "in_progress"})
_PREFIXES = re.compile(r"^(finish_?reason|stop_?reason)[_.:]")  # of an enumeration
UNKNOWN = "unknown_finish"
BROKEN = frozenset({*_FAULTS, UNKNOWN})  # each is a type of fault


def name_finish_reason(value: object) -> str:
    """Return our name for a finish reason, `unknown_finish` for any other, or nothing where there is none."""
    if isinstance(value, dict):  # SGLang's own form
        value = value.get("type")
    if value is None or value is False:
        return ""
    word = str(value).strip().lower().replace("-", "_").replace(" ", "_")
    if word not in _NONE:
        word = _PREFIXES.sub("", word)
    hinted = (name for name, words in _HINTS.items() if words.search(word))
    return "" if word in _NONE else _NAMES.get(word) or next(hinted, UNKNOWN)
