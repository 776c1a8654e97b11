"""Which words of an answer claim a file, and which mark belongs to them."""

from __future__ import annotations

import pytest

from chat.documents.document import Document, Page
from chat.grounding.citations import check
from chat.grounding.evidence import Evidence
from tests.made_documents import make_document

OWLS = make_document(
    "Owls hunt voles at night by ear alone.\nThey weigh 8.3 ounces and fly 35 miles.",
    "The array is based on a “double” test of five plates.",
    "该塑像高8.3米，重35吨，立于广场中央。",
)
COUNTS = Document(
    "counts.xlsx",
    "",
    0,
    "sheet",
    (
        Page("Schulden", "Kanton Glarus | 129,534 | 136,759\nKanton Uri | 95,260 | -1,035"),
        Page("Notes", "der und die nicht das"),
    ),
    2,
)
CHINESE = make_document("猫头鹰在夜间捕食田鼠，只靠听觉辨别方向。" * 3, name="鸟.pdf")
RIGHT, WRONG = "weigh 8.3 ounces and fly 35 miles", "weigh 9.3 ounces and fly 35 miles"
FILES = [Evidence.prepare(one) for one in (OWLS, COUNTS)]


def quotes(answer: str, files: list[Evidence] = FILES) -> list[tuple[str, str]]:
    return [(one.text, one.status) for one in check(answer, files) if one.kind == "quote"]


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        (
            'It "is based on a "double" test of five plates" [p. 2].',
            'is based on a "double" test of five plates',
        ),
        (
            "Es „is based on a „double“ test of five plates“ (S. 2).",
            "is based on a „double“ test of five plates",
        ),
        ('It says that a ""double" test of five plates" is its base [p. 2].', '"double" test of five plates'),
        (
            "Es „is based on a “double” test of five plates“ (S. 2).",
            "is based on a “double” test of five plates",
        ),
        (
            "It «is based on a «double» test of five plates» [p. 2].",
            "is based on a «double» test of five plates",
        ),
        (
            "It “is based on a „double“ test of five plates” [p. 2].",
            "is based on a „double“ test of five plates",
        ),
    ],
)
def test_quotation_marks_within_the_same_marks_are_part_of_the_quote(answer: str, quote: str) -> None:
    assert quotes(answer) == [(quote, "found")]


def test_two_figures_prove_something_in_few_letters() -> None:
    assert quotes("文件称塑像“高8.3米，重35吨”。") == [("高8.3米，重35吨", "found")]
    assert quotes("文件称塑像“高8.3米，重53吨”。") == [("高8.3米，重53吨", "altered")]


@pytest.mark.parametrize("mark", ["[Schulden]", "(Schulden)", "(sheet Schulden)", "[counts.xlsx, Schulden]"])
def test_a_sheet_in_brackets_is_a_mark(mark: str) -> None:
    assert quotes(f'The row is "Kanton Uri | 95,260 | 1,035" {mark}.') == [
        ("Kanton Uri | 95,260 | 1,035", "altered")
    ]


def test_a_german_answer_writes_the_numbers_of_a_sheet_its_own_way() -> None:
    assert quotes("„Kanton Glarus | 129.534 | 136.759“ (Blatt Schulden)") == [
        ("Kanton Glarus | 129.534 | 136.759", "found")
    ]


@pytest.mark.parametrize(
    "introduction",
    [
        "The sheet says:",
        "The release notes that",
        "In der Anleitung steht",
        "Die Tabelle zeigt",
        "据该文，",
        "手册要求",
        "The lease says",
        "The leaflet warns:",
        "Die Packungsbeilage nennt",
        "Der Jahresbericht erwähnt",
        "章程规定",
        "The French subtitles say",
        "Die Untertitel zeigen",
        "字幕写",
        "帮助还提醒，",
    ],
)
def test_a_part_of_a_file_that_says_something_claims_it(introduction: str) -> None:
    assert quotes(f"{introduction} “Owls hunt voles at dawn by ear alone.”") == [
        ("Owls hunt voles at dawn by ear alone.", "altered")
    ]


@pytest.mark.parametrize("line", ["— report.pdf, p. 1", "Source: report.pdf (p. 1)", "*— report.pdf*"])
def test_a_file_below_a_blockquote_is_its_source(line: str) -> None:
    assert quotes(f"> Bats will close four caves in the second half.\n\n{line}") == [
        ("Bats will close four caves in the second half.", "not_found")
    ]


def test_a_title_behind_the_book_is_no_claim() -> None:
    assert quotes('See the book "Building Owls: Shaping a Species and Its Night" by E. Pugh.') == []
    assert quotes('The book says "Building owls is shaping a species and its night" somewhere.') != []


def test_latin_words_out_of_a_chinese_file_are_a_translation() -> None:
    file = [Evidence.prepare(CHINESE)]
    assert quotes("„Die Eule jagt nachts“ (S. 1)", file) == [("Die Eule jagt nachts", "translated")]


@pytest.mark.parametrize(
    ("words", "status"),
    [("Do not wake a sleeping owl", "translated"), ("Never wake sleeping owls", "not_found")],
)
def test_a_short_translation_is_known_by_words_that_are_none_of_the_file(words: str, status: str) -> None:
    file = [Evidence.prepare(make_document("Die Eule darf man nicht wecken, und in der Nacht jagt sie."))]
    assert quotes(f"The file says: “{words}” (p. 1).", file) == [(words, status)]


@pytest.mark.parametrize(
    ("label", "status"), [("2", "found"), ("3", "other_page"), ("1", "other_page"), ("i", "other_page")]
)
def test_labels_count_although_the_cover_shares_one(label: str, status: str) -> None:
    labels = ("i", "i", "ii", "1", "2")
    pages = tuple(
        Page(str(n), f"Page of {n} owls that hunt voles.", printed=label) for n, label in enumerate(labels, 1)
    )
    file = [Evidence.prepare(Document("guide.pdf", "", 0, "page", pages, 5))]
    assert quotes(f'"Page of 5 owls that hunt voles." (p. {label})', file) == [
        ("Page of 5 owls that hunt voles.", status)
    ]
    assert quotes('"Page of 1 owls that hunt voles." (p. i)', file)[0][1] == "found"  # the cover


def test_labels_count_although_the_pages_before_the_first_one_share_some() -> None:
    labels = ("1", "2", "i", "ii", *(str(n) for n in range(1, 21)))
    pages = tuple(Page(str(n), f"Owl {n} hunts voles.", printed=label) for n, label in enumerate(labels, 1))
    file = [Evidence.prepare(Document("guide.pdf", "", 0, "page", pages, 24))]
    assert quotes('"Owl 6 hunts voles." (p. 2)', file)[0][1] == "found"
    assert quotes('"Owl 2 hunts voles." (p. 2)', file)[0][1] == "found"  # the back of the cover
    assert quotes('"Owl 2 hunts voles." (p. 6)', file)[0][1] == "other_page"


def test_labels_that_repeat_do_not_count() -> None:
    pages = tuple(Page(str(n), f"Page of {n} owls.", printed=label) for n, label in enumerate("12312", 1))
    document = Document("guide.pdf", "", 0, "page", pages, 5)
    assert document.printed_labels == ("",) * 5


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("Laut Handbuch gilt „hunt voles at night“. Sie „do wake a sleeping owl“.", "altered"),
        (
            "The report says “hunt voles at night”. It adds “owls were once counted in every old barn”.",
            "not_found",
        ),
        ("They “hunt voles at night” (p. 1). Each is said to “do wake a sleeping owl”.", "altered"),
        (
            "They “hunt voles at night” (p. 1). We call it “owls counted in every old barn there is”.",
            "not_found",
        ),
        ("The report says “hunt voles at night”. We call it a “silent death from above”.", ""),
        ("The report says “hunt voles at night”. The proverb is “an owl in the hand is two in a barn”.", ""),
        (
            "The report says “hunt voles at night”.\nI would say “owls were once counted in every old barn”.",
            "",
        ),
    ],
)
def test_a_quote_behind_one_that_claims_a_file_claims_it_too(answer: str, status: str) -> None:
    files = [
        Evidence.prepare(make_document("Owls hunt voles at night by ear alone. Do not wake a sleeping owl."))
    ]
    assert [one for _, one in quotes(answer, files)] == ["found", *([status] if status else [])]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("The report is on owls. Each must “do wake a sleeping owl”.", "altered"),
        ("The report is on owls. They “hunt voles at night by ear alone”.", "found"),
        ("The report is on owls. We call it “owls counted in every old barn there is”.", ""),
        ("Owls are many. Each must “do wake a sleeping owl”.", ""),
    ],
)
def test_a_quote_behind_a_sentence_that_tells_of_a_file_may_be_altered(answer: str, status: str) -> None:
    files = [
        Evidence.prepare(make_document("Owls hunt voles at night by ear alone. Do not wake a sleeping owl."))
    ]
    assert [one for _, one in quotes(answer, files)] == ([status] if status else [])


@pytest.mark.parametrize(
    ("answer", "statuses"),
    [
        ('**Owls (p. 1).** They "hunt voles at night". They "weigh 8.3 ounces".', ["found", "found"]),
        ('**Owls** (p. 2): They are old. They "weigh 8.3 ounces".', ["other_page"]),
        ('**Owls (p. 2).** They are old. They "weigh 8.3 ounces".', ["other_page"]),
        (
            '### Page 1\n\n- "They weigh 8.3 ounces"\n- **Range**: they "fly 35 miles" or "weigh 8.3 ounces"',
            ["found", "found", "found"],
        ),
        ('### Page 2\n\n- "They weigh 8.3 ounces" (p. 1)\n\n**More**\n"They fly 35 miles"', ["found"]),
        ("### Page 2\n\nThe term “a parliament of all the owls” is a joke.", []),
    ],
)
def test_a_page_in_a_head_is_the_mark_of_what_stands_under_it(answer: str, statuses: list[str]) -> None:
    assert [status for _, status in quotes(answer)] == statuses


@pytest.mark.parametrize(
    ("answer", "statuses"),
    [
        (f'From owls.pdf:\n\n- Weight: "{WRONG}"\n- Both: "{RIGHT}"', ["altered", "found"]),
        (f'From owls.pdf:\n\n1. "{WRONG}"\n2. "{RIGHT}"\n3. "{WRONG}"', ["altered", "found", "altered"]),
        (f'| Fact | According to the file |\n|---|---|\n| Weight | "{WRONG}" |', ["altered"]),
        (f'| Page | Text |\n|---|---|\n| 1 | "{RIGHT}" |\n| 1 | "{WRONG}" |', ["found", "altered"]),
        ('| Bird | Nickname |\n|---|---|\n| Owl | "the silent one of the night" |', []),
        (f'**Term (p. 1).** They "{WRONG}".', ["altered"]),
        ('I\'d call the file "short but full of owls".', []),
    ],
)
def test_the_head_of_a_table_and_the_line_before_a_list_say_what_is_quoted(
    answer: str, statuses: list[str]
) -> None:
    files = [Evidence.prepare(make_document(f"Owls {RIGHT}.", name="owls.pdf"))]
    assert [status for _, status in quotes(answer, files)] == statuses


def test_a_mark_in_words_before_a_quote_is_nearer_than_one_behind_the_next() -> None:
    answer = "On page 1 it says “Owls hunt voles at night” and “该塑像高8.3米” (p. 3)."
    assert [status for _, status in quotes(answer)] == ["found", "found"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("Das Amt wurde „im April 2005“ gegründet (S. 1).", "not_found"),
        ("Das Amt wurde „im April 2004“ gegründet (S. 1).", "found"),
        ("Das Amt wurde „im April 2005“ gegründet.", ""),
        ("Das Amt wurde „im April 2005“ gegründet, schreibt report.pdf.", "not_found"),
        ("Das Amt wurde „im April 2005“ gegründet, sagt die Hilfe.", "not_found"),
        ("It was founded „im April 2005“, says the help.", "not_found"),
        ("Der Bericht nennt die Stelle „Amt 2005“.", "not_found"),
        ("Der Begriff „Amt 2005“ steht nicht in report.pdf.", ""),
        ("Das Amt wurde „im Frühling“ gegründet (S. 1).", ""),
    ],
)
def test_a_few_words_with_a_number_are_a_claim_where_a_file_is_meant(answer: str, status: str) -> None:
    file = [Evidence.prepare(make_document("Das Amt wurde im April 2004 mit drei Leuten gegründet."))]
    assert quotes(answer, file) == ([] if not status else [(answer.split("„")[1].split("“")[0], status)])


def test_the_language_of_an_answer_is_that_of_its_own_words() -> None:
    file = [Evidence.prepare(make_document("Die Eule darf man nicht wecken, und in der Nacht jagt sie."))]
    answer = (
        "The file has “owls kept to a minimum” (p. 1)."
        " Its words are „Die Eule darf man nicht wecken, und in der Nacht jagt sie“ (p. 1)."
    )
    assert [status for _, status in quotes(answer, file)] == ["translated", "found"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("Owls hunt (p. 1). You could answer them with “we reserve all the rights that the law gives”.", ""),
        ("Owls hunt (p. 1). Critics call that “the loneliest way of life that there is”.", ""),
        ("Owls hunt (p. 1). The report gives no “free pass for the friends of mice”.", ""),
        ("Owls hunt (p. 1). If a reader asks “how much do these owls eat in a night?”, look there.", ""),
        ("Your question about “the best owl for a beginner to keep” is not answered (p. 1).", ""),
        ("Owls hunt (p. 1). My own summary would be “three clever birds against one vain mouse”.", ""),
        ("Owls hunt (p. 1). Hunters speak of a “silent flight through the night of the woods”.", ""),
        ("Eulen jagen (S. 1). Entwurf einer Antwort: „Wir danken für Ihr Schreiben zu den Eulen“.", ""),
        ("猫头鹰捕食田鼠（第3页）。有人可能会说“夜里最勤快也最安静的一位田鼠猎手先生”。", ""),
        ("Eulen jagen (S. 1). Manche nennen das „das Rundum-sorglos-Paket des Nachtlebens“.", ""),
        ("Eulen jagen (S. 1). Man könnte das „das Rundum-sorglos-Paket des Nachtlebens“ nennen.", ""),
        ("猫头鹰捕食田鼠（第3页）。有人把它称为“夜里最勤快也最安静的一位田鼠猎手先生”。", ""),
        ("猫头鹰捕食田鼠（第3页）。所有人都知道“夜里最勤快也最安静的一位田鼠猎手先生”。", "not_found"),
        (
            "It says “owls hunt voles at night” (p. 1), so “many people call owls friends of farmers”.",
            "not_found",
        ),
    ],
)
def test_what_others_call_it_is_no_claim(answer: str, status: str) -> None:
    found = [one for _, one in quotes(answer) if one != "found"]
    assert found == ([status] if status else [])


def test_a_negation_in_another_quotation_denies_nothing() -> None:
    file = [Evidence.prepare(make_document("程序不应该是守护进程，不应该以管理员的权限打开任何端口。"))]
    answer = "程序“不应该是守护进程”，{}“应该以管理员的权限打开任何端口”（第1页）。"
    assert [status for _, status in quotes(answer.format("也"), file)] == ["found", "altered"]
    assert [status for _, status in quotes(answer.format("也不"), file)] == ["found", "found"]


def test_two_figures_exchanged_in_a_few_words_are_told() -> None:
    latin = "The chmod command sets the rights of a file for its owner and its group. " * 9
    file = [Evidence.prepare(make_document(f"{latin}\n权限的数字表示：4是读，2是写，1是执行。"))]
    answer = "文件写道：“权限的数字表示”。其中，“4是读，1是写，2是执行”。"
    assert quotes(answer, file)[1:] == [("4是读，1是写，2是执行", "altered")]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("Under Section 9.4 it says “owls never hunt voles at night by ear”.", "altered"),
        ("Section 9.4 covers hunting. There, “owls hunt mice at night by ear alone”.", "altered"),
        ("Section 9.4 covers hunting. Owls use the “silent wings”.", ""),
        ("Nach § 44 BNatSchG gilt „Es ist verboten, wild lebenden Tieren nachzustellen“.", ""),
        ("Under Article 6 of the GDPR “processing shall be lawful only if one of these applies”.", ""),
    ],
)
def test_a_section_that_is_no_heading_still_means_the_file(answer: str, status: str) -> None:
    assert [one for _, one in quotes(answer)] == ([status] if status else [])


def test_a_paragraph_behind_a_blockquote_goes_on_from_it() -> None:
    block = "The report says:\n\n> Owls hunt voles at night by ear alone.\n\n"
    answer = f"{block}They “weigh 8.3 ounces and fly 53 miles”."
    assert [status for _, status in quotes(answer)] == ["found", "altered"]
    assert [status for _, status in quotes(answer.replace("They “", "## Size\n\nThey “"))][:1] == ["found"]
