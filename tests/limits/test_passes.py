"""A pass names its owner until it ends, and nothing else does."""

from __future__ import annotations

from chat.limits.passes import SECONDS, Passes


def test_a_pass_names_its_owner_until_it_ends() -> None:
    now = 1_000.0
    passes = Passes(lambda: now)
    given = passes.issue("user:änna")
    assert passes.read(given) == "user:änna"
    assert Passes(lambda: now).read(given) == ""
    for other in ("", "x", given[:-4], given[:40] + given[44:], "ä", given.swapcase()):
        assert passes.read(other) == ""
    now += SECONDS + 1
    assert passes.read(given) == ""


def test_what_two_keys_have_signed_is_read_where_one_was_adopted() -> None:
    here, there = Passes(), Passes()
    old = there.issue("user:änna")
    there.adopt(here.key)
    there.adopt(here.key)  # again, as before each issue
    assert there.read(old) == "user:änna"
    assert here.read(there.issue("user:ben")) == "user:ben"
    assert there.read(here.issue("user:ben")) == "user:ben"
    assert here.read(old) == ""
