"""Log-ins are counted by network and in total; after too many that failed or still run, the answer is 429.

A log-in is a form posted to /login, or any request with an Authorization header. A form counts from its first
byte, since guesses in bodies that are held back would otherwise all be evaluated at once; when it succeeds it
is given back. A header is compared here, in the same step in which it is counted.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.errors import ChatError, NotAllowed, Refused
from chat.http.middleware.asgi import header_of, send_error
from chat.limits.auth import Auth
from chat.visitors import Network

WINDOW_SECONDS = 300.0
ATTEMPTS_OF_NETWORK, ATTEMPTS_IN_ALL = 10, 300
FORM_REFUSED = frozenset({400, 401})


class LoginAttempts:
    """The times of log-ins that failed or run, oldest first. Nothing here awaits."""

    def __init__(self) -> None:
        self._all: deque[float] = deque()
        self._of: dict[Network, deque[float]] = {}

    def wait(self, network: Network, now: float) -> float:
        """Return the seconds until one more may begin; 0: now."""
        self._forget(now)
        mine = self._of.get(network, deque())
        waits = [0.0]
        if len(mine) >= ATTEMPTS_OF_NETWORK:
            waits.append(mine[0] + WINDOW_SECONDS - now)
        if len(self._all) >= ATTEMPTS_IN_ALL:
            waits.append(self._all[0] + WINDOW_SECONDS - now)
        return max(waits)

    def add(self, network: Network, now: float) -> None:
        self._all.append(now)
        self._of.setdefault(network, deque()).append(now)

    def remove(self, network: Network, then: float) -> None:
        """Give back one that succeeded."""
        for times in (self._all, self._of.get(network)):
            if times and then in times:
                times.remove(then)

    def _forget(self, now: float) -> None:
        while self._all and self._all[0] + WINDOW_SECONDS <= now:
            self._all.popleft()
        for network, times in list(self._of.items()):
            while times and times[0] + WINDOW_SECONDS <= now:
                times.popleft()
            if not times:
                del self._of[network]


class LoginThrottleMiddleware:
    """Refuse log-ins of a network, or of all, after too many that failed."""

    def __init__(self, app: ASGIApp, access: Auth, count_refusal: Callable[[str], None]) -> None:
        self._app = app
        self._access = access
        self._count_refusal = count_refusal
        self._attempts = LoginAttempts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_login(scope):
            return await self._app(scope, receive, send)
        network, now = Network.of((scope.get("client") or ("",))[0]), time.monotonic()
        if (seconds := self._attempts.wait(network, now)) > 0:
            self._count_refusal("failed_logins")
            return await send_error(send, _too_many_logins(seconds))
        if is_login_form(scope):
            self._attempts.add(network, now)
            return await self._app(scope, receive, self._give_back(network, now, send))
        try:
            self._access.identify(header_of(scope, b"authorization").decode("latin-1"))
        except NotAllowed:
            self._attempts.add(network, now)
        await self._app(scope, receive, send)

    def _give_back(self, network: Network, then: float, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] not in FORM_REFUSED:
                self._attempts.remove(network, then)
            await send(message)

        return answer


def is_login_form(scope: Scope) -> bool:
    """Tell whether a request posts the log-in form of Gradio's page."""
    return bool(scope["method"] == "POST" and scope["path"].rstrip("/").endswith("/login"))


def _is_login(scope: Scope) -> bool:
    return is_login_form(scope) or bool(header_of(scope, b"authorization"))


def _too_many_logins(seconds: float) -> ChatError:
    seconds = max(1, round(seconds))
    return Refused(
        f"Too many failed log-ins from this address. Try again in {seconds} s.",
        type="failed_logins",
        retry_after=seconds,
        seconds=seconds,
    )
