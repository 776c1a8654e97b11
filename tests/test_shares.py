"""Shares of places and bytes: by visitor, by network, in total."""

from __future__ import annotations

import pytest

from chat.errors import Refused
from chat.shares import Limit, Shares
from chat.visitors import Guest, Network, Visitor

HOME, WORK = Network.of("192.0.2.1"), Network.of("2001:db8::1")
ANNA, BEN, CLARA = (Visitor(Guest(name), HOME) for name in ("anna", "ben", "clara"))
DORA = Visitor(Guest("dora"), WORK)


def test_a_share_is_of_a_visitor_of_a_network_and_of_all() -> None:
    shares = Shares("files", Limit(of_visitor=2, of_network=3, total=4))
    shares.take(ANNA)
    shares.take(ANNA)
    with pytest.raises(Refused, match="2 files at once") as mine:
        shares.take(ANNA)
    shares.take(BEN)
    with pytest.raises(Refused, match="3 files at once"):
        shares.take(CLARA)
    shares.take(DORA)
    with pytest.raises(Refused, match="The server has 4 files") as full:
        shares.take(DORA)
    assert (mine.value.type, full.value.type) == ("too_much_at_once", "server_busy")
    shares.give_back(ANNA)
    shares.take(CLARA)


def test_the_last_places_are_for_visitors_that_hold_nothing() -> None:
    shares = Shares("answers", Limit(of_visitor=10, total=20))
    for visitor, count in ((ANNA, 9), (BEN, 9)):
        for _ in range(count):
            shares.take(visitor)
    with pytest.raises(Refused, match="The server"):
        shares.take(ANNA)
    with pytest.raises(Refused, match="The server"):
        shares.take(CLARA)  # a new name, of a network that holds much
    shares.take(DORA)
    with pytest.raises(Refused, match="The server"):
        shares.take(DORA)


def test_callers_without_a_name_are_one_visitor_of_their_network() -> None:
    shares = Shares("answers", Limit(of_visitor=1, of_network=2))
    shares.take(Visitor(None, HOME))
    with pytest.raises(Refused):
        shares.take(Visitor(None, HOME))
    shares.take(ANNA)
    shares.take(Visitor(None, WORK))


def test_shares_within_others_are_bounded_by_both() -> None:
    memory = Shares("bytes in memory", Limit(of_visitor=5, of_network=8))
    requests, files = (Shares(name, Limit(of_visitor=4), memory) for name in ("requests", "files"))
    requests.take(ANNA, 4)
    with pytest.raises(Refused, match="5 bytes in memory"):
        files.take(ANNA, 2)
    assert (files.total, memory.total) == (0, 4)
    files.take(ANNA, 1)
    with pytest.raises(Refused, match="8 bytes in memory"):
        files.take(BEN, 4)
    requests.give_back(ANNA, 4)
    files.take(BEN, 4)
    assert (memory.total, memory.is_over(BEN)) == (5, False)
    files.hold(BEN, 4)
    assert memory.is_over(BEN)
