"""A query in words, from its parts: what it computes, for what, over which rows, in what order.

Column names are the file's own. A part that has no words of its own stands as SQL. Knows the JSON of
computations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chat.ui.texts import text

Json = Mapping[str, Any]
_COLUMN = r'(?P<column>[^\W\d]\w*|"(?:[^"]|"")+")'
_FUNCTIONS = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"count_star\(\)", "rows"),
        (rf"count\(DISTINCT {_COLUMN}\)", "distinct"),
        (rf"count\({_COLUMN}\)", "count"),
        *((rf"{function}\({_COLUMN}\)", function) for function in ("sum", "avg", "min", "max", "median")),
    )
)
_ROUNDED = re.compile(r"round\((?P<inner>.+), \d+\)")
_NAME = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")+"|[^\W\d]\w*""")
_CAST = re.compile(r"CAST\(('(?:[^']|'')*') AS (?:DATE|TIMESTAMP)\)")
_LOWER = re.compile(rf"(?:lower|upper)\({_COLUMN}\)")


def describe_query(computation: Json, titles: Mapping[str, str], language: str) -> Iterator[tuple[str, str]]:
    """Yield a name and the words of each part of a query; the tables alone where it has several steps."""
    places = [str(table["place"]) for table in computation.get("tables", ())]
    yield text(language, "computed.words.table"), ", ".join(places)
    outline = computation.get("outline") or {}
    for name in ("columns", "where", "groups", "having", "orders", "limit"):
        if said := _describe(name, outline.get(name), titles, language):
            yield text(language, f"computed.words.{name}"), said


def _describe(name: str, part: Any, titles: Mapping[str, str], language: str) -> str:
    comma = text(language, "computed.words.comma")
    if not part:
        return ""
    if name == "orders":
        return comma.join(_order(one, titles, language) for one in part)
    parts = [part] if isinstance(part, str) else part
    return comma.join(name_expression(str(one), titles, language) for one in parts)


def _order(order: Json, titles: Mapping[str, str], language: str) -> str:
    said = name_expression(str(order["by"]), titles, language)
    return text(language, "computed.words.descending", by=said) if order.get("descending") else said


def name_expression(expression: str, titles: Mapping[str, str], language: str) -> str:
    """Return an expression of SQL in words."""
    if found := _ROUNDED.fullmatch(expression):
        return name_expression(found["inner"], titles, language)
    for pattern, name in _FUNCTIONS:
        if found := pattern.fullmatch(expression):
            column = found.groupdict().get("column") or ""
            return text(language, f"computed.function.{name}", column=_title(column, titles))
    plain = _LOWER.sub(lambda found: found["column"], _CAST.sub(r"\1", expression))
    return _NAME.sub(lambda found: _title(found[0], titles) if found[0][0] != "'" else found[0], plain)


def _title(name: str, titles: Mapping[str, str]) -> str:
    """Return the file's own name of a column, or any other word as it is."""
    bare = name[1:-1].replace('""', '"') if name.startswith('"') else name
    return f"“{titles[bare]}”" if bare in titles else bare
