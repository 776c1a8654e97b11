"""What a file holds decides how it is read, and each kind that cannot be read gets its own sentence."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from chat.documents.document import Page, Problem
from chat.errors import EmptyFile, UnreadableFile, UnsupportedFile
from chat.extraction import worker
from chat.extraction.source import Shape, Source
from chat.numbers.cell_grid import Grid
from tests.compound_files import compound
from tests.office_files import docx, odt, zipped


def read(path: Path, name: str, data: bytes) -> list[Shape | Page | Problem]:
    path.write_bytes(data)
    return [one for one in worker.read(Source(path, name)) if not isinstance(one, Grid)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stored"


def test_content_decides_where_the_suffix_is_wrong(path: Path) -> None:
    assert [
        finding for finding in read(path, "wrong.pdf", docx("<w:p><w:r><w:t>Text</w:t></w:r></w:p>"))
    ] == [
        Shape("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        Page("", "Text"),
    ]


def test_suffix_tells_kinds_of_text_apart(path: Path) -> None:
    assert [read(path, name, b"a,b\n")[0] for name in ("a.csv", "a.md", "a.json", "a.py")] == [
        Shape("text/csv"),
        Shape("text/markdown"),
        Shape("application/json"),
        Shape("text/plain"),
    ]


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.xls", b"<style>p{}</style><table><tr><td>a<td>1</table>", "a | 1"),
        ("a.xls", b"a\tb\n1,5\t2\n", "a | b\n1,5 | 2"),
        ("a.txt", "a\tb\n1\t2\n3\t\n".encode("utf-16"), "a | b\n1 | 2\n3 | "),
        ("a.txt", b"a\tb\n1\t2\nno\n", "a\tb\n1\t2\nno\n"),
    ],
)
def test_what_programs_export_under_other_names_has_its_rows(
    path: Path, name: str, data: bytes, text: str
) -> None:
    assert [one.text for one in read(path, name, data) if isinstance(one, Page)] == [text]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x7fELF\x02\x01\x01", "a program, which cannot be read"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7-Zip archive; unpack it and send its files"),
        (b"SQLite format 3\x00", "a database; export its tables as CSV"),
        (b"\x00\x00\x00\x18ftypavif", "an AVIF picture; save it as PNG or JPEG"),
        (b"\x00\x00\x00\x18ftypisom", "a video or sound file, which cannot be read"),
        (bytes(range(256)) * 20, "a binary file of a kind that is not known, which cannot be read"),
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive; unpack it and send its files"),
    ],
)
def test_each_kind_that_cannot_be_read_has_its_sentence(path: Path, data: bytes, what: str) -> None:
    with pytest.raises(UnsupportedFile) as caught:
        read(path, "a.bin", data)
    assert str(caught.value) == f"“a.bin” is {what}."


@pytest.mark.parametrize(
    ("stream", "what"),
    [
        ("VisioDocument", "a Visio drawing; save it as PDF"),
        ("Quill", "a Publisher file; save it as PDF"),
        ("BodyText", "a Hangul file (.hwp); save it as .hwpx or PDF"),
        ("Props14", "a Project plan (.mpp); save it as PDF or .xlsx"),
    ],
)
def test_old_office_files_are_told_apart(path: Path, stream: str, what: str) -> None:
    with pytest.raises(UnsupportedFile) as caught:
        read(path, "a.docx", compound({"\x05SummaryInformation": b"", stream: b""}))
    assert str(caught.value) == f"“a.docx” is {what}."


def test_compound_file_that_is_cut_short_is_refused(path: Path) -> None:
    with pytest.raises(UnsupportedFile, match="an old Office file or a damaged one"):
        read(path, "a.doc", compound({"WordDocument": b""})[:700])


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ("Index/Document.iwa", "an Apple file (Pages, Numbers or Keynote); export it as PDF or Office file"),
        ("visio/document.xml", "a Visio drawing; save it as PDF"),
        ("FixedDocumentSequence.fdseq", "an XPS file; save it as PDF"),
        ("META-INF/MANIFEST.MF", "a Java program, which cannot be read"),
    ],
)
def test_packages_of_other_programs_are_no_archives_to_unpack(path: Path, member: str, what: str) -> None:
    with pytest.raises(UnsupportedFile) as caught:
        read(path, "a.zip", zipped({member: "x"}))
    assert str(caught.value) == f"“a.zip” is {what}."


@pytest.mark.parametrize("data", [b" \n\t\r\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_file_of_nothing_but_blanks_is_empty(path: Path, data: bytes) -> None:
    with pytest.raises(EmptyFile, match="is empty"):
        read(path, "a.txt", data)


def test_zip_that_is_cut_short_is_damaged(path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"“a\.docx” is a damaged zip or Office file"):
        read(path, "a.docx", docx("<w:p/>")[:200])


def test_small_archive_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", docx_relations())
        archive.writestr("word/document.xml", b"<a>" + b" " * 61_000_000 + b"</a>")
    with pytest.raises(UnreadableFile, match="unpacks to more than the limit of 60 MB"):
        read(path, "a.docx", out.getvalue())


def docx_relations() -> bytes:
    with zipfile.ZipFile(io.BytesIO(docx(""))) as archive:
        return archive.read("_rels/.rels")


def test_names_in_an_archive_are_never_paths(path: Path, tmp_path: Path) -> None:
    evil = {"../../evil.txt": "evil", "/etc/evil": "evil", "word/../../evil2": "evil"}
    read(path, "a.docx", docx("<w:p><w:r><w:t>Text</w:t></w:r></w:p>", extra=evil))
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["stored"]
    assert not (tmp_path.parent / "evil.txt").exists()


def test_entities_are_refused(path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]>'
    with pytest.raises(UnreadableFile, match=r"“a\.docx” is a damaged Word file"):
        read(path, "a.docx", docx("<w:p><w:r><w:t>&y;</w:t></w:r></w:p>", prologue=bomb))


def test_external_entity_is_not_fetched(path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    prologue = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    with pytest.raises(UnreadableFile):
        read(path, "a.odt", odt("<text:p>&x;</text:p>", prologue=prologue))


def test_external_dtd_is_not_fetched_and_does_no_harm(path: Path) -> None:
    prologue = '<!DOCTYPE office:document-content PUBLIC "-//OO//DTD" "http://127.0.0.1:1/office.dtd">'
    assert read(path, "a.odt", odt("<text:p>Text</text:p>", prologue=prologue))[1] == Page("", "Text")


def test_picture_has_no_text_and_no_problem(path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    assert read(path, "a.txt", out.getvalue()) == [Shape("image/png")]
