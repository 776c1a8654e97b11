"""Which reader a file needs. The content decides; the suffix is a hint between kinds of text alone."""

from __future__ import annotations

import importlib
import re
import zipfile
from collections.abc import Callable
from functools import partial
from types import ModuleType

from chat.extraction import refusals
from chat.extraction.office import office_encryption, opendocument_encryption
from chat.extraction.office.archive import BROKEN
from chat.extraction.office.opendocument_encryption import MANIFEST, SIGN
from chat.extraction.source import Findings, Reader, Source
from chat.extraction.text import plain

HEAD_BYTES = 8_192
MODULES = {  # of each reader's name, below chat.extraction
    "pdf": "pdf.pdf_reader",
    "word": "office.word",
    "slides": "office.slides",
    "sheets": "office.sheets",
    "opendocument": "office.opendocument",
    "epub": "office.epub",
    "hwpx": "office.hwpx",
    "ofd": "office.ofd",
    "zip": "office.zip_members",
    "old_office": "office.old_office",
    "outlook": "office.outlook",
    "tnef": "office.tnef",
    "markup": "text.markup",
    "xml": "text.markup_documents",
    "mail": "text.mail",
    "notebook": "text.notebook",
    "rich_text": "text.rich_text",
    "delimited": "text.delimited",
    "cards": "text.cards",
    "pictures": "pictures",
}
PRELOADED = ("pdf", "word", "slides", "sheets", "markup", "pictures", "rich_text")
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
BITMAP_HEADERS = tuple(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
SAVE_AS = {
    "visiodocument": ("a Visio drawing", "save it as PDF"),
    "quill": ("a Publisher file", "save it as PDF"),
    "props9": ("a Project plan (.mpp)", "save it as PDF or .xlsx"),
    "props12": ("a Project plan (.mpp)", "save it as PDF or .xlsx"),
    "props14": ("a Project plan (.mpp)", "save it as PDF or .xlsx"),
    "bodytext": ("a Hangul file (.hwp)", "save it as .hwpx or PDF"),
    "matof": ("an old Works file", "save it as .docx"),
}
MAGICS = (
    (b"\x09\x04\x06\x00", "an Excel file of before 1997", "save it as .xlsx"),
    (b"\x09\x02\x06\x00", "an Excel file of before 1997", "save it as .xlsx"),
    (b"\x09\x00\x04\x00", "an Excel file of before 1997", "save it as .xlsx"),
    (b"\x1f\x8b", "a gzip archive", "unpack it and send its files"),
    (b"BZh", "a bzip2 archive", "unpack it and send its files"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it and send its files"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and send its files"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it and send its files"),
    (b"\x7fELF", "a program", ""),
    (b"MZ", "a Windows program", ""),
    (b"ID3", "a sound file", ""),
    (b"OggS", "a sound file", ""),
    (b"fLaC", "a sound file", ""),
    (b"\x1aE\xdf\xa3", "a video", ""),
    (b"SQLite format 3\x00", "a database", "export its tables as CSV"),
    (b"PAR1", "a Parquet file", "export it as CSV"),
    (b"%!PS", "a PostScript file", "save it as PDF"),
    (b"AT&TFORM", "a DjVu file", "save it as PDF"),
    (b"ITSF", "a compiled help file", "save it as HTML"),
)
MEDIA_BRANDS = {b"avif": "an AVIF picture"}
PARTS = (
    ("word/", "word"),
    ("ppt/", "slides"),
    ("xl/workbook.bin", "xlsb"),
    ("xl/", "xlsx"),
)
OLD_KINDS = {
    "worddocument": "doc",
    "powerpoint document": "ppt",
    "__properties_version1.0": "outlook",
}
FOREIGN_ZIPS = (  # a member that tells the kind, what it is, what to do
    ("Index/Document.iwa", "an Apple file (Pages, Numbers or Keynote)", "export it as PDF or Office file"),
    ("Index.zip", "an Apple file (Pages, Numbers or Keynote)", "export it as PDF or Office file"),
    ("index.apxl", "an Apple file (Pages, Numbers or Keynote)", "export it as PDF or Office file"),
    ("visio/document.xml", "a Visio drawing", "save it as PDF"),
    ("FixedDocumentSequence.fdseq", "an XPS file", "save it as PDF"),
    ("FixedDocSeq.fdseq", "an XPS file", "save it as PDF"),
    ("META-INF/MANIFEST.MF", "a Java program", ""),
    ("AndroidManifest.xml", "an Android program", ""),
)
OPEN_KINDS = {
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.sun.xml.calc": "ods",
    "application/epub+zip": "epub",
    "application/hwp+zip": "hwpx",
    "application/hwpml-package+xml": "hwpx",
}
HTML = re.compile(
    rb"^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
TAG = re.compile(rb"<(?:p|div|table|title|h[1-6]|body|html|br|a)\b[^>]*>", re.IGNORECASE)
XML = re.compile(rb"^\s*<\?xml\b")
HEADER = re.compile(
    rb"^(?:from|to|subject|date|received|return-path|message-id|mime-version|delivered-to|reply-to"
    rb"|content-type|x-[\w-]+|dkim-signature|cc|sender|newsgroups|path):[ \t]",
    re.IGNORECASE | re.MULTILINE,
)
FIRST_HEADER = re.compile(rb"^(?:From [^\n]+\r?\n)?[A-Za-z][\w-]*:[ \t]?")
FEWEST_HEADERS, FEWEST_ROWS = 3, 3
EXPORTS = ("xls", "xlsx", "doc", "docx")  # names that programs give to pages and to text with tabs
CARDS = re.compile(rb"^\s*BEGIN:(?:VCARD|VCALENDAR)\b", re.IGNORECASE)
TNEF = b"\x78\x9f\x3e\x22"
MANIFEST_BYTES = 1_000_000
MARK = b"\xef\xbb\xbf"


def recognise(source: Source) -> Reader:
    """Return the reader for what the file holds; raise UnsupportedFile where there is none."""
    with source.open() as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise refusals.empty(source.name)
    if b"%PDF-" in head[:1024] and not _is_mail(head):  # a mail may have one attached as it is
        return _reader("pdf")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _in_zip(source)
    if head.startswith(office_encryption.MAGIC):
        return _in_compound(source)
    if _is_picture(head):
        return _reader("pictures")
    if head.startswith(TNEF):
        return _reader("tnef")
    _refuse_known(source, head)
    return _among_texts(source, head)


def _is_picture(head: bytes) -> bool:
    if head.startswith(b"BM"):  # two letters alone may begin a text: the size of a header follows
        return head[6:10] == b"\x00\x00\x00\x00" and head[14:18] in BITMAP_HEADERS
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return head.startswith(PICTURES) or is_webp or (head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS)


def load_readers() -> None:
    """Import the readers that most files need, so that the first file does not wait for it."""
    for name in PRELOADED:
        _module(name)


def _in_zip(source: Source) -> Reader:
    try:
        with source.open() as file, zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            kind = (
                archive.open("mimetype").read(100).decode("ascii", "replace") if "mimetype" in names else ""
            )
            is_locked = MANIFEST in names and SIGN in archive.open(MANIFEST).read(MANIFEST_BYTES)
    except (*BROKEN, RuntimeError) as error:
        raise refusals.damaged(source.name, "zip or Office file") from error
    kind = kind.strip()
    if is_locked and "opendocument" in kind:
        return partial(_read_locked, opendocument_encryption.unlock)
    return _reader(_kind_of_members(names, kind, source.name))


def _kind_of_members(names: list[str], kind: str, file: str) -> str:
    """Return the reader for a zip with these members. kind: its media type, where it names one.

    Raises UnsupportedFile for packages of programs that have no reader here: they are no archives to unpack.
    """
    for start, reader in PARTS:
        if any(name.startswith(start) for name in names) and "[Content_Types].xml" in names:
            return reader
    if kind not in OPEN_KINDS and "Contents/section0.xml" in names:
        return "hwpx"
    if kind in OPEN_KINDS or "META-INF/container.xml" in names:
        return OPEN_KINDS.get(kind, "epub")
    for member, reader in (("content.xml", "opendocument"), ("OFD.xml", "ofd")):
        if member in names:
            return reader
    for member, what, advice in FOREIGN_ZIPS:
        if member in names:
            raise refusals.unsupported(file, what, advice)
    return "zip"


def _in_compound(source: Source) -> Reader:
    names = office_encryption.names(source)
    if names & {"workbook", "book"}:
        return _reader("xls")
    if "encryptedpackage" in names:
        return partial(_read_locked, office_encryption.unlock)
    for name, kind in OLD_KINDS.items():
        if name in names:
            return _reader(kind)
    for name, (what, advice) in SAVE_AS.items():
        if name in names:
            raise refusals.unsupported(source.name, what, advice)
    raise refusals.unsupported(
        source.name, "an old Office file or a damaged one", "save it in today's format"
    )


def _read_locked(unlock: Callable[[Source], Source], source: Source) -> Findings:
    unlocked = unlock(source)
    yield from recognise(unlocked)(unlocked)


def _refuse_known(source: Source, head: bytes) -> None:
    if head[4:8] == b"ftyp":
        what = MEDIA_BRANDS.get(head[8:12], "")
        if what:
            raise refusals.unsupported(source.name, what, "save it as PNG or JPEG")
        raise refusals.unsupported(source.name, "a video or sound file")
    for magic, what, advice in MAGICS:
        # Two letters alone may begin a text.
        if head.startswith(magic) and (len(magic) > 3 or b"\x00" in head[:512] or magic == b"\x1f\x8b"):
            raise refusals.unsupported(source.name, what, advice)
    if head[257:262] == b"ustar":
        raise refusals.unsupported(source.name, "a tar archive", "unpack it and send its files")


def _among_texts(source: Source, head: bytes) -> Reader:
    text = head.replace(b"\x00", b"").removeprefix(MARK).removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    if text.lstrip().startswith(b"{\\rtf"):
        return _reader("rich_text")
    is_html_named = source.suffix in ("html", "htm", "xhtml", "shtml")
    is_export = source.suffix in EXPORTS and text.lstrip().startswith(b"<") and not XML.match(text)
    if HTML.match(text) or ((is_html_named or is_export) and TAG.search(text)):
        return _reader("markup")
    if CARDS.match(text):
        return _reader("cards")
    if source.suffix in ("eml", "mht", "mhtml", "mbox") or _is_mail(text):
        return _reader("mail")
    if source.suffix == "ipynb" or (
        text.lstrip()[:1] == b"{" and b'"cells"' in text and b'"cell_type"' in text
    ):
        return _reader("notebook")
    if source.suffix != "svg" and (XML.match(text) or source.suffix == "xml"):
        return _reader("xml")
    if source.suffix in ("csv", "tsv", "tab", *EXPORTS[:2]) or (source.suffix == "txt" and _is_tabbed(text)):
        return _reader("delimited")
    return plain.read


def _is_tabbed(text: bytes) -> bool:
    """Whether all lines have as many tabs: the form in which Excel saves a sheet as text."""
    lines = [
        line for line in text.splitlines()[: -1 if len(text) >= HEAD_BYTES // 2 else None] if line.strip()
    ]
    counts = {line.count(b"\t") for line in lines}
    return len(lines) >= FEWEST_ROWS and len(counts) == 1 and counts != {0}


def _is_mail(text: bytes) -> bool:
    head = text.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return bool(FIRST_HEADER.match(head)) and len(HEADER.findall(head)) >= FEWEST_HEADERS


def _reader(name: str) -> Reader:
    if name in ("xlsx", "xlsb", "xls", "ods"):
        return partial(_module("sheets").read_as, name)
    if name in ("doc", "ppt"):
        return partial(_module("old_office").read_as, name)
    reader: Reader = _module(name).read
    return reader


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"chat.extraction.{MODULES[name]}")
