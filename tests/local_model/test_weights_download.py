"""Downloads of weights from a Hub on loopback: continued, verified, and refused with a cause."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from playwright.async_api import Browser, expect

from chat.jobs import endpoint_discovery
from chat.local_model.hub_download import download, find_blobs, name_fault
from chat.local_model.weights import DEFAULT_MODEL, HubFile, find_demo, find_weights
from chat.local_model.weights_download import WeightsDownload
from chat.settings import Settings
from tests.model_hub import Hub, point_at, serve_hub
from tests.pages import visit
from tests.servers import run_app

pytestmark = pytest.mark.slow  # a download, and a page that uses it

NAME = "owner/repo/small.gguf"
CONTENT = b"GGUF" + bytes(range(256)) * 8192


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hub cache in place of the machine's own, here and in child processes."""
    path = tmp_path / "cache"
    monkeypatch.setenv("HF_HUB_CACHE", str(path))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(path))
    return path


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_hub({NAME: CONTENT}) as running:
        point_at(running.url, monkeypatch)
        yield running


def fetch(repository: str = "owner/repo", file: str = "small.gguf") -> tuple[str, list[tuple[int, int]]]:
    reports: list[tuple[int, int]] = []
    path = download(repository, file, lambda received, total: reports.append((received, total)))
    return path, reports


def test_a_file_arrives_with_reports_and_is_found_in_the_cache(hub: Hub) -> None:
    path, reports = fetch()
    assert Path(path).read_bytes() == CONTENT
    assert (reports[0], reports[-1]) == ((0, len(CONTENT)), (len(CONTENT), len(CONTENT)))
    found = find_weights("owner/repo:small.gguf")
    assert found is not None
    assert (found.path, found.name) == (Path(path), "small")
    assert not list(find_blobs("owner/repo").glob("*.part"))


def test_what_has_arrived_is_not_asked_for_again(hub: Hub) -> None:
    blobs = find_blobs("owner/repo")
    blobs.mkdir(parents=True)
    (blobs / f"{hub.hashes[NAME]}.part").write_bytes(CONTENT[:1000])
    path, reports = fetch()
    assert Path(path).read_bytes() == CONTENT
    assert (hub.ranges, reports[0]) == (["bytes=1000-"], (1000, len(CONTENT)))


def test_a_line_that_breaks_is_continued(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1 << 16)
    hub.cuts = 1
    assert Path(fetch()[0]).read_bytes() == CONTENT
    assert len(hub.ranges) == 2
    assert str(hub.ranges[1]).startswith("bytes=")


def test_what_is_not_the_file_that_the_hub_names_is_not_kept(hub: Hub) -> None:
    hub.hashes[NAME] = "0" * 64
    with pytest.raises(Exception) as caught:  # noqa: PT011 - its kind is what is asserted
        fetch()
    assert name_fault(caught.value) == "altered"
    assert list(find_blobs("owner/repo").iterdir()) == []


@pytest.mark.parametrize(
    ("repository", "file", "fault"),
    [
        ("owner/absent", "a.gguf", "absent"),
        ("owner/repo", "b.gguf", "absent"),
        ("owner/gated", "c.gguf", "gated"),
    ],
)
def test_what_the_hub_does_not_give_has_a_cause(hub: Hub, repository: str, file: str, fault: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        fetch(repository, file)
    assert name_fault(caught.value) == fault


def test_a_hub_that_cannot_be_reached_and_a_full_disk_have_causes(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("chat.local_model.hub_download.shutil.disk_usage", lambda folder: usage)
    with pytest.raises(OSError, match="full") as full:
        fetch()
    assert name_fault(full.value) == "disk"
    point_at("http://127.0.0.1:9", monkeypatch)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        fetch()
    assert name_fault(caught.value) == "unreachable"


@pytest.mark.parametrize(
    ("environ", "offers"),
    [
        ({}, True),
        ({"OPENAI_BASE_URL": "none"}, True),
        ({"GRADIO_SERVER_NAME": "0.0.0.0"}, False),
        ({"SPACE_ID": "a/b"}, False),
        ({"OPENAI_API_KEY": "sk-test"}, False),
        ({"LOCAL_MODEL": "a/b:c.gguf"}, False),
    ],
)
def test_only_a_visitor_of_this_machine_may_start_it(environ: dict[str, str], offers: bool) -> None:
    assert Settings.from_env(environ).offers_download is offers


async def test_after_a_restart_it_is_paused_where_it_was(hub: Hub) -> None:
    blobs = find_blobs("owner/repo")
    blobs.mkdir(parents=True)
    (blobs / "0.part").write_bytes(b"12345")
    resumed = WeightsDownload(HubFile("owner/repo", "small.gguf"), size=10)
    assert (resumed.state, resumed.received, resumed.total) == ("paused", 5, 10)


async def test_one_that_is_started_again_at_once_has_not_ended_with_the_first(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at("http://127.0.0.1:9", monkeypatch)
    running = WeightsDownload(HubFile("owner/repo", "small.gguf"))
    running.start()
    async with asyncio.timeout(60):
        while running.state == "running":
            await asyncio.sleep(0)
        assert running.fault == "unreachable"
        point_at(hub.url, monkeypatch)
        running.start()  # while the first child is still ending
        await running.wait()
    assert (running.state, running.fault) == ("done", "")


@pytest.mark.model
async def test_one_click_downloads_the_default_model_which_then_answers_without_a_restart(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_discovery, "MODEL_SERVERS", ())
    demo = find_demo()
    assert demo
    content = demo.path.read_bytes()  # weights that llama.cpp can load, under the default's name
    with serve_hub({DEFAULT_MODEL.replace(":", "/"): content}) as hub:
        hub.allow(20_000_000)
        point_at("http://127.0.0.1:9", monkeypatch)
        async with run_app(tmp_path) as app, visit(browser, app.url) as tab:
            banner, named = tab.page.locator("#download"), tab.page.locator("#gauge .do-model")
            await expect(named).to_have_text("SmolLM2-135M-Instruct")
            await expect(banner).to_contain_text("A tiny demo model answers, and is often wrong.")
            await expect(banner).to_contain_text("Qwen3.5-2B-Q4_K_M is far better")
            await expect(tab.page.locator("#banner p:not(.temporary)")).to_have_count(0)  # it says no more
            await banner.get_by_role("button", name="Download (1.28 GB)").click()
            await expect(banner).to_contain_text("the Hugging Face Hub cannot be reached from this machine")
            point_at(hub.url, monkeypatch)
            await banner.get_by_role("button", name="Try again").click()
            await expect(banner).to_contain_text(f"of {len(content) / 1e6:.0f} MB")
            await expect(banner.locator("progress")).not_to_have_attribute("value", "0")
            await banner.get_by_role("button", name="Pause").click()
            await expect(banner).to_contain_text("paused at")
            hub.allow(None)
            await banner.get_by_role("button", name="Resume").click()
            await expect(banner).to_contain_text("answers from now on")
            await expect(named).to_have_text("Qwen3.5-2B-Q4_K_M")
            await tab.page.evaluate("xiaojia.keepOptions(['max_tokens'], [4])")
            await tab.ask("Name a fruit.")
            await expect(tab.growing.locator(".prose")).not_to_be_empty()
            assert [str(one)[:6] for one in hub.ranges] == ["None", "bytes="]
            await banner.locator('[data-do="dismiss"]').click()
            await expect(banner).to_have_text("")
