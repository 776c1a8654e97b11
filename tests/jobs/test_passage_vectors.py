"""Vectors of files, over a scripted endpoint: made beside the upload, stored, resumed, counted, used."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from chat.completions import Endpoint
from chat.engine import Engine
from chat.errors import NotFound, Refused
from chat.files.attachment import Attachment
from chat.jobs import passage_vectors
from chat.jobs.endpoint_setup import find_embedding_endpoint
from chat.settings import Settings
from chat.turns.turn import Turn
from chat.visitors import Guest, Visitor
from tests.embedding_server import Meanings
from tests.provider import Provider
from tests.servers import make_settings

ANNA, BEN = Visitor(Guest("anna")), Visitor(Guest("ben"))
MODEL = "meanings"
FILLER = "".join(f"Paragraph {number} tells of the weather on a quiet day.\n\n" for number in range(150))
TEXT = f"{FILLER[:3_000]} The vessel burned at its mooring mast. {FILLER[3_000:]}"
QUESTION = "On which quiet day did the zeppelin end?"


@pytest.fixture
def meanings(provider: Provider) -> Meanings:
    made = Meanings({"zeppelin": 0, "vessel": 0, "weather": 1})
    provider.scripts[MODEL] = made.answer
    return made


@asynccontextmanager
async def open_engine(folder: Path, provider: Provider, **environ: str) -> AsyncGenerator[Engine, None]:
    given = {"EMBEDDING_MODEL": MODEL, "EMBEDDING_BASE_URL": provider.url, "FILE_CONTEXT_CHARACTERS": "2000"}
    engine = Engine(make_settings(folder, **given | environ))
    await engine.open()
    engine.connect(Endpoint(provider.url, "sk-test", ("plain",)))
    try:
        yield engine
    finally:
        await engine.aclose()


async def attach(engine: Engine, folder: Path, text: str = TEXT, visitor: Visitor = ANNA) -> Attachment:
    path = folder / "report.txt"
    path.write_text(text)
    attachment = await engine.attach(path, path.name, visitor)
    await finish_vectors(engine)
    return attachment


async def finish_vectors(engine: Engine) -> None:
    assert engine._vectors
    await asyncio.gather(*engine._vectors._tasks.values(), return_exceptions=True)


async def ask(engine: Engine, file: Attachment, visitor: Visitor = ANNA, question: str = QUESTION) -> Any:
    """Return the last receipt of an answer."""
    generation = await engine.start(Turn(question, file_ids=(file.id,)), visitor)
    async with aclosing(generation.follow()) as batches:
        events = [event async for batch in batches for event in batch]
    return [orjson.loads(one.data)["receipt"] for one in events if one.type in ("generation", "receipt")][-1]


def prompt_of(provider: Provider) -> str:
    return str(provider.chats[-1].body["messages"][-1]["content"])


async def test_a_question_finds_what_it_shares_no_word_with(
    provider: Provider, meanings: Meanings, tmp_path: Path
) -> None:
    async with open_engine(tmp_path, provider) as engine:
        file = await attach(engine, tmp_path)
        passages = len(meanings.texts)
        receipt = await ask(engine, file)
        assert "The vessel burned" in prompt_of(provider)
        assert any("near" in one["why"] for one in receipt["files"][0]["passages"])
        assert receipt["near_tokens"] == 1
        assert meanings.texts[passages:] == [QUESTION]


async def test_the_search_is_as_before_while_vectors_are_missing(
    provider: Provider, meanings: Meanings, tmp_path: Path
) -> None:
    async def fail(call: Any) -> None:
        await call.reply(401, {"error": {"message": "no such key"}})

    provider.scripts[MODEL] = fail
    async with open_engine(tmp_path, provider) as engine:
        file = await attach(engine, tmp_path)
        receipt = await ask(engine, file)
        assert "The vessel burned" not in prompt_of(provider)
        assert "near_tokens" not in receipt
        asked = sum(call.path.endswith("/embeddings") for call in provider.requests)
        assert asked == 1  # a key that is refused is not tried again for a while


async def test_what_was_stored_is_not_made_twice(
    provider: Provider, meanings: Meanings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage_vectors, "STORE_PASSAGES", 1)

    async def fail_later(call: Any) -> None:
        if sum(one.path.endswith("/embeddings") for one in provider.requests) > 1:
            await call.reply(402, {"error": {"message": "insufficient balance"}})
        else:
            await meanings.answer(call)

    provider.scripts[MODEL] = fail_later
    async with open_engine(tmp_path, provider) as engine:
        assert engine._vectors
        engine._vectors._embeddings.batch = 4
        file = await attach(engine, tmp_path)
        assert len(meanings.texts) == 4
    provider.scripts[MODEL] = meanings.answer
    async with open_engine(tmp_path, provider) as engine:
        assert "near_tokens" not in await ask(engine, file)  # the first question goes on with them
        await finish_vectors(engine)
        assert len(meanings.texts) == len(set(meanings.texts))
        assert "near_tokens" in await ask(engine, file)
        assert "The vessel burned" in prompt_of(provider)
        passages = len(meanings.texts)
    async with open_engine(tmp_path, provider) as engine:
        await ask(engine, file)
        assert len(meanings.texts) == passages + 1  # the question alone


@pytest.mark.slow  # as the next one
async def test_vectors_of_another_length_are_made_anew(
    provider: Provider, meanings: Meanings, tmp_path: Path
) -> None:
    async with open_engine(tmp_path, provider) as engine:
        file = await attach(engine, tmp_path)
        meanings.width = 6  # another model behind the same name
        assert not [one for one in (await ask(engine, file))["files"][0]["passages"] if "near" in one["why"]]


@pytest.mark.slow
async def test_small_files_and_unset_models_ask_for_nothing(
    provider: Provider, meanings: Meanings, tmp_path: Path
) -> None:
    async with open_engine(tmp_path, provider) as engine:
        file = await attach(engine, tmp_path, "The vessel burned at its mooring mast.")
        await ask(engine, file)
        assert meanings.texts == []
    async with open_engine(tmp_path / "off", provider, EMBEDDING_MODEL="") as engine:
        assert engine._vectors is None


async def test_every_request_counts_against_the_tokens_of_the_day(
    provider: Provider, meanings: Meanings, tmp_path: Path
) -> None:
    async with open_engine(tmp_path, provider, DAILY_TOKENS_PER_VISITOR="20000") as engine:
        before = await engine.tokens_left(ANNA)
        await attach(engine, tmp_path)
        assert before is not None
        assert await engine.tokens_left(ANNA) == before - len(meanings.texts)
        made = len(meanings.texts)
        assert engine._vectors
        own_key = dataclasses.replace(BEN, api_key="sk-of-ben")  # answers are ben's to pay, vectors are not
        with pytest.raises(Refused):
            await engine._vectors._embed(["word " * 30_000], own_key)
        assert len(meanings.texts) == made


async def test_a_deleted_file_ends_the_making(provider: Provider, meanings: Meanings, tmp_path: Path) -> None:
    held = asyncio.Event()

    async def hold(call: Any) -> None:
        held.set()
        await call.connection.wait_closed()

    provider.scripts[MODEL] = hold
    path = tmp_path / "report.txt"
    path.write_text(TEXT)
    async with open_engine(tmp_path, provider) as engine:
        file = await engine.attach(path, path.name, ANNA)
        await held.wait()
        await engine.detach(file.id, ANNA.owner)
        await finish_vectors(engine)
        with pytest.raises(NotFound):
            await engine.attachment(file.id, ANNA.owner)


@pytest.mark.parametrize(
    ("environ", "url", "key"),
    [
        ({"OPENAI_API_KEY": "sk-chat"}, "https://api.openai.com/v1", "sk-chat"),
        ({"OPENAI_BASE_URL": "http://a/v1", "OPENAI_API_KEY": "sk-chat"}, "http://a/v1", "sk-chat"),
        ({"OPENAI_API_KEY": "sk-chat", "EMBEDDING_BASE_URL": "http://b/v1"}, "http://b/v1", "none"),
        (
            {
                "OPENAI_BASE_URL": "http://a:1/v1",
                "OPENAI_API_KEY": "sk-chat",
                "EMBEDDING_BASE_URL": "http://a:2/v1",
            },
            "http://a:2/v1",
            "none",
        ),
        (
            {
                "OPENAI_BASE_URL": "http://a/v1",
                "OPENAI_API_KEY": "sk-chat",
                "EMBEDDING_BASE_URL": "http://a/v2",
            },
            "http://a/v2",
            "sk-chat",
        ),
        (
            {
                "OPENAI_API_KEY": "sk-chat",
                "EMBEDDING_BASE_URL": "http://b/v1",
                "EMBEDDING_API_KEY": "sk-own",
            },
            "http://b/v1",
            "sk-own",
        ),
    ],
)
def test_the_chat_key_is_sent_to_its_own_host_alone(environ: dict[str, str], url: str, key: str) -> None:
    endpoint = find_embedding_endpoint(Settings.from_env({"EMBEDDING_MODEL": MODEL, **environ}))
    assert endpoint
    assert (endpoint.base_url, endpoint.api_key) == (url, key)
