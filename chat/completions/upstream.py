"""One endpoint's address, headers and connections: a body in, an open answer out.

The only module that knows the OpenAI client. Of it we use the headers, the address and the list of models.
The stream's request goes through aiohttp itself, as the SDK's does in the end: the SDK walks each request
through its models, which takes longer than all else before the first byte is sent, and builds a model for
each chunk, which costs ten times as much and changes what the provider said. Knows no chunk and no retry.
"""

from __future__ import annotations

import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx2
import openai
from multidict import CIMultiDict
from yarl import URL

from chat.completions import provider_errors
from chat.completions.chunks import parse_json
from chat.completions.provider_errors import make_error
from chat.completions.request import Endpoint
from chat.errors import ProviderError

NETWORK_ERRORS = (httpx2.HTTPError, httpx2.InvalidURL, aiohttp.ClientError, OSError)
MODELS_SECONDS = 10.0
KEEP_SECONDS = 30.0  # that a connection is kept for the next request


class Upstream:
    """Made by `open_upstream`."""

    def __init__(self, endpoint: Endpoint, idle: float, connect: float) -> None:
        timeout = httpx2.Timeout(connect=connect, read=idle, write=idle, pool=None)
        self._sdk = openai.AsyncOpenAI(
            api_key=endpoint.api_key or "none",
            base_url=endpoint.base_url,
            default_headers={"Accept-Encoding": "identity", **endpoint.headers},
            max_retries=0,
            timeout=timeout,
            http_client=openai.DefaultAioHttpClient(timeout=timeout),
        )
        self._url = URL(f"{str(self._sdk.base_url).rstrip('/')}/chat/completions")
        self._timeout = aiohttp.ClientTimeout(sock_connect=connect, sock_read=idle)
        self._is_speakable = endpoint.api_key.isascii()
        self._headers: CIMultiDict[str] = CIMultiDict(self._sdk.auth_headers)
        given = {**self._sdk.default_headers, "Accept": "text/event-stream"}
        self._headers.update({name: value for name, value in given.items() if isinstance(value, str)})
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def post(self, body: bytes, api_key: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask for a completion; on exit the answer is closed. api_key: a visitor's own, or empty."""
        if not (api_key.isascii() if api_key else self._is_speakable):
            raise make_error("unauthorized")  # no header can hold it
        headers = self._headers
        if api_key:
            headers = headers.copy()
            headers["Authorization"] = f"Bearer {api_key}"
        if self._session is None:
            self._session = self._open_session()
        try:
            answer = await self._session.post(self._url, data=body, headers=headers)
        except NETWORK_ERRORS as error:
            raise provider_errors.from_exception(error) from None
        async with answer:
            yield answer

    async def models(self) -> Sequence[Any]:
        """Return the endpoint's models as it describes them. Raises ProviderError."""
        try:
            response = await self._sdk.models.with_raw_response.list(timeout=MODELS_SECONDS)
            value = parse_json(response.content)
            return list(value["data"] if isinstance(value, dict) else value)
        except openai.OpenAIError as error:
            raise _map(error) from None
        except NETWORK_ERRORS as error:
            raise provider_errors.from_exception(error) from None
        except (ValueError, LookupError, TypeError):
            raise make_error("not_a_stream") from None

    async def aclose(self) -> None:
        """Close every connection."""
        await self._sdk.close()
        if self._session:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        """Return a session without a limit of its own: how many answers run at once is a setting of ours."""
        tls = httpx2.create_ssl_context() if self._url.scheme == "https" else True
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_SECONDS, ssl=tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            trust_env=bool(urllib.request.getproxies()),  # it looks them up for each request
        )


def open_upstream(endpoint: Endpoint, idle: float, connect: float) -> Upstream | None:
    """Return the endpoint's connections, or None for a base URL that is none."""
    parts = urlsplit(endpoint.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    try:
        return Upstream(endpoint, idle, connect)
    except (ValueError, httpx2.InvalidURL):
        return None


def _map(error: openai.OpenAIError) -> ProviderError:
    if isinstance(error, openai.APIStatusError):
        response = error.response
        return provider_errors.from_status(error.status_code, response.headers, read_body(response.content))
    return provider_errors.from_exception(error)


def read_body(content: bytes) -> object:
    """Return the body of an answer as JSON, or else as text."""
    try:
        return parse_json(content)
    except ValueError:
        return content.decode(errors="replace")
