"""What was computed over a table, as HTML under an answer: the result, how it came about, rows behind it.

The script sorts the table, copies it and saves it (assets/page/computed.js). Knows the JSON of computations,
no file and no message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chat.grounding.computed_results import Computation
from chat.numbers.typed_table import ROW_COLUMN
from chat.ui.html import button, plain, tag
from chat.ui.query_description import describe_query
from chat.ui.result_chart import show_chart
from chat.ui.texts import has_text, text

Json = Mapping[str, Any]
GROWING_ROWS = 30  # of a result that is shown while the answer grows: it is sent with each piece
RESULTS = {  # how the columns of a result are called that a form of chat.numbers.form_sql has
    **{"sum_of_": "sum", "mean_of_": "avg", "minimum_of_": "min", "maximum_of_": "max"},
    **{"median_of_": "median", "distinct_": "distinct"},
}
SHOWN_COLUMNS = 40  # of the rows behind a figure


def show_computation(
    computation: Json,
    language: str,
    *,
    is_growing: bool = False,
    has_head: bool = True,
    has_result: bool = True,
) -> str:
    """Return the block; nothing where nothing was computed. has_*: what the answer's text does not say."""
    if not computation.get("columns"):
        return ""
    titles = _titles(computation)
    parts = [*(_heads(computation, language) if has_head else ())]
    if has_result:
        parts += _result(computation, titles, language, is_growing=is_growing)
    if not is_growing:
        parts += [_how(computation, titles, language), _behind(computation, titles, language)]
    if not any(parts):
        return ""
    return tag("section", *parts, cls="computation", aria_label=text(language, "computed.label"))


def _result(
    computation: Json, titles: Mapping[str, str], language: str, *, is_growing: bool
) -> Iterator[str]:
    """Yield the chart, the table, and what can be done with it."""
    columns, rows = computation["columns"], computation.get("rows", ())
    if is_growing:
        rows = rows[:GROWING_ROWS]
    names = [_name(str(one["name"]), titles, language) for one in columns]
    yield show_chart(columns, rows, names, language)
    yield _table(columns, rows, names, language)
    if not is_growing:
        yield _tools(computation, language)


def _heads(computation: Json, language: str) -> Iterator[str]:
    for table in computation.get("tables", ()):
        values = {name: table[name] for name in ("covered", "rows", "place")}
        yield tag("p", plain(text(language, "computed.over", **values)), cls="over")


def _titles(computation: Json) -> dict[str, str]:
    """Return the file's own names of columns, by their names in SQL."""
    return {
        str(name): str(title)
        for table in computation.get("tables", ())
        for name, title in (table.get("titles") or {}).items()
    }


def _name(name: str, titles: Mapping[str, str], language: str) -> str:
    if name == ROW_COLUMN:
        return text(language, "computed.row")
    for start, function in RESULTS.items():
        if name.startswith(start) and (column := titles.get(name.removeprefix(start))):
            return text(language, f"computed.function.{function}", column=column)
    if name == "rows" and name not in titles:
        return text(language, "computed.function.rows")
    return titles.get(name) or name.replace("_", " ")


def _table(
    columns: Sequence[Json], rows: Sequence[Sequence[Any]], names: Sequence[str], language: str
) -> str:
    label = text(language, "computed.sort")
    heads = [
        tag(
            "th",
            tag("button", plain(name), type="button", data_do="sort-table", data_lane="none", title=label),
            scope="col",
            data_kind=str(column.get("kind")),
        )
        for column, name in zip(columns, names, strict=True)
    ]
    body = [tag("tr", *map(_cell, row)) for row in rows]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body))
    return tag(
        "div", table, cls="result", tabindex="0", role="region", aria_label=text(language, "computed.table")
    )


def _cell(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    raw = int(value) if isinstance(value, float) and value.is_integer() else value if is_number else None
    return tag("td", plain(Computation.show(value, "")), cls="number" if is_number else None, data_value=raw)


def _tools(computation: Json, language: str) -> str:
    shown, count = len(computation.get("rows", ())), int(computation.get("row_count", 0))
    key = "computed.rows" if shown == count else "computed.rows.cut"
    said = text(language, key, shown=shown, count=count)
    copy = button("copy-table", text(language, "computed.copy"), lane="none", icon=False)
    save = button("save-table", text(language, "computed.save"), lane="none", icon=False)
    return tag("div", copy, save, tag("span", plain(said), cls="hint"), cls="tools")


def _how(computation: Json, titles: Mapping[str, str], language: str) -> str:
    """Return the query in words and in SQL, and what it does not cover."""
    words = [
        tag("dt", plain(name)) + tag("dd", plain(said))
        for name, said in describe_query(computation, titles, language)
    ]
    sql = str(computation.get("sql", ""))
    query = tag("pre", tag("code", plain(sql)), tabindex="0", aria_label="SQL") if sql else ""
    left = [tag("li", plain(line)) for line in _left_out(computation, titles, language)]
    if not (query or left):  # a description of a table, which is what there is to say of it
        return ""
    return tag(
        "details",
        tag("summary", plain(text(language, "computed.how"))),
        tag("dl", *words) if words else "",
        query,
        tag("ul", *left) if left else "",
        cls="how",
    )


def _left_out(computation: Json, titles: Mapping[str, str], language: str) -> Iterator[str]:
    """Yield why rows and cells do not count."""
    for table in computation.get("tables", ()):
        if count := table["rows"] - table["covered"]:
            yield text(language, "computed.left.conditions", count=count, place=table["place"])
        for name, count in (table.get("empty") or {}).items():
            yield text(language, "computed.left.empty", count=count, column=_name(name, titles, language))
        for name, count in (table.get("untyped") or {}).items():
            yield text(language, "computed.left.untyped", count=count, column=_name(name, titles, language))
        for role, count in (table.get("left_out") or {}).items():
            if has_text(f"computed.left.{role}"):
                yield text(language, f"computed.left.{role}", count=count)
        if table.get("remark"):
            yield text(language, "computed.left.remark", remark=table["remark"])


def _behind(computation: Json, titles: Mapping[str, str], language: str) -> str:
    """Return the first rows that the figures come from."""
    behind = computation.get("behind") or {}
    columns, rows = list(behind.get("columns", ()))[:SHOWN_COLUMNS], behind.get("rows", ())
    if not columns or not rows or not computation.get("sql"):
        return ""
    count = sum(int(table["covered"]) for table in computation.get("tables", ()))
    key = "computed.behind" if count == len(rows) else "computed.behind.first"
    names = [_name(str(one["name"]), titles, language) for one in columns]
    table = _table(columns, [row[:SHOWN_COLUMNS] for row in rows], names, language)
    summary = tag("summary", plain(text(language, key, shown=len(rows), count=count)))
    return tag("details", summary, table, cls="behind")
