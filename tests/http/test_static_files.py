"""The page's document and static files: compressed, kept by browsers, ours where Gradio's are of no use."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from chat.gradio_frontend import STUBS, change_file, first_files, frontend_folder
from chat.http.middleware.compression import pick_encoding
from tests.provider import Provider
from tests.servers import RunningApp, run_app

ASSETS = frontend_folder() / "assets"
IMMUTABLE = "public, max-age=31536000, immutable"
COMPONENTS = 7  # of 46 that were made before
DOCUMENT_BYTES = 15_000  # of 167,000 that were sent before


@pytest.fixture(scope="module")
async def app(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    folder = tmp_path_factory.mktemp("static")
    async with run_app(folder, OPENAI_BASE_URL=module_provider.url, OPENAI_MODEL="any") as running:
        yield running


async def fetch(app: RunningApp, path: str, encoding: str = "br", **headers: str) -> httpx.Response:
    return await app.client.get(app.url + path, headers={"accept-encoding": encoding, **headers})


def sent_bytes(answer: httpx.Response) -> int:
    return int(answer.headers["content-length"])


async def test_the_document_is_small_and_sent_again_only_when_it_has_changed(app: RunningApp) -> None:
    plain = await fetch(app, "/", "identity")
    assert "content-encoding" not in plain.headers
    for encoding in ("br", "gzip"):
        answer = await fetch(app, "/", encoding)
        assert answer.headers["content-encoding"] == encoding
        assert sent_bytes(answer) < DOCUMENT_BYTES
        assert answer.text == plain.text
        again = await fetch(app, "/", encoding, **{"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert answer.headers["cache-control"] == "private, no-cache"


async def test_a_browser_makes_few_components_before_the_page_can_be_used(app: RunningApp) -> None:
    config = (await fetch(app, "/config")).json()
    made = {one["id"]: one["props"] for one in config["components"]}
    types = {one["id"]: one["type"] for one in config["components"]}

    def count(node: dict[str, Any]) -> int:
        if made.get(node["id"], {}).get("visible") is False:
            return 0
        return 1 + sum(map(count, node.get("children", ())))

    assert count(config["layout"]) <= COMPONENTS  # each takes 10 ms, on a phone 40

    def find_unmade(node: dict[str, Any], *, is_inside: bool = False) -> set[str]:
        """Return the kinds of what is inside something invisible, and not invisible itself."""
        is_visible = made.get(node["id"], {}).get("visible") is not False
        kinds = {types[node["id"]]} if is_inside and is_visible else set()
        below = [
            find_unmade(child, is_inside=is_inside or not is_visible) for child in node.get("children", ())
        ]
        return kinds.union(*below)

    assert find_unmade(config["layout"]) == {"api", "form"}  # made by Gradio itself, and small


async def test_a_shared_link_shows_this_app_in_the_language_of_the_browser(app: RunningApp) -> None:
    english, chinese = [
        (await fetch(app, "/", **{"accept-language": language})).text for language in ("en", "zh")
    ]
    for document, words in ((english, "each quote"), (chinese, "逐字核对")):
        assert "Gradio" not in "".join(re.findall(r"<meta[^>]*>", document))
        assert f"<title>{app.settings.assistant_name}</title>" in document
        assert (
            len(re.findall(rf'<meta (?:name|property)="[\w:]*description" content="[^"]*{words}', document))
            == 2
        )
        picture = re.search(r'property="og:image" content="([^"]+)"', document)
        assert picture
        assert (await app.client.get(picture[1])).headers["content-type"] == "image/png"


async def test_what_the_document_names_is_there_compressed_and_kept_for_good(app: RunningApp) -> None:
    document = (await fetch(app, "/")).text
    named = re.findall(r'(?:[" ]|=")\.(/(?:assets|page|theme)[^" ]+)', document)
    assert len(named) > 40
    for path in dict.fromkeys(named):
        answer = await fetch(app, path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, IMMUTABLE), path
        assert len(answer.content) < 500 or answer.headers["content-encoding"] == "br", path
    again = await fetch(app, path, **{"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    head = await app.client.head(app.url + path, headers={"accept-encoding": "br"})
    assert (head.headers["content-length"], head.content) == (answer.headers["content-length"], b"")


@pytest.mark.parametrize(
    "path", ["/assets/none.js", "/assets/../index.html", "/assets/%2e%2e/index.html", "/page/x"]
)
async def test_nothing_else_is_served(app: RunningApp, path: str) -> None:
    request = httpx.Request("GET", app.url + "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    assert (await app.client.send(request)).status_code in (403, 404)


async def test_a_stream_is_never_compressed(app: RunningApp) -> None:
    ask = {"user_message": "Hello"}
    answer = await app.client.post(
        f"{app.url}/ai/stream_chat", json=ask, headers={"accept-encoding": "br, gzip"}
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in answer.headers


def test_a_stub_has_every_name_that_is_imported_from_the_file() -> None:
    for start, stub in STUBS.items():
        (file,) = ASSETS.glob(f"{start}*.js")
        exported = set(re.findall(rb"as (\w+)", stub))
        users = [path.read_bytes() for path in ASSETS.glob("*.js") if path != file]
        imports = re.compile(rb"import\{([^}]*)\}from[\"'`]\./" + re.escape(file.name.encode()))
        wanted = {
            name.split(b" as ")[0]
            for user in users
            for names in imports.findall(user)
            for name in names.split(b",")
        }
        assert wanted
        assert wanted <= exported


def test_no_style_makes_a_browser_look_through_the_page_at_each_change_of_a_class() -> None:
    slow = re.compile(rb"\[class[^\]]*\]\s+(?:\*|::?[a-z-]+)[,{]")
    styles = {path.name: path.read_bytes() for path in ASSETS.glob("*.css")}
    assert any(slow.search(style) for style in styles.values())  # else there is nothing left to change
    served = {name: change_file(name, style) for name, style in styles.items()}
    assert [name for name, style in served.items() if slow.search(style)] == []
    assert all(style.count(b"{") == styles[name].count(b"{") for name, style in served.items())
    assert any(b"]::selection{" in style for style in served.values())


def test_handlebars_reads_no_template_without_its_signs() -> None:
    (file,) = ASSETS.glob("HTML-*.js")
    served = change_file(file.name, file.read_bytes()).decode()
    (change,) = re.findall(r"\((\w+)\.includes\(`{{`\)\?(.+?\(\1\)\(\w+\)):\1\)", served)
    assert change[1].endswith(f".default.compile({change[0]})(t)")
    assert (
        served.replace(f"({change[0]}.includes(`{{{{`)?{change[1]}:{change[0]})", change[1])
        == file.read_text()
    )


def test_what_a_first_visit_loads_is_read_from_gradios_files() -> None:
    first = first_files(["html", "chatbot", "multimodaltextbox", "no such component"])
    starts = [name.partition("-")[0] for name in first.frame if name.endswith(".js")]
    assert starts[0] == "index"
    assert {"Index", "core", "Blocks"} <= set(starts)
    assert len(first.components) > len(first_files(["chatbot"]).components) > 3
    assert not set(first.frame) & set(first.components)


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip;q=1", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.0", ""),
        ("", ""),
    ],
)
def test_the_encoding_is_one_that_the_client_takes(accepts: str, encoding: str) -> None:
    assert pick_encoding(accepts.encode()) == encoding
