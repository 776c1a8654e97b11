"""Figures that an answer computes: no verdict where they come out, "not found" where they do not."""

from __future__ import annotations

import pytest

from chat.grounding.citations import check
from chat.grounding.evidence import Evidence
from tests.made_documents import make_document

FILLER = "The barn was painted in spring and the roof was mended before the rain came. " * 40
FILE = Evidence.prepare(
    make_document(
        "Owls by region | | 2023 | | 2022\nNorthern valley | | 5,007 | | 4,210\n"
        "Southern marsh | | 1,318 | | 987\n"
        "Coastal strip | | 2,406 | | 2,551\nTotal | | 8,731 | | 7,748",
        FILLER + "Of the 2,613 nests that were seen, 971 were empty. " + FILLER,
        "Influenza made up 35·8% of the cases, the product is 3·10² and 48·0% were positive.",
    )
)


def missing(answer: str) -> list[str]:
    cited = check(answer, [FILE])
    return [one.text for one in cited if one.kind == "figure" and one.status == "not_found"]


@pytest.mark.parametrize(
    ("answer", "figures"),
    [
        ("In the northern valley there were 797 more owls than in 2022 (p. 1).", []),
        ("In the northern valley there were 787 more owls than in 2022 (p. 1).", ["787"]),
        ("Northern valley and southern marsh together had 6,325 owls (p. 1).", []),
        ("Northern valley and southern marsh together had 6,352 owls (p. 1).", ["6,352"]),
        ("The southern marsh grew by 33.5% (p. 1).", []),
        ("The southern marsh grew by 35.3% (p. 1).", ["35.3%"]),
        ("The coastal strip has 27.6% of the total (p. 1).", []),
        ("Of the nests that were seen, “971 were empty”, so 1,642 were not.", []),
        ("Of the nests that were seen, “971 were empty”, so 1,742 were not.", ["1,742"]),
        ("Von 2.613 sind 37,2 % leer.", []),
        ("Von 2.613 sind 38,2 % leer.", ["38,2 %"]),
    ],
)
def test_operands_may_stand_in_rows_of_the_file_that_the_sentence_names(
    answer: str, figures: list[str]
) -> None:
    assert missing(answer) == figures


@pytest.mark.parametrize(("total", "figures"), [("7,413", []), ("7,431", ["7,431"])])
def test_a_column_of_a_table_or_of_a_list_may_be_added_up(total: str, figures: list[str]) -> None:
    rows = "| N | 5,007 | 4,210 |\n| C | 2,406 | 2,551 |"
    table = f"| Place | 2023 | 2022 |\n|---|---|---|\n{rows}\n| Sum | {total} | |"
    points = "- In 2023 it was 5,007, once 4,210.\n- There it was 2,406, once 2,551."
    points = f"{points}\n\n{FILLER}\n\nTogether {total}."
    assert missing(table) == figures
    assert missing(points) == figures


@pytest.mark.parametrize(
    ("total", "figures"), [("2,601", []), ("2,610", ["2,610"]), ("64.2%", []), ("64.8%", ["64.8%"])]
)
def test_two_figures_of_a_column_give_a_difference_and_a_share_gives_the_rest(
    total: str, figures: list[str]
) -> None:
    table = f"| Place | 2023 |\n|---|---|\n| N | 5,007 |\n| C | 2,406 |\n\n{FILLER}\n\n"
    assert missing(f"{table}Influenza had 35.8% and the gap was {total}.") == figures


def test_a_point_in_the_middle_of_the_line_is_a_decimal_point() -> None:
    answer = "Influenza had 35.8% (p. 3), not 37.8% (p. 3)."
    assert [one.status for one in check(answer, [FILE]) if one.kind == "figure"] == ["found", "not_found"]
    quotes = check("It says “48.0% were positive” and “the product is 3.10²” (p. 3).", [FILE])
    assert [one.status for one in quotes if one.kind == "quote"] == ["found", "not_found"]


def test_the_notation_of_figures_is_that_of_the_answer_s_own_words() -> None:
    words = "“the roof was mended before the rain came, and the barn was painted in spring”"
    answer = f"Die Zahl der Eulen stieg von 4.210 Mio. auf 5.007 Mio., also um 797 Mio.; es heißt {words}."
    assert "797 Mio." not in missing(answer)


@pytest.mark.parametrize(
    ("answer", "statuses"),
    [
        ("The valley grew by 5,007 − 4,210 = 797 (p. 1).", ["found", "found"]),
        ("The valley grew by 5,007 − 4,210 = 987 (p. 1).", ["found", "found"]),
        ("The valley grew by 5,007 − 4,210 = 897 (p. 1).", ["found", "found", "not_found"]),
    ],
)
def test_a_result_that_the_arithmetic_does_not_give_is_not_confirmed(
    answer: str, statuses: list[str]
) -> None:
    assert [one.status for one in check(answer, [FILE]) if one.kind == "figure"] == statuses


@pytest.mark.parametrize(("figure", "missed"), [("1.720", []), ("1.270", ["1.270"])])
def test_a_row_of_a_file_is_read_in_the_notation_of_the_file(figure: str, missed: list[str]) -> None:
    table = (
        "Umsatz der Sparten in Tausend | 2022 | 2023\nPumpen | 20.115 | 21.870\nGesamt | 34.830 | 36.550\n"
    )
    file = Evidence.prepare(
        make_document(table + "Der Umsatz stieg um 4,9 % und damit so wie im Jahr davor.")
    )
    cited = check(f"Der Umsatz wuchs auf 36.550 Tausend Euro, also um {figure} Tausend Euro.", [file])
    assert [one.text.split()[0] for one in cited if one.status == "not_found"] == missed
