"""Words that name a row's part in a table: a total, a part of the row above, a mean or extreme of the rows.

Pure functions over cells. Words between Chinese characters are often spread by spaces: `合 计`.
"""

from __future__ import annotations

import re

from chat.numbers.cell_grid import Row

LONGEST = 60  # characters of a cell with such a word
SPREAD = re.compile(r"(?<=[\u3040-\u9fff\uac00-\ud7af])\s+(?=[\u3040-\u9fff\uac00-\ud7af])")
TOTAL = re.compile(
    r"(?:\W*(?:grand[\s-]*|sub[\s-]*|sum\s+)?totals?(?:\s+(?:général|general|geral))?\b|(?:zwischen|gesamt)?summe\b"
    r"|(?:gesamt|insgesamt|zusammen|total[eg]?|totaux|ensemble|suma|razem|ogółem|celkem|összesen|toplam|totaal|somma"
    r"|i alt|yhteensä|σύνολο|итого|всего|разом|усього)\b|sous-total|subtotal"
    r"|\W*(?:总计|總計|総計|合计|合計|小计|小計|总和|總和|累计|累計|全部合计|总数|總數|総数|합계|총계|소계)|(?:[计計계]|sum)$)",
    re.IGNORECASE,
)
TOTAL_STARTS = (  # how such words begin, for DuckDB too
    r"total|totaux|sub-?total|sous-total|grand|sum|gesamt|insgesamt|zusammen|zwischensumme|ensemble|razem|ogółem"
    r"|celkem|toplam|итого|всего|разом|[总總総合小累](?:\s|　)*[计計]|합계|총계|소계"
)
PART = re.compile(
    r"\W*(?:其中|内：|内:|うち|of\s+which|thereof|including:|dar(?:unter|in)\b|davon\b|dont\b|de\s+los\s+cuales|di\s+cui\b"
    r"|dos\s+quais|waarvan\b|w\s+tym\b|z\s+toho\b|heraf\b|därav\b|в\s+том\s+числе|из\s+них)",
    re.IGNORECASE,
)
MEAN = re.compile(
    r"(?:mean|averages?|avg\.?|median|durchschnitt|mittelwert|mittel|moyenne|médiane|promedio|media|mediana|média"
    r"|gemiddelde|średnia|среднее|平均(?:值|数|數)?|均值|中位(?:数|數))",
    re.IGNORECASE,
)
CHANGE = re.compile(  # and nothing of what changed: `Change in stocks` is an item
    r"(?:(?:annual|percentage|per ?cent|%)\s+)?(?:change|growth|increase|decrease|difference|veränderung"
    r"|zunahme|évolution|variation|variación|variazione)"
    r"(?:[\W\d]|\b(?:in|from|to|on|over|the|previous|last|year|month|quarter|per|cent|percent|rate|gegenüber|zum"
    r"|vorjahr|prozent|en|sur)\b)*"
    r"|(?:同比|环比|環比|较上年|比上年|比上月)?(?:增长|增長|增减|增減|变化|變化|变动)(?:率|额|額|幅度?)?[\W\d年月]*",
    re.IGNORECASE,
)
LOWEST = re.compile(r"(?:min(?:imum|imo)?\.?|lowest|最小(?:值)?|最低(?:值)?)", re.IGNORECASE)
HIGHEST = re.compile(r"(?:max(?:imum|imo)?\.?|highest|最大(?:值)?|最高(?:值)?)", re.IGNORECASE)


def gathered(cell: str) -> str:
    """Return a cell without the spaces that spread its Chinese, Japanese or Korean words."""
    return cell if cell.isascii() else SPREAD.sub("", cell)


def names_total(cell: str) -> bool:
    """Does a cell begin with a word for a total?"""
    return len(cell) <= LONGEST and bool(TOTAL.match(gathered(cell)))


def is_total_word(cell: str) -> bool:
    """Is a cell a word for a total, and nothing else?"""
    return bool(TOTAL.fullmatch(gathered(cell).strip(" :：")))


def is_marked(row: Row) -> bool:
    """Has a row a word for a total in one of its cells?"""
    return any(names_total(cell) for cell in row if cell)


def has_total_word(row: Row) -> bool:
    """Has a row a word for a total anywhere in a short cell: `Portugal, total`?"""
    return any(TOTAL.search(gathered(cell)) for cell in row if cell and len(cell) <= LONGEST)


def names_part(label: str) -> bool:
    """Does the label of a row say that it is a part of the row above: `其中：市区`, `darunter Frauen`?"""
    return len(label) <= LONGEST and bool(PART.match(gathered(label)))


def is_summary_word(label: str) -> bool:
    """Is a label a word for a mean, an extreme or a change, and nothing else?"""
    return len(label) <= LONGEST and any(words.fullmatch(label) for words in (CHANGE, MEAN, LOWEST, HIGHEST))
