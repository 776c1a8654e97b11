"""Tokens are reserved in one step and settled later, in memory and over a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from chat.errors import Refused
from chat.limits import counters
from chat.limits.quotas import OUTPUT_TOKENS, Quotas
from chat.limits.token_budgets import Reservation
from chat.settings import Settings
from chat.visitors import Guest, Network, Visitor

if TYPE_CHECKING:
    from tests.servers_redis import RedisServer

pytest_plugins = ("tests.servers_redis",)

HOME = Network.of("192.0.2.1")
ANNA = Visitor(Guest("anna"), HOME)


@asynccontextmanager
async def two_replicas(redis: RedisServer | None, **limits: str) -> AsyncGenerator[list[Quotas], None]:
    """Two that share a Redis; without one, the same one twice."""
    settings = Settings.from_env({"REDIS_URL": redis.url if redis else "", **limits})
    quotas = [Quotas(settings) for _ in range(2)] if redis else [Quotas(settings)] * 2
    for one in quotas:
        one.share("test")
    try:
        yield quotas
    finally:
        for one in set(quotas):
            await one.aclose()


@pytest.fixture(params=["memory", "Redis"])
def storage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> RedisServer | None:
    monkeypatch.setattr(counters, "ANSWER_SECONDS", 30.0)  # a busy machine is no Redis that is away
    redis: RedisServer | None = request.getfixturevalue("redis") if request.param == "Redis" else None
    return redis


async def try_to_reserve(quotas: Quotas, visitor: Visitor, least: int, most: int) -> Reservation | None:
    try:
        return await quotas.reserve(visitor, least, most)
    except Refused:
        return None


async def test_reservations_at_the_same_time_never_exceed_the_limit(storage: RedisServer | None) -> None:
    async with two_replicas(storage, DAILY_TOKENS_PER_VISITOR="500") as quotas:
        assert [await one.tokens_left(ANNA) for one in quotas] == [500, 500]
        asked = [try_to_reserve(quotas[number % 2], ANNA, 100, 150) for number in range(100)]
        granted = [one.granted for one in await asyncio.gather(*asked) if one]
        assert granted == [150, 150, 150]
        assert await quotas[0].tokens_left(ANNA) == 50


async def test_names_of_one_network_share_its_tokens(storage: RedisServer | None) -> None:
    async with two_replicas(storage, DAILY_TOKENS_PER_VISITOR="500") as quotas:
        visitors = [Visitor(Guest(f"name {number}"), HOME) for number in range(25)]
        asked = [try_to_reserve(quotas[0], visitor, 100, 200) for visitor in visitors]
        assert sum(one.granted for one in await asyncio.gather(*asked) if one) == 500
        await quotas[1].reserve(Visitor(Guest("elsewhere"), Network.of("192.0.2.2")), 500, 500)


async def test_what_was_not_spent_is_given_back_and_what_was_is_not(storage: RedisServer | None) -> None:
    async with two_replicas(storage, DAILY_TOKENS="1000") as quotas:
        reservation = await quotas[0].reserve(ANNA, 100, 800)
        await reservation.settle(22, keep=100)
        assert await quotas[1].tokens_left(ANNA) == 878
        await reservation.settle(40)
        assert await quotas[1].tokens_left(ANNA) == 960


async def test_an_answer_is_granted_what_is_left_down_to_its_least(storage: RedisServer | None) -> None:
    async with two_replicas(storage, DAILY_TOKENS="1000") as quotas:
        assert (await quotas[0].reserve(ANNA, 100, 900)).granted == 900
        assert (await quotas[0].reserve(ANNA, 100, 900)).granted == 100
        with pytest.raises(Refused):
            await quotas[0].reserve(ANNA, 1, 1)


async def test_a_refusal_says_whether_the_tokens_are_spent_or_only_reserved() -> None:
    quotas = Quotas(Settings.from_env({"DAILY_TOKENS": "100"}))
    reservation = await quotas.reserve(ANNA, 100, 100)
    with pytest.raises(Refused, match="reserved by answers") as reserved:
        await quotas.reserve(ANNA, 10, 10)
    assert reserved.value.retry_after == 5
    await reservation.settle(100)
    with pytest.raises(Refused, match="used up"):
        await quotas.reserve(ANNA, 10, 10)


async def test_a_reservation_can_grow_within_the_limit_only(storage: RedisServer | None) -> None:
    async with two_replicas(storage, DAILY_TOKENS="100") as quotas:
        reservation = await quotas[0].reserve(ANNA, 10, 60)
        await reservation.extend(10, 30)
        assert reservation.granted == 90
        with pytest.raises(Refused):
            await reservation.extend(20, 30)
        await reservation.settle(0)
        assert await quotas[0].tokens_left(ANNA) == 100


def test_where_tokens_are_limited_an_answer_has_a_maximum() -> None:
    paying = Visitor(Guest("anna"), HOME, api_key="sk-annas")
    limited = Quotas(Settings.from_env({"DAILY_TOKENS": "100000"}))
    assert limited.longest_answer(ANNA) == OUTPUT_TOKENS == 4096
    assert limited.longest_answer(paying) == 0
    assert Quotas(Settings.from_env({})).longest_answer(ANNA) == 0
    named = Settings.from_env({"DAILY_TOKENS": "100000", "MAX_OUTPUT_TOKENS": "70"})
    assert Quotas(named).longest_answer(ANNA) == 70
