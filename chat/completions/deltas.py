"""A delta, or a whole message, as a provider sends it -> its text and its reasoning.

Pure functions over OpenAI's deltas and the forms of those that are compatible with it: content in parts,
reasoning under several names, as a text, as parts or as summaries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

REASONING_FIELDS = (
    "reasoning_content",  # DeepSeek, Qwen, Zhipu, vLLM
    "reasoning",  # OpenRouter, Groq, Ollama, vLLM
    "reasoning_text",  # GitHub Copilot
    "thinking",  # Ollama's own
    "reasoning_details",  # OpenRouter, MiniMax
    "thinking_blocks",  # LiteLLM, beside reasoning_content
)
_REASONS = re.compile(r"reason|think|thought")  # in the type of a content part, in the name of a field
_NO_TEXT = re.compile(r"signature|(_|^)(id|index|type|tokens|effort|status|finished)$")
_TEXTS = ("text", "thinking", "summary", "content", "reasoning")


def find_text(delta: Mapping[str, Any]) -> str:
    """Return the delta's text. A refusal is an answer as well; content in parts is joined."""
    content = delta.get("content")
    if isinstance(content, str):
        if len(delta) == 1:
            return content
        text = "" if _is_thought(delta) else content
    elif isinstance(content, int | float) and not isinstance(content, bool):
        text = str(content)  # a model wrote digits, and a server read them as JSON
    elif content:
        text = _join_parts(content, is_reasoning=False)
    else:
        text = ""
    refusal = delta.get("refusal")
    return text + refusal if isinstance(refusal, str) else text


def find_reasoning(delta: Mapping[str, Any]) -> str:
    """Return the delta's reasoning, in whichever field it comes; in two, it counts once."""
    content = delta.get("content")
    if isinstance(content, str) and len(delta) == 1:
        return ""
    for name in REASONING_FIELDS:
        if (value := delta.get(name)) and (text := _flatten(value)):
            return text
    for name, value in delta.items():
        if _REASONS.search(name) and not _NO_TEXT.search(name) and (text := _flatten(value)):
            return text
    if isinstance(content, str):
        return content if _is_thought(delta) else ""
    return _join_parts(content, is_reasoning=True)


def _is_thought(delta: Mapping[str, Any]) -> bool:
    """Whether the content is a thought by Gemini's mark."""
    extra = delta.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    return isinstance(google, dict) and bool(google.get("thought"))


def _join_parts(content: object, *, is_reasoning: bool) -> str:
    """Return the text of the content's parts that are reasoning, or of those that are not."""
    parts = content if isinstance(content, list) else [content]
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) == len(parts):
        return "" if is_reasoning else "".join(texts)
    wanted = [
        part
        for part in parts
        if isinstance(part, dict) and bool(_REASONS.search(str(part.get("type")))) == is_reasoning
    ]
    return "".join([_flatten(part) for part in wanted])


def _flatten(value: object) -> str:
    """Return the text in a value: a text, a part with one, or a list of such."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [one for one in value if isinstance(one, dict)]
        return "".join([_flatten(one) for one in parts or value])
    if isinstance(value, dict):
        return next((text for name in _TEXTS if (text := _flatten(value.get(name)))), "")
    return ""
