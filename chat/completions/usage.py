"""The tokens that a provider says an answer took, as far as they can be believed.

Only positive whole numbers count. With zeros, negative numbers or texts an endpoint would let an answer cost
nothing of a budget; the caller estimates then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PARTS = ("prompt_tokens", "completion_tokens")
_ALIASES = {"input_tokens": "prompt_tokens", "output_tokens": "completion_tokens"}  # Anthropic's names


def find_usage(value: Mapping[str, Any], choice: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a chunk's usage with its total, or None where there is none to believe.

    It stands beside the choices (OpenAI), on the choice (Moonshot), in its delta or message, or under
    `x_groq` (Groq).
    """
    inner = (value.get("x_groq"), choice.get("delta"), choice.get("message"))
    places = (value, choice, *(place for place in inner if isinstance(place, dict)))
    return next((found for place in places if (found := _believe(place.get("usage")))), None)


def _believe(usage: object) -> dict[str, Any] | None:
    if not isinstance(usage, dict):
        return None
    if "prompt_tokens" not in usage and "completion_tokens" not in usage:
        usage = {_ALIASES.get(str(name), str(name)): count for name, count in usage.items()}
    counts = [usage[name] for name in (*_PARTS, "total_tokens") if usage.get(name) is not None]
    if not counts or not all(type(count) is int and count > 0 for count in counts):  # a bool is no count
        return None
    parts = [usage[name] for name in _PARTS if usage.get(name) is not None]
    if usage.get("total_tokens") is None and len(parts) < len(_PARTS):
        return None
    total = max(usage.get("total_tokens") or 0, sum(parts))
    return usage if usage.get("total_tokens") == total else {**usage, "total_tokens": total}
