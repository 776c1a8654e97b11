"""The documents agree with the code: tree, layers, routes, fields, errors, paths, both READMEs.

The settings have a test of their own (tests/test_settings.py).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from chat import errors
from chat.http import documentation_routes, operations_routes
from chat.http.routes import AI_ROUTERS
from chat.http.schemas import TurnBody
from chat.http.sse import NAMED
from tests.test_imports import LAYERS, LEAVES

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
ARCHITECTURE_WORDS = 2_500
README_WORDS = 600  # with code and tables, without the front matter
PLACES = ("tests/", "chat/", "docs/", "deploy/", "assets/", ".github/", ".ci/")


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def blocks(text: str, language: str = "") -> list[str]:
    """Return the fenced blocks of a language, without comments."""
    found = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r" +# .*", "", block) for block in found]


def test_the_tree_is_the_one_on_the_disk() -> None:
    listed = set(re.findall(r"^([\w./]+)", blocks(read("docs/tree.md"))[0], re.MULTILINE))
    modules = {f"chat/{path.name}" for path in (ROOT / "chat").glob("*.py")} - {"chat/__init__.py"}
    packages = {f"{path.parent.relative_to(ROOT)}/" for path in (ROOT / "chat").glob("*/**/__init__.py")}
    assert listed == {"app.py", "assets/", "deploy/", "docs/", "tests/"} | modules | packages


def test_the_layers_of_the_architecture_are_those_of_the_imports() -> None:
    architecture = read("ARCHITECTURE.md")
    drawn = [tuple(re.findall(r"chat/(\w+)", line)) for line in blocks(architecture)[0].splitlines()]
    assert [frozenset(layer) for layer in drawn if layer] == [frozenset(layer) for layer in LAYERS]
    leaves = re.search(r"leaves that import only leaves: (.*?)\.\n", architecture, re.DOTALL)
    assert leaves
    assert set(re.findall(r"`(\w+)`", leaves[1])) == set(LEAVES)


def test_the_architecture_is_short() -> None:
    assert len(read("ARCHITECTURE.md").split()) < ARCHITECTURE_WORDS


def test_the_readme_is_short() -> None:
    assert len(read("README.md").split("---\n", 2)[2].split()) < README_WORDS


def test_every_module_says_what_it_is() -> None:
    for path in [ROOT / "app.py", *(ROOT / "chat").rglob("*.py")]:
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def paths_in(text: str) -> Iterator[str]:
    """Yield the paths of this repository that a document names as code or in a block."""
    for name in re.findall(r"(?<![\w/.])((?:[\w.-]+/)+[\w.*-]*)", text):
        if name.startswith(PLACES):
            yield name.rstrip(".")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text("utf-8")
    assert [name for name in paths_in(text) if not list(ROOT.glob(name))] == []
    modules = re.findall(r"python -m (tests(?:\.\w+)+)", text)
    assert [name for name in modules if not (ROOT / f"{name.replace('.', '/')}.py").exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_another_document_has_its_target(document: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)\s]*)\)", document.read_text("utf-8")):
        name, _, heading = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), link
        assert not heading or heading in anchors(target), link


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_route_field_and_event_is_described() -> None:
    page = read("docs/http-api.md")
    described = set(re.findall(r"((?:GET|POST|DELETE) /[\w/.{}]+)", page))
    described |= {f"POST {path}" for path in re.findall(r"`GET`, `POST (/[\w/]+)`", page)}
    routes = {
        f"{method} {route.path}"
        for router in (*AI_ROUTERS, operations_routes.router, documentation_routes.router)
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert routes <= described
    assert described <= routes
    assert set(TurnBody.model_fields) <= set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) >= NAMED


def kinds_of_errors(kind: type[errors.ChatError] = errors.ChatError) -> Iterator[tuple[int, str]]:
    if "type" in vars(kind):
        yield kind.status, kind.type
    for narrower in kind.__subclasses__():
        if narrower.__module__ == errors.__name__:
            yield from kinds_of_errors(narrower)


def test_every_type_of_an_error_is_described_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", read("docs/http-api.md"), re.MULTILINE)
    described = {(int(status), name) for status, names in rows for name in re.findall(r"`(\w+)`", names)}
    assert {row for row in kinds_of_errors() if row[1] != "setting"} <= described


def test_the_chinese_readme_has_the_same_commands_and_links() -> None:
    english, chinese = read("README.md").split("---\n", 2)[2], read("README.zh.md")
    assert blocks(chinese, "sh") == blocks(english, "sh")
    links = [
        set(re.findall(r"\]\(((?!assets/)[^)\s]*)\)", text)) - {"README.md", "README.zh.md"}
        for text in (english, chinese)
    ]
    assert links[0] == links[1]


def test_the_front_matter_is_what_a_space_reads() -> None:
    front = read("README.md").split("---")[1]
    values = dict(re.findall(r"^(\w+): *(.*)$", front, re.MULTILINE))
    assert (values["sdk"], values["app_file"], values["license"]) == ("gradio", "app.py", "apache-2.0")
    assert values["sdk_version"] == "6.31.0"
    assert len(values["short_description"]) <= 60
