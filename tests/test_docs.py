"""README.md is true: its tree is the disk's, its settings are the code's (tests/test_settings.py)."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
UNLISTED = {"chat/__init__.py"}


def listed() -> set[str]:
    section = (ROOT / "README.md").read_text("utf-8").split("## What is where")[1].split("```")[1]
    return set(re.findall(r"^([\w./]+)", section, re.MULTILINE))


def test_the_tree_in_the_readme_is_the_one_on_the_disk() -> None:
    files = {f"chat/{path.name}" for path in (ROOT / "chat").glob("*.py")} - UNLISTED
    folders = {f"chat/{path.parent.name}/" for path in (ROOT / "chat").glob("*/__init__.py")}
    assert listed() == {"app.py", "assets/", "deploy/", "tests/"} | files | folders


def test_every_module_says_what_it_is() -> None:
    for path in [ROOT / "app.py", *(ROOT / "chat").rglob("*.py")]:
        assert path.read_text("utf-8").startswith(('"""', "'''")), path


def test_every_test_named_in_the_documents_exists() -> None:
    for document in ("README.md", "ARCHITECTURE.md", "SECURITY.md"):
        for name in re.findall(r"`(tests/[\w./*]+)`", (ROOT / document).read_text("utf-8")):
            assert list(ROOT.glob(name)), f"{document} names {name}"


def test_the_front_matter_is_what_a_space_reads() -> None:
    front = (ROOT / "README.md").read_text("utf-8").split("---")[1]
    values = dict(re.findall(r"^(\w+): *(.*)$", front, re.MULTILINE))
    assert (values["sdk"], values["app_file"], values["license"]) == ("gradio", "app.py", "apache-2.0")
    assert values["sdk_version"] == "6.31.0"
    assert len(values["short_description"]) <= 60
