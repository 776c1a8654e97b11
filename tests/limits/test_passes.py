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
