"""PDF, page by page: read with pdfium, judged, and read again with pypdf where that may be better."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from chat.documents.document import Page, Problem
from chat.extraction import legibility, refusals
from chat.extraction.pdf import pdfium, pypdf_text
from chat.extraction.pdf.bidirectional import arrange
from chat.extraction.pdf.glyphs import (
    Glyph,
    close_up,
    has_doubtful_spaces,
    is_overprinted,
    is_spread,
    mend_spaces,
    print_once,
)
from chat.extraction.pdf.page_layout import may_hold_tables, text_with_tables
from chat.extraction.pdf.pdfium import Sheet
from chat.extraction.pdf.right_to_left import is_mirrored, text_with_mirrored_tables
from chat.extraction.source import Findings, Shape, Source

MEDIA_TYPE = "application/pdf"
FEW_LETTERS = 50
FULL_PAGE_SHARE = 0.6
BESIDE_PICTURE = "A picture fills the page; only the text beside it could be read."
EMPTY_FIELDS = "Fields without a value"
LEFT_OUT = "Characters that the file's fonts do not name were left out."
ADDRESS = re.compile(r"^(https?://|mailto:|tel:)", re.IGNORECASE)
FOREIGN_LOCK = re.compile(rb"/Filter\s*/(Adobe\.PubSec|EBX_HANDLER|FOPN_\w+|MicrosoftIRMServices\w*|SCPDF)\b")
# Forms of letters, ligatures and radicals that stand for common characters.
FORMS = re.compile("[\u2e80-\u2fd5\ufb00-\ufb06\ufb1d-\ufdff\ufe70-\ufefc]")


@dataclass
class Second:
    """The second reader, opened for the first page that needs it."""

    source: Source
    _document: pypdf_text.PypdfDocument | None = field(default=None, init=False)
    _is_broken: bool = field(default=False, init=False)

    def text(self, index: int) -> str:
        """Return a page's text; empty where this reader cannot read it."""
        document = self._open()
        return document.text(index) if document and index < len(document) else ""

    def fields(self, index: int) -> list[tuple[str, str]]:
        """Return name and value of a page's form fields."""
        document = self._open()
        return document.fields(index) if document and index < len(document) else []

    def _open(self) -> pypdf_text.PypdfDocument | None:
        if self._document is None and not self._is_broken:
            try:
                self._document = pypdf_text.PypdfDocument(self.source)
            except (pypdf_text.Locked, pypdf_text.PypdfFailed):
                self._is_broken = True
        return self._document


def read(source: Source) -> Findings:
    """Yield the pages of a PDF."""
    try:
        document = pdfium.PdfiumDocument(source)
    except (pdfium.PasswordWrong, pdfium.NotReadable):
        _refuse_foreign_lock(source)
        yield from _read_second(source)
        return
    second, heading, headings = Second(source), "", document.headings()
    yield Shape(MEDIA_TYPE, "page", len(document))
    for index in range(len(document)):
        heading = headings.get(index, heading)
        try:
            with document.page(index) as sheet:
                text, problems = _read_sheet(sheet, second, index, document.has_form)
        except pdfium.NotReadable:
            text = second.text(index)
            problems = _judge(text, str(index + 1), "unreadable")
        yield Page(str(index + 1), text, heading, document.printed_label(index))
        yield from problems
    yield from document.attachments()


def _refuse_foreign_lock(source: Source) -> None:
    """Raise UnsupportedFile where a file is locked by other means than a password.

    The name of the handler stands in the open, whatever else is packed (ISO 32000-1, 7.6.1).
    """
    found = FOREIGN_LOCK.search(source.read_bytes())
    if found:
        is_certificate = found.group(1) == b"Adobe.PubSec"
        raise refusals.locked_by(
            source.name, "a certificate" if is_certificate else "a rights management system"
        )


def _read_second(source: Source) -> Findings:
    """Yield the pages of a file that pdfium cannot open."""
    try:
        document = pypdf_text.PypdfDocument(source)
    except pypdf_text.Locked as error:
        raise refusals.locked(source.name, wrong=source.password is not None) from error
    except pypdf_text.PypdfFailed as error:
        raise refusals.damaged(source.name, "PDF") from error
    yield Shape(MEDIA_TYPE, "page", len(document))
    for index in range(len(document)):
        text = _plain_forms(document.text(index))
        yield Page(str(index + 1), text)
        yield from _judge(text, str(index + 1), "no_text")


def _read_sheet(sheet: Sheet, second: Second, index: int, has_form: bool) -> tuple[str, list[Problem]]:
    label = str(index + 1)
    text, note = _best_text(sheet, second, index)
    problems = [Problem("garbled", (label,), note)] if note else _judge(text, label, "no_text")
    letters = legibility.judge(text).letters
    if not letters and sheet.is_blank() and not sheet.has_annotations:
        problems = []
    elif 0 < letters < FEW_LETTERS and sheet.picture_share() > FULL_PAGE_SHARE:
        problems = [Problem("no_text", (label,), BESIDE_PICTURE)]
    fields = second.fields(index) if has_form and sheet.has_annotations else []
    remarks = [remark for remark in dict.fromkeys(sheet.remarks) if remark and remark not in text]
    lines = [text, *_field_lines(fields), *_link_lines(sheet.urls, text), *remarks]
    return "\n".join(lines), problems


def _best_text(sheet: Sheet, second: Second, index: int) -> tuple[str, str]:
    """Return a page's text by the better reader, and a note where part of it was left out."""
    text = sheet.text()
    if is_overprinted(text):
        text = _text_of(print_once(sheet.glyphs))
    elif legibility.is_right_to_left(text):
        text = arrange(sheet.glyphs)
    elif is_spread(text):
        text = close_up(sheet.glyphs)
    judgement = legibility.judge(text)
    if not judgement.letters:
        other = second.text(index) if sheet.has_letters_drawn() else ""
        return _plain_forms(other if other.strip() else text), ""
    if judgement.is_legible:
        whole = _with_tables(sheet, text)
        if has_doubtful_spaces(text):
            whole = mend_spaces(whole, sheet.glyphs)
        return _plain_forms(whole), ""
    text = legibility.better(text, second.text(index))
    if legibility.judge(text).is_legible:
        return _plain_forms(text), ""
    known = _without_guesses(sheet)
    return _plain_forms(known or text), LEFT_OUT if known else ""


def _with_tables(sheet: Sheet, text: str) -> str:
    """Return the text with its tables as rows."""
    if is_spread(text):
        return text
    strokes = sheet.strokes()
    if not may_hold_tables(sheet, strokes, text):
        return text
    if legibility.is_right_to_left(text):
        if not is_mirrored(text):
            return text
        return text_with_mirrored_tables(sheet.glyphs, strokes) or text
    return text_with_tables(sheet, strokes) or text


def _without_guesses(sheet: Sheet) -> str:
    """Return the text without the characters that are guessed and of no script that is there for certain.

    Empty where that leaves nothing out.
    """
    marked = list(zip(sheet.glyphs, sheet.guesses(), strict=True))
    certain = "".join(glyph.character for glyph, is_guess in marked if not is_guess)
    scripts = legibility.known_scripts(certain)
    kept = [one for one, is_guess in marked if not is_guess or legibility.script_of(one.character) in scripts]
    if len(kept) == len(marked) or not legibility.judge(certain).letters:
        return ""
    return _text_of(kept)


def _text_of(glyphs: list[Glyph]) -> str:
    text = "".join(glyph.character for glyph in glyphs)
    return arrange(glyphs) if legibility.is_right_to_left(text) else text


def _judge(text: str, label: str, kind: str) -> list[Problem]:
    judgement = legibility.judge(text)
    if not judgement.letters and not text.strip():
        return [Problem(kind, (label,))]
    return [] if judgement.is_legible else [Problem("garbled", (label,))]


def _field_lines(fields: list[tuple[str, str]]) -> list[str]:
    """Return a line for each field that holds something or can be ticked, and one that names the empty ones.

    A value is told though it stands on the page too: there nothing says which field it belongs to.
    """
    empty = [name for name, value in fields if not value]
    return [
        *(f"{name}: {value}" for name, value in fields if value),
        *([f"{EMPTY_FIELDS}: {', '.join(empty)}"] if empty else []),
    ]


def _link_lines(urls: list[tuple[str, str]], text: str) -> list[str]:
    new = [(url, words) for url, words in urls if ADDRESS.sub("", url).rstrip("/") not in text]
    return [f"[{words}]({url})" if words else f"<{url}>" for url, words in new]


def _plain_forms(text: str) -> str:
    return FORMS.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
