"""A body that a provider refuses or fails with -> what it says, and the type of the fault.

Knows bodies and no sentence; the types are those of `provider_errors.FAULTS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chat.completions.fault_words import CODES, find_type_by_words

SEARCHED_CHARACTERS = 2000
_MESSAGES = ("message", "error_msg", "error_message", "errorMessage", "msg", "status_msg", "detail", "reason")
_CODES = ("code", "error_code", "errorCode", "status_code", "type", "status", "param", "object")
_NESTED = ("metadata", "details", "innererror", "inner_error", "raw", "error")
_SUCCESS = frozenset({"0", "200", "success", "ok"})
_VAGUE = frozenset({"rate_limited", "forbidden", "overloaded"})  # words that also stand beside other faults
_SAYS_ERROR = re.compile(r"error|fail|exception|invalid|denied|refused|错误|失败|异常", re.IGNORECASE)
_HEARTBEATS = frozenset({"ping", "heartbeat", "keepalive", "keep-alive"})


def find_error(body: object) -> Mapping[str, Any] | None:
    """Return the error object in a body, in any of the shapes that endpoints use, or None."""
    if isinstance(body, list):  # Gemini wraps it
        return next((error for one in body[:4] if (error := find_error(one))), None)
    if not isinstance(body, Mapping):
        return None
    error = body.get("error") or body.get("errors")
    if isinstance(error, list):
        error = error[0] if error else None
    if isinstance(error, Mapping):
        return find_error(error) if _has_nested(error) else error if any(error.values()) else None
    if isinstance(error, str) and error:
        return {**body, "message": " ".join(dict.fromkeys([error, *_find_messages(body)]))}
    return _find_bare(body)


def _has_nested(error: Mapping[str, Any]) -> bool:
    return isinstance(error.get("error"), Mapping) and not any(error.get(name) for name in _MESSAGES)


def _find_bare(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return a body that is an error itself: a code and a message without a name around them."""
    outcome = body.get("base_resp") or body.get("header")  # MiniMax, Spark
    if isinstance(outcome, Mapping):
        code = outcome.get("status_code") or outcome.get("code")
        kind = "base_resp_" if body.get("base_resp") else ""
        return {**outcome, "code": f"{kind}{code}", "message": _message(outcome)} if code else None
    if str(body.get("type")).lower() in _HEARTBEATS or _code(body).lower() in _SUCCESS:
        return None
    is_bare = body.get("object") == "error" or body.get("type") == "error" or body.get("error") is True
    message = _message(body)
    has_code = bool(_code(body)) and any(name in body for name in ("error_code", "errorCode"))
    if is_bare or has_code or (body.get("choices") is None and "model" not in body and _complains(body)):
        return {**body, "message": message}
    return None


def _complains(body: Mapping[str, Any]) -> bool:
    """Tell whether a body with a message is about a fault.

    A message alone is; beside other fields it may tell the place in a queue.
    """
    message = _message(body)
    said = f"{message} {body.get('status') or ''} {body.get('title') or ''}"
    if not message:
        return False
    is_named = len(body) == 1 or _code(body) or _SAYS_ERROR.search(said)
    return bool(is_named or find_type_by_words(said))


def _code(body: Mapping[str, Any]) -> str:
    return next((str(body[name]) for name in _CODES[:4] if body.get(name) is not None), "")


def _message(body: Mapping[str, Any]) -> str:
    return next(_find_messages(body), "")


def _find_messages(body: Mapping[str, Any]) -> Iterator[str]:
    for name in _MESSAGES:
        value = body.get(name)
        if isinstance(value, str) and value:
            yield value
        elif name == "detail" and value:  # FastAPI's list of what is wrong
            yield str(value)


def describe(error: Mapping[str, Any], body: object) -> str:
    """Return what the provider says, to be searched or, redacted, logged. At most 2,000 characters."""
    return (" ".join(_texts(error)) or str(body))[:SEARCHED_CHARACTERS]


def _texts(error: Mapping[str, Any], depth: int = 3) -> Iterator[str]:
    yield from dict.fromkeys(_find_messages(error))
    yield from (str(error[name]) for name in _CODES if error.get(name))
    for name in _NESTED:
        for value in _listed(error.get(name)) if depth else ():
            if isinstance(value, Mapping):
                yield from _texts(value, depth - 1)
            elif isinstance(value, str):
                yield value


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def find_type(error: Mapping[str, Any], body: object) -> str | None:
    """Return the type of fault that codes and words name, or None where they say nothing.

    Words come first: the same code means a rate on one endpoint and an empty account on another.
    """
    said = describe(error, body)
    by_words = find_type_by_words(said)
    by_code = next(_types_by_code(error), None)
    is_vague = by_code == "server_error" or (by_words == "rate_limited" and by_code == "quota_exceeded")
    if by_code and (not by_words or (by_words in _VAGUE and not is_vague)):
        return by_code
    return by_words


def _types_by_code(error: Mapping[str, Any]) -> Iterator[str]:
    for holder in (error, *_listed(error.get("details")), error.get("innererror")):
        if isinstance(holder, Mapping):
            names = (str(holder[key]).lower() for key in (*_CODES, "reason") if holder.get(key))
            yield from (CODES[name] for name in names if name in CODES)
