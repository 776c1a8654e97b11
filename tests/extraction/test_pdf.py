"""PDF: the better of two readers, what annotations and forms show, and what cannot be read."""

from __future__ import annotations

import io
from pathlib import Path

import pypdf
import pytest

from chat.documents.document import Page, Problem
from chat.errors import PasswordRequired, UnreadableFile, UnsupportedFile
from chat.extraction import worker
from chat.extraction.pdf import pdf_reader
from chat.extraction.pdf.pdf_reader import BESIDE_PICTURE
from chat.extraction.source import Finding, Shape, Source
from tests.pdf_files import character_map, mapped_font, pdf, show


def read(path: Path, data: bytes, password: str | None = None) -> list[Finding]:
    path.write_bytes(data)
    return list(worker.read(Source(path, "a.pdf", password)))


def text(path: Path, data: bytes) -> str:
    return "\n".join(finding.text for finding in read(path, data) if isinstance(finding, Page))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stored"


def test_pages_have_their_numbers_as_labels(path: Path) -> None:
    assert read(path, pdf(show("First page", "second line"), show("Second page"))) == [
        Shape("application/pdf", "page", 2),
        Page("1", "First page\nsecond line"),
        Page("2", "Second page"),
    ]


def test_pages_have_the_labels_that_the_file_prints(path: Path) -> None:
    labels = "/PageLabels << /Nums [0 << /S /r >> 2 << /S /D /St 127 >>] >>"
    found = read(path, pdf(show("One"), show("Two"), show("Three"), catalog=labels))
    printed = [(page.label, page.printed) for page in found if isinstance(page, Page)]
    assert printed == [("1", "i"), ("2", "ii"), ("3", "127")]


def test_page_without_text_is_a_problem_of_that_page(path: Path) -> None:
    assert read(path, pdf(show("Text"), "0 0 100 100 re f")) == [
        Shape("application/pdf", "page", 2),
        Page("1", "Text"),
        Page("2", ""),
        Problem("no_text", ("2",)),
    ]


def test_blank_page_is_no_problem(path: Path) -> None:
    assert read(path, pdf(show("Text"), ""))[-1] == Page("2", "")


def test_scan_with_a_stamp_on_it_is_told(path: Path) -> None:
    picture = (
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 "
        b"/Length 1 >>\nstream\n\x00\nendstream"
    )
    content = "q 612 0 0 792 0 0 cm /Im1 Do Q " + show("Received")
    data = pdf(content, extra=[picture]).replace(b"/Font << /F1", b"/XObject << /Im1 4 0 R >> /Font << /F1")
    assert read(path, data)[1:] == [Page("1", "Received"), Problem("no_text", ("1",), BESIDE_PICTURE)]


def test_fields_of_a_form_have_name_and_value_behind_the_text(path: Path) -> None:
    appearance = (
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /F1 3 0 R >> >> "
        b"/Length 32 >>\nstream\nBT /F1 12 Tf 2 5 Td (Ada) Tj ET \nendstream"
    )
    shown = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Ada) /Rect [150 715 350 735] /F 4 "
        b"/AP << /N 4 0 R >> >>"
    )
    silent = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (city) /V (London) /Rect [0 0 1 1] /F 2 >>"
    box = b"<< /Type /Annot /Subtype /Widget /FT /Btn /T (agree) /V /Yes /AS /Yes /Rect [0 0 1 1] /F 2 >>"
    off = b"<< /Type /Annot /Subtype /Widget /FT /Btn /T (no) /V /Off /AS /Off /Rect [0 0 1 1] /F 2 >>"
    empty = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (town) /Rect [0 0 1 1] /F 2 >>"
    data = pdf(
        show("Name:"),
        page="/Annots [5 0 R 6 0 R 7 0 R 8 0 R 9 0 R]",
        extra=[appearance, shown, silent, box, off, empty],
        catalog="/AcroForm << /Fields [5 0 R 6 0 R 7 0 R 8 0 R 9 0 R] >>",
    )
    assert (
        text(path, data)
        == "Name:\nAda\nname: Ada\ncity: London\nagree: ☒\nno: ☐\nFields without a value: town"
    )


def test_targets_of_links_follow_the_text(path: Path) -> None:
    link = (
        b"<< /Type /Annot /Subtype /Link /Rect [70 715 140 735] "
        b"/A << /S /URI /URI (https://example.org/manual) >> >>"
    )
    data = pdf(show("Read on"), page="/Annots [4 0 R]", extra=[link])
    assert text(path, data) == "Read on\n[Read on](https://example.org/manual)"


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_lines_keep_their_order_and_their_ends_however_a_page_is_turned(path: Path, turn: int) -> None:
    lines = ("The first line of a page that is turned", "goes on in a second one", "and ends in the third")
    data = pdf(show(*lines), page=f"/Rotate {turn}")
    assert text(path, data) == "\n".join(lines)


def test_letters_that_are_turned_with_their_page_keep_their_order(path: Path) -> None:
    lines = ("A table that is wider than high", "is printed with its head to the left", "of a page.")
    drawn = " ".join(
        f"BT /F1 9 Tf 0 1 -1 0 {100 + 20 * number} 50 Tm ({line}) Tj ET" for number, line in enumerate(lines)
    )
    assert text(path, pdf(drawn, page="/Rotate 90")) == "\n".join(lines)


def test_remarks_of_reviewers_follow_the_text_once(path: Path) -> None:
    kinds = ("Text", "Highlight", "Popup")
    remarks = [
        b"<< /Type /Annot /Subtype /%b /Rect [70 700 90 720] /Contents (Is this so?) >>" % kind.encode()
        for kind in kinds
    ]
    data = pdf(show("It is so."), page="/Annots [4 0 R 5 0 R 6 0 R]", extra=remarks)
    assert text(path, data) == "It is so.\nIs this so?"


def test_headings_of_the_outline_hold_until_the_next(path: Path) -> None:
    outline = b"<< /Type /Outlines /First 5 0 R /Last 5 0 R /Count 1 >>"
    entry = b"<< /Title (Chapter 1) /Parent 4 0 R /Dest [9 0 R /Fit] >>"
    data = pdf(show("a"), show("b"), show("c"), extra=[outline, entry], catalog="/Outlines 4 0 R")
    pages = [finding for finding in read(path, data) if isinstance(finding, Page)]
    assert [page.heading for page in pages] == ["", "Chapter 1", "Chapter 1"]


def locked(user: str, owner: str = "owner", algorithm: str = "AES-256") -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(show("Secret text"))))
    writer.encrypt(user, owner, algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_password_is_asked_for(path: Path) -> None:
    with pytest.raises(PasswordRequired) as caught:
        read(path, locked("open"))
    assert (str(caught.value), caught.value.details) == (
        "“a.pdf” is encrypted: give its password.",
        {"name": "a.pdf"},
    )


def test_wrong_password_is_told(path: Path) -> None:
    with pytest.raises(PasswordRequired) as caught:
        read(path, locked("open"), "shut")
    assert (str(caught.value), caught.value.details) == (
        "The password does not open “a.pdf”.",
        {"name": "a.pdf", "wrong": 1},
    )


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
@pytest.mark.parametrize("password", ["open", "owner"])
def test_right_password_opens(path: Path, algorithm: str, password: str) -> None:
    assert read(path, locked("open", algorithm=algorithm), password)[1] == Page("1", "Secret text")


def test_file_that_is_protected_by_an_empty_password_opens(path: Path) -> None:
    assert read(path, locked(""))[1] == Page("1", "Secret text")


def test_damaged_file_is_refused(path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"“a\.pdf” is a damaged PDF that cannot be opened"):
        read(path, b"%PDF-1.7\n" + b"nothing " * 50)


def test_pypdf_alone_reads_a_document_too(path: Path) -> None:
    path.write_bytes(pdf(show("Text"), ""))
    assert list(pdf_reader._read_second(Source(path, "a.pdf"))) == [
        Shape("application/pdf", "page", 2),
        Page("1", "Text\n"),
        Page("2", ""),
        Problem("no_text", ("2",)),
    ]


def test_codes_that_stand_for_nothing_are_garbled(path: Path) -> None:
    codes = {code: chr(0xE000 + code) for code in range(0x20, 0x7F)}
    data = pdf(show("Some words that no one can read"), font=mapped_font(codes), extra=[character_map(codes)])
    findings = read(path, data)
    assert findings[-1] == Problem("garbled", ("1",))


def test_words_printed_twice_for_bold_are_read_once(path: Path) -> None:
    twice = "BT /F1 12 Tf 72 720 Td (Annual report) Tj ET BT /F1 12 Tf 72.6 720 Td (Annual report) Tj ET"
    assert text(path, pdf(twice)) == "Annual report"


def test_letters_that_stand_apart_are_words_where_wider_gaps_part_them(path: Path) -> None:
    spread = "BT /F1 12 Tf 6 Tc 72 720 Td (SPREAD) Tj 104 0 Td (LETTERS) Tj ET"
    figures = "BT /F1 12 Tf 72 700 Td (0 1 2 3) Tj ET"
    assert text(path, pdf(f"{spread} {figures}")) == "SPREAD LETTERS\n0 1 2 3"


def test_hyphen_before_a_name_stays_and_a_divided_word_is_joined(path: Path) -> None:
    lines = ("It was seen there by Hans-", "Joachim who came on foot after a divi-", "ded word and so on.")
    assert text(path, pdf(show(*lines))) == (
        "It was seen there by Hans-Joachim who came on foot after a divided word and so on."
    )


def test_arabic_drawn_from_left_to_right_is_read_in_its_order(path: Path) -> None:
    # As Chromium has it: the letters of a word from left to right, lam and alef as one glyph.
    word = "\u0627\u0644\u0623\u064a\u0645\u0646"  # al-ayman
    glyphs = [word[5], word[4], word[3], word[1:3], word[0]]
    codes = {0x61 + number: glyph for number, glyph in enumerate(glyphs)}
    line = "".join(map(chr, codes))
    data = pdf(show(line), font=mapped_font(codes), extra=[character_map(codes)])
    assert text(path, data) == word


def test_ligatures_and_radicals_become_plain_letters() -> None:
    assert pdf_reader._plain_forms("\ufb01nd \u2f00 \ufefb") == "find \u4e00 \u0644\u0627"


def test_lock_of_a_certificate_is_no_damage(path: Path) -> None:
    data = pdf(show("text")).replace(
        b"trailer\n<< ", b"trailer\n<< /Encrypt << /Filter /Adobe.PubSec /V 1 /Recipients [<30>] >> "
    )
    with pytest.raises(UnsupportedFile, match="is locked with a certificate"):
        read(path, data)


def test_dots_that_lead_to_a_number_are_legible(path: Path) -> None:
    lines = [
        f"{name}{'.' * 90} $ {number}" for name, number in (("Cash", 876), ("Goodwill", 5366), ("Total", 9))
    ]
    assert not [found for found in read(path, pdf(show(*lines))) if isinstance(found, Problem)]


def test_group_of_radio_buttons_has_its_choices_and_the_one_that_is_ticked(path: Path) -> None:
    look = b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 0 >>\nstream\n\nendstream"
    button = (
        b"<< /Type /Annot /Subtype /Widget /Parent 7 0 R /AS /%b /Rect [0 0 1 1] /F 2 "
        b"/AP << /N << /%b 4 0 R /Off 4 0 R >> >> >>"
    )
    group = b"<< /FT /Btn /Ff 49152 /T (sex) /V /Female /Kids [5 0 R 6 0 R] >>"
    data = pdf(
        show("Sex: Male Female"),
        page="/Annots [5 0 R 6 0 R]",
        extra=[look, button % (b"Off", b"Male"), button % (b"Female", b"Female"), group],
        catalog="/AcroForm << /Fields [7 0 R] >>",
    )
    assert text(path, data) == "Sex: Male Female\nsex: ☐ Male, ☒ Female"
