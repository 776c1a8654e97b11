"""What a question of a known form names: columns, values and parts of dates. Pure functions over a table."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chat.numbers.column_names import fold_name
from chat.numbers.typed_table import CODE, TEXT, Column, TypedTable

PARTS = {
    "year": r"(?:years?(?: of (?:the )?(?P<column>.+))?|年份?|年度)",
    "quarter": r"(?:quarters?(?: of (?:the )?(?P<column>.+))?|季度?)",
    "month": r"(?:months?(?: of (?:the )?(?P<column>.+))?|月份?)",
}
KEY_SUFFIXES = (
    *(" id", " no", " no.", " number", " nr", " nr.", " code", " name", "_id", "-id"),
    *("号", "编号", "名称", "名"),
)
COUNTING = {  # what is asked for, and columns that count it
    "行|条|记录": "",
    "人|员工": "人数|人口|人次|员工数|人员",
    "家": "家数|公司数|企业数|单位数",
    "笔": "笔数|订单数|交易数|次数",
    "数量|个数": "数量|个数|件数|户数",
}
EVENT = re.compile(
    r"^(?:the )?(?:date|day|time|month|datum|tag|monat|fecha|timestamp|日期|时间|時間|月份|年月)$"
    r"|(?:order|invoice|sales?|transaction|payment|posting|booking|event|purchase)[ _]?(?:date|day|time)"
    r"|(?:rechnungs|bestell|buchungs|liefer|verkaufs|auftrags|zahlungs|beleg|kauf)datum"
    r"|date (?:de |d['’])(?:la )?(?:commande|facture|vente|paiement|livraison|achat)"
    r"|fecha de (?:pedido|venta|factura|compra|pago)"
    r"|(?:订单|訂單|订购|下单|交易|销售|銷售|发票|發票|付款|支付|发生|發生|记账|購買|购买)(?:日期|时间|時間|日|月份)"
)


@dataclass(frozen=True)
class Filter:
    """column: empty where the question names the value alone, which is then looked for.

    part: `period` where the value is one of dates (chat.numbers.form_periods). sign: `=`, `!=` of words,
    another comparison with the number that the value is, `between` with two numbers, or `empty`.
    """

    value: str
    column: str = ""
    part: str = ""
    sign: str = "="


@dataclass(frozen=True)
class FormQuestion:
    """A question of a known form. column, group: names in SQL, empty where it has none.

    part: `year`, `quarter` or `month` of the dates that it groups by. limit: how many it wants, the first
    by size; is_lowest: the last. is_single: it names no sum, so each group must stand in one row.
    """

    kind: str
    table: TypedTable
    column: str = ""
    group: str = ""
    filter: Filter | None = None
    part: str = ""
    limit: int = 0
    is_lowest: bool = False
    is_single: bool = False


def find_column(words: str, table: TypedTable) -> Column | None:
    """Return the column that words name; None where none or several do."""
    wanted = re.sub(r"^the |的$| (?:values?|column)$|列$", "", words.strip(" \"'“”‘’「」")).strip()
    if not wanted:
        return None
    bare = re.sub(r"(?<=\d{4})年的?", "", re.sub(r" (?:in|of|for) (?=\d{4}$)", " ", wanted))
    for names, words in zip(table.names, (wanted, wanted, bare), strict=True):
        found = {*names.get(words, ()), *names.get(_singular(words), ())}
        if found:
            return table.columns[found.pop()] if len(found) == 1 else None
    return None


def _singular(word: str) -> str:
    return word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")


def only_date(table: TypedTable) -> Column | None:
    """Return the column that says when each row took place; None where there are several dates.

    `in 2023` says nothing of a date of birth: the name of the column must be that of an event.
    """
    dates = [column for column in table.columns if column.is_date]
    return dates[0] if len(dates) == 1 and EVENT.search(fold_name(dates[0].title)) else None


def find_key(words: str, table: TypedTable) -> Column | None:
    """Return the column that numbers or names the things of words: `Invoice No` for `invoices`."""
    noun = _singular(words.strip().removeprefix("the "))
    found = (find_column(noun + suffix, table) for suffix in KEY_SUFFIXES)
    return next((one for one in found if one and one.kind in (CODE, TEXT)), None)


def is_row_noun(words: str, table: TypedTable) -> bool:
    """Is each row one of the things of words: `orders`, where rows have an `Order Date`, and count none?"""
    noun = _singular(words.strip().removeprefix("the "))
    numbers = [fold_name(one.title) for one in table.columns if one.is_number]
    is_counted = any(noun in one or re.search(r"\bcount\b|number of|anzahl", one) for one in numbers)
    return not is_counted and any(
        fold_name(one.title) == f"{noun} date" for one in table.columns if one.is_date
    )


def counts_rows(words: str, table: TypedTable) -> bool:
    """Do words such as `有多少人` ask for a number of rows, and not for one that a column has, as `人数`?"""
    counted = next((columns for asked, columns in COUNTING.items() if re.search(asked, words)), "")
    return not counted or not any(one.is_number and re.search(counted, one.title) for one in table.columns)


def find_group(words: str, table: TypedTable) -> tuple[str, str]:
    """Return the column that words group by, and which part of its dates; two empty texts for none."""
    if column := find_column(words, table):
        return column.name, ""
    for part, form in PARTS.items():
        found = re.fullmatch(form, words)
        dates = (found["column"] or "").strip() if found else ""
        column = find_column(dates, table) if dates else only_date(table) if found else None
        if column and column.is_date:
            return column.name, part
    return "", ""


def is_year(column: Column) -> bool:
    return bool(re.search(r"year|jahr|année|año|年(?![龄齡限])", column.title, re.IGNORECASE))
