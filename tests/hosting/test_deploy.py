"""Dockerfile, compose file and audit, as far as they can be tried without an engine for containers."""

from __future__ import annotations

import asyncio
import fnmatch
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from compose_spec import PyCompose

from tests.audit import count_asked, list_licences, read_licence, read_weaknesses
from tests.provider import closed_port
from tests.servers import RunningApp, run_routes

ROOT = Path(__file__).resolve().parents[2]
UNWANTED = (".env", ".git", "tests", "data", ".venv", "README.md", "docs", "assets/screenshots")


def instructions() -> Iterator[tuple[str, str]]:
    """Yield the Dockerfile's instructions: the name, and its text with the lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for line in re.sub(r"\\\n", "", re.sub(r"(?m)^#.*\n", "", text)).splitlines():
        name, _, rest = line.partition(" ")
        if name:
            yield name, rest.strip()


def find(name: str) -> list[str]:
    return [text for each, text in instructions() if each == name]


def is_sent(path: str) -> bool:
    """Tell whether .dockerignore lets a file into the image: the last line that fits decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and fnmatch.fnmatch(path, pattern):
            sent = line.startswith("!")
    return sent


def test_the_image_gets_what_the_app_needs_and_nothing_else() -> None:
    copied = [source for text in find("COPY") if "--from" not in text for source in text.split()[:-1]]
    assert [source for source in copied if not (ROOT / source).exists() or not is_sent(source)] == []
    assert {"app.py", "chat", "assets", "requirements.lock"} <= set(copied)
    assert [path for path in UNWANTED if is_sent(path)] == []


def test_the_image_runs_as_nobody_special_and_gets_the_signal_to_stop() -> None:
    assert find("USER") == ["app"]
    assert [json.loads(text) for text in find("CMD")] == [["python", "app.py"]]
    assert "GRADIO_SERVER_NAME=0.0.0.0" in " ".join(find("ENV"))
    front_matter = re.search(r'python_version: "([\d.]+)"', (ROOT / "README.md").read_text(encoding="utf-8"))
    assert front_matter
    image, _, stage = find("FROM")[0].partition(" AS ")
    assert re.fullmatch(rf"python:{re.escape(front_matter[1])}\.\d+-slim-\w+", image)
    assert (stage, find("FROM")[1:]) == ("build", [image])


def test_what_is_fetched_is_named_by_commit_hash_or_full_version() -> None:
    workflows = "".join(path.read_text() for path in (ROOT / ".github" / "workflows").iterdir())
    actions = re.findall(r"uses: (\S+)", workflows)
    assert actions
    assert [one for one in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one)] == []
    images = [
        service["image"]
        for path in (ROOT / "deploy").glob("compose*.yaml")
        for service in yaml.safe_load(path.read_text())["services"].values()
        if service["image"] != "xiaojia"
    ]
    assert [one for one in images if not re.fullmatch(r"\w+:\d+\.\d+(\.\d+)?-alpine", one)] == []
    installed = [line for line in find("RUN") if "pip install" in line]
    assert [line for line in installed if "--require-hashes" not in line] == []


async def check_health(port: int) -> int | None:
    """Run the command of HEALTHCHECK; return its status."""
    command = json.loads(find("HEALTHCHECK")[0].partition("CMD")[2])
    assert command[0] == "python"
    environ = {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command[1:], env=environ, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


@pytest.mark.slow
async def test_the_health_check_tells_an_app_that_answers_from_one_that_does_not(
    app: RunningApp, tmp_path: Path
) -> None:
    assert await check_health(int(app.url.rpartition(":")[2])) == 0
    assert await check_health(closed_port()) == 1
    async with run_routes(tmp_path / "closed", PASSWORD="secret", PUBLIC_DOCS="false") as closed:
        assert await check_health(int(closed.url.rpartition(":")[2])) == 0


def test_compose_writes_nothing_but_data_and_opens_nothing_but_the_loopback() -> None:
    service = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]["xiaojia"]
    assert (service["read_only"], service["volumes"], service["tmpfs"]) == (True, ["data:/data"], ["/tmp"])
    assert service["ports"] == ["127.0.0.1:7860:7860"]
    assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", ["compose.yaml", "compose-replicas.yaml"])
def test_compose_files_are_what_the_specification_says(name: str) -> None:
    merged = yaml.safe_load((ROOT / "deploy" / name).read_text())  # with anchors and merges put in
    read = PyCompose.from_yaml(yaml.safe_dump(merged))
    read.validate()
    assert set(read.service_names()) == set(merged["services"])


# --- audit --------------------------------------------------------------------------------------------------


def test_a_known_weakness_is_told_with_the_version_that_mends_it() -> None:
    weak = {"name": "x", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
    assert read_weaknesses({"dependencies": [weak, {"name": "y", "version": "2", "vulns": []}]}) == [
        "x 1.0: PYSEC-1, mended in 1.1"
    ]


def test_what_could_not_be_asked_about_is_not_counted_as_sound() -> None:
    unknown = [{"name": name, "skip_reason": "not found"} for name in "xy"]
    assert read_weaknesses({"dependencies": unknown}) == []
    assert count_asked({"dependencies": unknown}) == "0 asked about, and not: x, y"
    assert count_asked({"dependencies": [{"name": "z", "version": "1", "vulns": []}]}) == "1 asked about"
    assert count_asked({"dependencies": []}) == "0 asked about"


def test_a_licence_is_found_wherever_it_is_named() -> None:
    assert read_licence({"License-Expression": "MIT", "License": "see file"}) == "MIT"
    assert read_licence({}, ["License :: OSI Approved :: BSD License"]) == "BSD License"
    assert read_licence({"License": "Apache 2.0\nlong text"}) == "Apache 2.0"
    assert read_licence({}) == "(not named)"
    assert list_licences(["gradio", "no-such-thing"]) == {"Apache-2.0": ["gradio"]}
