"""Vectors from an endpoint: what is sent, what is believed, what is asked again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chat.completions import Embeddings, Endpoint
from chat.completions import embeddings as embeddings_module
from chat.errors import ProviderError
from tests.embedding_server import Meanings
from tests.provider import Provider

MODEL = "meanings"


def connect(provider: Provider, model: str = MODEL) -> Embeddings:
    return Embeddings(Endpoint(provider.url, "sk-embed"), model)


async def test_vectors_come_in_the_order_of_the_texts_with_length_one(provider: Provider) -> None:
    provider.scripts[MODEL] = Meanings({"one": 0, "two": 1}).answer
    client = connect(provider)
    embedded = await client.embed_passages(["two", "one", "two"])
    await client.aclose()
    assert embedded.rows.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]]
    assert embedded.tokens == 3
    call = provider.requests[0]
    assert call.path == "/v1/embeddings"
    assert call.headers["authorization"] == "Bearer sk-embed"
    assert call.body == {"model": MODEL, "input": ["two", "one", "two"]}


@pytest.mark.parametrize(
    ("model", "question", "passage"),
    [
        ("intfloat/multilingual-e5-small", "query: x", "passage: x"),
        ("nomic-embed-text:latest", "search_query: x", "search_document: x"),
        ("Qwen/Qwen3-Embedding-0.6B", "Instruct: Find the passages that answer the question\nQuery: x", "x"),
        ("text-embedding-3-small", "x", "x"),
        ("bge-m3", "x", "x"),
        ("BAAI/bge-small-zh-v1.5", "为这个句子生成表示以用于检索相关文章：x", "x"),
    ],
)
async def test_a_model_gets_the_prefixes_that_it_was_trained_with(
    provider: Provider, model: str, question: str, passage: str
) -> None:
    meanings = Meanings({})
    provider.scripts[model] = meanings.answer
    client = connect(provider, model)
    await client.embed_question("x")
    await client.embed_passages(["x"])
    await client.aclose()
    assert meanings.texts == [question, passage]


async def test_fewer_and_shorter_texts_are_sent_where_an_endpoint_refuses_more(provider: Provider) -> None:
    meanings = Meanings({"one": 0, "two": 1}, most=2, longest=600)
    provider.scripts[MODEL] = meanings.answer
    client = connect(provider)
    texts = ["one " * 10, "two", "one", "two " * 300, "one"]
    embedded = await client.embed_passages(texts)
    await client.aclose()
    assert [row.argmax() for row in embedded.rows] == [0, 1, 0, 1, 0]
    assert client.batch <= 2
    assert max(map(len, meanings.texts)) <= 600


@pytest.mark.parametrize(
    "body",
    [
        {"data": []},
        {"data": [{"embedding": [1.0]}, {"embedding": [2.0]}]},
        {"data": [{"embedding": []}]},
        {"data": [{"embedding": "AAAA"}]},
        {"data": [{"embedding": [float("nan")]}]},
        {"choices": []},
        ["no object"],
        "<html>",
    ],
)
async def test_what_is_no_vector_for_each_text_is_refused(provider: Provider, body: Any) -> None:
    async def answer(call: Any) -> None:
        await call.reply(200, body)

    provider.scripts[MODEL] = answer
    client = connect(provider)
    with pytest.raises(ProviderError, match="no vectors"):
        await client.embed_passages(["x"])
    await client.aclose()


async def test_a_fault_that_passes_is_asked_again_and_another_is_not(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings_module, "FIRST_WAIT", 0.01)
    meanings = Meanings({})

    async def busy_first(call: Any) -> None:
        if len(provider.requests) == 1:
            await call.reply(503, {"error": {"message": "busy"}})
        else:
            await meanings.answer(call)

    async def refuse(call: Any) -> None:
        await call.reply(401, {"error": {"message": "bad key"}})

    provider.scripts |= {MODEL: busy_first, "closed": refuse}
    client, closed = connect(provider), connect(provider, "closed")
    assert len((await client.embed_passages(["x"])).rows) == 1
    assert len(provider.requests) == 2
    with pytest.raises(ProviderError, match="key"):
        await closed.embed_passages(["x"])
    assert len(provider.requests) == 3
    await client.aclose()
    await closed.aclose()


async def test_an_endpoint_that_stalls_is_not_asked_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings_module, "SECONDS", 0.1)

    async def stall(call: Any) -> None:
        await call.connection.wait_closed()

    provider.scripts[MODEL] = stall
    client = connect(provider)
    with pytest.raises(ProviderError, match="in time"):
        await client.embed_passages(["x"])
    assert len(provider.requests) == 1
    await client.aclose()


async def test_a_row_of_zeros_stays_finite(provider: Provider) -> None:
    async def answer(call: Any) -> None:
        await call.reply(200, {"data": [{"embedding": [0, 0]}]})

    provider.scripts[MODEL] = answer
    client = connect(provider)
    assert np.isfinite((await client.embed_question("x")).rows).all()
    await client.aclose()
