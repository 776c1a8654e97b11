"""Names that SQL takes as they are, made from the names that a file gives. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from chat.unicode_forms import normalize

LONGEST = 60
_WORDS = """
all analyse analyze and any array as asc asymmetric both by case cast check collate column
constraint create cross current_date current_time current_timestamp default deferrable desc describe
distinct do else end except false fetch for foreign from full grant group having in initially inner
intersect into is isnull join lambda lateral leading left like limit natural not notnull null offset
on only or order outer pivot placing primary qualify references returning right select semi show
similar some summarize symmetric table then to trailing true union unique unpivot using variadic
when where window with values positional anti asof glob ilike map
"""
RESERVED = frozenset(_WORDS.split())
_SIGNS = {"%": " percent ", "€": " eur ", "£": " gbp ", "$": " usd ", "¥": " cny ", "&": " and ", "№": " no "}


def sql_name(name: str, fallback: str) -> str:
    """Return a name of letters, digits and `_`, lower case, that is no word of SQL."""
    text = normalize("NFKC", name).casefold()
    text = "".join(_SIGNS.get(sign, sign) for sign in text)
    text = re.sub(r"[^\w]+", "_", text).strip("_")[:LONGEST].strip("_") or fallback
    if text[0].isdigit():
        text = f"c_{text}"
    return f"{text}_" if text in RESERVED else text


def unique(names: Iterable[str], taken: Sequence[str] = ()) -> list[str]:
    """Return the names, each once: the second `total` is `total_2`."""
    used, found = set(taken), list[str]()
    for name in names:
        one, number = name, 2
        while one in used:
            one, number = f"{name}_{number}", number + 1
        used.add(one)
        found.append(one)
    return found


def quoted(name: str) -> str:
    """Return a name between quotation marks, whatever it has in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
