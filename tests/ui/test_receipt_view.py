"""The line under an answer that says what of the files was sent."""

from __future__ import annotations

import pytest

from chat.ui.receipt_view import show_receipt
from chat.ui.texts import text


@pytest.mark.parametrize("note", ["images_not_sent", "images_newest"])
def test_a_picture_that_was_not_sent_stands_in_the_line_that_is_seen(note: str) -> None:
    file = {"name": "a.txt", "mode": "full", "used": 9, "characters": 9, "pages": 0, "pages_sent": 0}
    file["unit"] = ""
    for files in ([], [file]):
        shown = show_receipt({"files": files, "budget": 9, "characters": 9, "notes": [note]}, "en")
        summary, _, details = shown.partition("</summary>")
        assert text("en", f"receipt.note.{note}") in summary
        assert text("en", f"receipt.note.{note}") not in details
        assert 'data-incomplete="yes"' in summary
