"""Small Office files for the tests, made from the XML that matters in each."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

from tests.compound_files import compound

SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0"'
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """Return a zip file of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def element(tag: str, inner: str, prologue: str = "") -> str:
    """Return a document with this root."""
    return f'<?xml version="1.0" encoding="UTF-8"?>{prologue}<{tag} {SPACES}>{inner}</{tag}>'


def relations(targets: Mapping[str, tuple[str, str]]) -> str:
    """Return a part of relations: id -> kind and target; addresses outside begin with http."""
    lines = []
    for key, (kind, target) in targets.items():
        mode = 'TargetMode="External"' if target.startswith("http") else ""
        lines.append(f'<Relationship Id="{key}" Type="{RELATION}{kind}" Target="{target}" {mode}/>')
    return f"<Relationships>{''.join(lines)}</Relationships>"


def docx(
    body: str,
    *,
    styles: str = "",
    links: Mapping[str, tuple[str, str]] | None = None,
    extra: Mapping[str, str] | None = None,
    prologue: str = "",
) -> bytes:
    """Return a Word file with this body."""
    around = {"rIdStyles": ("styles", "styles.xml"), **(links or {})}
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations({"rId1": ("officeDocument", "word/document.xml")}),
            "word/document.xml": element("w:document", f"<w:body>{body}</w:body>", prologue),
            "word/_rels/document.xml.rels": relations(around),
            "word/styles.xml": element("w:styles", styles),
            **(extra or {}),
        }
    )


def pptx(*slides: str, extra: Mapping[str, str] | None = None) -> bytes:
    """Return a PowerPoint file with these slides, each the inside of its shape tree."""
    numbers = range(1, len(slides) + 1)
    ids = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in numbers)
    targets = {f"rId{n}": ("slide", f"slides/slide{n}.xml") for n in numbers}
    parts = {
        f"ppt/slides/slide{n}.xml": element("p:sld", f"<p:cSld><p:spTree>{slide}</p:spTree></p:cSld>")
        for n, slide in zip(numbers, slides, strict=True)
    }
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations({"rId1": ("officeDocument", "ppt/presentation.xml")}),
            "ppt/presentation.xml": element("p:presentation", f"<p:sldIdLst>{ids}</p:sldIdLst>"),
            "ppt/_rels/presentation.xml.rels": relations(targets),
            **parts,
            **(extra or {}),
        }
    )


def odt(
    text: str,
    *,
    prologue: str = "",
    styles: str = "",
    manifest: str = "<manifest/>",
    objects: Mapping[str, str] | None = None,
) -> bytes:
    """Return an OpenDocument text. objects: the content of embedded documents by their folders."""
    body = f"<office:body><office:text>{text}</office:text></office:body>"
    content = element("office:document-content", body, prologue)
    return _open_document("text", content, styles, manifest, objects or {})


def odp(slides: str) -> bytes:
    """Return an OpenDocument presentation."""
    body = f"<office:body><office:presentation>{slides}</office:presentation></office:body>"
    return _open_document("presentation", element("office:document-content", body), "", "<manifest/>")


def ods(sheets: Mapping[str, str], objects: Mapping[str, str] | None = None) -> bytes:
    """Return an OpenDocument spreadsheet: name of a sheet -> its rows. objects: as those of a text."""
    tables = "".join(
        f'<table:table table:name="{name}">{rows}</table:table>' for name, rows in sheets.items()
    )
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    return _open_document("spreadsheet", element("office:document-content", body), "", "<manifest/>", objects)


def _open_document(
    kind: str, content: str, styles: str, manifest: str, objects: Mapping[str, str] | None = None
) -> bytes:
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": content,
            "styles.xml": element("office:document-styles", styles),
            "META-INF/manifest.xml": manifest,
            **{f"{folder}/content.xml": inside for folder, inside in (objects or {}).items()},
        }
    )


def xlsx(
    sheets: Mapping[str, str],
    styles: str = "",
    comments: str = "",
    *,
    hidden: str = "",
    columns: str = "",
    link: str = "",
) -> bytes:
    """Return an Excel file: name of a sheet -> the inside of its sheetData.

    comments: of the first sheet. hidden: the name of a sheet that is. columns: the `col` elements of all.
    link: the target of a link of A1 of the first sheet.
    """
    around = {"rId1": ("comments", "../comments1.xml"), **({"rId9": ("hyperlink", link)} if link else {})}
    links = f'<hyperlinks><hyperlink ref="A1:B1" {SPACES} r:id="rId9"/></hyperlinks>' if link else ""
    numbers = range(1, len(sheets) + 1)
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}" state="{_state(name == hidden)}"/>'
        for n, name in zip(numbers, sheets, strict=True)
    )
    targets = {f"rId{n}": ("worksheet", f"worksheets/sheet{n}.xml") for n in numbers}
    targets["styles"] = ("styles", "styles.xml")
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{types}"/>',
            "_rels/.rels": relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
            "xl/workbook.xml": f"<workbook {space} {SPACES}><sheets>{listed}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": relations(targets),
            "xl/styles.xml": f"<styleSheet {space}>{styles}</styleSheet>",
            "xl/worksheets/_rels/sheet1.xml.rels": relations(around),
            "xl/comments1.xml": f"<comments {space}>{comments}</comments>",
            **{
                f"xl/worksheets/sheet{n}.xml": f"<worksheet {space}>{columns}"
                f"<sheetData>{rows}</sheetData>{links if n == 1 else ''}</worksheet>"
                for n, rows in zip(numbers, sheets.values(), strict=True)
            },
        }
    )


def xls(cells: Mapping[tuple[int, int], tuple[float | bytes, int]], formats: Mapping[int, str]) -> bytes:
    """Return an old Excel file of one sheet: place -> value and number of its format.

    A value in bytes is a formula as its tokens, without a result. formats: those of the file itself.
    """
    styles = sorted({number for _, number in cells.values()})
    head = _begin(5) + _record(
        0x31, struct.pack("<5H4B", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0), b"\x05\x00Arial"
    )
    for number, code in formats.items():
        head += _record(0x41E, struct.pack("<HHB", number, len(code), 1), code.encode("utf-16-le"))
    for number in styles:
        head += _record(0xE0, struct.pack("<3H", 0, number, 0), bytes(14))
    end, sheet = _record(0x0A), _begin(0x10)
    for (row, column), (value, number) in sorted(cells.items()):
        place = struct.pack("<3H", row, column, styles.index(number))
        if isinstance(value, bytes):
            result = b"\x03\x00\x00\x00\x00\x00\xff\xff"
            sheet += _record(6, place, result, struct.pack("<HIH", 0, 0, len(value)), value)
        else:
            sheet += _record(0x203, place, struct.pack("<d", value))
    listed = len(head) + len(_record(0x85, bytes(9))) + len(end)
    head += _record(0x85, struct.pack("<IBBBB", listed, 0, 0, 1, 0), b"S") + end
    return compound({"Workbook": head + sheet + end})


def _begin(kind: int) -> bytes:
    return _record(0x809, struct.pack("<4H2I", 0x600, kind, 0xDBB, 0x7CC, 0, 6))


def _record(kind: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack("<HH", kind, len(body)) + body


def _state(is_hidden: bool) -> str:
    return "hidden" if is_hidden else "visible"
