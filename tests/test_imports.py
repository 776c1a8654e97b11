"""The arrows of ARCHITECTURE.md: imports go downwards between packages, and there are no cycles.

Imports for type checking count too.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEAVES = (
    "asset_files",
    "gradio_frontend",
    "gradio_import",
    "gradio_internals",
    "settings",
    "errors",
    "ids",
    "redis_urls",
    "request_id",
    "visitors",
    "shares",
    "fair_places",
    "json_bounds",
    "unicode_forms",
    "numerals",
    "languages",
)
LAYERS = (  # top first; packages of one layer do not import each other
    ("ui", "http"),
    ("engine",),
    ("answering",),
    ("jobs",),
    ("cluster",),
    ("telemetry",),
    ("turns",),
    ("files", "limits"),
    ("history",),
    ("grounding", "extraction", "completions", "local_model"),
    ("numbers",),
    ("documents", "generations"),
)
FOREIGN = {  # a library, and where alone it is imported (`app` is app.py)
    "gradio": {"ui", "gradio_internals"},  # not app.py: the import is prepared in chat/__init__.py
    "fastapi": {"app", "http"},
    "starlette": {"app", "http"},
    "openai": {"completions"},
    "redis": {"cluster", "redis_urls"},
    "duckdb": {"numbers"},
}


def module_name(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {module_name(path): path for path in [ROOT / "app.py", *(ROOT / "chat").rglob("*.py")]}


def package_of(module: str) -> str:
    return [*module.split("."), ""][1] if module.startswith("chat") else module


@cache
def nodes_of(module: str) -> Sequence[ast.AST]:
    return list(ast.walk(ast.parse(MODULES[module].read_text("utf-8"))))


@cache
def imports_of(module: str) -> Sequence[str]:
    imported = []
    for node in nodes_of(module):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            imported += [one if one in MODULES else node.module for one in inner]
    return imported


def layer_of(package: str) -> int:
    return next((at for at, layer in enumerate(LAYERS) if package in layer), len(LAYERS))


def test_every_package_has_its_layer() -> None:
    placed = {name for layer in LAYERS for name in layer} | {*LEAVES, "", "app"}
    assert {package_of(module) for module in MODULES} == placed


def test_imports_between_packages_go_downwards() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module in MODULES
        for imported in imports_of(module)
        if imported.startswith("chat.")
        and module not in ("app", "chat")
        and package_of(imported) != package_of(module)
        and layer_of(package_of(imported)) <= layer_of(package_of(module)) < len(LAYERS)
    ]
    assert not wrong


def test_a_leaf_imports_leaves_only() -> None:
    for leaf in LEAVES:
        assert {package_of(one) for one in imports_of(f"chat.{leaf}") if one.startswith("chat")} <= set(
            LEAVES
        )


def test_there_are_no_import_cycles() -> None:
    graph = {module: [one for one in imports_of(module) if one in MODULES] for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a cycle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("library", FOREIGN)
def test_a_library_is_imported_where_it_belongs(library: str) -> None:
    users = {
        package_of(module)
        for module in MODULES
        if any(one.split(".")[0] == library for one in imports_of(module))
    }
    assert users <= FOREIGN[library]


def test_no_file_name_or_class_name_stands_twice() -> None:
    files = Counter(path.name for path in MODULES.values() if path.name != "__init__.py")
    classes = Counter(
        node.name
        for module in MODULES
        for node in nodes_of(module)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in (files + classes).items() if count > 1] == []
