"""Owners that earlier versions stored as the visitor's secret itself -> its hash, in place.

Each conversation stays reachable with the same secret. The form of a hash is that of `chat.visitors`; a test
holds the two and both databases' own SHA-256 against each other. Knows no version of the schema.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from chat.history.hidden import HIDDEN
from chat.visitors import GUEST_PREFIX, USER_PREFIX, hash_secret

TABLES = ("conversations", "attachments")
# A secret is neither empty, nor a user, nor hidden, nor a hash: 64 hexadecimal digits behind the prefix.
PLAIN = (
    f"owner <> '' AND owner NOT LIKE '{USER_PREFIX}%' AND owner NOT LIKE '{HIDDEN}%'"
    f" AND NOT (owner LIKE '{GUEST_PREFIX}%' AND length(owner) = {len(GUEST_PREFIX) + 64})"
)
POSTGRES_HASH = (
    f"'{GUEST_PREFIX}' || encode(sha256(convert_to('xiaojia visitor' || chr(10) || owner, 'UTF8')), 'hex')"
)
LONG = f"{PLAIN} AND length(owner) >= 22"  # as the page makes them


def hash_owners(connection: Connection) -> None:
    """Replace every secret in an owner column by its hash."""
    _hash_where(connection, PLAIN)


def hash_late_owners(connection: Connection) -> None:
    """Replace the secrets of pages that a replica of an earlier version stored since."""
    found = (connection.execute(text(f"SELECT 1 FROM {table} WHERE {LONG} LIMIT 1")) for table in TABLES)  # noqa: S608 - constants
    if any(row.first() for row in found):
        _hash_where(connection, LONG)


def _hash_where(connection: Connection, condition: str) -> None:
    hashed = POSTGRES_HASH
    if connection.dialect.name == "sqlite":
        hashed = "visitor_hash(owner)"
        driver = connection.connection.driver_connection
        assert driver
        driver.create_function("visitor_hash", 1, hash_secret, deterministic=True)
    for table in TABLES:
        connection.execute(text(f"UPDATE {table} SET owner = {hashed} WHERE {condition}"))  # noqa: S608 - constants
