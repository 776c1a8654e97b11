"""The page's words against the page: none of them is written for nobody."""

from __future__ import annotations

import ast
from pathlib import Path

from chat.ui.settings_panel import NAMES
from chat.ui.texts import LANGUAGES

ROOT = Path(__file__).parents[2]
# Made from data at run time: the rest of such a key is a type, a kind, a unit or a number.
FAMILIES = (
    "citation.",
    "download.",
    "evidence.",
    "error.",
    "keys.",
    "unit.",
    "time.",
    "receipt.",
    "problem.",
    "preset.",
    "starter.",
    "report.",
    "import.",
    "profile.",
    "computed.function.",
    "computed.left.",
    "computed.words.",
)
FIELDS = (*NAMES, "preset", "key")
MADE = {f"settings.{name}{end}" for name in FIELDS for end in ("", ".help")} | {
    "answer.like",
    "answer.dislike",
    "sidebar.pin",
    "sidebar.unpin",
}


def strings_of_the_page() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "chat" / "ui").rglob("*.py"):
        if path.name not in ("en.py", "zh.py"):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            found.update(
                node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
            )
    return found


def test_every_sentence_is_said_somewhere() -> None:
    said = strings_of_the_page() | MADE
    assert [key for key in LANGUAGES["en"] if key not in said and not key.startswith(FAMILIES)] == []
