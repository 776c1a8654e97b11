"""A question of a known form without a model: computed, streamed, kept and exported."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from chat.numbers.question_forms import read_question
from chat.numbers.typed_table import Column, TypedTable
from chat.turns.table_profile import suggest_questions
from chat.visitors import hash_secret
from tests.event_source import ServerSentEvent
from tests.routes import read, send_file, text_of
from tests.servers import RunningApp, run_routes

ROWS = "".join(f"{'NS'[n % 2]},{n}.5,2021-01-{n + 1:02}\n" for n in range(20))
SALES = f"Region,Amount,Day\n{ROWS}E,?,\n"


@pytest.fixture(scope="module", params=["auto", pytest.param("off", marks=pytest.mark.slow)])
async def app(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[RunningApp]:
    """Where scans are read, a file's document is replaced as its pages come; its tables stay."""
    folder = tmp_path_factory.mktemp("app")
    async with run_routes(folder, OPENAI_BASE_URL="none", OCR=request.param) as running:
        yield running


async def ask(app: RunningApp, question: str, data: str = SALES) -> list[ServerSentEvent]:
    async with httpx.AsyncClient(base_url=app.url, headers={"X-Visitor": "anna"}, timeout=60) as client:
        sent = await send_file(client, data.encode(), "sales.csv")
        assert sent.status_code == 201, sent.text
        return read(
            await client.get(
                "/ai/stream_chat", params={"user_message": question, "file_id": sent.json()["file_id"]}
            )
        )


def computation_of(events: list[ServerSentEvent]) -> dict[str, Any]:
    (event,) = [one for one in events if one.type == "computation"]
    found: dict[str, Any] = orjson.loads(event.data)["computation"]
    return found


async def test_a_total_by_group_is_computed_over_all_rows(app: RunningApp) -> None:
    events = await ask(app, "What is the total of Amount by Region?")
    found = computation_of(events)
    assert found["rows"] == [["S", 105.0], ["N", 95.0], ["E", None]]
    assert found["tables"] == [
        {
            "name": "sales",
            "place": "sales.csv",
            "rows": 21,
            "covered": 21,
            "left_out": {"header": 1},
            "remark": "",
            "empty": {"amount": 1},
            "untyped": {},
            "titles": {"amount": "Amount", "region": "Region"},
        }
    ]
    text = text_of(events)
    assert "Computed over 21 of 21 rows of sales.csv" in text
    assert "| S | 105 |" in text
    assert "SELECT" not in text  # the page shows the query of the event below the answer
    assert "1 of 21 rows have no value in Amount" in text
    cited = next(one for one in events if one.type == "citations")
    assert "not_found" not in cited.data


async def test_a_value_of_the_file_limits_the_rows(app: RunningApp) -> None:
    found = computation_of(await ask(app, "average of Amount for S"))
    assert found["rows"] == [[10.5]]
    assert [table["covered"] for table in found["tables"]] == [10]


async def test_the_first_of_several_is_computed_where_one_reading_fits(app: RunningApp) -> None:
    found = computation_of(await ask(app, "Which region has the highest total amount?"))
    assert found["rows"] == [["S", 105.0]]
    assert computation_of(await ask(app, "How many rows in January 2021?"))["rows"] == [[20]]
    events = await ask(app, "Which region has the highest amount?")  # of its rows, or in total?
    assert not [one for one in events if one.type == "computation"]


async def test_a_count_has_a_heading_in_the_language_of_the_question(app: RunningApp) -> None:
    assert "| Region | 行数 |" in text_of(await ask(app, "按Region统计行数"))


def test_questions_that_are_offered_are_computed_and_say_total_once() -> None:
    columns = (
        Column("place", "Place", "text", distinct=3),
        Column("total", "Total cost", "decimal", distinct=9),
    )
    table = TypedTable("a", "a.csv", "", "", columns, 9)
    assert suggest_questions(table, "en")[0] == "sum of Total cost by Place"
    assert all(read_question(one, [table]) for one in suggest_questions(table, "en"))


async def test_limits_on_several_columns_are_looked_up_in_the_file(app: RunningApp) -> None:
    found = computation_of(await ask(app, "total of Amount for S with amount over 10 in 2021"))
    assert found["rows"] == [[sum(n + 0.5 for n in range(11, 20, 2))]]
    assert [table["covered"] for table in found["tables"]] == [5]


@pytest.mark.parametrize("question", ["total of Amount for West", "What is the total of Amount in spring?"])
async def test_a_value_that_stands_nowhere_gives_rows_and_profile_and_no_figure(
    app: RunningApp, question: str
) -> None:
    events = await ask(app, question)
    assert not [one for one in events if one.type == "computation"]
    text = text_of(events)
    assert "Not computed:" in text
    assert "The table sales.csv has 21 rows and 3 columns" in text
    assert "- Amount (currency): 0.5 to 19.5, 1 without a value" in text
    assert "“total of Amount by Region”" in text
    cited = orjson.loads(next(one for one in events if one.type == "citations").data)["citations"]
    assert "not_found" not in [one["status"] for one in cited]


async def test_the_computation_is_in_the_export_of_the_history(app: RunningApp) -> None:
    events = await ask(app, "有多少行？")
    conversation = orjson.loads(next(one for one in events if one.type == "generation").data)
    id, owner = conversation["conversation_id"], hash_secret("anna")
    await app.engine.branch(id, owner)  # waits for what is still written
    exported = json.loads(await app.engine.history.export_json(id, owner))
    (receipt,) = [one["receipt"] for one in exported["messages"] if one.get("receipt")]
    assert receipt["computation"]["rows"] == [[21]]
