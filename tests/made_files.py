"""One small file of each kind that can be made here, for tests and benchmarks that break them."""

from __future__ import annotations

from tests.compound_files import Tree, compound
from tests.office_files import docx, ods, odt, pptx, xls, xlsx, zipped
from tests.pdf_files import pdf, show

PARAGRAPH = "<w:p><w:r><w:t>Text</w:t></w:r></w:p>"
ROW = '<row r="1"><c r="A1"><v>1</v></c></row>'
MAIL = (
    b"From: a@example.org\nTo: b@example.org\nSubject: Plan\nDate: Tue, 01 Oct 2024 12:00:00 +0000\n\nText\n"
)
MESSAGE: Tree = {
    "__properties_version1.0": bytes(32),
    "__substg1.0_0037001F": "Plan".encode("utf-16-le"),
    "__substg1.0_10130102": b"<p>Text</p>",
    "__attach_version1.0_#00000000": {
        "__properties_version1.0": bytes(8),
        "__substg1.0_3707001F": "a.csv".encode("utf-16-le"),
        "__substg1.0_37010102": b"a;b\n1;2\n",
    },
}
OFD = {
    "OFD.xml": "<OFD><DocBody><DocRoot>D.xml</DocRoot></DocBody></OFD>",
    "D.xml": '<Document><Pages><Page ID="1" BaseLoc="P.xml"/></Pages></Document>',
    "P.xml": '<Page><TextObject Boundary="1 1 9 9" Size="3"><TextCode>Text</TextCode></TextObject></Page>',
}
FILES: dict[str, bytes] = {
    "a.pdf": pdf(
        show("Text"),
        show("More"),
        extra=[
            b"<< /Type /EmbeddedFile /Length 4 >>\nstream\nText\nendstream",
            b"<< /Type /Filespec /F (a.txt) /EF << /F 4 0 R >> >>",
        ],
        catalog="/Names << /EmbeddedFiles << /Names [ (a.txt) 5 0 R ] >> >>",
    ),
    "a.docx": docx(PARAGRAPH),
    "a.pptx": pptx("<p:sp><p:txBody><a:p><a:r><a:t>x</a:t></a:r></a:p></p:txBody></p:sp>"),
    "a.xlsx": xlsx({"S": ROW}),
    "a.odt": odt("<text:p>Text</text:p>"),
    "a.ods": ods({"S": '<table:table-row><table:table-cell table:formula="of:=1+1"/></table:table-row>'}),
    "a.xls": xls({(0, 0): (5.0, 31), (0, 1): (b"\x1e\x02\x00", 0)}, {}),
    "a.ics": b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20240305T140000Z\nSUMMARY:Text\nEND:VEVENT\n",
    "a.md": b"<table><tr><td>x<td>y</table>\n\n<details>Text<br>&amp;</details>\n",
    "a.rtf": rb"{\rtf1\ansi Text\par}",
    "a.html": b"<html><p>Text</p><ol><li>x<sup>2</sup></ol></html>",
    "a.txt": "文本".encode("gb18030") * 20,
    "a.msg": compound(MESSAGE),
    "a.mbox": b"".join(b"From a@example.org Tue Oct  1 12:00:00 2024\n" + MAIL + b"\n" for _ in range(2)),
    "a.zip": zipped({"a.docx": docx(PARAGRAPH), "b.zip": zipped({"c.eml": MAIL})}),
    "a.hwpx": zipped(
        {
            "mimetype": "application/hwp+zip",
            "Contents/section0.xml": "<sec><p><run><t>Text</t></run></p></sec>",
        }
    ),
    "a.ofd": zipped(OFD),
    "a.fb2": b'<?xml version="1.0"?><FictionBook><body><section><p>Text</p></section></body></FictionBook>',
    "a.xml": b'<?xml version="1.0"?><r><name>Text</name><age k="v">3</age></r>',
}
