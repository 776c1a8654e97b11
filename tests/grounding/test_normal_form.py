from __future__ import annotations

import pytest

from chat.grounding.normal_form import NormalForm, write_normal_form


def keys(text: str) -> str:
    return write_normal_form(text).keys


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Mother-to-\nchild", "mother to child"),
        ("ﬁne Ｈello １２", "fine hello 12"),
        ("ko\u0308nnte", "könnte"),
        ("H₂O", "H2O"),
        ("10^18", "10¹⁸"),
        ("10^{-3}", "10⁻³"),
        ("p <= .05", "p ≤ 0.05"),
        ("5 %", "5 percent"),
        ("Net | 5\t6", "net 5 6"),
        ("“a”, (b)", '"a" b'),
        ("20㎡", "20 m²"),
        ("soft\u00adhyphen", "softhyphen"),
        ("2019–2020", "2019-2020"),
    ],
)
def test_what_typesetting_changes_is_the_same(one: str, two: str) -> None:
    assert keys(one) == keys(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("10²", "102"),
        ("4.2MB", "42MB"),
        ("p < q", "p > q"),
        ("könnte", "konnte"),
        ("1 2", "12"),
        ("5%", "5"),
        ("10 m²", "10 m"),
        ("10-20", "10 20"),
        ("10:30", "1030"),
        ("½", "12"),
        ("x²", "x"),
    ],
)
def test_what_carries_meaning_is_kept(one: str, two: str) -> None:
    assert keys(one) != keys(two)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("fell to -697 now", "-"),
        ("| (697) 6", "("),
        ("fell to $(697) now", "("),
        ("people (48%) said", "()"),
        ("Smith (2019)", "()"),
        ("COVID-19", ""),
    ],
)
def test_a_number_has_the_sign_that_stands_before_it(text: str, sign: str) -> None:
    assert next(one.sign for one in write_normal_form(text).tokens if one.kind == "number") == sign


def kinds(form: NormalForm) -> list[str]:
    return [token.kind for token in form.tokens]


def test_footnote_marks_and_references_can_be_left_out() -> None:
    form = write_normal_form("high risk.3 The trial² ended [6].")
    assert form.without("note", "ref").keys == "highriskthetrialended"


@pytest.mark.parametrize("text", ["CO2 rose", "10³ rose", "m² rose", "Tier 1 rose", "2019 rose"])
def test_a_digit_that_belongs_to_a_name_or_number_is_no_footnote_mark(text: str) -> None:
    assert "note" not in kinds(write_normal_form(text))


def test_each_key_knows_where_it_stands() -> None:
    text = "The trans-\nport ﬁne is"
    form = write_normal_form(text)
    at = form.keys.index("fine")
    assert text[form.offset(at) : form.end_offset(at + 4)] == "ﬁne"
