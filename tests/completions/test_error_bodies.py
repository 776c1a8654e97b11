"""Refusals are recognised by words and codes: every body of tests.error_bodies."""

from __future__ import annotations

from collections import Counter

import pytest

from chat.completions.error_bodies import find_error
from chat.completions.fault_words import CODES_BY_TYPE, find_wait
from chat.completions.provider_errors import FAULTS, from_error_object, from_status
from tests.error_bodies import BODIES, Body


@pytest.mark.parametrize("body", BODIES, ids=[f"{at}-{body.provider}" for at, body in enumerate(BODIES)])
def test_a_body_has_its_type_its_sentence_and_whether_to_try_again(body: Body) -> None:
    is_stream = body.status == 200
    error = from_error_object(body.body) if is_stream else from_status(body.status, {}, body.body)
    assert (error.type, str(error), error.retryable) == (body.type, FAULTS[body.type][0], body.retries)


def test_the_table_is_wide() -> None:
    assert len(BODIES) >= 60
    assert len(Counter(body.provider for body in BODIES)) >= 25
    assert all(body.source for body in BODIES)
    assert set(CODES_BY_TYPE) <= set(FAULTS)


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "message": "Success", "sid": "x", "usage": {}},
        {"id": "x", "choices": [], "error": None},
        {"id": "x", "choices": [], "error": {}},
        {"id": "x", "choices": [], "base_resp": {"status_code": 0, "status_msg": ""}},
        {"type": "ping", "message": "keep-alive"},
        {"choices": [], "message": "a note"},
        {},
        [],
        None,
        7,
    ],
)
def test_what_says_no_error_is_none(body: object) -> None:
    assert find_error(body) is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Please try again in 2s.", 2.0),
        ("Please try again in 2m7.5s.", 127.5),
        ("Please retry in 31.5s", 31.5),
        ("try again in 250ms", 0.25),
        ('"retryDelay": "31s"', 31.0),
        ("try again later", None),
    ],
)
def test_the_wait_is_read_from_the_words(said: str, seconds: float | None) -> None:
    assert find_wait(said) == seconds
