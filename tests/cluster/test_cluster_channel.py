"""Replicas over a Redis Cluster of three nodes: as over a single Redis, also when one node is emptied."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from chat.cluster import cluster_channel, redis_channel, redis_rights
from chat.cluster.cluster_channel import ClusterChannel
from chat.cluster.peers import check_redis
from chat.cluster.redis_channel import RedisChannel
from chat.errors import NotFound, Refused, SettingError, Unreachable
from chat.generations.generation import GenerationLimits
from chat.generations.registry import AnswerPlaces
from chat.ids import new_id
from chat.limits import counters
from chat.limits.answer_places import SharedPlaces
from chat.limits.quotas import Quotas
from chat.redis_urls import cluster_options, is_cluster, node_urls
from chat.settings import Settings
from chat.visitors import Guest, Visitor
from tests.logs import PATIENCE_SECONDS, Hand, open_replicas, publish, read, read_until

if TYPE_CHECKING:
    from tests.servers_redis import RedisNodes, RedisServer  # the plugin below imports it first

pytest_plugins = ("tests.servers_redis",)

ANNA = Visitor(Guest("anna"))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for every reply: no test here is about a node that does not answer, and a busy machine is slow."""
    for module in (redis_channel, cluster_channel, redis_rights, counters):
        monkeypatch.setattr(module, "ANSWER_SECONDS", PATIENCE_SECONDS)


def test_the_url_of_a_cluster_names_nodes_login_and_tls() -> None:
    url = "rediss+cluster://me:a%40b@one:1,[::1]:2,three?ssl_ca_certs=/ca.pem&ssl_check_hostname=no"
    assert (is_cluster(url), is_cluster("redis://me:+cluster@one")) == (True, False)
    assert node_urls(url)[1] == "rediss://me:a%40b@[::1]:2?ssl_ca_certs=/ca.pem&ssl_check_hostname=no"
    nodes, options = cluster_options(url)
    assert nodes == [("one", 1), ("::1", 2), ("three", 6379)]
    assert options == {
        "username": "me",
        "password": "a@b",
        "ssl": True,
        "ssl_ca_certs": "/ca.pem",
        "ssl_check_hostname": False,
        "driver_info": None,
    }


async def test_a_cluster_replies_as_a_single_redis_does(
    shared_cluster: RedisNodes, shared_redis: RedisServer
) -> None:
    keys = [f"test:{new_id()}" for _ in range(6)]
    commands = [
        command
        for key in keys
        for command in (
            ("XADD", key, "NOMKSTREAM", b"1-0", b"e", b"0"),
            ("XADD", key, "MAXLEN", "~", 100, b"2-0", b"e", b"1", b"a", b"2"),
            ("XADD", key, b"2-0", b"e", b"3"),  # refused
            ("XRANGE", key, "-", "+", "COUNT", 1),
            ("XREVRANGE", key, "+", "-", "COUNT", 2),
            ("PEXPIRE", key, 60_000),
            ("EXISTS", key),
            ("DEL", key),
            ("SET", key, "1", "NX", "PX", 60_000),
            ("SET", key, "2", "NX", "PX", 60_000),
            ("GET", key),
            ("PUBLISH", key, b"\xff"),
        )
    ]
    replies = []
    async with AsyncExitStack() as stack:
        for channel in (ClusterChannel(shared_cluster.url), RedisChannel(shared_redis.url)):
            stack.push_async_callback(channel.aclose)
            channel.is_open = True
            replies.append([str(reply) for reply in await channel.run(commands)])
    assert replies[0] == replies[1]


async def test_answers_on_all_nodes_are_followed_and_stopped_elsewhere(shared_cluster: RedisNodes) -> None:
    async with open_replicas(shared_cluster.url, 3) as [(here, one, _), (_, other, _), (_, third, _)]:
        hands = [Hand() for _ in range(9)]
        written = [await publish(here, one, hand) for hand in hands]
        mirrors = [await place.find(each.id, "anna") for each in written for place in (other, third)]
        reading = [asyncio.create_task(read(mirror)) for mirror in mirrors]
        for hand in hands:
            hand.give("a", "b")
        for mirror in mirrors:
            await read_until(mirror, 3)
        await mirrors[0].stop()
        for hand in hands[1:]:
            hand.end()
        received = await asyncio.gather(*reading)
        assert received == [list(each.events) for each in written for _ in (other, third)]
        assert written[0].finish_reason == "cancelled"
        assert one._names.alive("x").startswith("test:{alive}:")
        with pytest.raises(NotFound):
            await other.find("nowhere", "anna")


@pytest.mark.slow  # as with a single Redis
async def test_the_log_of_a_dead_writer_is_sealed_in_a_cluster(
    shared_cluster: RedisNodes, short_beats: None
) -> None:
    async with open_replicas(shared_cluster.url) as [(here, one, _), (_, other, sealed)]:
        generation = await publish(here, one, Hand())
        mirror = await other.find(generation.id, "anna")
        for task in one._tasks:
            task.cancel()
        assert [event.type for event in await read(mirror)] == ["generation", "error"]
        assert [each.id for each in sealed] == [generation.id]


async def test_a_node_that_is_emptied_costs_no_reader_anything_and_has_all_again(
    shared_cluster: RedisNodes, short_beats: None
) -> None:
    async with open_replicas(shared_cluster.url, 3) as [(here, one, _), (_, other, sealed), (_, third, _)]:
        hands = [Hand() for _ in range(12)]
        written = [await publish(here, one, hand) for hand in hands]
        hands[0].end()  # of an ended answer, too, all must be there again
        await read(written[0])
        reading = [
            asyncio.create_task(read(await other.find(each.id, "anna"), after=0)) for each in written[1:]
        ]
        for word, node in enumerate(shared_cluster.nodes):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not all(replica._is_trusted() for replica in (one, other, third)):
                    await asyncio.sleep(0.02)
            assert node.run("FLUSHALL") == "+OK"
            if word:  # the last answers write nothing: the heartbeats find out that they are lost
                for hand in hands[1:9]:
                    hand.give(str(word))
            for each in written:  # a replica without a copy never says that there is no such answer
                third._mirrors._mirrors.pop(each.id, None)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while True:
                        with suppress(Unreachable):
                            await third.find(each.id, "anna")
                            break
                        await asyncio.sleep(0.02)
        for hand in hands[1:]:
            hand.end()
        received = await asyncio.gather(*reading)
        texts = {"".join(event.text for event in events) for events in received}
        assert (texts, sealed) == ({"12", ""}, [])
        for each in written:
            assert await read(await third.find(each.id, "anna")) == list(each.events)


async def test_a_channel_whose_slot_moves_is_subscribed_at_its_new_node(
    shared_cluster: RedisNodes, short_beats: None
) -> None:
    async with open_replicas(shared_cluster.url) as [(here, one, _), (_, other, _)]:
        hand = Hand()
        generation = await publish(here, one, hand)
        mirror = await other.find(generation.id, "anna")
        key = other._names.channel(other.id)
        slot = shared_cluster.nodes[0].run("CLUSTER", "KEYSLOT", key).removeprefix(":")
        before = shared_cluster.node_of(key)
        after = next(node for node in shared_cluster.nodes if node is not before)
        for node in (after, before, *shared_cluster.nodes):
            assert node.run("CLUSTER", "SETSLOT", slot, "NODE", after.cluster_id) == "+OK"
        for word in ("a", "b"):
            hand.give(word)
        await read_until(mirror, 3)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "\r\n:1\r\n" not in after.read("PUBSUB", "SHARDNUMSUB", key):
                await asyncio.sleep(0.02)
        await mirror.stop()
        assert generation.finish_reason == "cancelled"


async def test_limits_count_over_all_replicas_in_a_cluster(shared_cluster: RedisNodes) -> None:
    settings = Settings.from_env(
        {"REDIS_URL": shared_cluster.url, "RATE_LIMIT": "2/hour", "DAILY_TOKENS": "100"}
    )
    one, other = Quotas(settings), Quotas(settings)
    for each in (one, other):
        each.share("test")
    await one.admit(ANNA)
    await other.admit(ANNA)
    await (await one.reserve(ANNA, 1, 60)).settle(50)
    assert await other.tokens_left(ANNA) == 50
    with pytest.raises(Refused):
        await one.admit(ANNA)
    assert one.shared
    assert other.shared
    limits = AnswerPlaces(GenerationLimits(max_running_per_visitor=1))
    here, there = SharedPlaces(one.shared, limits), SharedPlaces(other.shared, limits)
    await here.take("x", ANNA)
    for node in shared_cluster.nodes:
        assert node.run("FLUSHALL") == "+OK"
    await here.renew()
    with pytest.raises(Refused):
        await there.take("y", ANNA)
    await here.give_back("x")
    await there.take("y", ANNA)
    await one.aclose()
    await other.aclose()


async def test_what_a_cluster_refuses_is_told_before_the_start(
    shared_cluster: RedisNodes, shared_redis: RedisServer
) -> None:
    await check_redis(shared_cluster.url, "")
    plain = f"redis://127.0.0.1:{shared_cluster.nodes[1].port}"
    single = shared_redis.url.replace("redis://", "redis+cluster://")
    users = {
        "~xiaojia:* &xiaojia:* +@all -spublish": "the command SPUBLISH",
        "~xiaojia:* resetchannels +@all": "channels of the prefix",
        "~xiaojia:* &xiaojia:* +@all -cluster": "CLUSTER SLOTS",
    }
    told = {plain: "this is a Redis Cluster: write redis+cluster://", single: "this Redis is no cluster"}
    for at, (rules, line) in enumerate(users.items()):
        for node in shared_cluster.nodes:
            assert node.run("ACL", "SETUSER", f"u{at}", "reset", "on", ">secret", *rules.split(" ")) == "+OK"
        told[shared_cluster.url.replace("//", f"//u{at}:secret@")] = line
    told[shared_cluster.url.replace("//", "//u0:wrong@")] = "refuses the user or the password"
    for url, line in told.items():
        with pytest.raises(SettingError) as refusal:
            await check_redis(url, "")
        assert line in str(refusal.value)
