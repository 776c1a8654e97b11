"""The child process of the embedded model: what it replies, and how many cores it takes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import httpx
import pytest

from chat.local_model.llama_server import serve, usable_cores
from chat.local_model.weights import find_demo


def make_job(path: Path) -> dict[str, Any]:
    return {
        "path": str(path),
        "name": "tiny",
        "key": "secret-key",
        "port": 0,
        "slots": 1,
        "context_tokens": 256,
        "answer_tokens": 16,
        "threads": 0,
    }


def reply_to(job: dict[str, Any]) -> dict[str, str]:
    replies = io.StringIO()
    serve(io.StringIO(json.dumps(job) + "\n"), replies)
    reply: dict[str, str] = json.loads(replies.getvalue())
    return reply


@pytest.mark.model
def test_child_serves_whoever_has_the_key_until_its_input_ends() -> None:
    weights = find_demo()
    assert weights is not None
    command = [sys.executable, "-m", "chat.local_model.llama_server"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(json.dumps(make_job(weights.path)) + "\n")
        child.stdin.flush()
        address = json.loads(child.stdout.readline())["address"]
        with httpx.Client(base_url=address, trust_env=False) as client:
            assert client.get("/v1/models").status_code == 401
            models = client.get("/v1/models", headers={"Authorization": "Bearer secret-key"}).json()
        child.stdin.close()
        assert child.wait(10) == 0
    assert [model["id"] for model in models["data"]] == ["tiny"]
    assert address.startswith("http://127.0.0.1:")


def test_file_that_is_no_model_is_answered_with_an_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    assert reply_to(make_job(path)) == {"error": "llama.cpp cannot load it"}


def test_missing_package_is_answered_with_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    assert reply_to(make_job(tmp_path))["error"].startswith("the package xllamacpp cannot be loaded (")


@pytest.mark.parametrize(
    ("quota", "cores"), [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None)]
)
def test_container_quota_bounds_the_cores(quota: str, cores: int | None, tmp_path: Path) -> None:
    path = tmp_path / "cpu.max"
    path.write_text(quota)
    assert usable_cores(path) == (cores or usable_cores(tmp_path / "absent"))
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
