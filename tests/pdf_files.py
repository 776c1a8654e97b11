"""Small PDFs for the tests, written object by object."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def pdf(
    *contents: str | bytes,
    page: str = "",
    extra: Sequence[bytes] = (),
    catalog: str = "",
    font: bytes = FONT,
    is_packed: bool = False,
) -> bytes:
    """Return a PDF with a page for each content stream.

    page, catalog: entries added to each page and to the catalog. extra: objects, numbered from 4 on. Object 3
    is the font, known to the pages as /F1.
    """
    objects: list[bytes] = [b"", b"", font, *extra]
    kids = []
    for content in contents:
        data = content.encode("latin-1") if isinstance(content, str) else content
        packing = b"/Filter /FlateDecode " if is_packed else b""
        data = zlib.compress(data, 9) if is_packed else data
        objects.append(b"<< %b/Length %d >>\nstream\n%b\nendstream" % (packing, len(data), data))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> %b >>" % (len(objects), page.encode("latin-1"))
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R %b >>" % catalog.encode("latin-1")
    objects[1] = b"<< /Type /Pages /Kids [%b] /Count %d >>" % (b" ".join(kids), len(kids))
    return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def show(*lines: str) -> str:
    """Return a content stream that shows these lines, one under the other."""
    return "BT /F1 12 Tf 72 720 Td 14 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"


def mapped_font(codes: dict[int, str]) -> bytes:
    """Return a font whose /ToUnicode (which is object 4) is `character_map(codes)`."""
    return b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 4 0 R >>"


def character_map(codes: dict[int, str]) -> bytes:
    """Return the stream that says which text the codes of a font stand for."""
    lines = "\n".join(f"<{code:02x}> <{text.encode('utf-16-be').hex()}>" for code, text in codes.items())
    body = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n"
        "1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{lines}\nendbfchar endcmap end end"
    ).encode()
    return b"<< /Length %d >>\nstream\n%b\nendstream" % (len(body), body)
