"""What a column holds, decided by its cells: a kind, how its numbers or dates are written, how to read them.

A vote of the distinct cells, weighted by how often each stands there. Knows no database.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chat.numbers import typed_table as kinds
from chat.numbers.cell_grid import CURRENCY, PERCENT
from chat.numbers.cell_values import (
    COMMA,
    DAY_FIRST,
    ERRORS,
    MONTH_FIRST,
    POINT,
    clean,
    decimal_votes,
    is_missing,
    order_votes,
    parse_date,
    parse_number,
)
from chat.numbers.cell_values import (
    CURRENCY as CURRENCY_SIGN,
)

LEAST_SHARE = 0.9  # of the values must be of the kind of the column
SAME_CURRENCY = {
    **dict.fromkeys(("$", "US$"), "USD"), "€": "EUR", "£": "GBP", "₹": "INR", "Fr.": "CHF",
    **dict.fromkeys(("¥", "￥", "元", "圆", "块", "RMB"), "CNY"),
}  # fmt: skip
ZERO_CODE = re.compile(r"0\d+")
CODE_NAME = re.compile(
    r"(?:^|[\s_\-|/.(#])(?:ids?|codes?|zip|zipcode|plz|postcode|postal|phone|tel|fax|isbn|ean|gtin|sku|iban|urn|uuid"
    r"|footnotes?|siret|nif|fips|naics|uprn|code_?\w{0,4})(?:$|[\s_\-|/.)#])|\w_id$|\w[\s_](?:number|no|nr|num)\.?$|(?<=[a-z])(?:Id|ID|Code)$|postleitzahl|kennziffer"
    r"|(?:代码|代碼|编码|編碼|编号|編號|邮编|郵遞區號|电话|電話|手机|身份证|统编|統編|学号|工号|单号|卡号|账号)$",
    re.IGNORECASE,
)
DESCRIBED = re.compile(
    r"^[\s_].*\b(?:desc\w*|name|label)$|^_(?:desc\w*|name|label)$|^(?:名称|名稱|说明)$", re.IGNORECASE
)
PERCENT_NAME = re.compile(r"%|％|\bper\s?cent|percent|prozent|\bpct\b|百分比|比例|占比|比率", re.IGNORECASE)
CURRENCY_NAME = re.compile(
    r"[$€£¥￥₹]|\b(?:usd|eur|gbp|chf|cny|rmb|jpy|aud|cad|dollars?|euros?|francs?|price|cost|amount|amt|revenue|budget|salary"
    r"|expenditure|funding|grant|financement|betrag|preis|umsatz|importe|presupuesto)\b|金额|金額|价格|價格|元[)）]?$|费用|收入|销售额|銷售額",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cells:
    """The cells of a column: distinct texts that are no plain number, with their counts, and those that are.

    others: the most frequent first, not all where there are many. plain: how many cells are plain numbers.
    plain_samples: some of them. zeros: how many are digits that begin with 0. pointed: how many have a point.
    """

    others: Sequence[tuple[str, int]]
    other_count: int
    plain: int
    plain_samples: Sequence[str] = ()
    zeros: int = 0
    pointed: int = 0

    @property
    def are_known(self) -> bool:
        """Are all that are no plain number among `others`?"""
        return sum(count for _, count in self.others) == self.other_count


@dataclass(frozen=True)
class CellReading:
    """How to read a column. kind: of typed_table. decimal, order: of cell_values."""

    kind: str
    decimal: str = POINT
    order: str = DAY_FIRST
    unit: str = ""


def decide_decimal(columns: Sequence[Cells], default: str) -> str:
    """Return the decimal sign of a file: what its cells that allow one reading only say, else `default`."""
    points = commas = 0
    for cells in columns:
        for text, count in [*cells.others[:200], *((one, 1) for one in cells.plain_samples)]:
            point, comma = decimal_votes(text)
            points, commas = points + point * count, commas + comma * count
    return default if points == commas else POINT if points > commas else COMMA


def decide_order(columns: Sequence[Cells], default: str) -> str:
    """Return the order of day and month of a file, by the dates that allow one only."""
    days, months = _orders([one for cells in columns for one in cells.others[:2_000]])
    return default if days == months else DAY_FIRST if days > months else MONTH_FIRST


def _orders(texts: Sequence[tuple[str, int]]) -> tuple[int, int]:
    votes = [order_votes(text) for text, _ in texts]
    return sum(day for day, _ in votes), sum(month for _, month in votes)


def decide(
    cells: Cells, title: str, decimal: str, order: str, shown: str = "", *, is_described: bool = False
) -> CellReading:
    """Return how to read a column.

    shown: how the program shows its cells. is_described: another column has the words for its numbers.
    """
    values = [(text, count) for text, count in cells.others if not is_missing(text)]
    seen = sum(count for _, count in cells.others)
    scale = cells.other_count / seen if seen else 1.0  # where only the most frequent are there
    count = sum(number for _, number in values) * scale + cells.plain
    if not count:
        return CellReading(kinds.TEXT if not title else kinds.DECIMAL, decimal, order)
    own = _own_decimal(cells, values, decimal)
    days, months = _orders(values)
    order = order if days == months else DAY_FIRST if days > months else MONTH_FIRST
    dates = [(text, number, parse_date(text, order)) for text, number in values]
    dated = sum(number for _, number, day in dates if day) * scale
    if dated >= LEAST_SHARE * count:
        has_time = any(_has_time(day) for _, _, day in dates)
        return CellReading(kinds.TIMESTAMP if has_time else kinds.DATE, own, order)
    numbers = [(text, number, parse_number(text, own)) for text, number in values]
    numeric = sum(number for _, number, one in numbers if one) * scale + cells.plain
    if numeric < LEAST_SHARE * count:
        return CellReading(kinds.TEXT, own, order)
    if _is_code(cells, values, title, is_described=is_described):
        return CellReading(kinds.CODE, own, order)
    found = [one for _, _, one in numbers if one]
    return _number_kind(cells, title, own, order, shown, found)


def _has_time(day: date | None) -> bool:
    return isinstance(day, datetime) and (day.hour, day.minute, day.second) != (0, 0, 0)


def _number_kind(
    cells: Cells, title: str, own: str, order: str, shown: str, found: Sequence[object]
) -> CellReading:
    percents = sum(bool(getattr(one, "is_percent", False)) for one in found)
    money = sum(bool(getattr(one, "is_money", False)) for one in found)
    if shown == PERCENT:
        return CellReading(kinds.PERCENTAGE, own, order, "fraction")
    if (percents * 2 > len(found) and not cells.plain) or PERCENT_NAME.search(title):
        return CellReading(kinds.PERCENTAGE, own, order)
    if shown == CURRENCY or money or CURRENCY_NAME.search(title):
        unit = kinds.MIXED if money and _has_currencies(cells) else ""
        return CellReading(kinds.CURRENCY, own, order, unit)
    is_whole = not cells.pointed and all(isinstance(getattr(one, "value", 0), int) for one in found)
    return CellReading(kinds.INTEGER if is_whole else kinds.DECIMAL, own, order)


def _has_currencies(cells: Cells) -> bool:
    """Have the cells signs of several currencies?"""
    found = {sign for text, _ in cells.others[:2_000] for sign in CURRENCY_SIGN.findall(clean(text))}
    return len({SAME_CURRENCY.get(sign, sign) for sign in found}) > 1


def _own_decimal(cells: Cells, values: Sequence[tuple[str, int]], default: str) -> str:
    texts = [text for text, _ in values[:500]] + list(cells.plain_samples[:200])
    votes = [decimal_votes(text) for text in texts]
    points, commas = sum(one for one, _ in votes), sum(one for _, one in votes)
    return default if points == commas else POINT if points > commas else COMMA


def _is_code(cells: Cells, values: Sequence[tuple[str, int]], title: str, *, is_described: bool) -> bool:
    zeros = cells.zeros + sum(bool(ZERO_CODE.fullmatch(clean(text))) for text, _ in values)
    if zeros:
        return True
    if _is_outline([*cells.plain_samples]) and cells.plain == len(cells.plain_samples):
        return True
    words = sum(count for text, count in values if parse_number(text) is None)
    is_named = is_described or bool(CODE_NAME.search(title))
    return (is_named and not cells.pointed and not values) or (is_named and bool(words))


def _is_outline(samples: Sequence[str]) -> bool:
    """Do numbers number the parts of a whole: `1`, `1.1`, `1.2`, `2`, `2.1`?"""
    parts = [one.split(".") for one in samples]
    wholes = [one[0] for one in parts if len(one) == 1]
    below = sum(len(one) == 2 for one in parts)
    is_counted = wholes == [str(number) for number in range(1, len(wholes) + 1)]
    opened = [
        one for one, other in zip(parts[1:], parts, strict=False) if len(one) == 2 and one[0] != other[0]
    ]
    return is_counted and len(wholes) > 1 and below > 1 and not opened and len(set(samples)) == len(samples)


def typed(text: str, reading: CellReading) -> object | None:
    """Return the value of a cell; None where it has none of this kind."""
    if reading.kind in kinds.DATES:
        return parse_date(text, reading.order)
    if reading.kind in kinds.NUMBERS:
        number = parse_number(text, reading.decimal)
        if number is None:
            return None
        return number.value / 100 if number.is_percent and reading.unit == "fraction" else number.value
    return None if not text.strip() or text.strip().casefold() in ERRORS else text


def is_untyped(text: str, reading: CellReading) -> bool:
    """Is a cell no value of its column, and no mark for `no value` either?"""
    return not is_missing(text) and typed(text, reading) is None


def find_described(titles: Sequence[str]) -> frozenset[str]:
    """Return the titles whose numbers another column has the words for: `Fund` beside `Fund Description`."""
    folded = [title.casefold() for title in titles if title]
    return frozenset(
        title for title in titles if title and any(_describes(one, title.casefold()) for one in folded)
    )


def _describes(title: str, code: str) -> bool:
    return title.startswith(code) and bool(DESCRIBED.search(title[len(code) :]))
