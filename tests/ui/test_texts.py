"""The page's words: complete in every language, and complete against what the program can say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from chat.completions.provider_errors import FAULTS
from chat.documents.document import Document, Page
from chat.errors import ChatError
from chat.grounding.room import REASONS
from chat.ui.texts import LANGUAGES, has_text, pick_language, text
from chat.ui.texts.words import (
    describe_date,
    describe_duration,
    describe_error,
    describe_file,
    describe_place,
    describe_problem,
    describe_reasons,
    describe_time,
    describe_verdict,
    list_receipt,
    name_age,
)
from chat.ui.uploads import describe_document

CHAT = Path(__file__).parents[2] / "chat"
PROBLEMS = {"no_text", "garbled", "unreadable", "too_large", "password", "truncated", "embedded", "hidden"}
RECEIPT: dict[str, Any] = {
    "budget": 20_000,
    "characters": 4_960,
    "omitted_messages": 1,
    "notes": ["search_terms", "unknown_note"],
    "search_terms": "保修",
    "files": [
        {
            "name": "a.pdf",
            "unit": "page",
            "pages": 120,
            "pages_sent": 5,
            "characters": 391_000,
            "used": 4_960,
            "mode": "passages",
            "passages": [
                {"pages": ["3", "4"], "start": 0, "end": 9},
                {"pages": ["4"], "start": 9, "end": 12},
            ],
            "unread": [{"kind": "no_text", "pages": ["7", "8", "9"], "note": ""}],
            "is_complete": True,
        }
    ],
}


def test_text_that_was_read_from_pictures_says_so_and_how_far_it_is() -> None:
    waiting = {"kind": "waiting", "pages": ["3"], "note": "12 of 40 scanned pages read so far."}
    assert describe_problem("en", waiting, "page") == "12 of 40 scanned pages read so far"
    assert describe_problem("zh", waiting, "page") == "扫描页已识别 12/40 页"
    file = {**RECEIPT["files"][0], "scanned": 3, "confidence": 0.934}
    assert "; 3 pages read from pictures, 93% sure; " in describe_file("en", file)
    cited = {"kind": "quote", "status": "found", "from_picture": True}
    assert describe_verdict("en", cited) == "word for word; read from a picture"
    assert describe_verdict("en", {**cited, "confidence": 0.934}) == (
        "word for word; read from a picture, 93% sure of its letters"
    )
    assert describe_verdict("en", {**cited, "from_picture": False}) == "word for word"


def test_the_drawer_says_why_a_passage_was_sent() -> None:
    passage = {"why": ["words", "header", "unknown"], "words": ["保修", "期限"]}
    assert describe_reasons("en", passage) == "found by: 保修, 期限; the header of a table"
    assert describe_reasons("zh", {**passage, "words": []}) == "表头"
    assert describe_reasons("en", {"pages": ["3"]}) == ""
    for reason in (*REASONS[1:], "title", "cited"):
        assert has_text(f"receipt.why.{reason}")


@cache
def all_error_types() -> set[str]:
    """Return every type that an error of this program can have, read from its source."""
    types = set(FAULTS)
    for path in CHAT.rglob("*.py"):
        if "ui" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                types.update(_types_in(node))
    return types


def _types_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        for item in node.body:
            if (
                isinstance(item, ast.Assign)
                and isinstance(item.targets[0], ast.Name)
                and item.targets[0].id == "type"
            ):
                yield ast.literal_eval(item.value)
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
        "Refused",
        "ProviderError",
        "_refusal",
    ):
        values = [*node.args[1:], *(keyword.value for keyword in node.keywords if keyword.arg == "type")]
        for value in values:
            yield from (
                part.value
                for part in ast.walk(value)
                if isinstance(part, ast.Constant)
                and isinstance(part.value, str)
                and re.fullmatch("[a-z_]+", part.value)
            )


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def keys_used() -> Iterator[tuple[str, str]]:
    """Yield each key that the page's code asks for in so many words, with the file it stands in."""
    for path in (CHAT / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                key = node.args[1:2] if name == "text" else node.args[:1] if name == "say" else []
                if key and isinstance(key[0], ast.Constant) and isinstance(key[0].value, str):
                    yield path.name, key[0].value


def test_every_language_has_the_same_keys() -> None:
    assert {language: set(texts) ^ set(LANGUAGES["en"]) for language, texts in LANGUAGES.items()} == {
        "zh": set(),
        "en": set(),
    }


def test_no_sentence_uses_a_value_that_its_english_does_not() -> None:
    stray = {
        (language, key)
        for language, texts in LANGUAGES.items()
        for key, sentence in texts.items()
        if not fields(sentence) <= fields(LANGUAGES["en"][key])
    }
    assert stray == set()


def test_no_sentence_is_empty_or_left_in_the_other_language() -> None:
    same = {key for key, sentence in LANGUAGES["zh"].items() if sentence == LANGUAGES["en"][key]}
    assert same == set()
    assert not [
        key for texts in LANGUAGES.values() for key, sentence in texts.items() if not sentence.strip()
    ]


def test_every_key_that_the_page_asks_for_exists() -> None:
    assert [(file, key) for file, key in keys_used() if not has_text(key)] == []


def test_every_error_type_has_its_sentence() -> None:
    assert {type for type in all_error_types() if not has_text(f"error.{type}")} == set()


def test_every_sentence_of_an_error_is_of_a_type_that_exists() -> None:
    told = {key.removeprefix("error.") for key in LANGUAGES["en"] if key.startswith("error.")}
    assert told - all_error_types() <= {"retry_after", "request_id", ChatError.type, "busy"}


def test_every_kind_of_problem_is_told_for_a_file_and_for_pages() -> None:
    documented = (CHAT / "documents" / "document.py").read_text(encoding="utf-8")
    assert {kind for kind in PROBLEMS if f"`{kind}`" not in documented} == set()
    assert {
        kind for kind in PROBLEMS if not has_text(f"problem.{kind}") or not has_text(f"problem.{kind}.pages")
    } == set()


def test_counted_nouns_have_two_forms() -> None:
    key = "receipt.omitted_messages"
    assert text("en", key, count=1) == "1 earlier message left out."
    assert text("en", key, count=1200) == "1,200 earlier messages left out."
    assert text("zh", key, count=1200) == "省略了更早的 1,200 条消息。"


def test_an_unknown_language_is_english_and_an_unknown_key_an_error() -> None:
    assert text("fr", "composer.send") == "Send"
    with pytest.raises(KeyError):
        text("en", "nothing")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-TW,zh;q=0.9", "zh"),
        ("zh-Hant-HK", "zh"),
        ("ZH", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr,zh;q=0.7,en;q=0.3", "zh"),
        ("en;q=0, zh;q=0.1", "zh"),
        ("de-DE", "en"),
        ("*", "en"),
        ("", "en"),
        ("zh;q=x, en;q=0.1", "en"),
        ("zhuang,,;;q=", "en"),
    ],
)
def test_the_browsers_language_is_the_most_wanted_that_there_is(header: str, language: str) -> None:
    assert pick_language(header) == language


def test_a_receipt_is_a_line_for_each_file_and_its_rest() -> None:
    [file] = RECEIPT["files"]
    assert describe_file("en", file) == (
        "a.pdf: 5 of 120 pages, 4,960 of 391,000 characters, by search; 3 pages have no text (scans?)"
    )
    assert describe_file("zh", file) == (
        "a.pdf：按搜索选取 120 页中的 5 页，391,000 字中的 4,960 字；其中 3 页没有文字（可能是扫描件）"
    )
    assert list_receipt("en", RECEIPT) == [
        "a.pdf: pages 3, 4",
        "Budget: 4,960 of 20,000 characters of files.",
        "1 earlier message left out.",
        "Searched for: 保修",
    ]
    assert list_receipt("zh", {}) == []


@pytest.mark.parametrize("mode", ["full", "passages", "spread", "named", "part", "something new"])
@pytest.mark.parametrize("unit", ["page", "slide", "sheet", "chapter", "", "scroll"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_receipt_can_be_said(mode: str, unit: str, language: str) -> None:
    file = RECEIPT["files"][0] | {"mode": mode, "unit": unit, "is_complete": False}
    for one in (file, file | {"used": 0}):
        line = describe_file(language, one)
        assert line.count("a.pdf") == 1
        assert "{" not in line


def test_a_problem_is_told_of_pages_or_of_the_whole_file() -> None:
    assert (
        describe_problem("en", {"kind": "no_text", "pages": ["3"]}, "page") == "1 page has no text (scans?)"
    )
    assert describe_problem("zh", {"kind": "truncated", "pages": []}, "page") == "其余部分没有读取"
    assert describe_problem("en", {"kind": "new", "pages": [], "note": "As it is."}) == "As it is."


def test_an_error_tells_of_which_file_and_when_to_try_again() -> None:
    assert describe_error("en", {"type": "empty_file", "details": {"name": "a.txt"}}) == (
        "a.txt: There is nothing in this file."
    )
    assert describe_error("zh", {"type": "rate_limited", "retry_after": 70}) == (
        "发往模型接口的请求太多了。请在 1 分 10 秒后重试。"
    )
    assert describe_error("zh", {"type": "of tomorrow", "message": "Safe to show."}) == "Safe to show."


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "1 ms", "1 毫秒"),
        (0.25, "250 ms", "250 毫秒"),
        (1.234, "1.2 s", "1.2 秒"),
        (42, "42 s", "42 秒"),
        (60, "1 min 0 s", "1 分 0 秒"),
        (3_725, "1 h 2 min", "1 小时 2 分"),
    ],
)
def test_durations_have_the_units_that_matter(seconds: float, english: str, chinese: str) -> None:
    assert (describe_duration("en", seconds), describe_duration("zh", seconds)) == (english, chinese)


def test_dates_are_in_the_languages_order() -> None:
    now = datetime(2026, 3, 5, 9, 7)
    assert describe_date("en", now) == "5 March 2026"
    assert describe_date("zh", now) == "2026年3月5日"
    assert describe_time("zh", now, now) == "09:07"
    assert describe_time("zh", datetime(2026, 3, 4, 23, 1), now) == "昨天 23:01"
    assert describe_time("en", datetime(2025, 12, 31, 8, 0), now) == "31 December 2025 08:00"
    ages = [
        name_age("en", datetime(2026, month, day), now) for month, day in ((3, 5), (3, 4), (2, 27), (1, 1))
    ]
    assert ages == ["Today", "Yesterday", "Previous 7 days", "Older"]


def test_a_place_names_the_page_where_there_is_one() -> None:
    assert describe_place("en", "a.pdf", "page", "12") == "a.pdf, page 12"
    assert describe_place("zh", "a.pdf", "page", "12") == "a.pdf，第 12 页"
    assert describe_place("zh", "a.txt", "", "") == "a.txt"


@pytest.mark.parametrize(
    ("unit", "english", "chinese"),
    [("sheet", "2 sheets", "2 个工作表"), ("slide", "2 slides", "2 张幻灯片"), ("page", "2 pages", "2 页")],
)
def test_a_file_is_counted_in_its_own_units(unit: str, english: str, chinese: str) -> None:
    document = Document("plan", "text/plain", 9, unit, (Page("1", "ab"), Page("2", "c")), 2)
    assert describe_document(document, "en").startswith(f"plan: {english}, ")
    assert describe_document(document, "zh").startswith(f"plan：{chinese}，")
