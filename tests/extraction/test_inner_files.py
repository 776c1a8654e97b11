"""Files inside files: read as parts with names of their own, within bounds, and what was left out is told."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from chat.documents.document import Page, Problem
from chat.errors import PasswordRequired
from chat.extraction import inner_files, worker
from chat.extraction.office.embedded import unwrap
from chat.extraction.source import Finding, Shape, Source
from tests.compound_files import compound
from tests.office_files import docx, xlsx, zipped
from tests.pdf_files import pdf, show

SHEET = xlsx({"May": '<row r="1"><c r="A1" t="inlineStr"><is><t>Rent</t></is></c></row>'})
NOTE = docx("<w:p><w:r><w:t>minutes</w:t></w:r></w:p>")


def read(folder: Path, name: str, data: bytes, password: str | None = None) -> list[Finding]:
    (folder / "stored").write_bytes(data)
    return list(worker.read(Source(folder / "stored", name, password)))


def texts(findings: list[Finding]) -> dict[str, str]:
    return {found.label: found.text for found in findings if isinstance(found, Page)}


def notes(findings: list[Finding]) -> list[str]:
    return [f"{found.kind}: {found.note}" for found in findings if isinstance(found, Problem)]


def test_files_of_an_archive_are_read_as_its_parts(tmp_path: Path) -> None:
    inner = zipped({"a.txt": "deep"})
    data = zipped({"plan.xlsx": SHEET, "notes/m.docx": NOTE, "more.zip": inner, "__MACOSX/x": "no", "d/": ""})
    found = read(tmp_path, "minutes.zip", data)
    assert found[0] == Shape("application/zip", "file")
    assert texts(found) == {
        "minutes.zip/more.zip/a.txt": "deep",
        "minutes.zip/notes/m.docx": "minutes",
        "minutes.zip/plan.xlsx, sheet May": "Rent",
    }
    assert notes(found) == []


def test_what_is_not_read_of_an_archive_is_named(tmp_path: Path) -> None:
    kept = io.BytesIO()
    Image.new("RGB", (40, 20)).save(kept, "PNG")
    picture = kept.getvalue()
    data = zipped(
        {"a.txt": "text", "song.mp3": b"ID3" + bytes(20), "b.pdf": b"%PDF-1.7 nothing", "p.png": picture}
    )
    found = notes(read(tmp_path, "all.zip", data))
    assert any("a damaged PDF" in note and "all.zip/b.pdf" in note for note in found)
    assert any("a sound file" in note and "all.zip/song.mp3" in note for note in found)
    assert any("Pictures" in note and "all.zip/p.png" in note for note in found)


def test_archives_in_archives_end_at_a_depth(tmp_path: Path) -> None:
    data = b"the core"
    for _ in range(inner_files.DEPTH + 2):
        data = zipped({"x.zip": data})
    found = read(tmp_path, "x.zip", data)
    assert texts(found) == {}
    assert any("files deep" in note for note in notes(found))


def test_number_and_size_of_files_inside_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inner_files, "FILES", 3)
    monkeypatch.setattr(inner_files, "BYTES", 100)
    data = zipped({f"{number}.txt": f"text {number}" for number in range(1, 5)} | {"0.txt": "z" * 200})
    found = read(tmp_path, "x.zip", data)
    assert list(texts(found)) == ["x.zip/1.txt", "x.zip/2.txt"]
    assert any(inner_files.TOO_MANY in note and "x.zip/3.txt, x.zip/4.txt" in note for note in notes(found))
    assert any(inner_files.TOO_LARGE in note and "x.zip/0.txt" in note for note in notes(found))


def test_bomb_in_an_archive_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    data = zipped({"a.txt": "text", "bomb.txt": bytes(70_000_000)})
    found = read(tmp_path, "x.zip", data)
    assert texts(found) == {"x.zip/a.txt": "text"}
    assert any("unpacks to more than the limit" in note for note in notes(found))


def test_names_in_an_archive_are_read_in_their_encoding(tmp_path: Path) -> None:
    names = {"a" * 12: "会议纪要.txt", "b" * 12: "财务报表.txt"}  # of as many bytes in GBK
    data = zipped(dict.fromkeys(names, "正文"))
    for stands, name in names.items():
        data = data.replace(stands.encode(), name.encode("gbk"))
    assert set(texts(read(tmp_path, "x.zip", data))) == {"x.zip/会议纪要.txt", "x.zip/财务报表.txt"}


def test_locked_archive_asks_for_its_password(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.txt": "text"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    with pytest.raises(PasswordRequired):
        read(tmp_path, "x.zip", bytes(data))


def test_locked_file_inside_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    data = zipped({"a.txt": "text", "b.docx": compound({"EncryptedPackage": b"", "EncryptionInfo": b""})})
    found = read(tmp_path, "x.zip", data)
    assert texts(found) == {"x.zip/a.txt": "text"}
    assert notes(found) == [f"password: {inner_files.LOCKED}: x.zip/b.docx"]


def test_attachments_of_a_pdf_are_read(tmp_path: Path) -> None:
    extra = [
        b"<< /Type /EmbeddedFile /Length 30 >>\nstream\nApples cost 3.20 euros a kilo.\nendstream",
        b"<< /Type /Filespec /F (prices.txt) /EF << /F 4 0 R >> >>",
    ]
    catalog = "/Names << /EmbeddedFiles << /Names [ (prices.txt) 5 0 R ] >> >>"
    found = read(tmp_path, "list.pdf", pdf(show("See the list."), extra=extra, catalog=catalog))
    assert texts(found) == {
        "1": "See the list.",
        "list.pdf/prices.txt": "Apples cost 3.20 euros a kilo.",
    }


def test_file_that_was_dropped_into_a_document_is_unwrapped(tmp_path: Path) -> None:
    native = b"\x02\x00list.csv\x00C:\\list.csv\x00\x00\x00\x03\x00" + struct.pack("<I", 4) + b"C:\\\x00"
    native += struct.pack("<I", 7) + b"a;b\n1;2"
    inner = unwrap(compound({"\x01Ole10Native": struct.pack("<I", len(native)) + native}), "o.bin")
    assert (inner.name, inner.load()) == ("list.csv", b"a;b\n1;2")
