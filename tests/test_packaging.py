"""The requirements are what is imported, the lock satisfies them, and an installed wheel serves the page."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from chat import __version__
from tests.processes import AppProcess

ROOT = Path(__file__).resolve().parent.parent
NOT_IMPORTED = {
    "uvloop",  # uvicorn's event loop, where it is installed
    "httptools",  # uvicorn's HTTP parser, where it is installed
    "onnxruntime",  # what rapidocr runs its models with
    "asyncpg",  # SQLAlchemy's driver for a PostgreSQL DATABASE_URL
}
NOT_REQUIRED = {
    "opentelemetry-api",  # traces, where the owner has installed OpenTelemetry
    "spaces",  # a ZeroGPU Space brings it
}
SOURCES = (
    *("app.py", "chat", "assets", "pyproject.toml", "setup.py"),
    *("requirements.txt", "README.md", "LICENSE"),
)
INSTALL_SECONDS = 1_200


def requirements() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    found = [Requirement(line.split(" #")[0]) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(one.name): one for one in found}


def imported() -> set[str]:
    """Return the distributions that the app imports, wherever in a module."""
    distributions = packages_distributions()
    names: set[str] = set()
    for path in [ROOT / "app.py", *(ROOT / "chat").rglob("*.py")]:
        names |= set(imports_of(ast.parse(path.read_text("utf-8"))))
    foreign = {name for name in names if name not in sys.stdlib_module_names | {"chat", "app"}}
    assert foreign <= set(distributions), f"not installed here: {foreign - set(distributions)}"
    candidates = [{canonicalize_name(one) for one in distributions[name]} for name in foreign]
    known = set(requirements()) | NOT_REQUIRED
    # Several distributions can bring one name, as those of OpenTelemetry: the required one counts.
    return {next(iter(sorted(one & known) or sorted(one))) for one in candidates}


def imports_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def locked() -> dict[str, tuple[str, str]]:
    """Return each locked distribution's version and the text of its entry."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==(\S+)((?:.*\\\n)*.*)", text, re.MULTILINE)
    return {canonicalize_name(name): (version, entry) for name, version, entry in entries}


def test_the_requirements_name_what_is_imported_and_little_else() -> None:
    assert imported() - NOT_REQUIRED == set(requirements()) - NOT_IMPORTED


def test_every_requirement_has_an_upper_bound_but_the_one_that_is_numbered_by_date() -> None:
    unbounded = [
        name
        for name, one in requirements().items()
        if not any(part.operator in ("<", "~=", "==") for part in one.specifier)
    ]
    assert unbounded == ["xllamacpp"]


def test_the_lock_satisfies_the_requirements_with_hashes_and_names_no_host() -> None:
    versions = locked()
    for name, requirement in requirements().items():
        assert name in versions, f"{name} is not in requirements.lock: make lock"
        assert requirement.specifier.contains(versions[name][0]), f"{name}: make lock"
    assert all("--hash=sha256:" in entry for _, entry in versions.values())
    assert "://" not in (ROOT / "requirements.lock").read_text("utf-8")


def test_the_space_has_the_version_of_gradio_that_is_locked() -> None:
    [version] = re.findall(r"^sdk_version: (\S+)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert version == locked()["gradio"][0]


def test_the_version_has_one_source() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "chat.__version__"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def copy_sources(folder: Path) -> Path:
    """Return a copy of what is built, since a build leaves its own folders beside it."""
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def create_environment(folder: Path) -> Path:
    """Return the folder of the programs of a new, empty virtual environment."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin"


def install(programs: Path, sources: Path, *options: str) -> None:
    command: list[str | Path] = [programs / "python", "-m", "pip", "install", "--quiet", *options, sources]
    subprocess.run(command, check=True, timeout=INSTALL_SECONDS)


async def check_page(programs: Path, folder: Path) -> None:
    """The page has its style, its script, its icon and its sample files; the version is the package's."""
    process = AppProcess(folder, OPENAI_BASE_URL="http://127.0.0.1:9/v1", DATA_DIR="kept")
    process.python, process.program = programs / "python", programs / "xiaojia"
    async with process:
        page = (await process.client.get("/")).text
        parts = re.findall(r'(?:src|href)="\.(/page/[^"]+)"', page)
        page += "".join([(await process.client.get(part)).text for part in parts])
        icon = await process.client.get("/favicon.ico")
        health = (await process.client.get("/healthz")).json()
        reference = await process.client.get("/docs")
        schema = (await process.client.get("/openapi.json")).json()
        example = await process.client.get("/ai/example")
    assert all(part in page for part in ("--avatar: url(", "#composer", "window.xiaojia"))
    assert icon.content == (ROOT / "assets" / "favicon.ico").read_bytes()
    assert (health["status"], health["version"]) == ("ok", __version__)
    assert schema["info"]["version"] == __version__
    assert (reference.status_code, __version__ in reference.text) == (200, True)
    assert example.status_code == 200
    check_files(programs.parent, folder)


def check_files(environment: Path, folder: Path) -> None:
    """The samples are installed, and data is kept in the folder where the program was started."""
    [samples] = environment.glob("lib/python*/site-packages/chat/assets/samples")
    assert {path.name for path in samples.iterdir()} == {"sample-en.md", "sample-zh.md"}
    assert list(folder.glob("kept/*"))


@pytest.mark.slow
async def test_an_installed_wheel_serves_the_page_from_any_folder(tmp_path: Path) -> None:
    """The wheel alone is installed; what it requires is lent by this environment."""
    programs = create_environment(tmp_path / "environment")
    install(programs, copy_sources(tmp_path / "sources"), "--no-deps")
    [packages] = (tmp_path / "environment").glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    await check_page(programs, tmp_path / "elsewhere")


@pytest.mark.slow
async def test_pip_install_in_an_empty_environment_serves_the_page(tmp_path: Path) -> None:
    """As a newcomer does it: everything is installed from the package index, which takes minutes."""
    programs = create_environment(tmp_path / "environment")
    install(programs, copy_sources(tmp_path / "sources"))
    await check_page(programs, tmp_path / "elsewhere")
