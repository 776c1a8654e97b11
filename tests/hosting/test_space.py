"""The repository pushed to a Space runs as it is: what it is given there, its frame, its ZeroGPU hardware."""

from __future__ import annotations

import asyncio
import importlib.metadata
import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement
from playwright.async_api import Browser, FrameLocator, expect

from tests.browsers import start_chromium
from tests.certificates import self_signed
from tests.nginx import PROGRAM, Nginx, deployed
from tests.pages import WAIT_MILLISECONDS
from tests.processes import AppProcess
from tests.provider import Provider
from tests.routes import read
from tests.scenarios import ANSWER
from tests.servers import make_settings, run_app

pytestmark = pytest.mark.slow  # a process for each kind of Space

ROOT = Path(__file__).resolve().parents[2]
HUB, SPACE = "huggingface.co", "me-xiaojia.hf.space"
GIVEN = {
    "SYSTEM": "spaces",
    "SPACE_ID": "me/xiaojia",
    "SPACE_HOST": SPACE,
    "SPACE_AUTHOR_NAME": "me",
    "GRADIO_SSR_MODE": "True",
    "GRADIO_SERVER_NAME": "127.0.0.1",  # 0.0.0.0 there
}
STORAGE_IS_DENIED: tuple[str, ...] = ()  # as Chromium has it for a frame of another site
STORAGE_IS_PARTITIONED = ("--disable-features=TrackingProtection3pcd",)
FRAME = """
    server {
        listen 127.0.0.1:PORT ssl;
        server_name huggingface.co;
        ssl_certificate CERTIFICATE;
        ssl_certificate_key CERTIFICATE;
        location / {
            default_type text/html;
            return 200 '<iframe src="https://SPACE/" width="1200" height="700"></iframe>';
        }
    }
"""


# --- what is pushed -----------------------------------------------------------------------------------------


def front_matter() -> dict[str, str]:
    """Return the plain values that README.md begins with."""
    block = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n")[1]
    return dict(re.findall(r"^(\w+): *(.+)$", block, re.MULTILINE))


def test_the_front_matter_names_what_is_there() -> None:
    values = front_matter()
    assert (values["sdk"], values["app_file"], values["license"]) == ("gradio", "app.py", "apache-2.0")
    assert values["python_version"].strip('"') == "3.12", "ZeroGPU has 3.10.13 and 3.12.12"
    assert len(values["short_description"]) <= 60
    assert {values["colorFrom"], values["colorTo"]} <= {
        *("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"),
    }
    assert [Requirement(f"gradio=={values['sdk_version']}")]
    assert next(one for one in requirements() if one.name == "gradio").specifier.contains(
        values["sdk_version"]
    )


def test_packages_are_names_of_debian_packages() -> None:
    names = (ROOT / "packages.txt").read_text().split("\n")
    assert [name for name in names if name and not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name)] == []


def requirements() -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def installed_by_requirements() -> set[str]:
    """Return the distributions that come with requirements.txt, each with what it needs itself."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [(one.name, frozenset(one.extras)) for one in requirements()]
    while waiting:
        name, extras = waiting.pop()
        name = name.lower().replace("_", "-")
        if (name, extras) in found:
            continue
        found.add((name, extras))
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        for need in map(Requirement, needs):
            if not need.marker or any(need.marker.evaluate({"extra": extra}) for extra in extras or {""}):
                waiting.append((need.name, frozenset(need.extras)))
    return {name for name, _ in found}


# --- what it is given ---------------------------------------------------------------------------------------


def test_a_space_is_reached_from_outside_through_proxies_that_are_believed(tmp_path: Path) -> None:
    given = {name: value for name, value in GIVEN.items() if name != "GRADIO_SERVER_NAME"}
    settings = make_settings(tmp_path, **given)
    assert (settings.is_space, settings.host) == (True, "0.0.0.0")
    assert "10.0.0.0/8" in settings.trusted_proxies
    assert make_settings(tmp_path, **given, TRUSTED_PROXIES="10.1.2.3").trusted_proxies == ("10.1.2.3",)
    assert make_settings(tmp_path).trusted_proxies == ("127.0.0.1", "::1")


@asynccontextmanager
async def serve_device_api(status: int = 200) -> AsyncGenerator[tuple[str, list[str]], None]:
    """What a ZeroGPU Space reports to; yields its URL and the requests it gets."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode().rpartition(" ")[0])
        writer.write(f"HTTP/1.1 {status} Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def check_answers(process: AppProcess) -> None:
    page = await process.client.get("/")
    stream = await process.client.get("/ai/stream_chat", params={"user_message": "Hi", "model": "plain"})
    assert "gradio_config" in page.text
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert read(stream)[-1].data == "[DONE]"
    assert "Traceback" not in process.output, process.output


@pytest.mark.parametrize("status", [200, 500])
async def test_a_zero_gpu_space_is_told_once_that_the_app_has_started(
    provider: Provider, tmp_path: Path, status: int
) -> None:
    async with serve_device_api(status) as (url, asked):
        zero = {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": url}
        async with AppProcess(tmp_path, OPENAI_BASE_URL=provider.url, **GIVEN, **zero) as process:
            await check_answers(process)
            said = "ZeroGPU was not told" in process.output
    assert (asked, said) == (["POST /startup-report"], status != 200)


@pytest.mark.parametrize("zero", ["true", "false"])
async def test_the_app_starts_without_the_spaces_package(
    provider: Provider, tmp_path: Path, zero: str
) -> None:
    (tmp_path / "spaces.py").write_text("raise ImportError('no module named spaces')")
    environ = {"OPENAI_BASE_URL": provider.url, "SPACES_ZERO_GPU": zero, "PYTHONPATH": str(tmp_path)}
    async with AppProcess(tmp_path, **GIVEN, **environ) as process:
        await check_answers(process)
        assert ("ZeroGPU was not told" in process.output) == (zero == "true")


# --- the frame ----------------------------------------------------------------------------------------------


@asynccontextmanager
async def frame_on_the_hub(
    provider: Provider, folder: Path, *browser_arguments: str
) -> AsyncGenerator[tuple[Browser, str], None]:
    """The app at a Space's own host, and a page at the Hub's that frames it, both over TLS.

    Without its windows Chromium has no setting by which it denies a frame its storage.
    """
    self_signed(folder)
    certificate = folder / "server.pem"
    hub = FRAME.replace("CERTIFICATE", str(certificate)).replace("SPACE", SPACE)
    environ = {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain,held"}
    async with (
        run_app(folder, **GIVEN, **environ) as app,
        Nginx(folder, int(app.url.rpartition(":")[2]), deployed(certificate=certificate, more=hub)) as nginx,
        start_chromium(resolve((HUB, SPACE), nginx.port), *browser_arguments, is_whole=True) as browser,
    ):
        yield browser, f"https://{HUB}/spaces/me/xiaojia"


def resolve(hosts: Iterable[str], port: int) -> str:
    """Return the argument by which Chromium finds the hosts at a port of this machine."""
    return "--host-resolver-rules=" + ", ".join(f"MAP {host}:443 127.0.0.1:{port}" for host in hosts)


@pytest.mark.browser
@pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed")
@pytest.mark.parametrize(
    "arguments", [STORAGE_IS_DENIED, STORAGE_IS_PARTITIONED], ids=["denied", "partitioned"]
)
async def test_the_page_works_in_a_frame_of_another_site(
    provider: Provider, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    async with (
        frame_on_the_hub(provider, tmp_path, *arguments) as (browser, url),
        await browser.new_page(ignore_https_errors=True, locale="en-US") as page,
    ):
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(url)
        frame = page.frame_locator("iframe")
        await expect(frame.locator("body.is-ready")).to_be_attached(timeout=WAIT_MILLISECONDS)
        assert await is_storage_denied(frame) == (arguments == STORAGE_IS_DENIED)
        await ask(frame, "Hello")
        await expect(frame.locator("#conversation .message .prose")).to_have_text(
            ANSWER, timeout=WAIT_MILLISECONDS
        )
        await ask(frame, "And again")  # the second turn knows the first: the visitor is still the same
        await expect(frame.locator("#conversation .message .prose")).to_have_count(
            2, timeout=WAIT_MILLISECONDS
        )
        assert problems == []
    spoken = [[message["content"] for message in call.body["messages"][1:]] for call in provider.chats]
    assert ["Hello", ANSWER, "And again"] in spoken


async def is_storage_denied(frame: FrameLocator) -> bool:
    probe = "() => { try { localStorage.length; return false } catch { return true } }"
    return bool(await frame.locator("body").evaluate(probe))


async def ask(frame: FrameLocator, message: str) -> None:
    composer = frame.locator("#composer textarea")
    await composer.fill(message)
    await composer.press("Enter")
    await expect(frame.locator("#conversation .question").last).to_have_text(
        message, timeout=WAIT_MILLISECONDS
    )
    await expect(frame.locator("body:not(.is-running)")).to_be_attached(timeout=WAIT_MILLISECONDS)


async def test_no_other_site_may_frame_the_page(provider: Provider, tmp_path: Path) -> None:
    async with run_app(tmp_path, **GIVEN, OPENAI_BASE_URL=provider.url) as app:
        policy = httpx.Headers((await app.client.get("/")).headers)["content-security-policy"]
    assert policy.endswith("frame-ancestors 'self' https://huggingface.co https://*.hf.space")
