"""Tables whose truth is known, as HTML: forty and more, in five languages, each kind ruled and unruled.

A truth is a set of triples: label of a row, header of a column (its rows joined), value.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WORDS = {
    "en": (
        "Revenue Costs Freight Interest Rent Wages Travel Research Insurance Taxes",
        "North South East West Total",
        "Operating expenses of the domestic business, before tax and extraordinary items",
    ),
    "de": (
        "Umsatz Kosten Fracht Zinsen Miete Löhne Reisen Forschung Versicherung Steuern",
        "Norden Süden Osten Westen Summe",
        "Betriebliche Aufwendungen des Inlandsgeschäfts vor Steuern und Sonderposten",
    ),
    "fr": (
        "Ventes Coûts Fret Intérêts Loyer Salaires Voyages Recherche Assurance Impôts",
        "Nord Sud Est Ouest Total",
        "Charges d'exploitation de l'activité nationale, avant impôts et éléments exceptionnels",
    ),
    "ru": (
        "Выручка Расходы Фрахт Проценты Аренда Зарплата Поездки Наука Страховка Налоги",
        "Север Юг Восток Запад Итого",
        "Операционные расходы внутреннего бизнеса до налогов и чрезвычайных статей",
    ),
    "zh": (
        "营业收入 营业成本 运输费用 利息支出 办公租金 职工薪酬 差旅费用 研发支出 保险费用 应交税金",
        "华北 华南 华东 西部 合计",
        "国内业务的经营费用，不包括税项以及非经常性损益项目的影响",
    ),
}
KINDS = ("plain", "empty", "wrapped", "spanned", "labels", "numbers", "long", "groups")
PAGE = """<!doctype html><html lang={language}><meta charset=utf-8><style>
@page {{size: A4; margin: 2cm}} body {{font: 10pt sans-serif}} table {{border-collapse: collapse}}
td, th {{padding: 2pt 8pt; text-align: left; vertical-align: top; max-width: 130pt}}
td + td {{text-align: right}} {rules}</style><p>{prose}</p>
<h3>{title}</h3>{table}<p>{prose}</p></html>"""
RULES = "td, th {border: 0.7pt solid #000}"

Triple = tuple[str, str, str]


@dataclass(frozen=True)
class MadeTable:
    """A page of HTML and the triples of its table."""

    name: str
    html: str
    is_ruled: bool
    triples: tuple[Triple, ...]


def make_tables() -> Iterator[MadeTable]:
    """Yield every kind of table in every language, ruled and unruled in turn."""
    for number, language in enumerate(WORDS):
        for at, kind in enumerate(KINDS):
            yield _make(language, kind, is_ruled=(number + at) % 2 == 0)


def _make(language: str, kind: str, *, is_ruled: bool) -> MadeTable:
    rng = random.Random(f"{language} {kind}")
    labels, columns, sentence = WORDS[language]
    rows, heads = labels.split(), columns.split()[:4]
    if kind == "long":
        rows = [f"{label} {number}" for number in range(1, 9) for label in rows]
    if kind == "wrapped":
        rows = [f"{sentence} ({label})" if at % 3 == 0 else label for at, label in enumerate(rows)]
    values = [[_value(rng, kind, language) for _ in heads] for _ in rows]
    body = [f"<tr>{_cells([label, *cells])}</tr>" for label, cells in zip(rows, values, strict=True)]
    head, names = f"<tr>{_heads(['', *heads])}</tr>", heads
    if kind == "spanned":
        head = "<tr><th rowspan=2><th colspan=2>2023<th colspan=2>2024</tr>" + f"<tr>{_heads(heads)}</tr>"
        names = [f"{2023 + at // 2} {name}" for at, name in enumerate(heads)]
    if kind == "labels":
        body = [
            f"<tr>{f'<td rowspan=2>{escape(rows[at])}' if at % 2 == 0 else ''}{_cells(values[at])}</tr>"
            for at in range(len(rows))
        ]
        rows = [rows[at - at % 2] for at in range(len(rows))]
    if kind == "groups":
        body[5:5] = [f"<tr><td colspan=5>{escape(sentence[:20])}</tr>"]
    triples = tuple(
        (label, name, value)
        for label, cells in zip(rows, values, strict=True)
        for name, value in zip(names, cells, strict=True)
        if value
    )
    table = f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"
    page = PAGE.format(
        language=language,
        rules=RULES if is_ruled else "",
        prose=escape((sentence + ". ") * 6),
        title=escape(f"{sentence[:24]} 2024"),
        table=table,
    )
    return MadeTable(f"{language}-{kind}-{'ruled' if is_ruled else 'unruled'}", page, is_ruled, triples)


def _value(rng: random.Random, kind: str, language: str) -> str:
    number = rng.randint(1, 99_999)
    if kind == "empty" and rng.random() < 0.35:
        return ""
    if kind == "numbers":
        text = f"{number:,}".replace(",", {"en": ",", "de": ".", "zh": ","}.get(language, "\u202f"))
        return rng.choice([text, f"({text})", f"-{text}", f"{number % 100}%", "-"])
    return str(number) if kind != "plain" else f"{number / 10:.1f}"


def _cells(cells: Sequence[str]) -> str:
    return "".join(f"<td>{escape(cell)}</td>" for cell in cells)


def _heads(cells: Sequence[str]) -> str:
    return "".join(f"<th>{escape(cell)}</th>" for cell in cells)
