from __future__ import annotations

import pytest

from chat.grounding.number_notation import read_number


@pytest.mark.parametrize(
    ("literal", "decimal_comma", "value"),
    [
        ("12,553", False, "12553"),
        ("12,553", True, "12.553"),
        ("1.577", False, "1.577"),
        ("1.577", True, "1577"),
        ("70.923.698", False, "70923698"),
        ("0,85", False, "0.85"),
        ("9'373", False, "9373"),
        ("9’373.50", True, "9373.50"),
        ("12 553", False, "12553"),
        ("7,904.00", False, "7904"),
        ("1.234,56", False, "1234.56"),
        (".05", False, "0.05"),
        ("007", False, "007"),
        ("1.2.3", False, "1.2.3"),
        ("3.10", False, "3.10"),
        ("1,2,3", False, "1,2,3"),
    ],
)
def test_a_literal_has_one_value_in_its_language(literal: str, decimal_comma: bool, value: str) -> None:
    assert read_number(literal, decimal_comma) == value
