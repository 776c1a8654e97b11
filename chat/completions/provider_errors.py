"""Whatever goes wrong at a provider -> a ProviderError with our own sentence.

The one table of the types of faults. A provider's own text is never shown, since it can hold fragments of the
key or of the prompt; it is read to recognise a fault (`error_bodies`). Only its names are logged, after
`redact`. Knows statuses, headers and the exceptions of the layers below; knows no client and no stream.
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

from chat.completions.error_bodies import describe, find_error, find_type
from chat.completions.fault_words import find_wait
from chat.errors import ProviderError

log = logging.getLogger(__name__)

# type: (sentence, whether trying again can help)
FAULTS: dict[str, tuple[str, bool]] = {
    "bad_base_url": ("The address of the model's endpoint (OPENAI_BASE_URL) is not a web address.", False),
    "moved": ("The model's endpoint has another address now (OPENAI_BASE_URL).", False),
    "connection_refused": ("Nothing answers at the address of the model's endpoint. It may be down.", True),
    "dns": ("The model's endpoint cannot be found under its name (OPENAI_BASE_URL).", True),
    "tls": ("The model's endpoint has no valid certificate, so nothing was sent.", False),
    "connect_timeout": ("The model's endpoint cannot be reached: it did not connect in time.", True),
    "connection_lost": ("The connection to the model's endpoint broke off.", True),
    "first_token_timeout": ("The model did not begin its answer in time (FIRST_TOKEN_TIMEOUT).", True),
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
    "no_answer": ("The model's endpoint ended the answer before its first word.", True),
    "provider_error": ("The model's endpoint reported an error while it answered.", True),
    "ended_early": ("The model's endpoint ended the answer before it was complete.", True),
    "unknown_finish": ("The model's endpoint ended the answer for a reason that is not known here.", True),
}  # fmt: skip

BY_STATUS = {
    400: "bad_request",
    401: "unauthorized",
    402: "quota_exceeded",
    403: "forbidden",
    404: "model_not_found",
    405: "model_not_found",  # an address that is no completions route
    408: "request_timeout",
    409: "unavailable",
    413: "request_too_large",
    424: "server_error",  # Hugging Face's servers: the model broke off
    425: "unavailable",
    429: "rate_limited",
    500: "server_error",
    502: "bad_gateway",
    503: "unavailable",
    504: "gateway_timeout",
    520: "server_error",  # Cloudflare's own: 520 to 530
    521: "unavailable",
    522: "connect_timeout",
    523: "bad_gateway",
    524: "gateway_timeout",
    530: "bad_gateway",
    529: "overloaded",
}
_NAME = re.compile(r"[\w.\-\[\]]{1,100}")
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
    said = describe(error, body)
    type = find_type(error, body) or BY_STATUS.get(status)
    if type == "bad_request" and status == 413:
        type = "request_too_large"
    type = type or ("server_error" if status >= 500 else "bad_request")
    log.warning("endpoint answered %d (%s): %s", status, type, name_fault(error))
    wait = find_retry_after(headers)
    return make_error(type, retry_after=find_wait(said) if wait is None else wait, status=status)


def from_error_object(value: Mapping[str, Any]) -> ProviderError:
    """Return the error of an error object that came in the stream."""
    error = find_error(value) or value
    said = describe(error, value)
    code = str(error.get("code") or error.get("status_code") or "")
    by_status = BY_STATUS.get(int(code)) if code.isdecimal() else None
    type = find_type(error, value) or by_status or "provider_error"
    log.warning("endpoint sent an error in the stream (%s): %s", type, name_fault(error))
    details = {"status": int(code)} if code.isdecimal() and len(code) < 10 else {}
    return make_error(type, retry_after=find_wait(said), **details)


def name_fault(error: Mapping[str, Any]) -> str:
    """Return the names that the provider gives a fault, to be logged. Its sentence may repeat the prompt."""
    named = (str(error[key]) for key in ("code", "type", "status", "param") if error.get(key))
    return redact(" ".join(name for name in named if _NAME.fullmatch(name))) or "no name given"


def from_exception(error: BaseException) -> ProviderError:
    """Return the error of a connection that failed, by its causes: the layers wrap each other."""
    causes = list(_causes(error))
    type = next((type for cause in causes if (type := _type_of(cause))), "connection_lost")
    # The text of other faults can hold bytes of what was read, and so of an answer.
    about = redact(str(causes[0])) if isinstance(causes[0], OSError) else ""
    log.warning("endpoint failed (%s): %s: %s", type, _names(causes), about)
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
