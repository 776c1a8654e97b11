"""Whatever goes wrong at a provider -> a ProviderError with our own sentence.

The one table of the kinds of faults. A provider's own text is never shown, since it can hold fragments of the
key; it is read to recognise a fault, and logged after `redact`. Knows statuses, headers, bodies and the
exceptions of the layers below; knows no client and no stream.
"""

from __future__ import annotations

import email.utils
import logging
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp
import httpx2

from chat.errors import ProviderError

log = logging.getLogger(__name__)

# type: (sentence, whether trying again can help)
FAULTS: dict[str, tuple[str, bool]] = {
    "bad_base_url": ("The address of the model's endpoint (OPENAI_BASE_URL) is not a web address.", False),
    "connection_refused": ("Nothing answers at the address of the model's endpoint. It may be down.", True),
    "dns": ("The model's endpoint cannot be found under its name (OPENAI_BASE_URL).", True),
    "tls": ("The model's endpoint has no valid certificate, so nothing was sent.", False),
    "connect_timeout": ("The model's endpoint cannot be reached: it did not connect in time.", True),
    "connection_lost": ("The connection to the model's endpoint broke off.", True),
    "idle_timeout": ("The model's endpoint sent nothing for too long, so the answer was ended.", True),
    "bad_request": ("The model's endpoint did not accept the request.", False),
    "unauthorized": ("The model's endpoint does not accept the API key (OPENAI_API_KEY).", False),
    "quota_exceeded": ("The account at the model's endpoint has no credit left.", False),
    "forbidden": ("The model's endpoint does not allow this key to use this model.", False),
    "model_not_found": ("The model's endpoint does not know this model, or its address is wrong.", False),
    "request_timeout": ("The model's endpoint gave up waiting for the request.", True),
    "request_too_large": ("The message is too large for the model's endpoint.", False),
    "context_too_long": ("The conversation is longer than this model can read.", False),
    "content_filter": ("The model's endpoint declined the message by its content rules.", False),
    "rate_limited": ("The model's endpoint has had too many requests. Try again shortly.", True),
    "server_error": ("The model's endpoint had an error of its own.", True),
    "bad_gateway": ("The model's endpoint is not reachable behind its gateway.", True),
    "unavailable": ("The model's endpoint is not available now.", True),
    "overloaded": ("The model's endpoint is overloaded.", True),
    "gateway_timeout": ("The model did not answer its gateway in time.", True),
    "not_a_stream": ("What answered is no model's endpoint: it sent no stream (OPENAI_BASE_URL).", False),
    "malformed": ("The model's endpoint sent an answer that cannot be read.", True),
    "incomplete": ("The answer stopped before the model's endpoint said that it was complete.", True),
    "provider_error": ("The model's endpoint reported an error while it answered.", True),
}  # fmt: skip

BY_STATUS = {
    400: "bad_request",
    401: "unauthorized",
    402: "quota_exceeded",
    403: "forbidden",
    404: "model_not_found",
    408: "request_timeout",
    409: "unavailable",
    413: "request_too_large",
    425: "unavailable",
    429: "rate_limited",
    500: "server_error",
    502: "bad_gateway",
    503: "unavailable",
    504: "gateway_timeout",
    529: "overloaded",
}
BY_CODE = {
    "insufficient_quota": "quota_exceeded",
    "invalid_api_key": "unauthorized",
    "authentication_error": "unauthorized",
    "model_not_found": "model_not_found",
    "rate_limit_error": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
    "overloaded_error": "overloaded",
    "server_error": "server_error",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
}
# How OpenAI, vLLM, llama.cpp, Anthropic, Gemini, Mistral, Groq, OpenRouter and TGI say it.
_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|string_above_max_length"
    r"|(maximum|max|model'?s?) (context|sequence|prompt|input) ?(length|size|window)"
    r"|exceeds? (the )?(available |maximum |model'?s? )*(context|number of tokens|max_model_len)"
    r"|(prompt|input|messages?|conversation|context) (is|are) too long"
    r"|(token count|input tokens?|prompt tokens?).{0,40}exceed"
    r"|reduce the length of the (messages|prompt|input)"
    r"|inputs` tokens \+ `max_new_tokens` must be|context window",
    re.IGNORECASE | re.DOTALL,
)
_SECRET = re.compile(
    r"(?i)bearer\s+\S+|\b(?:sk|pk|rk|hf|gsk|xai|key|api|token)[-_][\w*.\-]{3,}|AIza[\w\-]+|[\w*\-]*\*{2,}[\w*\-]*"
    r"|(?=[\w\-]*\d)[\w\-]{20,}"
)


def make_error(type: str, *, retry_after: float | None = None, **details: str | int | float) -> ProviderError:
    """Return the error of this type, with its sentence and what is known of it."""
    sentence, retryable = FAULTS[type]
    return ProviderError(sentence, type=type, retryable=retryable, retry_after=retry_after, **details)


def from_status(status: int, headers: Mapping[str, str], body: object) -> ProviderError:
    """Return the error of an answer with a status of 400 or more."""
    error = find_error(body) or {}
    type = _type_by_content(error, body) or BY_STATUS.get(status)
    if type == "rate_limited" and str(error.get("code")) == "insufficient_quota":
        type = "quota_exceeded"
    type = type or ("server_error" if status >= 500 else "bad_request")
    log.warning("endpoint answered %d (%s): %s", status, type, redact(describe(error, body)))
    return make_error(type, retry_after=find_retry_after(headers), status=status)


def from_error_object(value: Mapping[str, Any]) -> ProviderError:
    """Return the error of an error object that came in the stream."""
    error = find_error(value) or {}
    code = str(error.get("code") or error.get("status_code") or "")
    by_status = BY_STATUS.get(int(code)) if code.isdecimal() else None
    type = _type_by_content(error, value) or by_status or "provider_error"
    log.warning("endpoint sent an error in the stream (%s): %s", type, redact(describe(error, value)))
    return make_error(type, **({"status": int(code)} if code.isdecimal() else {}))


def from_exception(error: BaseException) -> ProviderError:
    """Return the error of a connection that failed, by its causes: the layers wrap each other."""
    causes = list(_causes(error))
    type = next((type for cause in causes if (type := _type_of(cause))), "connection_lost")
    log.warning("endpoint failed (%s): %s: %s", type, _names(causes), redact(str(causes[0])))
    return make_error(type)


def _type_of(cause: BaseException) -> str | None:
    match cause:
        case ssl.SSLError() | ssl.CertificateError() | aiohttp.ClientSSLError():
            return "tls"
        case socket.gaierror() | aiohttp.ClientConnectorDNSError() | UnicodeError():
            return "dns"
        case ConnectionRefusedError():
            return "connection_refused"
        case aiohttp.ConnectionTimeoutError():
            return "connect_timeout"
        case aiohttp.SocketTimeoutError():
            return "idle_timeout"
        case httpx2.UnsupportedProtocol() | httpx2.InvalidURL() | aiohttp.InvalidURL():
            return "bad_base_url"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the causes, innermost first: it says most."""
    if error is not None:
        yield from _causes(error.__cause__ or error.__context__)
        yield error


def _names(causes: list[BaseException]) -> str:
    return " < ".join([cause.__class__.__name__ for cause in causes])


def find_error(body: object) -> Mapping[str, Any] | None:
    """Return the error object in a body, in any of the shapes that endpoints use, or None."""
    if isinstance(body, list):  # Gemini wraps it
        return find_error(body[0]) if body else None
    if not isinstance(body, Mapping):
        return None
    error = body.get("error")
    if isinstance(error, Mapping):
        return error
    if isinstance(error, str) and error:
        return {**body, "message": error}
    is_bare = body.get("object") == "error" or body.get("type") == "error"
    if is_bare or ("choices" not in body and isinstance(body.get("message") or body.get("detail"), str)):
        return {**body, "message": body.get("message") or body.get("detail") or ""}
    return None


def describe(error: Mapping[str, Any], body: object) -> str:
    """Return what the provider says, to be searched or, redacted, logged. At most 2,000 characters."""
    keys = ("message", "code", "type", "status", "param")
    return " ".join([str(error[key]) for key in keys if error.get(key)])[:2000] or str(body)[:2000]


def _type_by_content(error: Mapping[str, Any], body: object) -> str | None:
    if _TOO_LONG.search(describe(error, body)):
        return "context_too_long"
    names = (str(error.get(key)) for key in ("code", "type") if error.get(key))
    return next((BY_CODE[name] for name in names if name in BY_CODE), None)


def find_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the wait that the headers ask for, in seconds (retry-after-ms; RFC 9110, 10.2.3)."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            wait = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        return wait if 0 <= wait < 1e6 else None
    try:
        date = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, date.timestamp() - time.time())


def redact(text: str) -> str:
    """Return the text without anything that looks like a key or a part of one."""
    return _SECRET.sub("[redacted]", text)
