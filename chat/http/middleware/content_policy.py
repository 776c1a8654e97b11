"""The security headers of every response, page and routes alike. Pure: knows no HTTP library.

The Content-Security-Policy is the second line behind the Markdown renderer: should a model's text become an
element, it cannot fetch, frame or post anything, nor run a script that is not there already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

FRAME_ANCESTORS = ("'self'",)
HUB_ANCESTORS = ("https://huggingface.co", "https://*.hf.space")  # the Hub shows a Space's page in a frame
_HOST = re.compile(r"(?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}(?::\d{1,5})?", re.IGNORECASE)


def security_headers(image_hosts: Sequence[str] = (), *, is_space: bool = False) -> dict[str, str]:
    """Return the headers. image_hosts: foreign hosts whose pictures answers may show, and their subdomains.

    Raises ValueError for a value that is no host, which could otherwise open the policy.
    """
    return {
        "content-security-policy": content_policy(image_hosts, is_space=is_space),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",  # a followed link does not reveal the page that it stood on
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }


# /ai/example may load two scripts of a foreign host, each named with the hash of what it must hold.
EXAMPLE_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'unsafe-inline' https://cdn.jsdelivr.net",
        "style-src 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ]
)


def content_policy(image_hosts: Sequence[str] = (), *, is_space: bool = False) -> str:
    """Return the Content-Security-Policy: the strictest that Gradio 6.31 works under, tested so."""
    for host in image_hosts:
        if not _HOST.fullmatch(host):
            raise ValueError(f"{host!r} is not a host")
    pictures = [f"https://{prefix}{host}" for host in image_hosts for prefix in ("", "*.")]
    directives = {
        "default-src": ["'none'"],  # nothing is loaded but the kinds below
        # Gradio writes its configuration into the page as a script that differs for each visitor, so no hash
        # can name it. It compiles templates and js= functions with new Function. Without both nothing is
        # shown.
        "script-src": ["'self'", "'unsafe-inline'", "'unsafe-eval'"],
        "style-src": [
            "'self'",
            "'unsafe-inline'",  # Svelte, KaTeX and mermaid write style attributes and elements
        ],
        # data: icons in style sheets; blob: previews of files before they are sent. No foreign host: an
        # answer could exfiltrate the conversation in the address of a picture.
        "img-src": ["'self'", "data:", "blob:", *pictures],
        "font-src": ["'self'", "data:"],  # KaTeX's fonts, from this server; an icon font inside Gradio's CSS
        "connect-src": ["'self'"],  # events, uploads, EventSource
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],  # the log-in; no form of model text posts elsewhere
        "base-uri": ["'self'"],  # Gradio sets its own root; model text cannot redirect relative addresses
        "frame-ancestors": [*FRAME_ANCESTORS, *(HUB_ANCESTORS if is_space else ())],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
