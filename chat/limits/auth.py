"""Access: open, one shared password, several users, or a bearer token for the routes.

Names and passwords are compared in constant time, all of them each time. Gradio's log-in form calls
`check_login`. Of HTTP, only the text of the Authorization header is known here.
"""

from __future__ import annotations

import base64
import binascii
import secrets

from chat.errors import NotAllowed
from chat.settings import Settings
from chat.visitors import USER_PREFIX, User


class Auth:
    """The settings of access."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.api_token
        self._password = settings.password
        self._users = settings.users
        self.has_login = settings.needs_login
        self.is_open = not (self._token or self.has_login)

    def check_login(self, name: str, password: str) -> bool:
        """Tell whether the log-in form is answered: a user's name needs that user's own password."""
        may_enter, user = self._check(name, password)
        return may_enter and user == self.page_user(name)

    def page_user(self, name: str | None) -> User | None:
        """Return the user of a log-in on the page; None: the shared password, which names no user."""
        return User(name) if name and any(name == user for user, _ in self._users) else None

    def identify(self, authorization: str) -> User | None:
        """Return the user that an Authorization header proves; None: any caller. Raises NotAllowed."""
        if self.is_open:
            return None
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer":
            is_token = bool(self._token) and _is_same(given.strip(), self._token)
            is_password = bool(self._password) and _is_same(given.strip(), self._password)
            if is_token or is_password:
                return None
        if scheme.lower() == "basic" and self.has_login:
            may_enter, user = self._check(*_decode(given.strip()))
            if may_enter:
                return user
        raise NotAllowed("This server wants its API token or a log-in: send an Authorization header.")

    def _check(self, name: str, password: str) -> tuple[bool, User | None]:
        """Return whether name and password are accepted, and for which user."""
        may_enter, found = bool(self._password) and _is_same(password, self._password), None
        for user, secret in self._users:
            if _is_same(name, user) & _is_same(password, secret):
                may_enter, found = True, User(user)
        return may_enter, found


def is_reserved(secret: str) -> bool:
    """Tell whether a value of X-Visitor reads like a user. It would not be one: it is refused for clarity."""
    return secret.startswith(USER_PREFIX)


def _decode(given: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _is_same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())
