"""Figures of an answer: found, elsewhere, in no file, and those that are left alone."""

from __future__ import annotations

import pytest

from chat.grounding.citations import check
from chat.grounding.computed_results import Computation
from chat.grounding.evidence import Evidence
from chat.numbers.query_result import QueryResult, ResultColumn
from chat.numbers.typed_table import Column, TypedTable
from tests.made_documents import make_document

EVIDENCE = Evidence.prepare(
    make_document(
        "(in millions)\nRevenue 1,577 1,402\nNet income 5,007 4,002\nMargin 25.3% 0.187",
        "The fee is thirty dollars. There were 12,553 owls in 48 woods.",
    )
)


def figures_of(answer: str, question: str = "") -> list[tuple[str, str, str]]:
    cited = check(answer, [EVIDENCE], question)
    return [(one.text, one.status, one.page) for one in cited if one.kind == "figure"]


@pytest.mark.parametrize(
    ("answer", "figure"),
    [
        ("Net income was $5,007 million [p. 1].", "5,007 million"),
        ("Revenue was 1.6 billion [p. 1].", "1.6 billion"),
        ("Revenue was $1,577,000,000 [p. 1].", "1,577,000,000"),
        ("The margin was 25.3% [p. 1].", "25.3%"),
        ("The other was 18.7% [p. 1].", "18.7%"),
        ("收入为15.77亿（第1页）。", "15.77亿"),
        ("Der Umsatz betrug 1.577 Mio. (S. 1).", "1.577 Mio."),
    ],
)
def test_a_figure_on_its_page_is_found(answer: str, figure: str) -> None:
    assert figures_of(answer) == [(figure, "found", "1")]


def test_a_figure_that_begins_a_line_is_no_number_of_a_list() -> None:
    assert figures_of("52.3 % is the margin [p. 1].") == [("52.3 %", "not_found", "")]
    assert figures_of("52.3 The margin of the year") == []


def test_a_figure_on_another_page_names_it() -> None:
    assert figures_of("There were 12,553 owls [p. 1].") == [("12,553", "other_page", "2")]


@pytest.mark.parametrize(("total", "missing"), [("202", []), ("212", ["212"])])
def test_the_sum_of_a_quoted_row_is_derived(total: str, missing: list[str]) -> None:
    row = 'The row is "Barn owls | 46 | 156" (p. 1)'
    others = "of 12,553 (p. 2), 1,577 (p. 1), 5,007 (p. 1) and 25.3 % (p. 1)"
    found = figures_of(f"{row}, {others}. In all, {total} of them.")
    assert [text for text, status, _ in found if status == "not_found"] == missing


@pytest.mark.parametrize(("rise", "missing"), [("110", []), ("111", ["111"])])
def test_the_difference_of_two_figures_of_a_quoted_row_is_derived(rise: str, missing: list[str]) -> None:
    others = "of 12,553 (p. 2), 1,577 (p. 1), 5,007 (p. 1) and 25.3 % (p. 1)"
    found = figures_of(f'It rose by {rise}, {others}, 1,402 (p. 1): "Barn owls | 46 | 98 | 156" (p. 1)')
    assert [text for text, status, _ in found if status == "not_found"] == missing


@pytest.mark.parametrize("figure", ["6,007 million", "2,553", "1.7 billion", "26.3%", "1,577 billion"])
def test_a_figure_in_no_file_is_told(figure: str) -> None:
    assert figures_of(f"It was {figure} [p. 1].") == [(figure, "not_found", "")]


@pytest.mark.parametrize(
    "answer",
    [
        "On 3 May 2021 and 2021-05-04, in 1997, FY2019 and Q3.",
        "1. Owls\n2. Voles\n13. Woods",
        "See Table 17, Note 24 and Section 5.13.",
        "There are three kinds and 5 reasons.",
        "It grew by 1,005 (5,007 − 4,002 = 1,005).",
        "It rose from 4,002 to 5,007, an increase of 25.1%.",
        "The fee is $30.",
        "COVID-19 and the 10-K of 3M.",
        "他在2021年3月15日（星期一）去了第17章。",
    ],
)
def test_what_may_be_right_is_left_alone(answer: str) -> None:
    assert [one for one in figures_of(answer) if one[1] == "not_found"] == []


MEASURES = Evidence.prepare(
    make_document(
        "The fund paid €3,456 million in May and 4,567 in June. The rate rose by 2.75 percentage points.\n"
        "Sales | $ | 7,891\nCosts | 1,250.50 EUR\n公司投资12.34亿美元。\n"
        "利率上升1.85个百分点。Der Anteil stieg um 3,95 Prozentpunkte."
    )
)


@pytest.mark.parametrize(
    ("answer", "statuses"),
    [
        ("The fund paid €3,456 million (p. 1).", ["found"]),
        ("The fund paid 3,456 million euros (p. 1).", ["found"]),
        ("The fund paid 3,456 million (p. 1).", ["found"]),
        ("The fund paid $3,456 million (p. 1).", ["not_found"]),
        ("The fund paid $4,567 million (p. 1).", ["found"]),
        ("Sales were $7,891 (p. 1).", ["found"]),
        ("Sales were £7,891 (p. 1).", ["not_found"]),
        ("Costs were €1,250.50 (p. 1).", ["found"]),
        ("公司投资12.34亿元（第1页）。", ["not_found"]),
        ("公司投资12.34亿美元（第1页）。", ["found"]),
        ("The rate rose by 2.75 percentage points (p. 1).", ["found"]),
        ("The rate rose by 2.75% (p. 1).", []),
        ("利率上升1.85个百分点（第1页）。", ["found"]),
        ("利率上升1.85%（第1页）。", []),
        ("Der Anteil stieg um 3,95 Prozentpunkte (S. 1).", ["found"]),
    ],
)
def test_another_currency_is_another_figure_and_percent_no_points(answer: str, statuses: list[str]) -> None:
    cited = check(answer, [MEASURES])
    assert [one.status for one in cited if one.kind == "figure"] == statuses


def test_the_figures_of_the_question_are_left_alone() -> None:
    assert figures_of("Of 777 owls nothing is said.") == [("777", "not_found", "")]
    assert figures_of("Of 777 owls nothing is said.", "What about 777 owls?") == []


COMPUTED = Computation(
    "SELECT region, sum(amount) FROM t GROUP BY 1",
    QueryResult(
        (ResultColumn("region", "text"), ResultColumn("total", "number")),
        (("North", 48213.666), ("South", 1577)),
        covered=(("t", 9000),),
        named=("amount",),
    ),
    (
        TypedTable(
            "t", EVIDENCE.document.name, "2024", "", (Column("amount", "Amount", "number", empty=324),), 9120
        ),
    ),
)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("North sold 48,213.67.", "computed"),
        ("North sold about 48,000.", "computed"),
        ("All in all 9,000 of the rows count.", "computed"),
        ("324 of the rows have no value in Amount.", "computed"),
        ("South sold 1,577.", "computed"),  # stands in the file too: by chance
        ("South sold 1,577 million [p. 1].", "found"),
        ("North sold 48,313.67.", "not_found"),
        ("There were 12,553 owls.", None),  # a cell of the same table, and not of the result
    ],
)
def test_a_figure_of_a_result_is_computed(answer: str, status: str | None) -> None:
    found = [one for one in check(answer, [EVIDENCE], "", COMPUTED) if one.kind == "figure"]
    assert [one.status for one in found] == [status] * bool(status)
    assert [one.name for one in found if one.status == "computed"] == [
        f"{EVIDENCE.document.name} / 2024" for one in found if one.status == "computed"
    ]
