"""A time after which a statement ends with an error: a search reads all texts of an owner. Knows no table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

STEPS = 1_000  # of SQLite's machine, between two looks at the clock


@contextmanager
def limited(connection: Connection, seconds: float) -> Iterator[None]:
    """Interrupt the statements inside once they have run for so long. Raises the database's own error."""
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
        yield
        connection.execute(text("SET LOCAL statement_timeout = DEFAULT"))
        return
    driver = connection.connection.driver_connection
    assert driver
    last = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > last, STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)
