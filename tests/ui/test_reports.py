"""What an import did, in words: how many, which were left out, and why."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from chat.errors import InvalidRequest
from chat.history import Conversation, Imported, LeftOut
from chat.history.exchange import IMPORT_BYTES_MAX, read_transcripts
from chat.ui.reports import REASONS, report_import, report_refusal

TIME = datetime(2026, 1, 1, tzinfo=UTC)
ADDED = Conversation("c", "me", "t", False, TIME, TIME)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_reason_names_the_conversations_that_it_left_out(language: str) -> None:
    left_out = [LeftOut(n, reason, f"<{reason}>") for n, reason in enumerate(REASONS, 2)]
    left_out += [LeftOut(n, "damaged") for n in range(20, 30)]
    shown = report_import(Imported((ADDED,) * 3, tuple(left_out)), language)
    lines = re.findall(r"<li>(.*?)</li>", shown)
    assert "3" in shown
    assert len(lines) == len(REASONS)
    assert ("11" in lines[1], "&lt;damaged&gt;" in lines[1], "20" in lines[1], "…" in lines[1]) == (True,) * 4
    assert "30" not in lines[1]
    assert "8" in lines[-1]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04", b"\xff\xfe{", b"x", b"[1]", b"[]", b" " * (IMPORT_BYTES_MAX + 1), b"[]," * 1_100_000],
)
def test_a_file_that_is_no_export_is_refused_with_what_to_do(data: bytes, language: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_transcripts(data, "me")
    shown = report_refusal(refused.value, language)
    assert 'role="alert"' in shown
    assert "{" not in shown
    assert "The request is not right" not in shown
