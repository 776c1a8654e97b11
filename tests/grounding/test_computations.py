from __future__ import annotations

import pytest

from chat.grounding.computations import find_computed, is_derived
from chat.grounding.figures import read_amounts


@pytest.mark.parametrize(
    ("line", "results"),
    [
        ("5,007 − 4,000 = 1,007", [1007.0]),
        ("Growth: (5,007 − 4,000) / 4,000 = 25.2%", [25.2]),
        ("$5,007 million - $4,000 million = $1,007 million", [1.007e9]),
        (r"\frac{5,007 - 4,000}{4,000} \approx 25.2\%", [25.2]),
        ("8,500 × 12 = 102,000元", [102000.0]),
        ("5,007 − 4,000 = 1,107", []),
        ("revenue = 5,007", []),
        ("in 2019 = 5", []),
    ],
)
def test_what_comes_out_right_is_computed(line: str, results: list[float]) -> None:
    assert [one.value for one in find_computed(line, decimal_comma=False)[0]] == pytest.approx(results)


def test_a_change_is_derived_from_figures_near_it() -> None:
    one, two, change = read_amounts("from 4,000 to 5,007, up 25.2%", decimal_comma=False)
    assert is_derived(change, [one, two])
    (wrong,) = read_amounts("26.2%", decimal_comma=False)
    assert not is_derived(wrong, [one, two])


@pytest.mark.parametrize(
    ("total", "is_sum"), [("52,150", True), ("32,950", True), ("52,650", False), ("34,400", False)]
)
def test_the_sum_of_cells_that_follow_one_another_is_derived(total: str, is_sum: bool) -> None:
    *row, figure = read_amounts(f"9,100 | 19,200 | 17,700 | 15,250 (p. 12), so {total}", decimal_comma=False)
    assert is_derived(figure, row) is is_sum
