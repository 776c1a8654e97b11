"""A confirmed quote whose sentence is limited outside of it says so."""

from __future__ import annotations

import pytest

from chat.grounding.citations import check
from chat.grounding.evidence import Evidence
from tests.made_documents import make_document

FILE = Evidence.prepare(
    make_document(
        "The tenant may end the contract, unless rent is owed. Nothing else is agreed between the two.\n"
        "Except as agreed in writing, the landlord pays for all repairs. The roof is made of red tiles.",
        "Der Mieter darf Haustiere halten, es sei denn, sie stören\ndie Nachbarn. Die Treppe ist aus Holz.\n"
        "Der Vertrag endet nach einem Jahr. Dies gilt nicht, wenn er verlängert wird.",
        "承租人可以提前解除合同，但未付清租金的除外。房屋的屋顶由红瓦铺成。\n"
        "除双方另有约定外，房屋维修费用由出租人承担。",
    )
)


@pytest.mark.parametrize(
    ("answer", "condition"),
    [
        ("“The tenant may end the contract” (p. 1).", "unless rent is owed"),
        ("“The tenant may end the contract, unless rent is owed.” (p. 1)", ""),
        ("“The tenant may end the contract” (p. 1), unless rent is owed.", ""),
        ("“the landlord pays for all repairs” (p. 1)", "Except as agreed in writing"),
        ("“Nothing else is agreed between the two” (p. 1)", ""),
        ("“The roof is made of red tiles” (p. 1)", ""),
        ("„Der Mieter darf Haustiere halten“ (S. 2).", "es sei denn, sie stören die Nachbarn"),
        ("„Der Vertrag endet nach einem Jahr.“ (S. 2)", "Dies gilt nicht, wenn er verlängert wird"),
        ("„Die Treppe ist aus Holz“ (S. 2)", ""),
        ("“承租人可以提前解除合同”（第3页）", "但未付清租金的除外"),
        ("“房屋维修费用由出租人承担”（第3页）", "除双方另有约定外"),
        ("“房屋的屋顶由红瓦铺成”（第3页）", ""),
    ],
)
def test_a_condition_that_the_answer_leaves_out_is_named(answer: str, condition: str) -> None:
    quote = next(one for one in check(answer, [FILE]) if one.kind == "quote")
    assert (quote.status, quote.condition) == ("found", condition)


BOUNDS = Evidence.prepare(
    make_document(
        "The deposit is at most three monthly rents. Persons aged 18 years or older may vote.\n"
        "It costs 40 euros. Die Frist beträgt mindestens 14 Tage. 罚款不超过5000元。60周岁以上免票。"
    )
)


@pytest.mark.parametrize(
    ("answer", "condition"),
    [
        ("The deposit is “three monthly rents” (p. 1).", "at most"),
        ("The deposit is at most “three monthly rents” (p. 1).", ""),
        ("They vote from “18 years” (p. 1).", "or older"),
        ("The entry is “40 euros” (p. 1).", ""),
        ("Die Frist ist „14 Tage“ lang (S. 1).", "mindestens"),
        ("罚款为“5000元”（第1页）", "不超过"),
        ("“60周岁”免票（第1页）", "以上"),
        ("“60周岁以上免票”（第1页）", ""),
    ],
)
def test_a_bound_that_the_quote_leaves_out_is_named(answer: str, condition: str) -> None:
    quote = next(one for one in check(answer, [BOUNDS]) if one.kind == "quote")
    assert (quote.status, quote.condition) == ("found", condition)
