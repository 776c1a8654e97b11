"""No file of the server can be had through Gradio: each event of the page is tried with paths that exist."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.page_protocol import join
from tests.servers import RunningApp, run_app

SECRET = "the-content-of-a-file-that-nobody-uploaded"


def shapes(path: str) -> list[Any]:
    """The forms in which Gradio's components take a file."""
    file = {"path": path, "orig_name": "x.txt", "meta": {"_type": "gradio.FileData"}}
    parts = [{"type": "file", "file": file}, {"type": "text", "text": "x"}]
    return [
        file,
        {"text": "x", "files": [file]},
        [file],
        [{"role": "user", "content": parts}, {"role": "assistant", "content": parts}],
        {"action": {"name": "attach", "value": path}, "files": [file], "value": path, "path": path},
    ]


def paths_in(told: str) -> set[str]:
    """Every path that an answer names, to be asked for."""
    return set(re.findall(r'"path": ?"([^"]+)"', told)) | set(re.findall(r"file=([^\"\\ ]+)", told))


@pytest.mark.slow
async def test_no_event_of_the_page_gives_a_file_of_the_server(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    async with run_app(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1") as app:
        config = (await app.client.get("/config")).json()
        calls = [
            (dependency, shape)
            for dependency in config["dependencies"]
            if dependency.get("backend_fn")
            for shape in shapes(str(secret))
        ]
        assert len(calls) > 20
        limit = asyncio.Semaphore(8)

        async def attempt(number: int, dependency: dict[str, Any], shape: Any) -> tuple[int, str]:
            async with limit:
                data = [shape] * len(dependency["inputs"])
                return dependency["id"], await join(app.client, dependency["id"], data, f"s{number}")

        told = await asyncio.gather(*(attempt(n, *call) for n, call in enumerate(calls)))
        for id, answer in told:
            assert SECRET not in answer, id
            for path in paths_in(answer) | {str(secret)}:
                got = await app.client.get(f"/gradio_api/file={path}")
                assert SECRET not in got.text, (id, path)


@pytest.mark.parametrize("route", ["file=", "file/", "stream/", "proxy="])
async def test_no_route_of_gradio_gives_a_file_by_its_path(tmp_path: Path, route: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    async with run_app(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1") as app:
        for path in (
            str(secret),
            f"/proc/self/cwd/{secret}",
            "app.py",
            "../app.py",
            "chat/settings.py",
            ".env",
        ):
            got = await app.client.get(f"/gradio_api/{route}{path}")
            assert got.status_code >= 400, (path, got.text[:200])


async def upload(app: RunningApp, text: str) -> str:
    answer = await app.client.post("/gradio_api/upload", files={"files": ("mine.txt", text.encode())})
    path: str = json.loads(answer.text)[0]
    return path


async def test_gradio_neither_lists_uploads_nor_keeps_runs(tmp_path: Path) -> None:
    async with run_app(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1") as app:
        await upload(app, SECRET)
        for route in ("config", "gradio_api/info", "gradio_api/runs", "gradio_api/startup-events"):
            assert SECRET not in (await app.client.get(f"/{route}")).text
        config = (await app.client.get("/config")).json()
        assert not config.get("run_history")
        assert not config.get("analytics_enabled")


async def test_behind_the_guard_gradios_own_check_is_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mounted, Gradio checks no path unless it is told that it has been launched."""
    cache, secret = tmp_path / "cache", tmp_path / "secret.txt"
    secret.write_text(SECRET)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(cache))
    async with run_app(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1") as app:
        bare: Any = app.server.config.app
        transport = httpx.ASGITransport(app=bare.state.page.gradio_app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gradio") as client:
            for dependency in (await client.get("/config")).json()["dependencies"]:
                if dependency["backend_fn"] and dependency["inputs"]:
                    data = [shapes(str(secret))[0]] * len(dependency["inputs"])
                    told = await join(client, dependency["id"], data, f"s{dependency['id']}")
                    assert '"success":false' in told.replace(" ", ""), told
            got = await client.get(f"/gradio_api/file={secret}")
            assert (got.status_code, SECRET in got.text) == (403, False)
    assert [path for path in cache.rglob("*") if path.name == secret.name] == []
