"""Computations: which figures an answer computes before the reader's eyes: `5,007 − 4,000 = 1,007`.

Only what comes out right counts. Knows no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, permutations

from chat.grounding.figures import Amount, read_amounts

FEWEST_SUMMED = 3
MOST_OPERANDS = 7  # nearest figures that a difference, a sum or a share may be made of
_EQUALS = re.compile(r"=|≈|≃|\\approx|\\(?:eq|simeq)\b|\b(?:equals|ergibt|gives|yields)\b|等于|约为|得出")
_SYMBOLS = {
    "−": "-",
    "–": "-",
    "—": "-",
    "×": "*",
    "·": "*",
    "÷": "/",
    "∗": "*",
    "x": "*",
    "＋": "+",
    "／": "/",
}
_FRACTION = re.compile(r"\\[dt]?frac\s*\{((?:[^{}]|\{[^{}]*\})*)\}\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_LATEX = (
    (r"\\times|\\cdot|·", "×"),
    (r"\\div", "÷"),
    (r"\\left|\\right|\\text|\\mathrm|[{}$]", " "),
    (r"\\[,;! ]", ""),
    (r"\\%", "%"),
)


class _NoExpression(Exception):
    """The text is no arithmetic."""


def find_computed(answer: str, decimal_comma: bool) -> tuple[list[Amount], list[Amount]]:
    """Return the figures behind an equals sign that are what stands before it, and those that are not."""
    computed, wrong = list[Amount](), list[Amount]()
    if not _EQUALS.search(answer):  # as in most answers: LaTeX is read for the others alone
        return computed, wrong
    for line in _plain(answer).split("\n"):
        sides = _EQUALS.split(line)
        for left, right in pairwise(sides):
            result = next(iter(read_amounts(right, decimal_comma=decimal_comma)), None)
            values = [_evaluate(left, decimal_comma, as_shares) for as_shares in (True, False)]
            known = [value for value in values if value is not None]
            if result and known:
                (computed if is_result(result, known) else wrong).append(result)
    return computed, wrong


def is_derived(figure: Amount, others: Sequence[Amount]) -> bool:
    """Is a figure the difference, sum, quotient, share or change of two of the others, or the sum of more?

    A sum of more is one of all, or of figures that follow one another, as the cells of a row do.
    """
    values = list(dict.fromkeys(one.value for one in others if one.value))[:MOST_OPERANDS]
    shares = [one.value / 100 for one in others if one.is_percent]
    if is_result(figure, (one for share in shares for value in values for one in _parts(share, value))):
        return True
    if len(values) > 2 and _is_result(sum(values), figure):
        return True
    return is_result(figure, _totals(others[:MOST_OPERANDS])) or is_result(
        figure, (result for one, two in permutations(values, 2) for result in _results(one, two))
    )


def _parts(share: float, value: float) -> Iterator[float]:
    """Yield the share of a value, and the whole of which the value is the share."""
    yield share * value
    if share:
        yield value / share


def _totals(others: Sequence[Amount]) -> Iterator[float]:
    """Yield the sums of three figures or more that follow one another."""
    values = [one.value for one in sorted(others, key=lambda one: one.at)]
    for first in range(len(values)):
        for last in range(first + FEWEST_SUMMED, len(values) + 1):
            yield sum(values[first:last])


def _results(one: float, two: float) -> Iterator[float]:
    yield from (one - two, one + two, one / two, (one - two) / two, (one + two) / 2)


def is_result(figure: Amount, values: Iterable[float]) -> bool:
    """Is one of the values the figure as far as its digits show?"""
    return any(_is_result(value, figure) for value in values)


def _is_result(value: float, figure: Amount) -> bool:
    """Is `value`, or its hundredfold for percent, the figure as far as its digits show?"""
    candidates = (
        [abs(value), abs(value) * 100] if figure.is_percent else [abs(value), abs(value) * figure.scale]
    )
    return any(abs(one - figure.value) <= figure.unit * 0.5001 for one in candidates)


def _plain(text: str) -> str:
    """Return the text with LaTeX written as arithmetic."""
    for _ in range(3):
        text = _FRACTION.sub(r"((\1)/(\2))", text)
    for pattern, plain in _LATEX:
        text = re.sub(pattern, plain, text)
    return text


def _evaluate(text: str, decimal_comma: bool, as_shares: bool) -> float | None:
    """Return the value of the arithmetic at the end of `text`; None where there is none.

    as_shares: 25 % is 0.25.
    """
    tokens = list(_tokens(re.split(r"[:：]|\.\s|。", text)[-1], decimal_comma, as_shares))
    if not any(token in ("+", "-", "*", "/") for token in tokens):
        return None
    for start in range(len(tokens)):
        try:
            value, end = _sum(tokens, start)
        except (_NoExpression, ZeroDivisionError, RecursionError):
            continue
        if end == len(tokens):
            return value
    return None


def _tokens(text: str, decimal_comma: bool, as_shares: bool) -> Iterator[float | str]:
    at = 0
    for amount in read_amounts(text, decimal_comma=decimal_comma):
        yield from _operators(text[at : amount.at])
        yield amount.value / 100 if amount.is_percent and as_shares else amount.value
        at = amount.end
    yield from _operators(text[at:])


def _operators(text: str) -> Iterator[str]:
    """Yield the operators and brackets between two numbers; an x counts between spaces alone."""
    for found in re.finditer(r"[-+*/()−–—×·÷∗＋／]|(?<=\s)x(?=\s)", text):
        yield _SYMBOLS.get(found.group(), found.group())


def _sum(tokens: Sequence[float | str], at: int) -> tuple[float, int]:
    value, at = _product(tokens, at)
    while at < len(tokens) and tokens[at] in ("+", "-"):
        other, end = _product(tokens, at + 1)
        value, at = (value + other if tokens[at] == "+" else value - other), end
    return value, at


def _product(tokens: Sequence[float | str], at: int) -> tuple[float, int]:
    value, at = _atom(tokens, at)
    while at < len(tokens) and tokens[at] in ("*", "/"):
        other, end = _atom(tokens, at + 1)
        value, at = (value * other if tokens[at] == "*" else value / other), end
    return value, at


def _atom(tokens: Sequence[float | str], at: int) -> tuple[float, int]:
    if at >= len(tokens):
        raise _NoExpression
    part = tokens[at]
    if isinstance(part, float):
        return part, at + 1
    if part == "-":
        value, end = _atom(tokens, at + 1)
        return -value, end
    if part != "(":
        raise _NoExpression
    value, end = _sum(tokens, at + 1)
    if end >= len(tokens) or tokens[end] != ")":
        raise _NoExpression
    return value, end + 1
