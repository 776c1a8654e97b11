"""JSON with too many values is refused before it is parsed; long texts are not."""

from __future__ import annotations

import math

import pytest

from chat.errors import InvalidRequest
from chat.json_bounds import VALUES_MAX, parse_bounded


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"1,", b'"",', b'"\\"",', b'{"a":1},'])
def test_many_values_are_refused(piece: bytes) -> None:
    with pytest.raises(InvalidRequest, match="more than 20,000 values"):
        parse_bounded(b"[" + piece * VALUES_MAX + b"0]")


@pytest.mark.parametrize("text", ["[],{}" * 10_000, '\\"[,' * 10_000, "，、" * 10_000])
def test_marks_inside_of_texts_do_not_count(text: str) -> None:
    body = b'{"a":"' + text.replace("\\", "\\\\").replace('"', '\\"').encode() + b'","b":[1,2]}'
    assert parse_bounded(body) == {"a": text, "b": [1, 2]}


def test_what_other_parsers_take_is_taken() -> None:
    assert math.isnan(parse_bounded(b"[NaN]")[0])
    assert parse_bounded(b'["\\ud800"]') == ["\ud800"]
    with pytest.raises(ValueError, match="Expecting"):
        parse_bounded(b"[1,")
