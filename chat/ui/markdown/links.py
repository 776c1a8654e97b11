"""Which addresses in a model's text may be linked or shown as pictures, and the host to show for each.

Pure functions over strings. Knows no Markdown: what it gives back is safe inside `<…>` of a Markdown
link.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import NamedTuple
from urllib.parse import quote, urlsplit

URL_CHARACTERS_MAX = 2048
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_NAMED_HOST = re.compile(
    r"(?<![\w.@-])(?:[a-z][a-z0-9+.-]{1,12}://|www\.)?"
    r"(?:[^\s/:?#@.()\[\]<>*_`\"'，。；：！？、（）]{1,63}\.)+[^\W\d_]{2,24}(?![\w-])",
    re.IGNORECASE,
)
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f<>\"\\`|^{}\u2028\u2029]")


class Link(NamedTuple):
    """An address that may be linked. host: in ASCII, as the network knows it; empty for mail."""

    url: str
    host: str


def read_link(address: str) -> Link | None:
    """Return the link, or None where it must stay text: no http(s) or mail, or a log-in in it."""
    address = unescape(unescape(address)).strip()
    if len(address) > URL_CHARACTERS_MAX:
        return None
    if address[:7].lower() == "mailto:":
        mail = address[7:].partition("?")[0]
        return Link(f"mailto:{mail}", "") if _ADDRESS.fullmatch(mail) else None
    if not re.match(r"https?://", address, re.IGNORECASE):
        return None
    return _read_web_link(_UNSAFE.sub(lambda match: quote(match[0]), address))


def _read_web_link(address: str) -> Link | None:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    ascii_host = _to_ascii(host)
    if "@" in parts.netloc or "%" in parts.netloc or not ascii_host:
        return None
    netloc = f"{ascii_host}:{port}" if port is not None else ascii_host
    return Link(parts._replace(netloc=netloc).geturl(), ascii_host)


def _to_ascii(host: str) -> str:
    if re.fullmatch(r"[0-9a-f:.]{2,45}", host) and ":" in host:
        return f"[{host}]"
    try:
        name = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return ""
    return name if len(name) <= 253 and _HOST.fullmatch(name.lower()) else ""


def is_allowed_host(host: str, allowed: Sequence[str]) -> bool:
    """Tell whether pictures of the host may be loaded: itself or below one of `allowed`."""
    return any(host == name or host.endswith(f".{name}") for name in allowed)


def pretends(shown: str, host: str) -> bool:
    """Tell whether the text of a link names a host that is not the link's."""
    bare = host.removeprefix("www.").lower()
    for match in _NAMED_HOST.finditer(unescape(shown)):
        named = _to_ascii(re.sub(r"^[a-z0-9+.-]+://", "", match[0].lower()).removeprefix("www."))
        if named != bare and not (named and bare.endswith(f".{named}")):
            return True
    return False
