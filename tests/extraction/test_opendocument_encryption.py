from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from chat.documents.document import Page
from chat.errors import PasswordRequired, UnsupportedFile
from chat.extraction import worker
from chat.extraction.source import Source
from tests.locked_documents import lock
from tests.office_files import element, odt, zipped

Read = Callable[..., list[Page]]
HOW = pytest.mark.parametrize("how", ["aes", "blowfish", "package"])
TEXT = odt("<text:p>Das Wort ist 秘密.</text:p>")


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def pages(name: str, data: bytes, password: str | None = None) -> list[Page]:
        (tmp_path / "stored").write_bytes(data)
        findings = worker.read(Source(tmp_path / "stored", name, password))
        return [finding for finding in findings if isinstance(finding, Page)]

    return pages


def edited(data: bytes, old: str, new: str) -> bytes:
    """Return a package whose manifest says something else."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    manifest = members["META-INF/manifest.xml"]
    assert isinstance(manifest, bytes)
    assert old in manifest.decode()
    return zipped({**members, "META-INF/manifest.xml": manifest.decode().replace(old, new)})


@HOW
def test_a_locked_text_is_read_with_its_password(read: Read, how: str) -> None:
    assert read("a.odt", lock(TEXT, "秘密 word", how), "秘密 word") == [Page("", "Das Wort ist 秘密.")]


@HOW
def test_without_its_password_it_is_asked_for(read: Read, how: str) -> None:
    with pytest.raises(PasswordRequired, match=r"“a\.odt” is encrypted: give its password"):
        read("a.odt", lock(TEXT, "secret", how))


@HOW
def test_a_wrong_password_is_told(read: Read, how: str) -> None:
    with pytest.raises(PasswordRequired, match=r"The password does not open “a\.odt”"):
        read("a.odt", lock(TEXT, "secret", how), "guess")


@HOW
def test_a_locked_spreadsheet_is_read_with_its_password(read: Read, how: str) -> None:
    row = '<table:table-row><table:table-cell office:value-type="string"><text:p>owls</text:p>'
    table = f'<table:table table:name="Birds">{row}</table:table-cell></table:table-row></table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    sheet = zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": element("office:document-content", body),
            "META-INF/manifest.xml": "<manifest/>",
        }
    )
    assert read("a.ods", lock(sheet, "secret", how), "secret") == [Page("Birds", "owls", "Birds")]


@pytest.mark.parametrize(
    ("how", "old", "new"),
    [
        ("aes", "aes256-cbc", "rot13"),
        ("aes", 'iteration-count="1000"', 'iteration-count="4000000000"'),
        ("aes", 'iteration-count="1000"', 'iteration-count="many"'),
        ("package", 'argon2-memory="64"', 'argon2-memory="900000000"'),
        ("blowfish", "initialisation-vector=", "initialisation-vector2="),
        ("aes", "manifest:key-derivation ", "manifest:by-certificate "),
        ("aes", "manifest:algorithm ", "manifest:algorithms "),
    ],
)
def test_a_lock_that_is_not_known_is_told(read: Read, how: str, old: str, new: str) -> None:
    with pytest.raises(UnsupportedFile, match="an encrypted OpenDocument file; save it without a password"):
        read("a.odt", edited(lock(TEXT, "secret", how), old, new), "secret")
