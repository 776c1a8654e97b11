"""Bounds of JSON, checked before it is parsed: how many values it has.

Nine megabytes of `[],[],` are three million lists, for which a parser needs seconds and half a gigabyte. Sans
I/O.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from chat.errors import InvalidRequest

VALUES_MAX = 20_000  # of a request
LARGE_BYTES = 256_000  # of a body that is parsed in a thread
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|$)', re.DOTALL)
_MARKS = (b"[", b"{", b",")


def check_values(body: bytes, most: int = VALUES_MAX) -> None:
    """Raise InvalidRequest for JSON of more values than `most`."""
    if _count_marks(body) <= most:
        return
    values, at = 0, 0
    while values <= most:  # marks inside of strings do not count
        string = _STRING.search(body, at)
        values += _count_marks(body[at : string.start() if string else len(body)])
        if not string:
            break
        at, values = string.end(), values + 1
    if values > most:
        raise InvalidRequest(f"This has more than {most:,} values, which is the limit.")


def parse_bounded(body: bytes) -> Any:
    """Return the value of a JSON body. Raises InvalidRequest for too many values, ValueError for no JSON."""
    check_values(body)
    try:
        return orjson.loads(body)
    except ValueError:
        return json.loads(body)  # which takes NaN and lone surrogates, too


def _count_marks(part: bytes) -> int:
    return sum(map(part.count, _MARKS))
