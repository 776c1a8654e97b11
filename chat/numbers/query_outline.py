"""A query as its parts, from DuckDB's own reading: what is computed, for what, over which rows.

Only of one SELECT from one table without others inside it; every other query is its own description. Runs in
the child alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]
MOST_PARTS, PART_CHARACTERS = 12, 300


def outline_query(node: Mapping[str, Any], write: Callable[[str], str]) -> Json:
    """Return the parts of a query as texts. write: DuckDB's `json_deserialize_sql`."""

    def written(expression: Any) -> str:
        if not expression:
            return ""
        bare = {**expression, "alias": ""}
        return write(json.dumps(_select(bare))).removeprefix("SELECT ").strip()[:PART_CHARACTERS]

    columns = [written(one) for one in node["select_list"][:MOST_PARTS]]
    names = [str(one.get("alias") or "") for one in node["select_list"][:MOST_PARTS]]
    modifiers = {one.get("type"): one for one in node.get("modifiers") or ()}
    orders = (modifiers.get("ORDER_MODIFIER") or {}).get("orders") or ()
    groups = [_resolve(written(one), columns, names) for one in node.get("group_expressions") or ()]
    return {
        "columns": columns,
        "where": _bare(written(node.get("where_clause"))),
        "groups": groups[:MOST_PARTS],
        "having": _bare(written(node.get("having"))),
        "orders": [
            {
                "by": _resolve(written(one["expression"]), columns, names),
                "descending": one.get("type") == "DESCENDING",
            }
            for one in orders[:MOST_PARTS]
        ],
        "limit": written((modifiers.get("LIMIT_MODIFIER") or {}).get("limit")),
    }


def _select(expression: Mapping[str, Any]) -> Json:
    """Return the tree of a SELECT of one expression."""
    empty = {"type": "EMPTY", "alias": "", "sample": None, "query_location": 0}
    node: Json = {
        "type": "SELECT_NODE",
        "modifiers": [],
        "cte_map": {"map": []},
        "select_list": [expression],
        "from_table": empty,
        "where_clause": None,
        "group_expressions": [],
        "group_sets": [],
        "aggregate_handling": "STANDARD_HANDLING",
        "having": None,
        "sample": None,
        "qualify": None,
    }
    return {"error": False, "statements": [{"node": node, "named_param_map": []}]}


def _resolve(text: str, columns: Sequence[str], names: Sequence[str]) -> str:
    """Return what `1` or a name of the result stands for."""
    if text.isdigit() and 0 < int(text) <= len(columns):
        return columns[int(text) - 1]
    return columns[names.index(text)] if text in names else text


def _bare(text: str) -> str:
    """Return a condition without the brackets around all of it."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if at == len(text) - 1 and text.startswith("(") else text
    return text
