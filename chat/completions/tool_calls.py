"""Tool calls: what a chunk adds to the arguments of the function that a model calls.

Only the first call counts. Pure functions over chunks; knows no function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True)
class Reply:
    """A whole completion. arguments: of its tool call, as the model wrote them; empty without one."""

    text: str
    arguments: str = ""


def find_arguments(data: bytes) -> str:
    """Return what a chunk adds to the arguments of the first tool call."""
    if b'"tool_calls"' not in data and b'"function_call"' not in data:
        return ""
    value = orjson.loads(data)
    choices = value.get("choices") if isinstance(value, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    delta = choice.get("delta") if isinstance(choice, dict) else None
    return _arguments_of(delta) if isinstance(delta, dict) else ""


def _arguments_of(delta: Mapping[str, Any]) -> str:
    calls = delta.get("tool_calls") or [{"function": delta.get("function_call")}]
    call = calls[0] if isinstance(calls, list) and isinstance(calls[0], dict) else {}
    function = call.get("function")
    if call.get("index") not in (None, 0) or not isinstance(function, dict):
        return ""
    arguments = function.get("arguments")
    if isinstance(arguments, dict):  # of Ollama's own form
        return orjson.dumps(arguments).decode()
    return arguments if isinstance(arguments, str) else ""
