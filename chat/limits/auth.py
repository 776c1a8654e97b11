"""Who may come in: nobody asks (open), one shared password, several users, a Bearer token for the routes.

Names and passwords are compared in constant time, all of them each time. Knows no HTTP but the Authorization
header's text, and no page: Gradio's own form asks `check_login`.
"""

from __future__ import annotations

import base64
import binascii
import secrets

from chat.settings import Settings


class Auth:
    """The owner's settings of who may come in."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.api_token
        self._password = settings.password
        self._users = settings.users
        self.has_login = settings.needs_login
        self.is_open = not (self._token or self.has_login)

    def check_login(self, name: str, password: str) -> bool:
        """Tell whether the page's form may let him in: under a user's name with his password alone."""
        owner = self._user(name, password)
        return owner == self.page_owner(name) if owner is not None else False

    def page_owner(self, name: str | None) -> str:
        """Return what owns the things of who logged in on the page; empty: the browser's own random value."""
        return owner_of(name) if name and any(name == user for user, _ in self._users) else ""

    def identify(self, authorization: str) -> str | None:
        """Return the owner that an Authorization header proves, empty: anybody; None: stay out."""
        if self.is_open:
            return ""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer":
            is_token = bool(self._token) and _is_same(given.strip(), self._token)
            is_password = bool(self._password) and _is_same(given.strip(), self._password)
            return "" if is_token or is_password else None
        if scheme.lower() == "basic" and self.has_login:
            return self._user(*_decode(given.strip()))
        return None

    def _user(self, name: str, password: str) -> str | None:
        found: str | None = None
        if self._password and _is_same(password, self._password):
            found = ""
        for user, secret in self._users:
            if _is_same(name, user) & _is_same(password, secret):
                found = owner_of(user)
        return found


def owner_of(user: str) -> str:
    """Return what owns a signed-in user's things: no visitor's random value looks like it."""
    return f"user:{user}"


def is_reserved(owner: str) -> bool:
    """Tell whether a value that a visitor sends would make him a user."""
    return owner.startswith("user:")


def _decode(given: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _is_same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())
