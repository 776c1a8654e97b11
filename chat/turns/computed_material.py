"""The result of a query as a text for the model that answers: what was computed, and over which rows.

Cells are the files' words: they stand between fences, as material. Knows no prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chat.grounding.computed_results import Computation
from chat.grounding.mark_writing import clean_name

CHARACTERS = 8_000  # of a result, at most
CELL_CHARACTERS = 200
RULE = (
    "The program has computed the following over all rows of the tables, not over the extract alone. Take"
    " the figures of the answer from it, unchanged; add nothing up again. Name what it does not cover."
)
FAILED = (
    "A query over all rows of the tables was tried for this question and failed: {error}\nSay so, and compute"
    " no total from the extract: rows are missing in it."
)


def write_result(computation: Computation, characters: int) -> str:
    """Return a computation as material of a prompt."""
    rows = [" | ".join(_cell(computation, value) for value in row) for row in computation.result.rows]
    head = " | ".join(one.name for one in computation.result.columns)
    kept, room = list[str](), min(characters, CHARACTERS) - len(head)
    for row in rows:
        room -= len(row) + 1
        if room < 0 and kept:
            break
        kept.append(row)
    body = "\n".join(("Query:", computation.sql, "", "Result:", head, *kept))
    fence = "~" * max([3, *map(len, re.findall("~+", body))]) + "~"
    return "\n".join([RULE, fence, *_covered(computation), body, fence, *_counts(computation, len(kept))])


def _cell(computation: Computation, value: str | int | float | bool | None) -> str:
    return " ".join(computation.show(value, "NULL").split())[:CELL_CHARACTERS]


def _covered(computation: Computation) -> Iterator[str]:
    for table in computation.tables:
        covered = computation.covered(table)
        yield f"Table {table.name} = {clean_name(table.place)}: {covered:,} of {table.rows:,} rows covered"
        for column in table.columns:
            if column.name in computation.result.named and column.empty:
                untyped = f", {column.untyped:,} of them not readable as {column.kind}"
                more = untyped if column.untyped else ""
                yield f"Column {column.name}: {column.empty:,} rows without a value{more}"
        if table.remark:
            yield f"Remark: {table.remark}"


def _counts(computation: Computation, kept: int) -> Iterator[str]:
    count, is_cut = len(computation.result.rows), computation.result.is_cut
    if kept < count or is_cut:
        yield f"The result has {'more than ' if is_cut else ''}{count:,} rows; the first {kept:,} stand here."
