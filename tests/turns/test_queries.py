"""A model that writes SQL over the tables of a file: by a tool call, in a fence, mended, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from chat.completions import Reply
from chat.numbers.typed_table import Column, TypedTable
from chat.turns.compute_decision import take_decision
from chat.turns.query_writing import NO_TABLE, read_query
from chat.turns.table_schema import describe_tables
from tests.event_source import ServerSentEvent
from tests.provider import USAGE, Call, Provider
from tests.routes import read, send_file, text_of
from tests.servers import RunningApp, run_routes

ROWS = "".join(f"{'NS'[n % 2]},{n}.5\n" for n in range(20))
SALES = f"Region,Amount\n{ROWS}E,?\n"
BY_REGION = "SELECT region, sum(amount) AS total FROM sales GROUP BY 1 ORDER BY 2 DESC NULLS LAST"
ANSWER = "South sold 105, North 95."


class Scripted:
    """A model: says whether to compute, then each of its queries, then the answer."""

    def __init__(self, *queries: str, decision: str = "compute: yes", takes_tools: bool = True) -> None:
        self._queries = list(queries)
        self._decision = decision
        self._takes_tools = takes_tools
        self.query_requests: list[dict[str, Any]] = []
        self.answered = ""  # the last message of the request for the answer

    async def __call__(self, call: Call) -> None:
        messages = call.body["messages"]
        if messages[0]["content"].startswith("Write one SQL query"):
            await self._query(call)
        elif "compute: no" in messages[-1]["content"]:
            await call.text(self._decision)
            await call.finish()
        else:
            self.answered = messages[-1]["content"]
            await call.text(ANSWER)
            await call.finish()

    async def _query(self, call: Call) -> None:
        self.query_requests.append(call.body)
        if "tools" in call.body and not self._takes_tools:
            return await call.reply(400, {"error": {"message": f"{call.model} does not support tools"}})
        sql = self._queries.pop(0)
        if "tools" not in call.body:
            await call.text(f"Here it is:\n\n```sql\n{sql}\n```")
            return await call.finish()
        arguments = orjson.dumps({"sql": sql}).decode()
        for piece in (arguments[:9], arguments[9:]):
            function = {"name": "run_sql", "arguments": piece}
            await call.chunk({"role": "assistant", "tool_calls": [{"index": 0, "function": function}]})
        await call.finish("tool_calls")


@pytest.fixture
async def app(provider: Provider, tmp_path: Path) -> AsyncIterator[RunningApp]:
    async with run_routes(tmp_path, OPENAI_BASE_URL=provider.url, OPENAI_API_KEY="sk-test") as running:
        yield running


Asking = Callable[..., Any]


@pytest.fixture
def ask(app: RunningApp, provider: Provider) -> Asking:
    async def ask(model: Scripted, question: str = "Sales by region?") -> list[ServerSentEvent]:
        provider.scripts["writer"] = model
        async with httpx.AsyncClient(base_url=app.url, timeout=60) as client:
            sent = await send_file(client, SALES.encode(), "sales.csv")
            asked = {"user_message": question, "file_id": sent.json()["file_id"], "model": "writer"}
            return read(await client.get("/ai/stream_chat", params=asked))

    return ask


def computations(events: list[ServerSentEvent]) -> list[dict[str, Any]]:
    return [orjson.loads(one.data)["computation"] for one in events if one.type == "computation"]


def receipt_of(events: list[ServerSentEvent]) -> dict[str, Any]:
    last: dict[str, Any] = orjson.loads([one for one in events if one.type == "receipt"][-1].data)["receipt"]
    return last


async def test_a_tool_call_is_run_and_its_result_is_in_the_prompt(ask: Asking, provider: Provider) -> None:
    model = Scripted(BY_REGION)
    events = await ask(model)
    (found,) = computations(events)
    assert (found["sql"], found["rows"]) == (BY_REGION, [["S", 105.0], ["N", 95.0], ["E", None]])
    assert "S | 105" in model.answered
    assert "21 of 21 rows covered" in model.answered
    assert text_of(events) == ANSWER
    (sent,) = model.query_requests
    assert "amount DOUBLE" in sent["messages"][0]["content"]
    assert "sales (sales.csv; 21 rows)" in sent["messages"][0]["content"]
    receipt = receipt_of(events)
    assert (receipt["search_tokens"], receipt["query_tokens"]) == (USAGE["total_tokens"],) * 2
    assert len(provider.chats) == 3


async def test_an_endpoint_that_refuses_tools_is_asked_for_a_fenced_query(
    ask: Asking, provider: Provider
) -> None:
    model = Scripted(BY_REGION, BY_REGION, takes_tools=False)
    for _ in range(2):
        assert computations(await ask(model))[0]["rows"][0] == ["S", 105.0]
    assert ["tools" in one for one in model.query_requests] == [True, False, False]  # remembered


async def test_an_error_goes_back_twice_at_most(ask: Asking) -> None:
    model = Scripted("SELECT sum(price) FROM sales", "DROP VIEW sales", BY_REGION)
    (found,) = computations(await ask(model))
    assert found["sql"] == BY_REGION
    errors = [one["messages"][-1]["content"] for one in model.query_requests[1:]]
    assert '"price" not found' in errors[0]
    assert "Exactly one SELECT" in errors[1]

    stubborn = Scripted(*["SELECT 42"] * 9)
    events = await ask(stubborn)
    assert not computations(events)
    assert len(stubborn.query_requests) == 3
    assert "The query reads no table." in stubborn.answered
    assert "not_computed" in receipt_of(events)["notes"]
    assert text_of(events) == ANSWER


async def test_a_question_about_words_goes_the_usual_way(ask: Asking) -> None:
    model = Scripted(decision="compute: no")
    events = await ask(model, "Who made the file?")
    assert (computations(events), model.query_requests) == ([], [])
    assert receipt_of(events)["search_tokens"] == USAGE["total_tokens"]

    unsure = Scripted("NONE", decision="I cannot tell.")
    assert computations(await ask(unsure, "How many words are in the title?")) == []
    assert len(unsure.query_requests) == 1  # by the words of the question


@pytest.mark.parametrize(
    ("text", "arguments", "sql"),
    [
        ("", '{"sql": "SELECT 1"}', "SELECT 1"),
        ("", '{"query": "SELECT 1"}', "SELECT 1"),
        ("", "SELECT 1", "SELECT 1"),
        ("", '{"sql": "NONE"}', NO_TABLE),
        ("```sql\nSELECT 1;\n```", "", "SELECT 1;"),
        ("First\n```sql\nSELECT 1\n```\nbetter:\n```\nwith t as (select 2) select * from t\n```", "",
         "with t as (select 2) select * from t"),
        ("```sql\nSELECT 1", "", "SELECT 1"),
        ("<think>```sql\nSELECT 0\n```</think>\nSELECT 1 FROM t", "", "SELECT 1 FROM t"),
        ('<tool_call>{"name": "run_sql", "arguments": {"sql": "SELECT \\"a b\\" FROM t"}}</tool_call>', "",
         'SELECT "a b" FROM t'),
        ("NONE.", "", NO_TABLE),
        ("I cannot.", "", ""),
        ("", "{}", ""),
    ],
)  # fmt: skip
def test_a_query_is_found_in_every_form_of_reply(text: str, arguments: str, sql: str) -> None:
    assert read_query(Reply(text, arguments)) == sql


@pytest.mark.parametrize(
    ("reply", "question", "decided"),
    [
        ("compute: yes\nnet sales, revenue", "Who?", (True, "net sales, revenue")),
        ("**Compute:** no", "how many?", (False, "")),
        ("compute：是\n销售额", "谁", (True, "销售额")),
        ("No.", "how many?", (False, "")),
        ("net sales", "各部门有多少人？", (True, "net sales")),
        ("", "What does the note say?", (False, "")),
    ],
)
def test_a_decision_is_read_or_taken_from_the_question(
    reply: str, question: str, decided: tuple[bool, str]
) -> None:
    computes, rest = take_decision(reply, question)
    assert (computes, rest.strip()) == decided


def test_a_schema_describes_what_the_question_names_within_its_characters() -> None:
    columns = tuple(
        Column(f"c{n}", f"Field {n}", "text", distinct=3, samples=("red", "green", "blue"))
        for n in range(300)
    )
    amount = Column("amount", "Amount (€)", "currency", low="1", high="9", empty=2)
    tables = [
        *(TypedTable(f"t{n}", f"f{n}.csv", "", "", columns, 10) for n in range(20)),
        TypedTable("sales", "sales.xlsx", "2024", "2024", (*columns, amount), 10),
    ]
    text = describe_tables("What is the total amount?", tables, 5_000)
    assert text.startswith("Table sales (sales.xlsx / 2024; 10 rows)")
    assert 'amount DOUBLE "Amount (€)": money; from 1 to 9; 2 NULL' in text
    assert "more columns" in text
    assert len(text) <= 5_000
    whole = describe_tables("colours", [TypedTable("t", "f.csv", "", "", columns[:1], 10)], 5_000)
    assert whole.endswith("c0 VARCHAR \"Field 0\": 'red', 'green', 'blue'")
