"""Limits on what a visitor may spend."""

from __future__ import annotations

import pytest

from chat.errors import Refused
from chat.limits.quotas import Quotas
from chat.settings import Settings
from chat.visitors import Guest, Network, Visitor

ANNA = Visitor(Guest("anna-token"), Network.of("192.0.2.1"))
BEN = Visitor(Guest("ben-token"), Network.of("192.0.2.2"))


def allow(**environ: str) -> Quotas:
    return Quotas(Settings.from_env(environ))


async def test_without_limits_nothing_is_refused() -> None:
    allowances = allow()
    for _ in range(100):
        await allowances.admit(ANNA)
    assert await allowances.tokens_left(ANNA) is None


async def test_a_rate_is_for_each_visitor_and_says_when_to_try_again() -> None:
    allowances = allow(RATE_LIMIT="2/minute")
    await allowances.admit(ANNA)
    await allowances.admit(ANNA)
    with pytest.raises(Refused, match="more than 2 messages a minute") as refusal:
        await allowances.admit(ANNA)
    assert refusal.value.type == "rate_limit"
    assert refusal.value.retry_after is not None
    assert 1 <= refusal.value.retry_after <= 60
    await allowances.admit(BEN)


async def test_a_new_token_does_not_escape_the_limit_of_the_address() -> None:
    allowances = allow(RATE_LIMIT="1/hour")
    await allowances.admit(ANNA)
    with pytest.raises(Refused):
        await allowances.admit(Visitor(Guest("another-token"), ANNA.network))


async def test_addresses_of_one_ipv6_network_are_one() -> None:
    allowances = allow(RATE_LIMIT="1/hour")
    await allowances.admit(Visitor(None, Network.of("2001:db8::1")))
    with pytest.raises(Refused):
        await allowances.admit(Visitor(None, Network.of("2001:db8::2")))
    await allowances.admit(Visitor(None, Network.of("2001:db8:0:1::1")))


@pytest.mark.parametrize(
    "written",
    ["192.0.2.1", "::ffff:192.0.2.1", "64:ff9b::192.0.2.1", "2002:c000:201::5", "2002:c000:201:7::1"],
)
async def test_an_ipv4_address_written_as_ipv6_is_that_address(written: str) -> None:
    assert Network.of(written) == ANNA.network != BEN.network


async def test_what_is_no_address_is_one_network() -> None:
    """A proxy that passes on what the client wrote would otherwise let it choose a new one each time."""
    assert len({Network.of(one) for one in ("unknown", "_hidden", "a" * 2_000, "1.2.3.4.5", "")}) == 1


async def test_a_days_tokens_run_out_for_one_visitor_and_not_for_another() -> None:
    allowances = allow(DAILY_TOKENS_PER_VISITOR="100")
    await (await allowances.reserve(ANNA, 1, 60)).settle(60)
    assert await allowances.tokens_left(ANNA) == 40
    await allowances.admit(ANNA)
    await (await allowances.reserve(ANNA, 1, 40)).settle(60)
    assert await allowances.tokens_left(ANNA) == 0
    with pytest.raises(Refused, match="Your tokens of today") as refusal:
        await allowances.admit(ANNA)
    assert refusal.value.type == "daily_tokens_visitor"
    await allowances.admit(BEN)


async def test_a_days_tokens_in_all_are_shared() -> None:
    allowances = allow(DAILY_TOKENS="100")
    await (await allowances.reserve(ANNA, 100, 100)).settle(100)
    with pytest.raises(Refused, match="for all visitors") as refusal:
        await allowances.admit(BEN)
    assert refusal.value.type == "daily_tokens"


async def test_files_are_counted_at_the_same_rate_beside_messages() -> None:
    allowances = allow(RATE_LIMIT="1/hour")
    await allowances.admit(ANNA)
    await allowances.admit_file(ANNA)
    with pytest.raises(Refused, match="more than 1 files an hour"):
        await allowances.admit_file(ANNA)
