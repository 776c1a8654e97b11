"""A file's profile in the words of the page: values for the script, which shows them under the chip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from chat.grounding.file_profile import FileProfile, Question
from chat.numbers.typed_table import TypedTable
from chat.turns.table_profile import suggest_questions
from chat.ui.texts import text

HEADINGS_SHOWN = 8
TABLES_SHOWN = 3


def describe_profile(profile: FileProfile, language: str) -> dict[str, Any]:
    """Return title, lines, and the questions to click."""
    lines = [_list(profile.headings, len(profile.headings), HEADINGS_SHOWN, "profile.headings", language)]
    named = _list(profile.tables, profile.table_count, TABLES_SHOWN, "profile.tables", language)
    lines.append(named if profile.table_count else "")
    questions = [_word(question, language) for question in profile.questions]
    return {"title": profile.title, "lines": [line for line in lines if line], "questions": questions}


def describe_sheets(tables: Sequence[TypedTable], language: str) -> dict[str, Any]:
    """Return the same of a file that is nothing but tables: rows, columns, and what can be computed."""
    lines = []
    for table in tables[:TABLES_SHOWN]:
        names = tuple(column.title or column.name for column in table.columns)
        head = f"{table.title}: " if len(tables) > 1 and table.title else ""
        line = _list(names, len(names), HEADINGS_SHOWN, "profile.rows", language, rows=table.rows)
        lines.append(head + line)
    if len(tables) > TABLES_SHOWN:
        lines.append(text(language, "profile.tables", count=len(tables)))
    questions = [one[0].upper() + one[1:] for one in suggest_questions(tables[0], language)]
    return {"title": PurePath(tables[0].file).stem, "lines": lines, "questions": questions}


def _list(names: tuple[str, ...], count: int, shown: int, key: str, language: str, **more: int) -> str:
    """Return how many there are, and the first names."""
    if not count:
        return ""
    parts = [*names[:shown], *(["…"] if count > min(shown, len(names)) and names else [])]
    return (
        text(language, key, count=count, **more)
        + (("：" if language == "zh" else ": ") if parts else "")
        + " · ".join(parts)
    )


def _word(question: Question, language: str) -> str:
    key = f"profile.ask.{question.kind}"
    return text(language, key, subject=question.subject, detail=question.detail)
