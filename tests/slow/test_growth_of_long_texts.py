"""The same as tests/test_growth.py, with texts of 10 and 100 thousand characters."""

from __future__ import annotations

import pytest

from tests.test_growth import WORK, check_growth


@pytest.mark.parametrize("name", WORK)
def test_work_on_long_texts_grows_no_faster(name: str) -> None:
    check_growth(name, 10_000, 100_000)
