"""What the browser sends with an event: believed only where it may be chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chat.turns.turn import Options
from chat.ui.callbacks import Callbacks
from chat.ui.follower import Followers
from chat.ui.visits import Visit, read_key, read_options, read_paths, read_visit
from chat.visitors import Guest, Network, User, Visitor
from tests.provider import Provider
from tests.servers import run_routes

OWNER = "o" * 32


def test_a_visit_is_read_field_by_field() -> None:
    sent = {
        "owner": OWNER,
        "language": "zh-CN",
        "conversation": "c1",
        "files": ["f1", "../etc", 7],
        "action": {"name": "retry", "id": "m1", "value": "v"},
        "options": {"temperature": 0.5},
        "minutes": 480,
        "narrow": True,
    }
    assert read_visit(sent, session="s", address="192.0.2.1") == Visit(
        visitor=Visitor(Guest.of(OWNER), Network.of("192.0.2.1")),
        session="s",
        language="zh",
        conversation="c1",
        action="retry",
        target="m1",
        value="v",
        files=("f1",),
        options=Options(temperature=0.5),
        minutes=480,
        is_narrow=True,
    )


@pytest.mark.parametrize("data", [None, 7, "x", [], {"owner": ["x"], "action": [], "options": "x"}])
def test_whatever_is_sent_is_a_visit_of_a_fresh_visitor(data: Any) -> None:
    first, second = (read_visit(data, session="s") for _ in range(2))
    assert first.owner != second.owner
    assert len(first.owner) >= 22
    assert (first.conversation, first.files, first.options) == ("", (), Options())


def test_a_log_in_is_believed_before_what_the_page_says() -> None:
    assert read_visit({"owner": OWNER}, session="s", signed_in=User("hf:anna")).owner == "user:hf:anna"


def test_options_out_of_their_bounds_are_the_owners_settings() -> None:
    wild = {"temperature": 9, "max_tokens": True, "file_characters": float("nan"), "model": 7}
    assert read_options(wild) == Options()


def test_paths_and_keys_are_short_plain_texts() -> None:
    assert read_paths(["a", "b\0", 7, "x" * 5000]) == ("a",)
    assert (read_key({"key": "sk-12345678"}), read_key({"key": "sk 1"}), read_key(None)) == (
        "sk-12345678",
        "",
        "",
    )


def test_the_language_is_what_was_chosen_else_the_browsers_first_else_english() -> None:
    given = [("zh-CN", ""), ("", "zh-TW,en;q=0.5"), ("fr", "zh"), (7, "zh")]
    read = [read_visit({"language": asked}, session="s", accepts=header) for asked, header in given]
    assert [visit.language for visit in read] == ["zh", "zh", "en", "zh"]


async def test_each_send_is_a_request_of_its_own(provider: Provider, tmp_path: Path) -> None:
    settings = {"OPENAI_MODEL": "plain", "OPENAI_API_KEY": "sk-test", "TITLES": "words"}
    async with run_routes(tmp_path, OPENAI_BASE_URL=provider.url, **settings) as app:
        callbacks = Callbacks(app.engine, Followers())
        visit = Visit(Visitor(Guest.of(OWNER)), session="s")
        conversations = set()
        for _ in range(2):
            told = [shown.told async for shown in callbacks.send(visit, "Hello") if shown.told]
            conversations.add(told[-1]["conversation"])
            await (await app.engine.find(told[-1]["generation"], visit.owner)).wait()
        assert len(conversations) == 2
        assert len(provider.chats) == 2
