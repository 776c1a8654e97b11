# ruff: noqa: E501 - what endpoints send is quoted as it comes
"""Base URLs as people write them, redirects, and lists of models in every form."""

from __future__ import annotations

from typing import Any

import pytest
from yarl import URL

from chat.completions import Completions, Endpoint, Request, join_text
from chat.completions.base_url import follow_redirect, join_path, list_bases
from chat.completions.model_list import read_models
from tests.completions.test_client import KEY, QUESTION, Heard, client, hear
from tests.provider import Call, Provider
from tests.scenarios import ANSWER


@pytest.mark.parametrize(
    ("written", "bases"),
    [
        ("https://api.openai.com/v1", ["https://api.openai.com/v1"]),
        ("https://api.openai.com/v1/", ["https://api.openai.com/v1"]),
        ("https://api.openai.com", ["https://api.openai.com", "https://api.openai.com/v1"]),
        ("http://127.0.0.1:8000/v1/chat/completions", ["http://127.0.0.1:8000/v1"]),
        ("http://127.0.0.1:8000/v1/models/", ["http://127.0.0.1:8000/v1"]),
        ("https://open.bigmodel.cn/api/paas/v4", ["https://open.bigmodel.cn/api/paas/v4"]),
        ("https://host/v1beta/openai/", ["https://host/v1beta/openai"]),
        (
            "https://x.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-06-01",
            ["https://x.openai.azure.com/openai/deployments/gpt?api-version=2024-06-01"],
        ),
        ("http://host/api", ["http://host/api", "http://host/api/v1"]),
        ("host/v1", []),
        ("", []),
    ],
)
def test_a_base_url_is_read_as_it_is_written(written: str, bases: list[str]) -> None:
    assert list(list_bases(written)) == bases


def test_a_query_stays_behind_the_operation() -> None:
    assert (
        str(join_path("https://h/d?api-version=1", "chat/completions"))
        == "https://h/d/chat/completions?api-version=1"
    )


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://a/v1/models", "https://a/v1/models"),
        ("/v1/models", "https://a/v1/models"),
        ("http://a/v1/models", None),
        ("https://b/v1/models", None),
        ("", None),
    ],
)
def test_a_redirect_is_followed_only_where_the_key_may_go(location: str, target: str | None) -> None:
    found = follow_redirect(URL("https://a/models"), location)
    assert (str(found) if found else None) == target


@pytest.mark.parametrize("ending", ["", "/chat/completions", "?api-version=1", "/models"])
async def test_an_answer_comes_whatever_stands_behind_the_address(ending: str) -> None:
    async with Provider() as provider:
        assert await hear(client(provider.url + ending), "plain") == Heard(ANSWER, "", "stop")
        assert provider.chats[0].path.partition("?")[0] == "/v1/chat/completions"


async def test_a_query_and_azures_key_are_sent() -> None:
    async with Provider() as provider:
        await hear(client(f"{provider.url}?api-version=1"), "plain")
        call = provider.chats[0]
    assert (call.path, call.headers["api-key"]) == ("/v1/chat/completions?api-version=1", KEY)


async def refuse(call: Call) -> None:
    await call.reply(404, {"detail": "Not Found"})


@pytest.mark.parametrize("first", ["404", "page"])
async def test_v1_is_tried_where_it_was_left_out_and_then_kept(first: str) -> None:
    async def nothing(call: Call) -> None:
        if first == "404":
            return await refuse(call)
        await call.reply(200, "<!doctype html><h1>A page</h1>", "text/html")

    async with Provider() as provider:
        provider.paths["/chat/completions"] = nothing
        completions = client(provider.url.removesuffix("/v1"))
        for _ in range(2):
            assert await join_text(completions.stream(Request("plain", QUESTION))) == ANSWER
        await completions.aclose()
        assert [call.path for call in provider.requests] == [
            "/chat/completions",
            *["/v1/chat/completions"] * 2,
        ]


async def test_the_list_of_models_finds_v1_too() -> None:
    async with Provider() as provider:
        provider.paths["/models"] = refuse
        completions = client(provider.url.removesuffix("/v1"))
        assert await completions.models()
        assert await join_text(completions.stream(Request("plain", QUESTION))) == ANSWER
        await completions.aclose()
        assert [call.path for call in provider.requests] == ["/models", "/v1/models", "/v1/chat/completions"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_followed_with_the_same_request_and_remembered(status: int) -> None:
    async with Provider() as provider:

        async def move(call: Call) -> None:
            await call.start(status, "text/html", location=provider.url + "/chat/completions")
            await call.end()

        provider.paths["/old/v1/chat/completions"] = move
        completions = client(provider.url.replace("/v1", "/old/v1"))
        for _ in range(2):
            assert await join_text(completions.stream(Request("plain", QUESTION))) == ANSWER
        await completions.aclose()
        methods = [(call.method, call.path) for call in provider.requests]
    assert methods == [("POST", "/old/v1/chat/completions"), *[("POST", "/v1/chat/completions")] * 2]


async def test_a_redirect_to_another_host_is_named_and_gets_no_key() -> None:
    async with Provider() as provider, Provider() as other:

        async def move(call: Call) -> None:
            await call.start(301, location=other.url.replace("127.0.0.1", "localhost") + "/chat/completions")
            await call.end()

        provider.paths["/v1/chat/completions"] = move
        assert await hear(client(provider.url), "plain") == Heard(error="moved")
        assert other.requests == []


@pytest.mark.parametrize(
    ("listed", "chatting"),
    [
        ({"data": [{"id": "a"}, {"id": "b"}]}, ["a", "b"]),
        ({"object": "list", "data": None}, []),
        ({"data": None, "models": ["a"]}, ["a"]),
        (["a", "b", "a"], ["a", "b"]),
        ([{"id": "a"}, None, 7, {}, {"id": None}, {"id": ""}, {"name": "b"}, "c"], ["a", "b", "c"]),
        ({"models": [{"name": "llama3:8b", "model": "llama3:8b"}]}, ["llama3:8b"]),
        ({"data": {"a": {}, "b": None}}, ["a", "b"]),
        ({"data": []}, []),
        ({"data": [{"id": name} for name in (
            "text-embedding-3-small", "whisper-1", "tts-1-hd", "dall-e-3", "gpt-image-1", "omni-moderation-latest",
            "davinci-002", "gpt-4o-realtime-preview", "gpt-4o-mini-transcribe", "sora-2", "BAAI/bge-m3",
            "netease-youdao/bce-embedding-base_v1", "BAAI/bge-reranker-v2-m3", "stable-diffusion-3-5-large",
            "FunAudioLLM/SenseVoiceSmall", "nomic-embed-text:latest", "black-forest-labs/FLUX.1-schnell",
            "gpt-4o-mini", "qwen2.5-vl-72b-instruct", "deepseek-chat", "models/gemini-2.5-flash", "gpt-oss-20b",
        )]}, ["gpt-4o-mini", "qwen2.5-vl-72b-instruct", "deepseek-chat", "models/gemini-2.5-flash", "gpt-oss-20b"]),
        ({"data": [{"id": "m", "type": "embedding"}, {"id": "n", "type": "chat"}, {"id": "o", "type": "image"}]}, ["n"]),
        ({"data": [{"id": "m", "capabilities": {"completion_chat": False}},
                   {"id": "n", "capabilities": {"completion_chat": True}}]}, ["n"]),
        ({"data": [{"id": "m", "architecture": {"output_modalities": ["image"]}},
                   {"id": "n", "architecture": {"output_modalities": ["text"]}}]}, ["n"]),
        ({"data": [{"id": "m", "task": "speech-to-text"}, {"id": "n", "object": "model"}]}, ["n"]),
        ({"data": [{"id": name} for name in (
            "all-minilm:latest", "paraphrase-multilingual", "sentence-transformers/x", "wan2.2-t2i-plus", "nvclip",
            "IndexTeam/IndexTTS-2", "canopylabs/orpheus-v1-english", "voyage-3", "kling-v2", "qwen3-asr-flash",
            "codestral-latest", "glm-4v", "voxtral-mini", "chat-bison", "qwen2.5-omni-7b",
        )]}, ["codestral-latest", "glm-4v", "voxtral-mini", "chat-bison", "qwen2.5-omni-7b"]),
        ({"data": [{"id": name} for name in (  # as LiteLLM's proxy lists all that it knows, in no order
            "openai/o4-mini-deep-research", "openai/gpt-5.5-pro", "o3-pro", "gpt-5.1-codex-max", "gpt-live-1",
            "deepgram/nova-3", "stability/sd3-large", "vertex_ai/semantic-ranker-default", "nano-banana-pro",
            "amazon.nova-2-sonic-v1:0", "vertex_ai/chirp_3", "openai/gpt-4.1-mini", "gemini/gemini-2.5-pro",
        )]}, ["openai/gpt-4.1-mini", "gemini/gemini-2.5-pro", "openai/o4-mini-deep-research",
              "openai/gpt-5.5-pro", "o3-pro", "gpt-5.1-codex-max"]),
        ({"models": [{"name": "e", "capabilities": ["embedding"]},
                     {"name": "m", "capabilities": ["completion", "tools"]}]}, ["m"]),
        ({"models": [{"name": "a", "supportedGenerationMethods": ["embedContent"]},
                     {"name": "b", "supportedGenerationMethods": ["generateContent"]}]}, ["b"]),
        ({"data": [{"id": "a", "supported_endpoint_types": ["embeddings"]},
                   {"id": "b", "supported_endpoint_types": ["openai"]}]}, ["b"]),
        ([{"id": "a", "supported_output_modalities": ["embeddings"]},
          {"id": "b", "supported_output_modalities": ["text"]}], ["b"]),
        ({"data": [{"id": "a", "pipeline_tag": "feature-extraction"}, {"id": "b", "active": False},
                   {"id": "c", "status": "Shutdown"}, {"id": "d", "status": "Active", "active": True}]}, ["d"]),
    ],
)  # fmt: skip
def test_a_list_of_models_is_read_in_every_form(listed: Any, chatting: list[str]) -> None:
    models = read_models(listed)
    assert models is not None
    assert [model.name for model in models if model.can_chat] == chatting


@pytest.mark.parametrize("value", [{}, {"error": "no"}, "models", 7, None])
def test_what_is_no_list_is_none(value: Any) -> None:
    assert read_models(value) is None


async def test_the_answer_log_shows_no_key_for_an_endpoint_with_a_query() -> None:
    endpoint = Endpoint("https://x.openai.azure.com/openai?api-version=1", KEY)
    completions = Completions(endpoint)
    assert KEY not in repr(vars(completions))
    await completions.aclose()
