"""Office files, books, mail, notebooks and HTML: what a reader of each would see, in its order."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path

import pytest
from msoffcrypto.method.ecma376_agile import ECMA376Agile  # type: ignore[import-untyped]

from chat.documents.document import Page, Problem
from chat.errors import PasswordRequired, UnreadableFile, UnsupportedFile
from chat.extraction import worker
from chat.extraction.office.old_boxes import find_boxes
from chat.extraction.office.old_notes import find_notes
from chat.extraction.office.old_office import document_lines, with_notes
from chat.extraction.office.old_powers import write_powers
from chat.extraction.office.sheets import show
from chat.extraction.source import Finding, Source
from chat.numbers.cell_grid import Grid
from tests.compound_files import compound
from tests.office_files import SPACES, docx, element, odp, ods, odt, pptx, relations, xls, xlsx, zipped

Read = Callable[..., list[Finding]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def findings(name: str, data: bytes, password: str | None = None) -> list[Finding]:
        (tmp_path / "stored").write_bytes(data)
        found = worker.read(Source(tmp_path / "stored", name, password))
        return [one for one in found if not isinstance(one, Grid)]  # cells: tests/numbers

    return findings


STYLE = 'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'


def paragraph(text: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def test_word_headings_by_the_names_of_their_styles(read: Read) -> None:
    styles = (
        '<w:style w:styleId="T"><w:name w:val="Title"/></w:style>'
        '<w:style w:styleId="1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="x"><w:name w:val="Mine"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    )
    body = paragraph("A", "T") + paragraph("B", "1") + paragraph("C", "x") + paragraph("d")
    assert read("a.docx", docx(body, styles=styles))[1] == Page("", "# A\n# B\n## C\nd")


def test_word_numbers_paragraphs_as_it_shows_them(read: Read) -> None:
    def level(depth: int, form: str, text: str, start: int = 1) -> str:
        return (
            f'<w:lvl w:ilvl="{depth}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>'
            f'<w:lvlText w:val="{text}"/></w:lvl>'
        )

    def item(text: str, number: int, depth: int = 0) -> str:
        place = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'
        return f"<w:p><w:pPr>{place}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"

    levels = {
        1: level(0, "decimal", "%1") + level(1, "decimal", "%1.%2") + level(2, "lowerLetter", "(%3)"),
        2: level(0, "chineseCounting", "第%1条", 9),
        3: level(0, "bullet", "•"),
        4: level(0, "upperRoman", "%1."),
        5: level(0, "decimalEnclosedCircle", "%1"),
    }
    numbering = "".join(
        f'<w:abstractNum w:abstractNumId="{n}">{inside}</w:abstractNum>' for n, inside in levels.items()
    ) + "".join(f'<w:num w:numId="{n}"><w:abstractNumId w:val="{n}"/></w:num>' for n in levels)
    anew = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    numbering += f'<w:num w:numId="9"><w:abstractNumId w:val="5"/>{anew}</w:num>'
    styles = (
        '<w:style w:styleId="H"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr>'
    )
    styles += '</w:pPr></w:style><w:style w:styleId="K"><w:name w:val="Kid"/><w:basedOn w:val="H"/></w:style>'
    body = paragraph("A", "H") + item("b", 1, 1) + item("c", 1, 1) + item("d", 1, 2) + paragraph("E", "K")
    body += item("f", 1, 1) + item("g", 2) + item("h", 2) + item("i", 3) + item("j", 4) + item("", 4)
    body += item("k", 5) + item("l", 5) + item("m", 9) + item("n", 9)
    package = docx(
        body,
        styles=styles,
        links={"rIdN": ("numbering", "numbering.xml")},
        extra={"word/numbering.xml": element("w:numbering", numbering)},
    )
    assert read("a.docx", package)[1] == Page(
        "", "# 1 A\n1.1 b\n1.2 c\n(a) d\n2 E\n2.1 f\n第九条 g\n第十条 h\ni\nI. j\n\n① k\n② l\n① m\n② n"
    )


def test_word_tables_boxes_notes_and_headers_are_read(read: Read) -> None:
    def cell(inner: str) -> str:
        return f"<w:tc>{inner}</w:tc>"

    inner = f"<w:tbl><w:tr>{cell(paragraph('x'))}{cell(paragraph('y'))}</w:tr></w:tbl>"
    table = (
        f"<w:tbl><w:tr>{cell(paragraph('a') + paragraph('b'))}{cell(paragraph('c'))}</w:tr>"
        f"<w:tr>{cell(inner)}{cell(paragraph('z'))}</w:tr></w:tbl>"
    )
    box = (
        "<w:p><w:r><w:t>before</w:t><mc:AlternateContent>"
        f"<mc:Choice><w:txbxContent>{paragraph('boxed')}</w:txbxContent></mc:Choice>"
        f"<mc:Fallback><w:txbxContent>{paragraph('boxed')}</w:txbxContent></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )
    links = {"rId5": ("footnotes", "footnotes.xml"), "rId6": ("header", "header1.xml")}
    extra = {
        "word/footnotes.xml": element("w:footnotes", f"<w:footnote>{paragraph('a note')}</w:footnote>"),
        "word/header1.xml": element("w:hdr", paragraph("a header")),
    }
    assert read("a.docx", docx(table + box, links=links, extra=extra))[1] == Page(
        "", "a b | c\nx y | z\nbefore\nboxed\na header\na note"
    )


def test_word_leaves_out_what_is_deleted_and_keeps_what_is_inserted(read: Read) -> None:
    body = (
        "<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
        "<w:r><w:tab/><w:t>end</w:t></w:r></w:p>"
    )
    assert read("a.docx", docx(body))[1] == Page(
        "", "new\tend\nTracked change: deleted “old”\nTracked change: inserted “new”"
    )


def test_word_links_and_formulas_are_read(read: Read) -> None:
    body = (
        '<w:p><w:hyperlink r:id="rId7"><w:r><w:t>here</w:t></w:r></w:hyperlink></w:p>'
        "<w:p><m:oMath><m:r><m:t>E=mc</m:t></m:r></m:oMath></w:p>"
    )
    links = {"rId7": ("hyperlink", "https://example.org/a")}
    assert read("a.docx", docx(body, links=links))[1] == Page("", "here <https://example.org/a>\nE=mc")


def test_word_pictures_and_embedded_files_are_told(read: Read) -> None:
    links = {"rId7": ("image", "media/a.png"), "rId8": ("oleObject", "embeddings/a.bin")}
    embedded = {"word/embeddings/a.bin": "\x00\x01\x02" * 99}
    assert read("a.docx", docx(paragraph("text"), links=links, extra=embedded))[2:] == [
        Problem("embedded", (), "Not read: 1 pictures."),
        Problem(
            "embedded",
            (),
            "Not read (a binary file of a kind that is not known, which cannot be read): a.docx/a.bin",
        ),
    ]


def test_word_file_whose_text_is_a_page_of_html_has_it_as_a_part(read: Read) -> None:
    page = "<html><h1>Offer</h1><p>It is 480 euros.</p></html>"
    package = docx(
        '<w:altChunk r:id="rIdC"/>', links={"rIdC": ("aFChunk", "c.htm")}, extra={"word/c.htm": page}
    )
    pages = [one for one in read("a.docx", package) if isinstance(one, Page)]
    assert [page.text for page in pages if page.text] == ["# Offer\nIt is 480 euros."]


def test_word_file_without_text_says_so(read: Read) -> None:
    assert read("a.docx", docx("<w:p/>"))[1:] == [Page("", ""), Problem("no_text")]


def test_word_file_whose_main_part_is_missing_is_refused(read: Read) -> None:
    broken = zipped({"[Content_Types].xml": "<Types/>", "word/other.xml": "<a/>"})
    with pytest.raises(UnreadableFile, match=r"“a\.docx” is a damaged Word file"):
        read("a.docx", broken)


def shape(text: str, place: str = "") -> str:
    holder = f'<p:nvSpPr><p:nvPr><p:ph type="{place}"/></p:nvPr></p:nvSpPr>' if place else ""
    return f"<p:sp>{holder}<p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"


def test_slides_have_titles_tables_and_notes(read: Read) -> None:
    table = (
        "<p:graphicFrame><a:tbl><a:tr><a:tc><a:p><a:r><a:t>a</a:t></a:r></a:p></a:tc>"
        "<a:tc><a:p><a:r><a:t>b</a:t></a:r></a:p></a:tc></a:tr></a:tbl></p:graphicFrame>"
    )
    chart = (
        "<c:ser><c:tx><c:v>Sales</c:v></c:tx><c:cat><c:v>May</c:v></c:cat><c:val><c:v>7</c:v></c:val></c:ser>"
    )
    targets = {"rId1": ("notesSlide", "../notesSlides/n1.xml"), "rId2": ("chart", "../charts/c1.xml")}
    extra = {
        "ppt/slides/_rels/slide1.xml.rels": relations(targets),
        "ppt/notesSlides/n1.xml": element("p:notes", shape("say this") + shape("1", "sldNum")),
        "ppt/charts/c1.xml": element("c:chartSpace", chart),
    }
    slides = (shape("Plan", "title") + shape("point") + table, shape("Two"))
    assert [
        finding for finding in read("a.pptx", pptx(*slides, extra=extra)) if isinstance(finding, Page)
    ] == [
        Page("1", "# Plan\npoint\na | b\nChart:\n | May\nSales | 7\nNotes:\nsay this", "Plan"),
        Page("2", "Two"),
    ]


def test_hidden_slides_and_comments_are_named(read: Read) -> None:
    targets = {"rId1": ("comments", "../comments/c1.xml")}
    extra = {
        "ppt/slides/_rels/slide1.xml.rels": relations(targets),
        "ppt/comments/c1.xml": element("p:cmLst", "<p:cm><p:text>Check this</p:text></p:cm>"),
        "ppt/slides/slide1.xml": element("p:sld", f"<p:cSld>{shape('Plan')}</p:cSld>").replace(
            "<p:sld ", '<p:sld show="0" '
        ),
    }
    assert read("a.pptx", pptx(shape("Plan"), extra=extra))[1:] == [
        Page("1", "Plan\nComment: Check this"),
        Problem("hidden", ("1",), "Hidden slide 1."),
    ]


def test_slide_that_is_a_picture_is_a_problem_of_that_slide_and_a_blank_one_is_none(read: Read) -> None:
    picture = '<p:pic><p:blipFill><a:blip r:embed="rId9"/></p:blipFill></p:pic>'
    findings = read("a.pptx", pptx(shape("One"), picture, ""))
    assert [one for one in findings if isinstance(one, Problem)] == [Problem("no_text", ("2",))]
    slides = "<draw:page><draw:frame><draw:image/></draw:frame></draw:page><draw:page/>"
    assert read("a.odp", odp(slides))[1:] == [Page("1", ""), Problem("no_text", ("1",)), Page("2", "")]


def test_sheets_are_pages_and_rows_are_lines(read: Read) -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c><c r="B1"><v>2</v></c></row>'
        '<row r="2"><c r="A2" t="b"><v>1</v></c><c r="B2"><v>2.5</v></c></row>'
    )
    findings = read("a.xlsx", xlsx({"First": rows, "Empty": ""}))
    assert findings[1:] == [Page("First", "name | 2\nTRUE | 2.5", "First"), Page("Empty", "", "Empty")]


def test_cells_in_per_cent_formulas_without_a_value_and_comments_are_read(read: Read) -> None:
    rows = (
        '<row r="3"><c r="B3" s="1"><v>0.125</v></c><c s="2" r="C3"><v>0.0375</v></c><c r="D3"><v>0.5</v></c>'
        '<c r="F3"><f>SUM(B3:C3)&amp;"x"</f><v></v></c>'
        '<c r="G3" t="str"><f>IF(B3=0,1,"")</f><v></v></c></row>'
        '<row r="5"><c r="A5"><f>B3*2</f></c></row><row r="6"><c r="B6"><f>B3*4</f><v>0.5</v></c></row>'
    )
    styles = '<numFmts><numFmt numFmtId="170" formatCode="0.0%"/></numFmts>'
    styles += '<cellXfs><xf/><xf numFmtId="170"/><xf numFmtId="10"/></cellXfs>'
    words = "<r><t>Check </t></r><r><t>this</t></r>"
    comment = f'<commentList><comment ref="B3"><text>{words}</text></comment></commentList>'
    assert read("a.xlsx", xlsx({"S": rows}, styles, comment))[1] == Page(
        "S",
        ' | 12.5% | 3.75% | 0.5 |  | =SUM(B3:C3)&"x"\n=B3*2 |  |  |  |  | \n | 0.5 |  |  |  | \n'
        "Comment on B3: Check this",
        "S",
    )


def test_formulas_of_an_old_workbook_without_a_value_are_read_where_none_has_one(read: Read) -> None:
    twice = b"\x44\x00\x00\x00\xc0\x1e\x02\x00\x05"  # A1, 2, *
    cells: dict[tuple[int, int], tuple[float | bytes, int]] = {(0, 0): (21.0, 0), (0, 1): (twice, 0)}
    assert read("a.xls", xls(cells, {}))[1:] == [Page("S", "21 | =A1*2", "S")]


def test_dates_of_east_asian_excel_are_dates_though_the_file_does_not_define_their_format(read: Read) -> None:
    codes = {176: "[$-804]aaaa;@", 177: "[$-407]d/\\ mmmm\\ yyyy"}
    numbers = (31, 57, 58, 32, 176, 177)
    shown = "2024年3月5日 | 2024-03-05 | 2024-03-05 | 12:00:00 | 星期二 | 5. März 2024"
    values = [0.5 if number == 32 else 45356.0 for number in numbers]
    old: dict[tuple[int, int], tuple[float | bytes, int]] = {
        (0, at): (value, number) for at, (value, number) in enumerate(zip(values, numbers, strict=True))
    }
    assert read("a.xls", xls(old, codes))[1:] == [Page("S", shown, "S")]
    styles = "".join(f'<numFmt numFmtId="{key}" formatCode="{code}"/>' for key, code in codes.items())
    styles = f"<numFmts>{styles}</numFmts><cellXfs>"
    styles += "".join(f'<xf numFmtId="{number}"/>' for number in numbers) + "</cellXfs>"
    cells = "".join(f'<c r="{"ABCDEF"[at]}1" s="{at}"><v>{value}</v></c>' for at, value in enumerate(values))
    assert read("a.xlsx", xlsx({"S": f'<row r="1">{cells}</row>'}, styles))[1:] == [Page("S", shown, "S")]


def test_charts_and_formulas_without_a_value_of_an_ods_are_read(read: Read) -> None:
    table = (
        "<table:table><table:table-row><table:table-cell/><table:table-cell><text:p>East</text:p>"
        "</table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>May</text:p>"
        "</table:table-cell><table:table-cell><text:p>7</text:p></table:table-cell></table:table-row></table:table>"
    )
    chart = (
        '<chart:chart xmlns:chart="c"><chart:title><text:p>Sales</text:p></chart:title><chart:plot-area>'
        f"<chart:axis><chart:title><text:p>Month</text:p></chart:title></chart:axis></chart:plot-area>{table}"
    )
    chart = f"<office:body><office:chart>{chart}</chart:chart></office:chart></office:body>"
    shapes = '<table:shapes><draw:frame><draw:object href="./Object 1"/></draw:frame></table:shapes>'
    formula = '<table:table-cell table:formula="of:=SUM([.A1:.A1];[T.B2])*2"/>'
    value = '<table:table-cell office:value-type="float" office:value="4"/>'
    sheet = f"{shapes}<table:table-row>{value}{formula}{value}</table:table-row>"
    objects = {"Object 1": element("office:document-content", chart), "Object 2": "<none/>"}
    assert read("a.ods", ods({"S": sheet}, objects))[1:] == [
        Page("S", "4 | =SUM(A1:A1;T.B2)*2 | 4\nChart: Sales\nMonth\n | East\nMay | 7", "S"),
        Problem("embedded", (), "Not read: 1 charts or other objects."),
    ]


def test_cells_of_an_ods_in_per_cent_are_found_behind_those_that_stand_for_many(read: Read) -> None:
    def cell(value: str, kind: str = "float", more: str = "") -> str:
        return f'<table:table-cell office:value-type="{kind}" office:value="{value}" {more}/>'

    many = 'table:number-columns-repeated="2"'
    rows = (
        f"<table:table-row>{cell('0.5', more=many)}{cell('0.125', 'percentage', many)}</table:table-row>"
        f'<table:table-row table:number-rows-repeated="2">{cell("0.25", "percentage")}</table:table-row>'
        f"<table:table-row>{cell('0.75')}{cell('0.0375', 'percentage')}</table:table-row>"
    )
    assert read("a.ods", ods({"S": rows, "T": f"<table:table-row>{cell('0.5')}</table:table-row>"}))[1:] == [
        Page("S", "0.5 | 0.5 | 12.5% | 12.5%\n25% |  |  | \n25% |  |  | \n0.75 | 3.75% |  | ", "S"),
        Page("T", "0.5", "T"),
    ]


def test_values_are_shown_as_people_write_them() -> None:
    values = {
        "": None,
        "TRUE": True,
        "3": 3.0,
        "0.0375": 0.03750000000000001,
        "1e+30": 1e30,
        "a": "a",
        "36:05:00": timedelta(days=1, hours=12, minutes=5),
        "2025-01-31 08:30:00": datetime(2025, 1, 31, 8, 30),
        "108:00:00": "PT108H00M00S",
        "2025-01-31": datetime(2025, 1, 31),
    }
    assert [show(value) for value in values.values()] == list(values)


def test_opendocument_text_has_headings_lists_tables_and_notes(read: Read) -> None:
    text = (
        '<text:h text:outline-level="2">Part</text:h>'
        '<text:p>one<text:s text:c="2"/>two<text:note><text:note-body><text:p>note</text:p></text:note-body>'
        "</text:note> three</text:p>"
        "<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>"
        "<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>"
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
    )
    assert read("a.odt", odt(text))[1] == Page("", "## Part\none  two three\nnote\nitem\na | b")


def test_opendocument_text_has_marks_of_notes_powers_and_states_of_forms(read: Read) -> None:
    styles = (
        '<office:automatic-styles><style style:name="T1" xmlns:style="s"><style:text-properties '
        'style:text-position="super 58%"/></style><style style:name="T2" xmlns:style="s">'
        '<style:text-properties style:text-line-through-style="solid"/></style></office:automatic-styles>'
    )
    note = (
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>for members</text:p>"
        "</text:note-body></text:note>"
    )
    form = (
        '<office:forms xmlns:f="f"><f:form><f:checkbox f:label="Agree" f:current-state="checked"/>'
        '<f:checkbox f:label="Other"/><f:text f:name="City" f:current-value="Ulm"/></f:form></office:forms>'
    )
    text = f'{styles}{form}<text:p>10<text:span text:style-name="T1">6</text:span> due{note} in '
    text += '<text:span text:style-name="T2">April</text:span> May</text:p>'
    assert read("a.odt", odt(text))[1] == Page(
        "", "10^6 due[^1] in ~~April~~ May\n[^1] for members\nAgree: ☒\nOther: ☐\nCity: Ulm"
    )


def test_named_styles_of_opendocument_raise_and_hide_and_comments_have_their_writer(read: Read) -> None:
    styles = "".join(
        f'<style:style style:name="{name}" xmlns:style="s"><style:text-properties {what}/></style:style>'
        for name, what in (("Up", 'style:text-position="super 58%"'), ("Gone", 'text:display="none"'))
    )
    creator = '<dc:creator xmlns:dc="d">Eva</dc:creator>'
    comment = f"<office:annotation>{creator}<text:p>why?</text:p></office:annotation>"
    text = f'<text:p>10<text:span text:style-name="Up">6</text:span>{comment} '
    text += '<text:span text:style-name="Gone">left</text:span></text:p>'
    page = "<style:master-page xmlns:style='s'><text:p>Head</text:p></style:master-page>"
    assert read("a.odt", odt(text, styles=f"<office:styles>{styles}</office:styles>{page * 2}"))[1:] == [
        Page("", "10^6 left\nComment by Eva: why?\nHead"),
        Problem("hidden", (), "Text that the program hides was read too."),
    ]


def test_headers_that_sections_of_an_old_document_share_stand_once_behind_the_text() -> None:
    def part(words: str) -> dict[str, object]:
        return {"type": "paragraph", "content": [{"type": "text", "text": words}]}

    comment = {"type": "endnote", "marker": "comment", "author": "Eva", "content": [part("why?")]}
    sections: list[dict[str, object]] = [
        {"elements": [part(words), comment], "header": {"content": [part("Head")]}}
        for words in ("one", "two")
    ]
    assert list(document_lines(sections)) == [
        "one", "Comment by Eva: why?", "two", "Comment by Eva: why?", "Head",
    ]  # fmt: skip


def old_word_file(*runs: tuple[str, int]) -> bytes:
    """Return an old Word file of runs, each with how its letters stand: 0, 1 and 3 raised, 2 lowered."""
    text = "".join(run for run, _ in runs).encode("cp1252")
    bounds = list(accumulate((len(run) for run, _ in runs), initial=512))
    marks = bytes({1: 240, 2: 244, 3: 247}.get(stands, 0) for _, stands in runs)
    page = struct.pack(f"<{len(bounds)}I", *bounds) + marks
    page = page.ljust(480, b"\0") + b"\x03\x48\x2a\x01".ljust(8, b"\0") + b"\x03\x48\x2a\x02".ljust(6, b"\0")
    page += b"\x08" + bytes.fromhex("45480800434a1300")
    page = page.ljust(511, b"\0") + bytes([len(runs)])
    pieces = b"\x02" + struct.pack("<IIIHIH", 16, 0, len(text), 0, 1 << 30 | 512 * 2, 0)
    table = pieces + struct.pack("<III", 512, bounds[-1], 2)
    head = bytearray(512)
    struct.pack_into("<HH", head, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", head, 0x0A, 0x0200)
    struct.pack_into("<I", head, 0x4C, len(text))
    struct.pack_into("<IIII", head, 0xFA, len(pieces), 12, 0, 0)
    struct.pack_into("<II", head, 0x1A2, 0, len(pieces))
    return compound({"WordDocument": bytes(head) + text.ljust(512, b"\0") + page, "1Table": table})


def test_powers_of_an_old_word_file_are_no_digits_of_the_number(read: Read) -> None:
    runs = (("Of 10", 0), ("6", 1), (" m", 0), ("2", 3), (" the 1", 0), ("st", 1), (" H", 0), ("2", 2),
            ("O\r", 0), ("x", 0), ("10", 2), (" 5", 0), ("1", 2), ("\r", 0))  # fmt: skip
    data = old_word_file(*runs)
    assert read("a.doc", data)[1] == Page("", "# Of 10^6 m^2 the 1st H2O\nx10 5_1")
    assert write_powers(data[:1500], "Of 106 m2") == "Of 106 m2"


def test_charts_of_an_old_workbook_have_their_words() -> None:
    title, axis = b"\x00\x00\x05\x00Sales", b"\x00\x00\x02\x01" + "月份".encode("utf-16-le")
    records = [
        (0, 0x85, struct.pack("<IBB", 50, 0, 0)),
        (50, 0x809, struct.pack("<HH", 0x600, 0x10)),
        (60, 0x809, struct.pack("<HH", 0x600, 0x20)),
        *((at, 0x100D, words) for at, words in ((70, title), (80, axis), (90, title))),
    ]
    assert find_boxes(records) == [["Chart: Sales; 月份"]]


def test_notes_of_an_old_presentation_are_those_that_were_saved_last() -> None:
    def record(kind: int, content: bytes, version: int = 15) -> bytes:
        return struct.pack("<HHI", version, kind, len(content)) + content

    def notes(slide: int, words: str) -> bytes:
        text = record(0x0FA0, words.encode("utf-16-le"), 0)
        return record(0x03F0, record(0x03F1, struct.pack("<II", slide, 0), 1) + record(0xF00D, text))

    slides = b"".join(record(0x03F3, struct.pack("<IIIII", 1, 0, 0, key, 0), 0) for key in (256, 257))
    whole = record(0x03E8, record(0x0FF0, slides))
    whole += notes(0x80000001, "master") + notes(257, "old") + notes(257, "say\rthis") + notes(256, "*")
    assert find_notes(compound({"PowerPoint Document": whole})) == [[], ["say", "this"]]
    assert find_notes(b"damaged") == []
    assert [with_notes(lines, ["say"]) for lines in (["a"], ["a", "say "])] == [["a", "Notes:", "say"]] * 2


def test_opendocument_text_has_links_and_tells_changes_and_hidden_text(read: Read) -> None:
    def region(key: str, change: str, words: str = "") -> str:
        info = '<office:change-info><dc:creator xmlns:dc="d">Eva</dc:creator></office:change-info>'
        return (
            f'<text:changed-region text:id="{key}"><text:{change}>{info}{words}</text:{change}>'
            "</text:changed-region>"
        )

    changes = region("c1", "deletion", "<text:p>old words</text:p>") + region("c2", "insertion")
    style = (
        '<office:automatic-styles><style style:name="H" xmlns:style="s"><style:text-properties '
        'text:display="none"/></style></office:automatic-styles>'
    )
    text = (
        f"{style}<text:tracked-changes>{changes}</text:tracked-changes><text:p>due"
        '<text:change-start text:change-id="c2"/> in May<text:change-end text:change-id="c2"/>, see '
        '<text:a href="https://example.org/a">here</text:a><text:span text:style-name="H"> gone</text:span>'
        "</text:p>"
    )
    assert read("a.odt", odt(text))[1:] == [
        Page(
            "",
            "due in May, see here gone <https://example.org/a>\n"
            "Tracked change by Eva: deleted “old words”\nTracked change by Eva: inserted “in May”",
        ),
        Problem("hidden", (), "Text that the program hides was read too."),
    ]


def test_sheets_of_an_ods_show_dates_and_words_without_a_type_and_tell_what_is_hidden(read: Read) -> None:
    def cell(kind: str, value: str, text: str) -> str:
        attribute = {"float": "value"}.get(kind, f"{kind}-value")
        typed = f'office:value-type="{kind}" office:{attribute}="{value}"' if kind else ""
        return f"<table:table-cell {typed}><text:p>{text}</text:p></table:table-cell>"

    comment = (
        '<office:annotation><dc:date xmlns:dc="d">2024</dc:date><text:p>late</text:p></office:annotation>'
    )
    link = '<text:a href="https://example.org/a">08:15</text:a>'
    rows = (
        '<table:table-column table:number-columns-repeated="2"/>'
        '<table:table-column table:visibility="collapse"/>'
        f"<table:table-row>{cell('', '', 'Day')}{cell('', '', 'Time')}{cell('', '', 'Sum')}</table:table-row>"
        f"<table:table-row>{cell('date', '2023-03-15', '15 mars 2023')}{cell('time', 'PT36H30M00S', '36:30')}"
        f"{cell('float', '1234.5', '1 234,50')}</table:table-row>"
        f'<table:table-row table:visibility="filter">{cell("date", "2023-03-04", "03/04/23")}'
        f"{cell('time', 'PT08H15M00S', link)}{cell('float', '0', '0,00')}</table:table-row>"
        f"<table:table-row>{cell('', '', 'Share')}<table:table-cell>{comment}</table:table-cell>"
        f"{cell('string', '', '#DIV/0!')}</table:table-row>"
    )
    frame = "<draw:frame><draw:text-box><text:p>in a box</text:p></draw:text-box></draw:frame>"
    found = read("a.ods", ods({"S": f"{rows}<table:shapes>{frame}</table:shapes>"}))
    assert found[1:] == [
        Page(
            "S",
            "Day | Time | Sum\n15 mars 2023 | 36:30 | 1 234,50\n2023-03-04 | 08:15 | 0,00\n"
            "Share |  | #DIV/0!\nComment on B4: late\nin a box\nLink of B3: https://example.org/a",
            "S",
        ),
        Problem("hidden", ("S",), "S: hidden rows 3; hidden columns C"),
    ]


def test_an_opendocument_file_that_is_one_file_of_xml_is_read(read: Read) -> None:
    cells = "".join(
        f'<table:table-cell office:value-type="float" office:value="{number}"/>' for number in (4, 5)
    )
    row = f"<table:table-row>{cells}</table:table-row>"

    def flat(name: str, body: str) -> bytes:
        kind = f'office:mimetype="application/vnd.oasis.opendocument.{name}"'
        inside = f"<office:body><office:{name}>{body}</office:{name}></office:body>"
        return f"<?xml version='1.0'?><office:document {SPACES} {kind}>{inside}</office:document>".encode()

    table = f'<table:table table:name="S">{row}</table:table>'
    assert read("a.fods", flat("spreadsheet", table))[1:] == [Page("S", "4 | 5", "S")]
    picture = (
        "<draw:frame><draw:image><office:binary-data>AAAA</office:binary-data></draw:image></draw:frame>"
    )
    text = f"<text:h>Plan</text:h><text:p>point{picture}</text:p>"
    assert read("a.fodt", flat("text", text))[1:] == [
        Page("", "# Plan\npoint"),
        Problem("embedded", (), "Not read: 1 pictures."),
    ]


def test_opendocument_charts_and_formulas_stand_where_they_are_shown(read: Read) -> None:
    cells = "<table:table-row><table:table-cell><text:p>East</text:p></table:table-cell>"
    cells += "<table:table-cell><text:p>19.2</text:p></table:table-cell></table:table-row>"
    chart = element(
        "office:document-content", f"<office:body><table:table>{cells}</table:table></office:body>"
    )
    formula = "<math><mrow><mi>E</mi><mo>=</mo><mi>m</mi></mrow></math>"
    shown = "".join(
        f'<text:p><draw:frame><draw:object href="./{folder}"/></draw:frame></text:p>'
        for folder in ("Object 1", "Formula", "gone")
    )
    document = odt(
        f"<text:p>a</text:p>{shown}<text:p>b</text:p>", objects={"Object 1": chart, "Formula": formula}
    )
    text = next(one.text for one in read("a.odt", document) if isinstance(one, Page))
    assert [line for line in text.split("\n") if line] == ["a", "East | 19.2", "E=m", "b"]


def test_opendocument_numbers_lists_and_headings_as_it_shows_them(read: Read) -> None:
    level = '<text:list-level-style-number text:level="{}" style:num-format="{}" {}/>'
    levels = level.format(1, "1", 'style:num-suffix="."') + level.format(2, "a", 'style:num-prefix="("')
    style = f'<office:automatic-styles {STYLE}><text:list-style style:name="L">{levels}</text:list-style>'
    outline = level.format(1, "1", "") + level.format(2, "1", 'text:display-levels="2"')
    outline = outline.replace("list-level-style-number", "outline-level-style")
    styles = f"<office:styles {STYLE}><text:outline-style>{outline}</text:outline-style></office:styles>"

    def items(*inside: str, more: str = "") -> str:
        kids = "".join(f"<text:list-item>{one}</text:list-item>" for one in inside)
        return f'<text:list text:style-name="L" {more}>{kids}</text:list>'

    a, b, c, d, e, f = (f"<text:p>{letter}</text:p>" for letter in "abcdef")
    text = f"{style}</office:automatic-styles><text:h>A</text:h>{items(a, b + items(c, d))}"
    text += (
        '<text:h text:outline-level="2">B</text:h><text:h text:outline-level="2">C</text:h><text:h>D</text:h>'
    )
    text += items(e, more='text:continue-numbering="true"') + items(f)
    assert read("a.odt", odt(text, styles=styles))[1] == Page(
        "", "# 1 A\n1. a\n2. b\n(a c\n(b d\n## 1.1 B\n## 1.2 C\n# 2 D\n3. e\n1. f"
    )


def test_opendocument_slides_are_pages(read: Read) -> None:
    slides = (
        '<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Plan</text:p>'
        "</draw:text-box></draw:frame><draw:frame><draw:text-box><text:p>point</text:p></draw:text-box>"
        "</draw:frame><presentation:notes><draw:frame><draw:text-box><text:p>say this</text:p>"
        '</draw:text-box></draw:frame><draw:frame presentation:class="page-number"><draw:text-box>'
        "<text:p>&lt;number&gt;</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>"
        '<draw:page draw:style-name="h"><text:p>later</text:p></draw:page>'
        '<style:style xmlns:style="s" style:name="h">'
        '<style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )
    assert read("a.odp", odp(slides))[1:] == [
        Page("1", "# Plan\npoint\nNotes:\nsay this", "Plan"),
        Page("2", "later"),
        Problem("hidden", ("2",), "Hidden slide 2."),
    ]


def encrypted(data: bytes, password: str) -> bytes:
    """The file as Office saves it with a password; what encrypts it needs more than 4 kB."""
    padded = io.BytesIO(data)
    with zipfile.ZipFile(padded, "a") as archive:
        archive.writestr("docProps/padding", bytes(8_192))
    padded.seek(0)
    locked: bytes = ECMA376Agile.encrypt(password, padded)
    return locked


@pytest.mark.parametrize(
    ("name", "data", "page"),
    [
        ("a.docx", docx("<w:p><w:r><w:t>the plan</w:t></w:r></w:p>"), Page("", "the plan")),
        ("a.xlsx", xlsx({"Plan": '<row><c r="A1"><v>42</v></c></row>'}), Page("Plan", "42", "Plan")),
    ],
)
def test_encrypted_office_file_is_read_with_its_password(
    read: Read, name: str, data: bytes, page: Page
) -> None:
    locked = encrypted(data, "秘密 word")
    assert page in read(name, locked, "秘密 word")
    with pytest.raises(PasswordRequired, match=f"“{name}” is encrypted: give its password"):
        read(name, locked)
    with pytest.raises(PasswordRequired, match=f"The password does not open “{name}”"):
        read(name, locked, "guess")


def test_encrypted_office_file_that_is_damaged_is_told(read: Read) -> None:
    locked = encrypted(docx("<w:p/>"), "secret").replace(b"<encryption", b"<damagedxxx")
    with pytest.raises(UnsupportedFile, match="an encrypted Office file; save it without a password"):
        read("a.docx", locked, "secret")


def test_chapters_of_a_book_come_in_reading_order(read: Read) -> None:
    book = zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfile full-path="O/book.opf"/></container>',
            "O/book.opf": '<package><item id="a" href="one%20a.xhtml"/><item id="b" href="two.xhtml"/>'
            '<item id="c" href="../../etc/passwd"/>'
            '<itemref idref="b"/><itemref idref="a"/><itemref idref="c"/></package>',
            "O/one a.xhtml": "<html><head><title>One</title></head><body><h1>One</h1><p>first</p>",
            "O/two.xhtml": "<html><body><p>second</p></body></html>",
        }
    )
    assert read("a.epub", book)[1:] == [Page("1", "second"), Page("2", "# One\nfirst", "One")]


HTML = """<!doctype html><html><head><title>A page</title><style>p {color: red}</style>
<script>var x = "<p>no</p>"</script language></head><body><h2>Part</h2><p>Some <b>bold</b>
text<br>next</p><ul><li>one<li>two</ul><table><tr><th>a</th><th>b</th></tr>
<tr><td><p>1</p></td><td>2</td></tr></table><pre>x = 1
  y</pre><img alt="a cat" src="http://127.0.0.1:1/x.png">
<input type=hidden value=secret><input value=shown><svg><defs><text>no</text></defs><title>no</title>
<text>bar</text><text>2025</text></svg><button>Send</button><textarea>typed</textarea>"""


def test_html_is_what_a_reader_sees(read: Read) -> None:
    assert read("a.html", HTML.encode())[1] == Page(
        "",
        "A page\n## Part\nSome bold text\nnext\n- one\n- two\na | b\n1 | 2\nx = 1\n  y\na cat shown\n"
        "bar\n2025\nSend\ntyped",
        "A page",
    )


def test_html_is_decoded_by_what_it_declares(read: Read) -> None:
    html = '<html><head><meta charset="gb2312"></head><body><p>中文网页</p></body></html>'
    assert read("a.html", html.encode("gb18030"))[1] == Page("", "中文网页")


def test_script_without_an_end_hides_the_rest(read: Read) -> None:
    assert read("a.html", b"<html><p>seen</p><script>never shown")[1] == Page("", "seen")


MAIL = b"""From: =?utf-8?b?5bCP5Yqg?= <a@example.org>\r
To: b@example.org\r
Subject: Plan\r
Date: Mon, 1 Jan 2024 10:00:00 +0000\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=x\r
\r
--x\r
Content-Type: multipart/alternative; boundary=y\r
\r
--y\r
Content-Type: text/plain; charset=utf-8\r
\r
Hello\r
--y\r
Content-Type: text/html\r
\r
<p>Hello in HTML</p>\r
--y--\r
--x\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename="../plan.pdf"\r
\r
%PDF-1.7\r
--x--\r
"""


def test_mail_has_headers_text_and_names_what_is_attached(read: Read) -> None:
    assert read("stored", MAIL)[1:] == [
        Page(
            "",
            "Subject: Plan\nFrom: 小加 <a@example.org>\nTo: b@example.org\n"
            "Date: Mon, 01 Jan 2024 10:00:00 +0000\n\nHello",
            "Plan",
        ),
        Problem("embedded", (), "Not read (a damaged PDF that cannot be opened): stored/plan.pdf"),
    ]


def test_notebook_has_text_code_and_output(read: Read) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"text": ["1\n"]}]},
    ]
    notebook = json.dumps({"nbformat": 4, "cells": cells}).encode()
    assert read("a.ipynb", notebook)[1] == Page("", "# Title\ntext\n\n```python\nprint(1)\n```\n1\n\n")


def test_notebook_shows_tables_and_names_errors(read: Read) -> None:
    outputs = [
        {"output_type": "display_data", "data": {"text/html": "<tr><td>a<td>b</tr>"}},
        {"data": {"text/plain": "a  b", "text/html": "<table><tr><td>1<td>2</table>"}},
        {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": ["..."]},
    ]
    cells = [{"cell_type": "code", "source": "f()", "outputs": outputs}]
    notebook = json.dumps({"nbformat": 4, "cells": cells}).encode()
    assert read("a.ipynb", notebook)[1] == Page("", "```python\nf()\n```\na | b\n1 | 2\nKeyError: 'x'\n")


def test_notebook_that_is_none_is_read_as_text(read: Read) -> None:
    assert read("a.ipynb", b'{"a": 1}')[1] == Page("", '{"a": 1}')


def test_rtf_is_read_in_its_code_page(read: Read) -> None:
    rtf = rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2\par two\tab b}"
    assert read("a.doc", rtf)[1] == Page("", "Привет\ntwo\tb")


def test_rtf_has_the_numbers_of_old_lists(read: Read) -> None:
    rtf = rb"{\rtf1\ansi{\pntext\f1 1.\tab}{\*\pn\pnlvlbody\pndec}one\par{\pntext 2.\tab}two\par}"
    assert read("a.rtf", rtf)[1] == Page("", "1.\tone\n2.\ttwo\n")


def test_rtf_has_powers_links_changes_and_hidden_words(read: Read) -> None:
    rtf = (
        rb"{\rtf1\ansi\ansicpg1251{\stylesheet{\s1\super Note;}}"
        rb"10{\super 6} m\super 2\nosupersub , 5{\sub 2}\par"
        rb' {\deleted old} new{\xe{\v Index}} {\field{\*\fldinst {HYPERLINK "https://example.org/a"}}'
        rb"{\fldrslt {\ul here}}}{\v  unseen} \'cf" + b"\xf0" + rb"\par"
        rb" \trowd\cellx900\cellx1800\intbl x{\super 2}\cell 1\super 3\nosupersub\cell\row}"
    )
    assert read("a.rtf", rtf)[1:] == [
        Page(
            "",
            "10^6 m^2, 5_2\n new here <https://example.org/a> unseen Пр\nx^2 | 1^3\n\n"
            "Tracked change: deleted “old”",
        ),
        Problem("hidden", (), "Text that the program hides was read too."),
    ]


def test_rtf_has_notes_and_headers_at_its_end_and_no_pictures(read: Read) -> None:
    rtf = (
        rb"{\rtf1\ansi{\header Head\par}Text{\*\footnote \{a\} note} goes on.{\pict\pngblip 89504e}\par"
        rb"{\shp{\*\shpinst{\shptxt A box\par}}}Last {\field{\*\fldinst MACROBUTTON None Yours}}\sect"
        rb"{\header Head\par}"
        rb"{\shp{\*\shpinst{\sp{\sn gtextUNICODE}{\sv A shape}}}}}"
    )
    shown = "Text[^1] goes on.\nLast Yours\n\n\nHead\n\n[^1] {a} note\nA box\n\nA shape"
    assert read("a.rtf", rtf)[1] == Page("", shown)


def test_subtitles_keep_their_starts(read: Read) -> None:
    srt = "1\n00:00:01,500 --> 00:00:03,000\nHello\nthere\n\n2\n00:01:00,000 --> 00:01:02,000\n1984\n"
    assert read("a.srt", srt.encode())[1] == Page("", "[00:00:01] Hello\nthere\n[00:01:00] 1984")


def test_subtitles_lose_their_styling_and_keep_who_speaks(read: Read) -> None:
    vtt = (
        "WEBVTT\n\nNOTE not said\n\nSTYLE\n::cue {}\n\nintro\n00:01.000 --> 00:02.000 align:start\n"
        "<v Ann Lee><i>Hello</i> 3 < 4\n\n2\n00:03.000 --> 00:04.000\n{\\an8}NOTE this\n"
    )
    assert read("a.vtt", vtt.encode())[1] == Page(
        "", "WEBVTT\n[00:01] Ann Lee: Hello 3 < 4\n[00:03] NOTE this"
    )


def test_codes_in_json_are_the_characters_that_they_stand_for(read: Read) -> None:
    data = rb'{"\u4e2d\u6587": "a\nb \"c\" \u0022d C:\\new \ud83d\ude00", "u": "https:\/\/e.org"}'
    assert read("a.json", data)[1] == Page(
        "", '{"中文": "a\nb \\"c\\" \\u0022d C:\\\\new \U0001f600", "u": "https://e.org"}'
    )


def test_colours_of_a_terminal_are_left_out(read: Read) -> None:
    assert read("a.log", b"\x1b[1;32mok\x1b[0m done\n")[1] == Page("", "ok done\n")
