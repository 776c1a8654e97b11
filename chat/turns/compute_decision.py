"""Does a question need its tables computed? One line of the short request that also writes search words.

Where the model does not say, words of the question decide. Knows no endpoint and no SQL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chat.numbers.typed_table import TypedTable
from chat.turns.search_words import LONGEST_BEFORE, LONGEST_QUESTION
from chat.turns.table_schema import outline_tables
from chat.turns.tokens import MESSAGE_TOKENS

OUTLINE_CHARACTERS = 2_000
_WHEN = (
    "`compute: yes` if the answer takes counting, adding, averaging, comparing, ranking, grouping or looking"
    " up rows of these tables, also beside other things; `compute: no` if it does not."
)
BESIDE_WORDS = "\n\nBefore that line write another one: " + _WHEN + " Tables:\n{tables}"
ALONE = "Tables are attached:\n{tables}\n\n{before}Question: {question}\n\nReply with one line: " + _WHEN
TOKENS = 200
# Each character of the largest prompt could be a token.
COST = TOKENS + len(ALONE) + OUTLINE_CHARACTERS + LONGEST_QUESTION + LONGEST_BEFORE + MESSAGE_TOKENS
_LINE = re.compile(
    r"[*_`\"]*comput\w*[*_`\"]*\s*[:：=]?[\s*_`\"]*(yes|true|no|false|是|否|不)[^\n]*", re.IGNORECASE
)
_BARE = re.compile(r"[\W_]*(yes|no|是|否)[\W_]*", re.IGNORECASE)
_YES = frozenset(("yes", "true", "是"))
_FIGURES = re.compile(
    r"\b(?:how (?:many|much|often)|number of|counts?|total|sum|average|mean|median|max\w*|min\w*|highest"
    r"|lowest|largest|smallest|biggest|most|least|fewest|more than|less than|top|bottom|rank\w*|percent\w*"
    r"|share|ratio|difference|compare|per|by|each|distinct|different|which \w+ (?:has|had|have)|trend"
    r"|growth|sort\w*"
    r"|wie viele?|wieviele?|summe|durchschnitt\w*|anzahl|höchste\w*|niedrigste\w*|anteil|je|pro|insgesamt"
    r"|combien|somme|moyenne|nombre|plus (?:grand|petit|élevé)\w*|part|cuánt\w+|suma|promedio|media|número)\b"
    r"|多少|几[个种行条名人家次天年月]|[总總]|合计|合計|平均|最[大小高低多少早晚新]"
    r"|占比|比例|百分|排名|排序|前\s*[\d一二三四五六七八九十]|各|每|统计|統計|数量|數量"
    r"|人数|人數|分别|分別|中位|求和|计算|計算|相差|差额|增长|比较|比較|哪[个些]",
    re.IGNORECASE,
)


def write_decision_request(
    question: str, before: str, tables: Sequence[TypedTable], words_request: str
) -> str:
    """Return the prompt. words_request: of the search words, where they are asked for too; else empty."""
    outline = outline_tables(tables, OUTLINE_CHARACTERS)
    if words_request:
        return words_request + BESIDE_WORDS.format(tables=outline)
    return ALONE.format(
        tables=outline,
        before=f"Question before: {before[:LONGEST_BEFORE]}\n" if before else "",
        question=question[:LONGEST_QUESTION],
    )


def take_decision(reply: str, question: str) -> tuple[bool, str]:
    """Return whether tables are computed, and the reply without the line that says so."""
    if found := _LINE.search(reply):
        return found[1].casefold() in _YES, reply[: found.start()] + reply[found.end() :]
    if found := _BARE.fullmatch(reply):
        return found[1].casefold() in _YES, ""
    return asks_figures(question), reply


def asks_figures(question: str) -> bool:
    """Do words of a question ask for a count, a sum, a comparison or the like?"""
    return bool(_FIGURES.search(question))
