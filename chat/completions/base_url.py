"""The address of an endpoint, as people write it -> the addresses to try.

A query stays (Azure's `?api-version=`), an operation at the end is taken off, and where no version stands in
the path, the same address with /v1 comes second. Knows no connection.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from yarl import URL

_OPERATIONS = re.compile(r"/(chat/completions|completions|models|responses|embeddings)/?$")
_VERSION = re.compile(r"(?i)/v\d\w*(/|$)|/openai(/|$)|/deployments/")  # /v1, /v1beta/openai, /api/paas/v4


def list_bases(base_url: str) -> tuple[str, ...]:
    """Return the base addresses to try, in order; none where it is no web address. Raises ValueError."""
    parts = urlsplit(base_url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ()
    path = _OPERATIONS.sub("", parts.path).rstrip("/")
    paths = (path,) if _VERSION.search(path) else (path, f"{path}/v1")
    return tuple(urlunsplit(parts._replace(path=one, fragment="")) for one in paths)


def join_path(base: str, operation: str) -> URL:
    """Return the address of an operation such as `models`, with the base's query. Raises ValueError."""
    parts = urlsplit(base)
    return URL(urlunsplit(parts._replace(path=f"{parts.path}/{operation}")))


def follow_redirect(url: URL, location: str) -> URL | None:
    """Return where a redirect leads, or None where the key must not be sent: another host, or without TLS."""
    try:
        target = url.join(URL(location))
    except ValueError:
        return None
    is_downgrade = url.scheme == "https" and target.scheme != "https"
    return target if target.host == url.host and location and not is_downgrade else None
