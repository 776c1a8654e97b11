"""Questions about made tables as people ask them, against a truth that is computed from the values alone."""

from __future__ import annotations

import pytest

from tests.numbers.asking import AskedFile, AskedTable, agrees, read_asked

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("table", read_asked(), ids=lambda table: table.name)
def test_answers_are_right_or_not_computed(table: AskedTable) -> None:
    file = AskedFile(table)
    wrong = {
        question: rows
        for question, truth in table.asked
        if (rows := file.ask(question)) and not agrees(rows, truth)
    }
    assert not wrong
    missed = {question for question, truth in table.asked if truth is not None and file.ask(question) is None}
    assert missed == set(table.not_computed)
