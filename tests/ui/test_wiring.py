"""How what is shown gets into components, without a browser."""

from __future__ import annotations

from dataclasses import replace

import orjson

from chat.ui.callbacks import Shown
from chat.ui.visits import Visit
from chat.ui.wiring import SKIP, fill
from chat.visitors import Guest, Visitor

VISIT = Visit(Visitor(Guest("o" * 32)), conversation="c1", place=3)


def test_what_page_js_is_told_is_text_that_no_later_value_can_change_in_place() -> None:
    row = fill(Shown(told={"conversation": "c2", "generation": "g"}), VISIT)
    assert orjson.loads(row[2]) == {"conversation": "c2", "generation": "g", "asked": 3}
    assert row[:2] == [SKIP] * 2


def test_a_notice_is_for_whoever_is_there_when_it_comes() -> None:
    row = fill(Shown(notice="<p>No.</p>", composer="again"), VISIT)
    assert orjson.loads(row[2]) == {"composer": "again", "html": {"notice": "<p>No.</p>"}}


def test_a_list_says_what_it_was_searched_for() -> None:
    row = fill(Shown(conversations="<p>None.</p>"), replace(VISIT, query="lamp"))
    assert orjson.loads(row[2]) == {"query": "lamp", "html": {"conversations": "<p>None.</p>"}}


def test_what_changes_nothing_is_skipped() -> None:
    assert fill(Shown()) == [SKIP] * 3
