"""Ids, of whatever kind."""

import secrets


def new_id() -> str:
    """Return an id that cannot be guessed, 128 random bits, and needs no escaping in a URL or a header."""
    return secrets.token_urlsafe(16)
