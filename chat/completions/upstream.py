"""One endpoint's addresses, headers and connections: a body in, an open answer out.

The only module that knows the OpenAI client; of it we use the headers. The requests go through aiohttp, as
the SDK's do in the end: the SDK walks each request through its models, which takes longer than all else
before the first byte is sent, and builds a model for each chunk, which costs ten times as much and changes
what the provider said. Knows no chunk and no retry.
"""

from __future__ import annotations

import asyncio
import logging
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx2
import openai
from multidict import CIMultiDict
from yarl import URL

from chat.completions import provider_errors
from chat.completions.base_url import follow_redirect, join_path, list_bases
from chat.completions.chunks import parse_json
from chat.completions.provider_errors import make_error
from chat.completions.request import Endpoint

log = logging.getLogger(__name__)

NETWORK_ERRORS = (httpx2.HTTPError, httpx2.InvalidURL, aiohttp.ClientError, OSError)
MODELS_SECONDS = 10.0
KEEP_SECONDS = 30.0  # that a connection is kept for the next request
MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NO_SUCH_PATH = frozenset({404, 405})


class Upstream:
    """Made by `open_upstream`. bases: the addresses to try; the one that answers is kept."""

    def __init__(self, endpoint: Endpoint, bases: tuple[str, ...], connect: float) -> None:
        self._bases = bases
        self._at = 0
        self._is_settled = len(bases) == 1
        self._moved: dict[URL, URL] = {}
        self._timeout = aiohttp.ClientTimeout(sock_connect=connect)
        self._is_speakable = endpoint.api_key.isascii()
        sdk = openai.AsyncOpenAI(api_key=endpoint.api_key or "none", base_url=bases[0])
        given = {**sdk.default_headers, "Accept-Encoding": "identity", **endpoint.headers}
        self._headers: CIMultiDict[str] = CIMultiDict(sdk.auth_headers)
        self._headers.update({name: value for name, value in given.items() if isinstance(value, str)})
        self._is_azure = "api-version=" in bases[0]
        self._set_key(self._headers, endpoint.api_key)
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def post(
        self, body: bytes, api_key: str, deadline: float | None = None, *, operation: str = "chat/completions"
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask for a completion, or send another operation's body; on exit the answer is closed.

        api_key: a visitor's own, or empty. deadline: for the headers, in the loop's time.
        """
        try:
            async with asyncio.timeout_at(deadline) as timer:
                answer = await self._send("POST", operation, body, api_key)
        except NETWORK_ERRORS as error:
            if timer.expired():
                raise make_error("first_token_timeout") from None
            raise provider_errors.from_exception(error) from None
        async with answer:
            yield answer

    async def models(self) -> object:
        """Return the list of models as the endpoint sends it. Raises ProviderError."""
        try:
            async with asyncio.timeout(MODELS_SECONDS) as timer:
                return await self._read_models()
        except NETWORK_ERRORS as error:
            if timer.expired():
                raise make_error("idle_timeout") from None
            raise provider_errors.from_exception(error) from None

    def try_next_base(self) -> bool:
        """Use the next address from now on, and tell whether there is one; after the last comes the first."""
        if self._is_settled:
            return False
        self._at = (self._at + 1) % len(self._bases)
        return self._at > 0

    def settle(self) -> None:
        """Keep the address that has answered."""
        if not self._is_settled:
            self._is_settled = True
            if self._at:
                log.info("the endpoint answers under %s", join_path(self._bases[self._at], "").path)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session:
            await self._session.close()

    async def _read_models(self) -> object:
        while True:
            async with await self._send("GET", "models", None, "") as answer:
                content = await answer.read()
            if answer.status < 400:
                try:
                    value = parse_json(content)
                except ValueError:
                    if self.try_next_base():
                        continue
                    raise make_error("not_a_stream") from None
                self.settle()
                return value
            if answer.status not in NO_SUCH_PATH or not self.try_next_base():
                raise provider_errors.from_status(answer.status, answer.headers, read_body(content))

    async def _send(
        self, method: str, operation: str, body: bytes | None, api_key: str
    ) -> aiohttp.ClientResponse:
        """Send a request, and again where a redirect leads: as the same request, and not to another host."""
        headers, first = self._find_headers(api_key), join_path(self._bases[self._at], operation)
        url, session = self._moved.get(first, first), self._open_session()
        for _ in range(MAX_REDIRECTS):
            answer = await session.request(method, url, data=body, headers=headers, allow_redirects=False)
            if answer.status not in REDIRECTS:
                return answer
            location = answer.headers.get("location", "")
            answer.close()
            target = follow_redirect(url, location)
            if target is None:
                log.warning("the endpoint has moved to %s: write it into OPENAI_BASE_URL", location[:200])
                break
            self._moved[first] = url = target
        self._moved.pop(first, None)
        raise make_error("moved")

    def _find_headers(self, api_key: str) -> CIMultiDict[str]:
        if not (api_key.isascii() if api_key else self._is_speakable):
            raise make_error("unauthorized")  # no header can hold it
        if not api_key:
            return self._headers
        headers = self._headers.copy()
        self._set_key(headers, api_key)
        return headers

    def _set_key(self, headers: CIMultiDict[str], api_key: str) -> None:
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
            if self._is_azure:  # which takes a key under this name alone
                headers["api-key"] = api_key

    def _open_session(self) -> aiohttp.ClientSession:
        """Return a session without a limit of its own: how many answers run at once is a setting of ours."""
        if self._session is None:
            is_https = self._bases[0].startswith("https:")
            tls = httpx2.create_ssl_context() if is_https else True
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_SECONDS, ssl=tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                trust_env=bool(urllib.request.getproxies()),  # it looks them up for each request
            )
        return self._session


def open_upstream(endpoint: Endpoint, connect: float) -> Upstream | None:
    """Return the endpoint's connections, or None for a base URL that is none. connect: seconds."""
    try:
        bases = list_bases(endpoint.base_url)
        for base in bases:
            join_path(base, "models")
        return Upstream(endpoint, bases, connect) if bases else None
    except (ValueError, httpx2.InvalidURL):
        return None


@asynccontextmanager
async def reading(answer: aiohttp.ClientResponse, seconds: float) -> AsyncGenerator[None]:
    """Map what goes wrong while a whole body is read to a ProviderError."""
    try:
        async with asyncio.timeout(seconds) as timer:
            yield
    except NETWORK_ERRORS as error:
        if timer.expired():
            raise make_error("idle_timeout") from None
        raise provider_errors.from_exception(error) from None


def read_body(content: bytes) -> Any:
    """Return the body of an answer as JSON, or else as text."""
    try:
        return parse_json(content)
    except ValueError:
        return content.decode(errors="replace")
