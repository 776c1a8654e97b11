"""A document whose pages are read from pictures, page by page."""

from __future__ import annotations

from chat.documents.document import Document, Page, Problem
from chat.documents.scanned_pages import (
    count_read,
    mark_waiting,
    scanned_numbers,
    waiting_numbers,
    with_page,
    without_waiting,
)
from chat.history.stored_files import pack_document, unpack_document

SCAN = Document(
    "scan.pdf",
    "application/pdf",
    1,
    "page",
    (Page("1", "Typed"), Page("2", ""), Page("3", "��"), Page("4", "")),
    4,
    (Problem("no_text", ("2", "4")), Problem("garbled", ("3",))),
)
PICTURE = Document("photo.jpg", "image/jpeg", 1, "", (), 1)
BOX = (0, 4, 0.1, 0.2, 0.3, 0.4)


def test_pages_without_text_and_garbled_ones_wait_up_to_the_limit_and_say_how_many_are_read() -> None:
    assert scanned_numbers(SCAN) == (2, 3, 4)
    assert waiting_numbers(mark_waiting(SCAN, 2)) == (2, 3)
    document = with_page(mark_waiting(SCAN, 3), 2, "Read", 0.9, (BOX,))
    assert document.problems[-1] == Problem("waiting", ("3", "4"), "1 of 3 scanned pages read so far.")
    assert (document.text, document.pages[1].boxes) == ("Typed\nRead\n��\n", (BOX,))
    assert [page.is_from_picture for page in document.pages] == [False, True, False, False]


def test_a_page_of_low_confidence_is_garbled_and_one_without_words_keeps_what_it_had() -> None:
    document = mark_waiting(SCAN, 3)
    document = with_page(document, 4, "Rcad hcrc", 0.4)
    document = with_page(document, 2, "", 0.0, note="Nothing here reads Thai.")
    document = with_page(document, 3, "", 0.0)
    assert [(one.kind, one.pages) for one in document.problems] == [
        ("no_text", ("2",)),
        ("garbled", ("3",)),
        ("garbled", ("4",)),
        ("no_reader", ("2",)),
    ]
    assert waiting_numbers(document) == ()
    assert document.pages[2].text == "��"
    assert count_read(document) == 3  # none of them is read again


def test_a_picture_becomes_a_page_and_a_fax_its_pages_in_their_order() -> None:
    document = with_page(mark_waiting(PICTURE, 5), 1, "Total 12.40", 0.97, (BOX,))
    assert (document.text, document.pages[0].label, document.problems) == ("Total 12.40", "", ())
    fax = mark_waiting(Document("fax.tif", "image/tiff", 1, "page", (), 3), 5)
    for number in (2, 1, 3):
        fax = with_page(fax, number, f"Sheet {number}", 0.9)
    assert [(page.label, page.text) for page in fax.pages] == [
        ("1", "Sheet 1"),
        ("2", "Sheet 2"),
        ("3", "Sheet 3"),
    ]


def test_what_is_waiting_is_stored_with_its_boxes_and_a_file_without_bytes_says_why_it_stays_unread() -> None:
    document = with_page(mark_waiting(SCAN, 3), 2, "Read", 0.9, (BOX,))
    assert unpack_document(pack_document(document)) == document
    ended = without_waiting(document, "The file itself is not kept.")
    assert ended.problems[-1] == Problem("unreadable", ("3", "4"), "The file itself is not kept.")
    assert scanned_numbers(Document("a.docx", "x/docx", 1, "", (), 0, (Problem("no_text"),))) == ()
