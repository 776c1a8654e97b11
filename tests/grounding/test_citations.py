from __future__ import annotations

import pytest

from chat.documents.document import Document, Page
from chat.grounding.citations import Citation, check
from chat.grounding.evidence import Evidence
from tests.made_documents import make_document

REPORT = make_document(
    "The trial enrolled 14,110 pairs of mothers and\nchildren in Harare. It ended in 2000.",
    "Mother-to-\nchild transmission is the main cause of infection.",
    "第三页：试验共招募了一万四千对母子，地点在哈拉雷。",
)
NOTES = make_document("Owls hunt voles at night by ear alone.", name="notes.txt", unit="")
LABELLED = [
    ("1", "Preface", "i"),
    ("2", "Contents", "1"),
    ("3", "Owls hunt voles at night by ear alone.", "2"),
]
EVIDENCE = [Evidence.prepare(REPORT), Evidence.prepare(NOTES)]


def statuses(answer: str) -> list[tuple[str, str, str, str]]:
    return [(one.kind, one.status, one.name, one.page) for one in check(answer, EVIDENCE)]


def test_a_quote_on_its_page_is_found_and_can_be_opened() -> None:
    answer = "It was large: “enrolled 14,110 pairs of mothers” [report.pdf p. 1]."
    quote, mark = check(answer, EVIDENCE)
    assert quote == Citation(
        "quote",
        "found",
        "enrolled 14,110 pairs of mothers",
        15,
        47,
        "report.pdf",
        "1",
        "1",
        10,
        42,
        REPORT.text[:162],
        unit="page",
    )
    assert (answer[quote.at : quote.end], REPORT.text[quote.passage_start : quote.passage_end]) == (
        quote.text,
    ) * 2
    assert (mark.kind, mark.status, mark.page, answer[mark.at : mark.end]) == (
        "page_mark",
        "page_exists",
        "1",
        "[report.pdf p. 1]",
    )


@pytest.mark.parametrize(
    "quote",
    [
        "“Mother-to-child transmission is the main cause”",
        '"mother to child TRANSMISSION is the main cause"',
        "“Ｍother-to-child transmission is the main cause of infection”",
        "“mothers and children in Harare”",
        "「试验共招募了一万四千对母子」",
        "“试验共招募了 一万四千对母子,地点在哈拉雷”",
        "> It ended in 2000. [report.pdf p. 1]",
    ],
)
def test_spaces_hyphens_widths_case_and_gaps_do_not_matter(quote: str) -> None:
    assert statuses(quote)[0][:3] == ("quote", "found", "report.pdf")


def test_a_quote_from_another_page_says_which() -> None:
    answer = "“transmission is the main cause of infection” [report.pdf p. 1]"
    assert statuses(answer)[0] == ("quote", "other_page", "report.pdf", "2")


def test_a_quote_from_another_file_says_which() -> None:
    answer = "“Owls hunt voles at night” [report.pdf p. 1]"
    assert statuses(answer)[0] == ("quote", "other_page", "notes.txt", "")


def test_an_invented_quote_is_not_found() -> None:
    answer = "The report says “The trial was stopped in Nairobi by owls.”"
    assert statuses(answer) == [("quote", "not_found", "", "")]


def test_words_left_out_are_told() -> None:
    answer = "“Mother-to-child transmission … cause of infection” [report.pdf p. 2]"
    assert statuses(answer)[0] == ("quote", "omission", "report.pdf", "2")


def test_a_quote_that_differs_names_the_words() -> None:
    answer = "“The trial enrolled 4,110 pairs of mothers” [report.pdf p. 1]"
    altered = check(answer, EVIDENCE)[0]
    assert (altered.status, altered.said, altered.stands) == ("altered", "4,110", "14,110")


def test_two_sentences_put_together_are_two_places() -> None:
    answer = (
        "“transmission is the main cause of infection. The trial enrolled 14,110 pairs” [report.pdf p. 2]"
    )
    assert statuses(answer)[0][:2] == ("quote", "two_places")


def test_a_quote_in_another_language_is_translated() -> None:
    assert statuses("Im Bericht steht: „Die Studie endete und wurde nicht wiederholt.“")[0][:2] == (
        "quote",
        "translated",
    )


def test_the_words_of_the_question_are_no_claim() -> None:
    asked = "Who said that owls are better than clocks?"
    answer = "The report says that “owls are better than clocks”."
    assert check(answer, EVIDENCE, asked) == ()
    assert check(answer, EVIDENCE) != ()


def test_a_figure_beside_a_mark_is_looked_up() -> None:
    found, _ = check("It had 14,110 pairs [report.pdf p. 1].", EVIDENCE)
    assert (found.kind, found.status, found.page) == ("figure", "found", "1")
    wrong, _ = check("It had 14,111 pairs [report.pdf p. 1].", EVIDENCE)
    assert (wrong.kind, wrong.status) == ("figure", "not_found")


def test_the_number_of_pages_is_known_without_a_look_into_the_text() -> None:
    assert check("The report has 3 pages and the file notes.txt one.", EVIDENCE) == ()
    thick = Evidence.prepare(make_document(*["Owls hunt at night."] * 29))
    assert check("The report has 29 pages.", [thick]) == ()
    assert [one.status for one in check("The report has 28 pages.", [thick])] == ["not_found"]


def test_a_printed_label_names_the_page_and_both_are_told() -> None:
    pages = tuple(Page(str(n), text, printed=printed) for n, text, printed in LABELLED)
    evidence = Evidence.prepare(Document("book.pdf", "application/pdf", 0, "page", pages, 3))
    quote, mark = check("“Owls hunt voles at night by ear” [p. 2]", [evidence])
    assert (quote.status, quote.cited_page, quote.page, quote.printed) == ("found", "2", "3", "2")
    assert (mark.status, mark.page) == ("page_exists", "3")
    assert check("See [p. i].", [evidence])[0].page == "1"


@pytest.mark.parametrize(
    ("mark", "status", "page"),
    [
        ("[report.pdf p. 2]", "page_exists", "2"),
        ("[report p.2]", "page_exists", "2"),
        ("（report.pdf 第2页）", "page_exists", "2"),
        ("[report.pdf 第 3 页]", "page_exists", "3"),
        ("【report.pdf，第3页】", "page_exists", "3"),
        ("[p. 3]", "page_exists", "3"),
        ("[report.pdf pp. 2-3]", "page_exists", "2"),
        ("[notes.txt]", "page_exists", ""),
        ("[report.pdf p. 9]", "not_found", ""),
        ("[other.pdf p. 2]", "not_found", ""),
    ],
)
def test_mark_writing_are_read_in_both_languages(mark: str, status: str, page: str) -> None:
    assert [(one[0], one[1], one[3]) for one in statuses(f"So it is {mark}.")] == [
        ("page_mark", status, page)
    ]


def test_a_mark_after_the_quote_may_name_a_range() -> None:
    assert statuses("“main cause of infection” [report.pdf pp. 1–3]")[0] == (
        "quote",
        "found",
        "report.pdf",
        "2",
    )


def test_short_quoted_words_links_and_code_are_no_claims() -> None:
    answer = (
        "The “trial”, [a link](http://x), `“enrolled 9 pairs of mothers”`, ```\n“no such words at all”\n```"
    )
    assert statuses(answer) == []


def test_a_short_quote_with_a_mark_is_a_claim() -> None:
    assert statuses("“2000” [report.pdf p. 1]")[0] == ("quote", "found", "report.pdf", "1")


def test_json_has_every_field() -> None:
    (citation,) = check("[report.pdf p. 9]", EVIDENCE)
    assert citation.to_json() == {
        "kind": "page_mark",
        "status": "not_found",
        "text": "[report.pdf p. 9]",
        "at": 0,
        "end": 17,
        "name": "report.pdf",
        "cited_page": "9",
        "page": "",
        "passage_start": 0,
        "passage_end": 0,
        "passage": "",
        "printed": "",
        "said": "",
        "stands": "",
        "unit": "",
        "from_picture": False,
        "confidence": 0.0,
        "condition": "",
    }


def test_a_name_that_ends_like_a_unit_is_a_name() -> None:
    lamp = Evidence.prepare(make_document("It shines for nine hours.", name="lamp.txt", unit=""))
    cited = check("> It shines for nine hours.\n\n[lamp.txt]", [lamp])
    assert [(one.kind, one.status, one.text) for one in cited] == [
        ("quote", "found", "It shines for nine hours."),
        ("page_mark", "page_exists", "[lamp.txt]"),
    ]


SPLIT = Evidence.prepare(
    make_document(
        "The care was safe at first. Medicines were\nmanaged well and incidents were not\n"
        "The Limes Home Limited\n43 Foreland Road\nBembridge\nPO35 5XN\n1 The Limes Report",
        "reported to the agency in time. Risks remain from products attained by\n"
        "[news](https://example.org/news)\n2 The Limes Report",
        "competitors of the home. Sales 13,731 13,317 3.1 (0.7)\nThe work is x = − 2880 kJ per mol.\n"
        "Fees under § 21-2-170(a)–(b).1 The petitions must be signed.\n"
        "Adjustments, net of tax 5 - - (1)\nComprehensive income 279\n3 The Limes Report",
        name="limes.pdf",
    )
)
CASE = Evidence.prepare(
    make_document(
        "They were not liable and immune from suit under the doctrine FN5\u037e (2) entitled to more.\n"
        "FN5. See the case of the owls. The court did not agree with it.",
        name="case.pdf",
    )
)
TOPICS = Evidence.prepare(
    make_document("Owls 3.597\nVoles 1.847\nMice 1.783\nBats 1.726\nDeer 1.451\nTotal 14.862\nof 68%")
)
LAW = Evidence.prepare(
    make_document(
        "第九条 本法自2007年6月1日起施行。\n\n第十条 合同是投保人与保险人的协议。"
        "债权人有过错而担保人无过错的，不承担赔偿责任；担保人有过错的，其承担的责任不超过三分之一。",
        name="law.txt",
        unit="",
    )
)


@pytest.mark.parametrize(
    ("evidence", "answer", "status"),
    [
        (SPLIT, "“incidents were not reported to the agency in time” (pp. 1-2)", "found"),
        (SPLIT, "“incidents were reported to the agency in time” (pp. 1-2)", "altered"),
        (SPLIT, "“products attained by competitors of the home” (pp. 2, 3)", "found"),
        (SPLIT, "„Sales 13.731 13.317 3,1 (0,7)“ (S. 3)", "found"),
        (SPLIT, "“Sales 13.731 13.317 3.1” [p. 3]", "not_found"),
        (SPLIT, "According to limes.pdf “The work is x = −2880 kJ per mol”.", "found"),
        (SPLIT, "According to limes.pdf “The work is x = 2880 kJ per mol”.", "altered"),
        (SPLIT, "“Fees under § 21-2-170(a)–(b). The petitions must be signed” (p. 3)", "found"),
        (SPLIT, "“tax 5 - - (1)” (p. 3)", "found"),
        (SPLIT, "“tax 5 - - 1” (p. 3)", "altered"),
        (LAW, "law.txt：“担保人有过错的，不承担赔偿责任”。", "altered"),
        (SPLIT, "You asked for “the most important figure”: it is 2880 (p. 3).", ""),
        (LAW, "> 第九条 本法自2007年6月1日起施行。\n\n（law.txt）", "found"),
        (CASE, "“immune from suit under the doctrine; (2) entitled to more” (p. 1)", "found"),
        (CASE, "“immune from suits under the doctrine; (2) entitled to more” (p. 1)", "altered"),
        (CASE, "Das Gericht meint: „Zuständigkeit folgt auf Eigentum“ (S. 1).", "translated"),
        (TOPICS, "“Owls 3,597” (p. 1)", "found"),
        (TOPICS, "“Owls 3.597” (p. 1)", "found"),
        (TOPICS, "“Owls 35.97” (p. 1)", "not_found"),
        (LAW, "Article 10 says “a contract is an agreement between two parties”.", "translated"),
    ],
)
def test_what_new_claims_over_other_files_showed(evidence: Evidence, answer: str, status: str) -> None:
    quotes = [one.status for one in check(answer, [evidence]) if one.kind == "quote"]
    assert quotes == [status] * bool(status)


def test_a_quote_of_a_file_whose_pages_are_not_read_yet_is_not_found() -> None:
    scan = Document("scan.pdf", "application/pdf", 9, "page", (Page("1", ""),), 1)
    (quote, _) = check(
        "It says “the lamp shines for nine hours” [scan.pdf, page 1].", [Evidence.prepare(scan)]
    )
    assert quote.status == "not_found"


def test_an_invented_quote_is_not_called_translated_where_its_page_has_its_language() -> None:
    english = "The package is built in a clean room, and it is the same for all of the members. " * 40
    german = "Der Betreuer ist die Person, die das Paket für die anderen erstellt und nicht für sich. "
    evidence = [Evidence.prepare(make_document(english, german, name="guide.pdf"))]
    quote = "„Jedes Paket muss vor dem Hochladen von drei Entwicklern geprüft werden“"
    for page, status in ((2, "not_found"), (1, "translated")):
        found, _ = check(f"Es gilt: {quote} (S. {page}).", evidence)
        assert found.status == status


def test_a_page_in_two_languages_is_translated_where_the_answer_names_one_of_them() -> None:
    english = "The package is built in a clean room, and it is the same for all of the members. " * 2
    german = "Der Betreuer ist die Person, die das Paket für die anderen erstellt und nicht für sich. " * 2
    evidence = [Evidence.prepare(make_document(english + german, german))]
    quote = "„Das Paket wird in einem sauberen Raum und für alle gleich gebaut“"
    for lead, status in (("Es gilt", "not_found"), ("Der englische Teil sagt", "translated")):
        found, _ = check(f"{lead}: {quote} (S. 1).", evidence)
        assert found.status == status


def test_a_translation_is_not_altered_for_the_names_that_it_keeps() -> None:
    evidence = [
        Evidence.prepare(make_document("R was initially written by Ross Ihaka and Robert Gentleman."))
    ]
    for quote, status in (
        ("R 最初由 Ross Ihaka 和 Robert Gentleman 编写", "translated"),
        ("R was lately written by Ross Ihaka and Robert Gentleman", "altered"),
    ):
        found, *_ = check(f"文中写道：「{quote}」（第1页）。", evidence)
        assert found.status == status


def test_the_figures_of_a_translated_quote_are_looked_up() -> None:
    english = "Our focus is on long-term growth of 13% and of 3,512 euro. It is the same for the others."
    answer = "Sie schreiben: „Unser Hauptaugenmerk liegt auf Wachstum von 14 % und 3.512 Euro“ (S. 1)."
    found = check(answer, [Evidence.prepare(make_document(english))])
    assert [(one.kind, one.status) for one in found] == [
        ("quote", "translated"),
        ("figure", "not_found"),
        ("figure", "found"),
        ("page_mark", "page_exists"),
    ]


@pytest.mark.parametrize(
    ("mark", "status"),
    [
        ("Section 4.2, p. 2", "found"),
        ("Section 4.2, p. 1", "other_page"),
        ("Section 4.2", "found"),  # the page's foot is no heading
        ("Section 4.3", "other_page"),
    ],
)
def test_a_page_beside_a_section_is_the_place(mark: str, status: str) -> None:
    pages = (
        "4.2 Owls\nThey fly.\n16 Chapter 4",
        "Owls hunt voles at night by ear alone.\n4.3 Voles\nThey run.",
    )
    quote, _ = check(f'"Owls hunt voles at night" ({mark}).', [Evidence.prepare(make_document(*pages))])
    assert quote.status == status
