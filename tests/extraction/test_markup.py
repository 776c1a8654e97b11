"""HTML, XML and mail: what a reader sees of them, and nothing that a page hides."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.documents.document import Page, Problem
from chat.extraction import worker
from chat.extraction.source import Finding, Shape, Source
from chat.extraction.text.markdown_html import read_markdown
from chat.extraction.text.markup import text_of_html
from tests.office_files import zipped


def read(folder: Path, name: str, data: bytes) -> list[Finding]:
    (folder / "stored").write_bytes(data)
    return list(worker.read(Source(folder / "stored", name)))


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        (
            '<p>a</p><!-- <script src="x"> --><p>The fee is 42.</p><script>x</script><p>b</p>',
            "a\nThe fee is 42.\nb",
        ),
        ("<p>a</p><script>s = '<!--'</script><p>b</p><!--><p>c</p>", "a\nb\nc"),
        ("<p hidden>no</p><p>yes<p hidden>no<p>again", "yes\nagain"),
        ('<div style="color:red; DISPLAY : none"><div>no</div>no</div>seen', "seen"),
        ("<ix:header><ix:hidden>no</ix:hidden></ix:header><p>seen</p>", "seen"),
        (
            "10<sup>6</sup> km<sup>2</sup>; note<sup>1</sup>; H<sub>2</sub>O; 1<sup>st</sup>",
            "10^6 km^2; note^1; H2O; 1st",
        ),
        (
            "<ol start=3><li>third<li>fourth</ol><ol type=i><li>x</ol><ul><li>y</ul>",
            "3. third\n4. fourth\ni. x\n- y",
        ),
        (
            "<ol>\n<li>\n<p>one<p>more<ol type=a><li><div><p>x</p></div></ol><li><p>two</ol><p>-",
            "1. one\nmore\na. x\n2. two\n-",
        ),
        # Behind many empty paragraphs the mark is given up: to look at it for each would take ever longer.
        ("<ol><li>" + "<p> " * 20_000 + "x", "x"),
        (
            '<p>See <a href="https://example.org/f.pdf">the form</a>.</p><p>',
            "See the form. <https://example.org/f.pdf>",
        ),
        ('<a href="https://example.org/">example.org</a> <a href="#top">up</a>', "example.org up"),
        ("<input type=checkbox checked> Yes <input type=radio> No", "☒ Yes ☐ No"),
        ("<select><option>Red<option selected>Green</select>", "☐ Red\n☒ Green"),
        ("<del>100</del> 90", "~~100~~ 90"),
        ("<math><mfrac><mi>a</mi><msup><mi>b</mi><mn>2</mn></msup></mfrac></math>", r"$\frac{a}{b^{2}}$"),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "漢(kan)"),
        (
            "<table><caption>C<tfoot><tr><td>Sum<td>3</tfoot><tr><td>a<td>1<tbody><tr><td>b<td>2"
            "<tfoot><tr><td>c<td>0</tfoot><thead><tr><td>x<td>y</table>",
            "C\nx | y\na | 1\nb | 2\nc | 0\nSum | 3",
        ),
        ('a<iframe srcdoc="&lt;p&gt;inner&lt;/p&gt;"></iframe>', "a\ninner"),
    ],
)
def test_html_has_what_a_reader_sees_or_needs(html: str, seen: str) -> None:
    assert text_of_html(html)[0] == seen


@pytest.mark.parametrize(
    ("markdown", "seen"),
    [
        (
            "a\n\n<table>\n  <tr><th>x<th>y</tr>\n\n  <tr><td>1</td><td>2<br>3</td></tr>\n</table>\n\nb",
            "a\n\n\nx | y\n1 | 2 3\n\n\nb",
        ),
        ("<details>\n<summary>More</summary>\n\n- one<br>two\n\n</details>", "More\n\n- one\ntwo\n"),
        ("| a | b |\n|---|---|\n| x<br/>y | 5&nbsp;m<sup>2</sup> &#124; |", "a | b\nx y | 5 m^2 \\|"),
        ('<h1 align="center">\n  The <i>plan</i>\n</h1>\n', "# The plan\n"),
        (
            '<p><img src="x" alt="Logo"> <a href="https://e.org/a">site</a></p>',
            "Logo [site](https://e.org/a)",
        ),
        ("a <!-- not\nshown --> b; 3 < 4 & x; `<br>` <T>", "a  b; 3 < 4 & x; `<br>` <T>"),
        (
            "1. ```html\n\n   ~~~\n   <b>x</b>\n   ~~~\n\n<b>y</b>",
            "1. ```html\n\n   ~~~\n   <b>x</b>\n   ~~~\n\ny",
        ),
        ("code:\n\n    <p>&amp;</p>\n\n<p>&amp;</p>", "code:\n\n    <p>&amp;</p>\n\n&"),
        ("<table><tr><td>\n\n```\n<b>\n```\n\n</td></tr></table>", "\n```\n<b>\n```\n"),
    ],
)
def test_markdown_has_what_a_reader_sees(markdown: str, seen: str) -> None:
    assert read_markdown(markdown) == seen


def mail(plain: str, html: str) -> bytes:
    parts = f"--b\nContent-Type: text/plain\n\n{plain}\n--b\nContent-Type: text/html\n\n{html}\n--b--\n"
    head = "From: a@example.org\nTo: b@example.org\nSubject: Order\nMIME-Version: 1.0\n"
    return (head + f"Content-Type: multipart/alternative; boundary=b\n\n{parts}").encode()


def body(found: list[Finding]) -> str:
    return next(one.text for one in found if isinstance(one, Page)).partition("\n\n")[2]


def test_what_a_style_sheet_hides_is_not_read_and_told(tmp_path: Path) -> None:
    sheet = (
        "body{color:red} .old, #note { display : none } /* .kept{display:none} */ p.gone{visibility:hidden}"
        ".shown{display:none} .shown{display:block} @media print{.screen{display:none}} .a .b{display:none}"
    )
    page = (
        f'<html><head><style>{sheet}</style></head><body>Fee <b class="x old">99</b> 49<p id="note">no</p>'
        '<p class="gone">no</p><p class="kept">a</p><p class="shown">b</p><p class="screen">c</p>'
        '<p class="b">d</p><div class="gone">e</div></body></html>'
    )
    assert read(tmp_path, "a.html", page.encode())[1:] == [
        Page("", "Fee 49\na\nb\nc\nd\ne"),
        Problem("hidden", (), "Not read: text that the page hides."),
    ]


def test_html_part_is_read_where_the_plain_one_says_nothing(tmp_path: Path) -> None:
    stub = mail("This message needs a program that shows HTML.", "<p>The total is 129.50 euros.</p>")
    assert body(read(tmp_path, "a.eml", stub)) == "The total is 129.50 euros."
    same = mail("The total: 129.50 euros", "<p>The total is <b>129.50</b> euros.</p>")
    assert body(read(tmp_path, "a.eml", same)) == "The total: 129.50 euros"


CALENDAR = (
    "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE\nBEGIN:VEVENT\n"
    "DTSTART;TZID=Europe/Berlin:20240305T140000\nDTEND:20240305T143000Z\nSUMMARY:Budget\\, first\n"
    "DESCRIPTION:Bring lists.\\nCoffee is\n  there.\n"
    "ATTENDEE;PARTSTAT=ACCEPTED;CN=Eva:mailto:eva@example.org\n"
    "BEGIN:VALARM\nTRIGGER:-PT15M\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n"
)
EVENT = (
    "METHOD: REQUEST\n\nDTSTART: 2024-03-05 14:00 (Europe/Berlin)\nDTEND: 2024-03-05 14:30 UTC\n"
    "SUMMARY: Budget, first\nDESCRIPTION: Bring lists.\nCoffee is there.\n"
    "ATTENDEE (ACCEPTED): Eva <eva@example.org>"
)


def test_contacts_and_calendars_have_a_line_for_each_property(tmp_path: Path) -> None:
    assert read(tmp_path, "a.ics", CALENDAR.encode()) == [Shape("text/calendar"), Page("", EVENT)]
    contacts = (
        "BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0=\r\n=E4=B8=89\r\n"
        "TEL;CELL:138\r\nPHOTO;ENCODING=BASE64;JPEG:/9j/\r\n 4AAQ\r\n\r\nEND:VCARD\r\n"
        "BEGIN:VCARD\r\nFN:Eva Kern\r\nitem1.TEL;TYPE=WORK,VOICE:+49 1\r\nADR:;;Hauptstr. 5;Ulm;;;\r\n"
        "END:VCARD\r\n"
    )
    assert read(tmp_path, "a.vcf", contacts.encode())[1:] == [
        Page(
            "",
            "FN: 张三\nTEL (CELL): 138\n\nFN: Eva Kern\nTEL (WORK, VOICE): +49 1\nADR: Hauptstr. 5, Ulm",
        ),
        Problem("embedded", (), "Not read: 1 pictures or files."),
    ]


def test_an_invitation_in_a_mail_is_read_once(tmp_path: Path) -> None:
    kinds = ("text/plain", "text/calendar; method=REQUEST", "application/ics; name=a.ics")
    plain, invitation, attached = (
        f"--{'b' if at < 2 else 'm'}\nContent-Type: {kind}\n\n{'Come.' if not at else CALENDAR}\n"
        for at, kind in enumerate(kinds)
    )
    data = (
        "From: a@example.org\nTo: b@example.org\nSubject: Order\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=m\n\n"
        "--m\nContent-Type: multipart/alternative; boundary=b\n\n"
        f"{plain}{invitation}--b--\n{attached}--m--\n"
    )
    found = read(tmp_path, "a.eml", data.encode())
    assert body(found).split("\n\n", 1) == ["Come.", EVENT]
    assert len(found) == 2


def test_flowed_lines_of_a_mail_are_joined_and_styles_of_a_saved_page_are_left_out(tmp_path: Path) -> None:
    head = "From: a@example.org\nTo: b@example.org\nSubject: Order\nMIME-Version: 1.0\nContent-Type: "
    flowed = f"{head}text/plain; format=flowed\n\nTwelve \nboards.\n> An old \n> line\n>> older\n-- \nEva\n"
    found = body(read(tmp_path, "a.eml", flowed.encode()))
    assert found == "Twelve boards.\n> An old line\n>> older\n--\nEva"
    parts = "--b\nContent-Type: text/html\n\n<p>Price</p>\n--b\nContent-Type: text/css\n\np {}\n--b--\n"
    saved = f"{head}multipart/related; boundary=b\n\n{parts}"
    assert body(read(tmp_path, "a.mht", saved.encode())) == "Price"


def test_messages_of_a_mailbox_are_pages(tmp_path: Path) -> None:
    box = (
        b"From ann@example.org Tue Oct  1 12:00:00 2024\nFrom: a@example.org\nSubject: One\n\n"
        b">From here on.\n\n"
        b"From bob@example.org Tue Oct  1 13:00:00 2024\nFrom: b@example.org\nSubject: Two\n"
        b"Content-Transfer-Encoding: base64\nContent-Type: text/plain; charset=utf-8\n\nNDIgRXVyby4=\n"
    )
    found = read(tmp_path, "a.mbox", box)
    assert found[0] == Shape("application/mbox", "message", 2)
    pages = [one for one in found if isinstance(one, Page)]
    assert [(page.label, page.heading, page.text.split()[-1]) for page in pages] == [
        ("1", "One", "on."),
        ("2", "Two", "Euro."),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "gb18030"])
def test_mail_is_read_in_the_encoding_in_which_it_was_saved(tmp_path: Path, encoding: str) -> None:
    words = "明天上午十点开会，请准时参加。\n"
    text = f"From: 小加 <a@example.org>\nTo: b@example.org\nSubject: 会议纪要和下周的安排\n\n{words}"
    found = read(tmp_path, "a.eml", text.encode(encoding))
    page = next(one for one in found if isinstance(one, Page))
    assert page.heading == "会议纪要和下周的安排"
    assert page.text.endswith(words)
    assert "From: 小加" in page.text


def test_header_that_names_a_subset_of_its_encoding_is_read(tmp_path: Path) -> None:
    text = b"From: a@example.org\nTo: b@example.org\nSubject: =?gb2312?B?6YA=?=\nDate: x\n\nbody\n"
    assert "囘" not in body(read(tmp_path, "a.eml", text))
    page = next(one for one in read(tmp_path, "a.eml", text) if isinstance(one, Page))
    assert page.heading == b"\xe9\x80".decode("gb18030")


def test_books_workbooks_and_data_in_xml_lose_their_tags(tmp_path: Path) -> None:
    book = (
        "<FictionBook><description><title-info><book-title>A book</book-title></title-info></description>"
        "<body><section><title><p>Chapter 1</p></title><p>The <emphasis>ship</emphasis> sailed.</p></section>"
        f"<section><p>Then.</p></section></body><binary>{'QUJD' * 99}</binary></FictionBook>"
    )
    found = read(tmp_path, "b.fb2", b'<?xml version="1.0"?>' + book.encode())
    assert found[1:] == [
        Page("1", "# A book\n## Chapter 1\nThe ship sailed.", "Chapter 1"),
        Page("2", "Then.", "A book"),
        Problem("embedded", (), "Not read: 1 pictures."),
    ]
    sheet = (
        '<?xml version="1.0"?><Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        '<Worksheet ss:Name="S">'
        "<Table><Row><Cell><Data>Region</Data></Cell><Cell><Data>Total</Data></Cell></Row><Row>"
        '<Cell ss:Index="2"><Data ss:Type="Number">129.5</Data></Cell></Row></Table></Worksheet></Workbook>'
    )
    assert read(tmp_path, "r.xls", sheet.encode())[1] == Page("S", "Region | Total\n | 129.5", "S")
    data = '<?xml version="1.0" encoding="gb2312"?><r><p><name>张</name><age>3</age></p>'
    data += '<one><name>李</name><age>4</age></one><t>Some <b>bold</b></t><e k="v"/></r>'
    assert read(tmp_path, "d.xml", data.encode("gb18030"))[1] == Page(
        "", "张3\nname: 李\nage: 4\nSome bold\ne: k=v"
    )


def test_fields_of_data_in_xml_have_their_names_and_attributes(tmp_path: Path) -> None:
    data = (
        '<?xml version="1.0"?><order id="7" day="2024-03-05"><seller>Meier</seller><item count="2">'
        '<name>Boards</name><price currency="EUR">9.90</price></item><item count="1"><price currency="EUR"/>'
        "</item></order>"
    )
    assert read(tmp_path, "d.xml", data.encode())[1] == Page(
        "",
        "order: id=7, day=2024-03-05\nseller: Meier\nitem: count=2\nname: Boards\n"
        "price: 9.90 (currency=EUR)\nitem: count=1\nprice: currency=EUR",
    )


def test_a_workbook_of_excel_2003_shows_formats_comments_and_what_is_hidden(tmp_path: Path) -> None:
    space = "urn:schemas-microsoft-com:office:spreadsheet"

    def cell(kind: str, value: str, more: str = "", after: str = "") -> str:
        return f'<Cell {more}><Data ss:Type="{kind}">{value}</Data>{after}</Cell>'

    styles = "".join(
        f'<Style ss:ID="{name}"><NumberFormat ss:Format="{code}"/></Style>'
        for name, code in (("p", "Percent"), ("e", "0.00\\ &quot;€&quot;"), ("d", "d mmm yyyy"))
    )
    down, second = 'ss:MergeDown="1"', 'ss:Index="2"'
    euros, day = 'ss:StyleID="e"', 'ss:StyleID="d"'
    note = "<Comment><Data>Check</Data></Comment>"
    rows = (
        f"<Row>{cell('String', 'Region')}{cell('String', 'Sum')}{cell('String', 'Share')}</Row>"
        f"<Row>{cell('String', 'North', down)}{cell('Number', '1234.5', euros)}"
        f"{cell('Number', '0.125', '', note)}</Row>"
        f'<Row ss:Hidden="1">{cell("Number", "7", second)}{cell("Number", "0.5")}</Row>'
        f"<Row>{cell('String', 'Day')}{cell('DateTime', '2023-05-06T00:00:00.000', day)}"
        f"{cell('DateTime', '1899-12-31T08:30:00.000')}</Row>"
    )
    columns = '<Column/><Column ss:Index="3" ss:StyleID="p" ss:Hidden="1"/>'
    sheet = f'<Worksheet ss:Name="S"><Table>{columns}{rows}</Table></Worksheet>'
    book = f'<?xml version="1.0"?><Workbook xmlns:ss="{space}"><Styles>{styles}</Styles>{sheet}</Workbook>'
    assert read(tmp_path, "r.xml", book.encode())[1:] == [
        Page(
            "S",
            "Region | Sum | Share\nNorth | 1234.50 € | 12.50%\nNorth | 7 | 50.00%\n"
            "Day | 6 May 2023 | 08:30:00\n"
            "Comment on C2: Check",
            "S",
        ),
        Problem("hidden", ("S",), "S: hidden rows 3; hidden columns C"),
    ]


@pytest.mark.parametrize("declared", ["us-ascii", "iso-8859-1"])
def test_mail_that_names_a_wrong_encoding_is_read(tmp_path: Path, declared: str) -> None:
    head = f"From: a@example.org\nTo: b@example.org\nContent-Type: text/html; charset={declared}\n"
    words = "<p>价格：三百元。请在周五之前付款，谢谢合作。</p>"
    assert body(read(tmp_path, "a.eml", f"{head}\n".encode() + words.encode("gb18030"))) == words[3:-4]
    words = "<p>Für Öl über 3 m² – café, naïve, größer</p>"
    assert body(read(tmp_path, "a.eml", f"{head}\n".encode() + words.encode("cp1252"))) == words[3:-4]


def test_hangul_documents_have_paragraphs_and_tables(tmp_path: Path) -> None:
    cells = "".join(
        f"<tc><subList><p><run><t>{word}</t></run></p></subList></tc>" for word in ("항목", "금액")
    )
    section = f"<sec><p><run><t>회의<lineBreak/>5월</t></run></p><p><run><tbl><tr>{cells}"
    section += "</tr></tbl></run></p></sec>"
    hwpx = zipped({"mimetype": "application/hwp+zip", "Contents/section0.xml": section})
    assert read(tmp_path, "a.hwpx", hwpx)[1] == Page("", "회의\n5월\n항목 | 금액")


def test_chinese_invoices_have_the_lines_of_page_and_template_together(tmp_path: Path) -> None:
    def text(left: int, top: int, words: str) -> str:
        code = f'<TextCode X="0" Y="4">{words}</TextCode>'
        return f'<TextObject Boundary="{left} {top} 80 6" Size="3.5">{code}</TextObject>'

    root = '<Document><CommonData><TemplatePage ID="9" BaseLoc="T.xml"/></CommonData>'
    root += '<Pages><Page ID="1" BaseLoc="P.xml"/></Pages></Document>'
    page = f"<Content>{text(40, 20, '¥44.00')}{text(40, 10, '2411')}</Content>"
    below = text(10, 10, "发票号码：") + text(10, 20, "价税合计")
    ofd = zipped(
        {
            "OFD.xml": "<OFD><DocBody><DocRoot>D/Document.xml</DocRoot></DocBody></OFD>",
            "D/Document.xml": root,
            "D/P.xml": f'<Page><Template TemplateID="9"/>{page}</Page>',
            "D/T.xml": f"<Page><Content>{below}</Content></Page>",
        }
    )
    assert read(tmp_path, "a.ofd", ofd) == [
        Shape("application/ofd", "page", 1),
        Page("1", "发票号码： 2411\n价税合计 ¥44.00"),
    ]
