from __future__ import annotations

from dataclasses import replace

from chat.grounding.receipts import write_receipt
from tests.made_documents import NO_TEXT, make_document


def test_a_receipt_names_pages_shares_and_what_was_not_read() -> None:
    document = replace(make_document("Page one.", "Page two."), problems=(NO_TEXT,), page_count=3)
    assert write_receipt(document, "passages", [(0, 4), (5, 14)]).to_json() == {
        "name": "report.pdf",
        "unit": "page",
        "pages": 3,
        "pages_sent": 2,
        "characters": 19,
        "used": 13,
        "mode": "passages",
        "share": 0.6842,
        "passages": [
            {"pages": ["1"], "start": 0, "end": 4},
            {"pages": ["1", "2"], "start": 5, "end": 14},
        ],
        "unread": [{"kind": "no_text", "pages": ["3"], "note": ""}],
        "is_complete": True,
    }


def test_a_file_without_text_has_no_share() -> None:
    assert write_receipt(make_document(), "full", []).share == 0.0
