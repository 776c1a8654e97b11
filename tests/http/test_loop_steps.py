"""What arrives at once is taken up over steps of the loop, in turn between networks. No time is measured."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI

from chat.http.loop_steps import PIECES_MAX, LoopSteps
from chat.http.routes import add_routes, build_routes


class Arrivals:
    """Pieces of data that arrive, and the order in which they are taken up."""

    def __init__(self) -> None:
        self.time = 0.0
        self.taken: list[str] = []
        self._steps = LoopSteps(3, lambda: self.time)

    def add(self, network: str, count: int) -> None:
        for number in range(count):
            name = f"{network}{number}"
            if self._steps.admit():
                self.taken.append(name)
            else:
                self._steps.wait(network, partial(self.taken.append, name))

    async def step(self) -> list[str]:
        """Return what the next step takes up."""
        before = len(self.taken)
        await asyncio.sleep(0)
        return self.taken[before:]


async def test_a_step_takes_up_few_pieces_and_later_ones_the_rest() -> None:
    arrivals = Arrivals()
    arrivals.add("a", 8)
    assert arrivals.taken == ["a0", "a1", "a2"]
    assert [await arrivals.step() for _ in range(3)] == [["a3", "a4", "a5"], ["a6", "a7"], []]


async def test_a_piece_of_another_network_waits_for_one_step() -> None:
    arrivals = Arrivals()
    arrivals.add("a", 600)
    arrivals.add("b", 2)
    assert await arrivals.step() == ["a3", "b0", "a4"]
    assert await arrivals.step() == ["b1", "a5", "a6"]


async def test_what_arrives_after_a_quiet_step_is_taken_up_at_once() -> None:
    arrivals = Arrivals()
    for number in range(3):
        arrivals.add(f"{number}-", 3)
        assert len(arrivals.taken) == 3 * (number + 1)
        assert not await arrivals.step()


async def test_long_steps_take_up_more_so_that_requests_do_not_starve_behind_streams() -> None:
    arrivals = Arrivals()
    arrivals.add("a", 200)
    assert len(await arrivals.step()) == 3
    arrivals.time += 0.1
    assert len(await arrivals.step()) == 5
    arrivals.time += 60
    assert len(await arrivals.step()) == PIECES_MAX


def test_the_first_request_builds_no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    outer, app, built = FastAPI(), FastAPI(), list[Any]()
    add_routes(app)
    outer.mount("/", app)
    monkeypatch.setattr("fastapi.routing.get_dependant", _note(built))
    build_routes(outer)
    count = len(built)
    for path in ("/healthz", "/ai/files/none/pages/1", "/ai/stream_chat"):
        for route in app.routes:
            route.matches({"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []})
    assert len(built) == count > 10


def _note(built: list[Any]) -> Any:
    from fastapi.dependencies.utils import get_dependant

    def note(**given: Any) -> Any:
        built.append(given["call"])
        return get_dependant(**given)

    return note
