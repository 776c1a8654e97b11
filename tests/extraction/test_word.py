"""Word files: what is no plain text in them: ticks, powers, formulas, notes, charts, comments, changes."""

from __future__ import annotations

from pathlib import Path

from chat.documents.document import Page, Problem
from chat.extraction import worker
from chat.extraction.source import Source
from tests.office_files import docx, element, relations


def read(folder: Path, data: bytes) -> list[str]:
    """Return the lines of the one page."""
    (folder / "stored").write_bytes(data)
    found = list(worker.read(Source(folder / "stored", "a.docx")))
    return next(one.text for one in found if isinstance(one, Page)).split("\n")


def run(text: str, properties: str = "") -> str:
    around = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{around}<w:t xml:space="preserve">{text}</w:t></w:r>'


def test_boxes_are_ticked_or_open_in_each_form_that_word_has_for_them(tmp_path: Path) -> None:
    def old(state: str) -> str:
        field = f"<w:ffData><w:checkBox>{state}</w:checkBox></w:ffData>"
        return f'<w:r><w:fldChar w:fldCharType="begin">{field}</w:fldChar></w:r>'

    def sign(code: str) -> str:
        return f'<w:r><w:sym w:font="Wingdings" w:char="{code}"/></w:r>'

    ticked, default = '<w:default w:val="0"/><w:checked/>', '<w:default w:val="1"/>'
    body = f"<w:p>{old(ticked)}{run('a')}{old(default)}{run('b')}{old('')}{run('c')}</w:p>"
    body += f"<w:p>{sign('F0FE')}{run('d')}{sign('F0A8')}{run('e')}</w:p>"
    choice = '<w:ddList><w:result w:val="1"/><w:listEntry w:val="no"/><w:listEntry w:val="yes"/></w:ddList>'
    body += (
        f'<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData>{choice}</w:ffData></w:fldChar></w:r></w:p>'
    )
    assert read(tmp_path, docx(body)) == ["☒a☒b☐c", "☒d☐e", "yes"]


def test_what_is_raised_is_no_digit_of_the_number_before_it(tmp_path: Path) -> None:
    def raised(text: str) -> str:
        return run(text, '<w:vertAlign w:val="superscript"/>')

    lowered = run("2", '<w:vertAlign w:val="subscript"/>')
    body = (
        f"<w:p>{run('5·10')}{raised('1')}{raised('6')}{run(' N; 12,345')}{raised('1')}{run('; H')}{lowered}"
    )
    named, flat = (f'<w:rStyle w:val="Up"/>{more}' for more in ("", '<w:vertAlign w:val="baseline"/>'))
    body += f"{run('O; 1')}{raised('st')}{run('; e')}{raised('-x+1')}{run('; 10')}{lowered}"
    body += f"{run('; 3')}{run('4', named)}{run('; 5')}{run('6', flat)}</w:p>"
    style = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
    style = f'<w:style w:type="character" w:styleId="Up">{style}</w:style>'
    assert read(tmp_path, docx(body, styles=style)) == [
        "5·10^16 N; 12,345^1; H2O; 1st; e^{-x+1}; 10_2; 3^4; 56"
    ]


def test_struck_words_are_marked_once_and_links_of_fields_have_their_targets(tmp_path: Path) -> None:
    def field(instruction: str) -> str:
        begin, middle, end = (f'<w:fldChar w:fldCharType="{kind}"/>' for kind in ("begin", "separate", "end"))
        text = f"<w:instrText> HYPERLINK &quot;{instruction}&quot; </w:instrText>"
        return f"<w:r>{begin}</w:r><w:r>{text}</w:r><w:r>{middle}</w:r>{run('list')}<w:r>{end}</w:r>"

    strike = "<w:strike/>"
    kept = run(" 90", '<w:strike w:val="0"/>')
    body = f"<w:p>{run('old ', strike)}{run('price', strike)}{kept}</w:p>"
    body += f"<w:p>{run('See ')}{field('https://example.org/p')}</w:p>"
    body += '<w:p><w:fldSimple w:instr=" HYPERLINK &quot;https://example.org/q&quot; ">'
    body += f"{run('more')}</w:fldSimple></w:p>"
    body += "<w:p><w:r><w:instrText> MACROBUTTON NoMacro [Your name] </w:instrText></w:r></w:p>"
    assert read(tmp_path, docx(body)) == [
        "~~old price~~ 90",
        "See list <https://example.org/p>",
        "more <https://example.org/q>",
        "[Your name]",
    ]


def test_formulas_are_latex(tmp_path: Path) -> None:
    def letters(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    power = f"<m:sSup><m:e>{letters('b')}</m:e><m:sup>{letters('2')}</m:sup></m:sSup>"
    root = (
        f'<m:rad><m:radPr><m:degHide m:val="1"/></m:radPr><m:deg/><m:e>{power}{letters("-4ac")}</m:e></m:rad>'
    )
    fraction = f"<m:f><m:num>{letters('-b±')}{root}</m:num><m:den>{letters('2a')}</m:den></m:f>"
    below, above = f"<m:sub>{letters('k=0')}</m:sub>", f"<m:sup>{letters('n')}</m:sup>"
    total = f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>{below}{above}<m:e>{letters("k")}</m:e></m:nary>'
    rows = ("".join(f"<m:e>{letters(sign)}</m:e>" for sign in row) for row in ("ab", "cd"))
    matrix = f"<m:m>{''.join(f'<m:mr>{row}</m:mr>' for row in rows)}</m:m>"
    body = "".join(
        f"<w:p><m:oMath>{one}</m:oMath></w:p>" for one in (letters("x=") + fraction, total, matrix)
    )
    assert read(tmp_path, docx(body)) == [
        r"$x=\frac{-b±\sqrt{b^{2}-4ac}}{2a}$",
        r"$\sum_{k=0}^{n} k$",
        r"$\begin{matrix}a & b \\ c & d\end{matrix}$",
    ]


def test_notes_have_a_mark_at_their_place(tmp_path: Path) -> None:
    body = f'<w:p>{run("due in May")}<w:r><w:footnoteReference w:id="7"/></w:r>{run(" and June")}'
    body += '<w:r><w:footnoteReference w:id="3"/></w:r></w:p>'
    notes = '<w:footnote w:id="0" w:type="separator"><w:p/></w:footnote>'
    notes += f'<w:footnote w:id="3"><w:p>{run("Refundable.")}</w:p></w:footnote>'
    notes += f'<w:footnote w:id="7"><w:p>{run("Not for members.")}</w:p></w:footnote>'
    package = docx(
        body,
        links={"rIdN": ("footnotes", "footnotes.xml")},
        extra={"word/footnotes.xml": element("w:footnotes", notes)},
    )
    assert read(tmp_path, package) == [
        "due in May[^1] and June[^2]",
        "[^1] Not for members.",
        "[^2] Refundable.",
    ]


def test_charts_and_diagrams_stand_where_they_are_shown(tmp_path: Path) -> None:
    def points(*values: str) -> str:
        return "".join(f'<c:pt idx="{at}"><c:v>{value}</c:v></c:pt>' for at, value in enumerate(values))

    series = f"<c:ser><c:tx>{points('2024')}</c:tx><c:cat>{points('Q1', 'Q2')}</c:cat>"
    series += f"<c:val>{points('8.1999999999999993', '3.2')}</c:val></c:ser>"
    title = "<c:title><c:tx><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:tx></c:title>"
    chart = f"<c:chart>{title}<c:plotArea><c:barChart>{series}</c:barChart></c:plotArea></c:chart>"
    steps = "".join(f"<p:pt><a:p><a:r><a:t>{word}</a:t></a:r></a:p></p:pt>" for word in ("Apply", "Wait"))
    body = f'<w:p>{run("before")}<w:r><c:chart r:id="rId5"/></w:r></w:p>'
    body += '<w:p><w:r><p:relIds r:dm="rId6"/></w:r></w:p>'
    package = docx(
        body + f"<w:p>{run('after')}</w:p>",
        links={"rId5": ("chart", "charts/c.xml"), "rId6": ("diagramData", "d.xml")},
        extra={
            "word/charts/c.xml": element("c:chartSpace", chart),
            "word/d.xml": element("p:dataModel", steps),
            "word/charts/_rels/c.xml.rels": relations({}),
        },
    )
    assert [line for line in read(tmp_path, package) if line] == [
        "before",
        "Chart: Sales",
        " | Q1 | Q2",
        "2024 | 8.2 | 3.2",
        "Diagram:",
        "Apply",
        "Wait",
        "after",
    ]


def test_a_chart_shows_shares_and_dates_in_their_formats(tmp_path: Path) -> None:
    def points(code: str, *values: str) -> str:
        found = "".join(f'<c:pt idx="{at}"><c:v>{value}</c:v></c:pt>' for at, value in enumerate(values))
        return f"<c:numRef><c:numCache><c:formatCode>{code}</c:formatCode>{found}</c:numCache></c:numRef>"

    series = f"<c:ser><c:cat>{points('m/d/yyyy', '45292', '45323.5')}</c:cat>"
    series += f"<c:val>{points('0%', '0.25', '0.75')}</c:val></c:ser>"
    chart = f"<c:chart><c:plotArea><c:barChart>{series}</c:barChart></c:plotArea></c:chart>"
    package = docx(
        '<w:p><w:r><c:chart r:id="rId5"/></w:r></w:p>',
        links={"rId5": ("chart", "charts/c.xml")},
        extra={"word/charts/c.xml": element("c:chartSpace", chart)},
    )
    assert [line for line in read(tmp_path, package) if line] == [
        "Chart:",
        " | 2024-01-01 | 2024-02-01 12:00:00",
        " | 25% | 75%",
    ]


def test_comments_name_their_words_and_changes_are_told_as_accepted(tmp_path: Path) -> None:
    gone = '<w:del w:author="Ann"><w:r><w:delText>30</w:delText></w:r></w:del>'
    new = f'<w:ins w:author="Ann">{run("14")}</w:ins>'
    body = f'<w:p>{run("Pay within ")}{gone}{new}<w:commentRangeStart w:id="1"/>{run(" days")}'
    body += '<w:commentRangeEnd w:id="1"/></w:p>'
    comments = f'<w:comment w:id="1" w:author="Bob"><w:p>{run("Working days?")}</w:p></w:comment>'
    package = docx(
        body,
        links={"rIdC": ("comments", "comments.xml")},
        extra={"word/comments.xml": element("w:comments", comments)},
    )
    assert read(tmp_path, package) == [
        "Pay within 14 days",
        "Comment by Bob on “days”: Working days?",
        "Tracked change by Ann: deleted “30”",
        "Tracked change by Ann: inserted “14”",
    ]


def test_a_row_that_was_deleted_is_no_row_and_is_told(tmp_path: Path) -> None:
    def row(text: str, properties: str = "") -> str:
        cells = "".join(f"<w:tc><w:p>{text}</w:p></w:tc>" for _ in "ab")
        return f"<w:tr><w:trPr>{properties}</w:trPr>{cells}</w:tr>"

    gone = '<w:del w:author="Ann"><w:r><w:delText>old</w:delText></w:r></w:del>'
    table = row(run("kept")) + row(gone, '<w:del w:author="Ann"/>')
    assert read(tmp_path, docx(f"<w:tbl>{table}</w:tbl>")) == [
        "kept | kept",
        "Tracked change by Ann: deleted “old”",
    ]


def test_headers_that_are_the_same_are_told_once_and_hidden_text_is_named(tmp_path: Path) -> None:
    header = element("w:hdr", f"<w:p>{run('ACME')}</w:p>")
    (tmp_path / "stored").write_bytes(
        docx(
            f"<w:p>{run('seen')}{run(' unseen', '<w:vanish/>')}</w:p>",
            links={"rIdA": ("header", "h1.xml"), "rIdB": ("header", "h2.xml")},
            extra={"word/h1.xml": header, "word/h2.xml": header},
        )
    )
    found = list(worker.read(Source(tmp_path / "stored", "a.docx")))
    assert found[1:] == [
        Page("", "seen unseen\nACME"),
        Problem("hidden", (), "Text that Word hides was read too."),
    ]
