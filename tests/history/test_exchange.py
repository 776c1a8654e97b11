"""What is exported can be read, by people and by import; what others exported is read as far as it can be."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chat.documents.document import Document, Page, Problem
from chat.errors import InvalidRequest
from chat.history import Conversation, History
from chat.history.entities import Transcript
from chat.history.exchange import IMPORT_BYTES_MAX, MESSAGES_MAX, read_transcripts

pytest_plugins = ("tests.databases",)

ME, OTHER = "visitor-me", "visitor-other"
DOCUMENT = Document(
    "报告.pdf", "application/pdf", 9, "page", (Page("1", "第一页", "题"),), 2, (Problem("no_text", ("2",)),)
)

FILE = {
    "name": "报告.pdf",
    "unit": "page",
    "pages": 2,
    "pages_sent": 1,
    "characters": 3,
    "used": 3,
    "mode": "full",
}
RECEIPT: dict[str, Any] = {"budget": 9, "characters": 3, "files": [FILE], "of a newer version": [1]}


async def make_conversation(history: History) -> Conversation:
    """Return one with two branches, an attachment, and every field set somewhere."""
    conversation = await history.create_conversation(ME)
    file = await history.add_attachment(ME, DOCUMENT)
    text = "讲什么？\n\n```\n# no heading\n```"
    question = await history.add_message(
        conversation.id, ME, "user", parent_id=None, text=text, attachment_ids=[file.id]
    )
    answer = await history.add_message(
        conversation.id,
        ME,
        "assistant",
        parent_id=question.id,
        text="讲**加法**。",
        reasoning="想一想",
        model="m-1",
        finish_reason="stop",
        receipt=RECEIPT,
        citations=[{"status": "found", "text": "加法", "name": "报告.pdf", "page": "1"}],
        usage={"total_tokens": 5},
        timings={"total": 0.5},
    )
    await history.like(answer.id, ME, False)
    await history.add_message(
        conversation.id, ME, "assistant", parent_id=question.id, text="", error={"type": "timeout"}
    )
    await history.select_branch(answer.id, ME)
    await history.exclude_files(conversation.id, ME, [file.id])
    await history.pin(conversation.id, ME)
    return await history.conversation(conversation.id, ME)


async def shape(history: History, conversation: Conversation) -> dict[str, Any]:
    """Return everything about a conversation that does not hang on ids."""
    value: dict[str, Any] = json.loads(await history.export_json(conversation.id, conversation.owner))
    return value


async def test_an_exported_conversation_is_imported_with_all_its_branches_and_files(history: History) -> None:
    conversation = await make_conversation(history)
    exported = await history.export_json(conversation.id, ME)
    (imported,) = (await history.import_json(exported.encode(), OTHER)).added
    assert await shape(history, imported) == json.loads(exported)
    assert (imported.owner, imported.pinned, imported.title) == (OTHER, True, conversation.title)
    assert (imported.created, imported.updated) == (conversation.created, conversation.updated)
    question, answer = await history.branch(imported.id, OTHER)
    assert (await history.attachment(question.attachment_ids[0], OTHER)).document == DOCUMENT
    assert len(await history.siblings(answer.id, OTHER)) == 2
    assert await history.excluded_files(imported.id, OTHER) == set(question.attachment_ids)
    assert await history.conversations(OTHER, "加法") != ()


async def test_an_export_holds_no_id_of_the_database(history: History) -> None:
    conversation = await make_conversation(history)
    exported = await history.export_json(conversation.id, ME)
    branch = await history.branch(conversation.id, ME)
    for secret in (ME, conversation.id, *(one.id for one in branch), *branch[0].attachment_ids):
        assert secret not in exported


async def test_a_whole_history_is_exported_and_imported(history: History) -> None:
    for number in range(3):
        await make_conversation(history)
        await history.create_conversation(ME, f"empty {number}")
    exported = "".join([piece async for piece in history.export_all_json(ME)])
    assert len(json.loads(exported)) == 6
    report = await history.import_json(exported.encode("utf-8-sig"), OTHER)
    imported = report.added
    assert [one.reason for one in report.left_out] == ["empty"] * 3
    assert len(imported) == 3
    originals = [one for one in await history.conversations(ME) if one.pinned]
    assert [await shape(history, one) for one in imported] == [await shape(history, one) for one in originals]


async def test_the_shown_branch_is_exported_as_markdown_verbatim(history: History) -> None:
    conversation = await make_conversation(history)
    question, answer = await history.branch(conversation.id, ME)
    markdown = await history.export_markdown(conversation.id, ME, {"user": "我", "assistant": "小加"})
    assert markdown == (
        f"# 讲什么？\n\n## 我 · {question.created:%Y-%m-%d %H:%M} UTC\n\n- 📎 报告.pdf\n\n"
        "讲什么？\n\n```\n# no heading\n```\n\n"
        f"## 小加 (m-1) · {answer.created:%Y-%m-%d %H:%M} UTC\n\n讲**加法**。\n"
    )
    empty = await history.create_conversation(ME)
    assert await history.export_markdown(empty.id, ME) == f"# {empty.created:%Y-%m-%d}\n"


async def test_a_time_to_come_does_not_keep_a_conversation_on_top(history: History) -> None:
    conversation = await make_conversation(history)
    value = await shape(history, conversation) | {"updated": "9999-01-01T00:00:00+00:00", "pinned": False}
    (imported,) = (await history.import_json(json.dumps(value).encode(), OTHER)).added
    assert imported.updated <= datetime.now(UTC)


# --- what cannot be read ------------------------------------------------------------------------------------

MESSAGE: dict[str, Any] = {"parent": None, "role": "user", "created": "2026-01-01T00:00:00", "text": "?"}
GOOD: dict[str, Any] = {
    "format": "xiaojia.conversation",
    "version": 1,
    "title": "t",
    "pinned": False,
    "shown": 0,
    "created": "2026-01-01T00:00:00+00:00",
    "updated": "2026-01-01T00:00:00+00:00",
    "attachments": [],
    "messages": [MESSAGE],
}
ENDLESS = GOOD | {"messages": [MESSAGE | {"timings": {"total": 7.25}}]}  # the figure becomes 1e999
WHOLE = asdict(DOCUMENT)


def good(number: int) -> dict[str, Any]:
    """Return a conversation of its own: the others began at other times."""
    return GOOD | {"created": f"2026-01-01T00:{number:02}:00+00:00"}


DAMAGED: list[dict[str, Any]] = [
    {"title": 3},
    {"shown": 1},
    {"excluded": [0]},
    {"excluded": 0},
    {"shown": -1},
    {"created": "yesterday"},
    {"created": 1e30},
    {"messages": None},
    {"messages": [{}]},
    {"messages": [MESSAGE | {"role": "system"}]},
    {"messages": [MESSAGE | {"parent": 0}]},
    {"messages": [MESSAGE | {"parent": "0"}]},
    {"messages": [MESSAGE | {"text": ["?"]}]},
    {"messages": [MESSAGE | {"usage": "3"}]},
    # What the page could not show, each in a message or file that is whole otherwise.
    *(
        {"messages": [MESSAGE | damage]}
        for damage in (
            {"usage": {"total_tokens": "3"}},
            {"timings": {"total": "1"}},
            {"error": {"type": "timeout", "retry_after": "soon"}},
            {"error": {"type": "timeout", "details": [1]}},
            {"receipt": {"files": [7]}},
            {"receipt": RECEIPT | {"files": [{**FILE, "used": None}]}},
            {"receipt": RECEIPT | {"files": [{**FILE, "passages": [{"pages": [1], "start": 0, "end": 1}]}]}},
            {"citations": [{"text": "加法"}]},
            {"citations": ["加法"]},
            {"finish_reason": ["stop"]},
            {"liked": 1},
        )
    ),
    {"attachments": [WHOLE | {"name": {"a": 1}}]},
    {"attachments": [WHOLE | {"pages": [{"label": 1, "text": "x"}]}]},
    {"attachments": [WHOLE | {"pages": [{"label": "1", "text": ["x"]}]}]},
    {"attachments": [WHOLE | {"problems": [{"kind": "no_text", "pages": 3, "note": ""}]}]},
    {"messages": [MESSAGE | {"attachments": [0]}]},
    {"attachments": [{"name": "x"}]},
    {"attachments": ["x"]},
    {"version": "1"},
]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "not whole JSON"),
        (b"\xff\xfe{", "not JSON in UTF-8"),
        (b"hello", "not whole JSON"),
        (b"[]", "no conversation"),
        (b"{}", "neither an export"),
        (b"[1]", "neither an export"),
        (b'{"format": NaN}', "not whole JSON"),
        (b"[" * 100_000, "not whole JSON"),
        (b"[1, " + json.dumps(GOOD).encode()[:-9], "not whole JSON"),
        (b"PK\x03\x04...", "ZIP"),
        (b" " * (IMPORT_BYTES_MAX + 1), "larger than 64 MB"),
        (b"[" + b"[]," * 1_100_000, "more than 1,000,000 values"),
    ],
)
async def test_a_file_that_cannot_be_imported_is_refused_whole(
    data: bytes, sentence: str, tmp_path: Path
) -> None:
    history = History(f"sqlite:///{tmp_path}/history.sqlite3")
    with pytest.raises(InvalidRequest, match=sentence):
        await history.import_json(data, ME)
    assert await history.conversations(ME) == ()
    await history.aclose()


async def test_what_cannot_be_imported_of_a_file_is_named_and_the_rest_is_added(history: History) -> None:
    """Each bad conversation stands between two good ones, and the last bytes are missing."""
    bad: list[tuple[Any, str]] = [(GOOD | damage, "damaged") for damage in DAMAGED]
    bad += [(GOOD | {"messages": [], "shown": None}, "empty"), (GOOD | {"version": 2}, "newer")]
    bad += [({"format": "other"}, "foreign"), (7, "foreign"), (ENDLESS, "damaged")]
    bad += [(GOOD | {"messages": [0] * (MESSAGES_MAX + 1)}, "too_long")]
    values: list[Any] = [good(0)]
    for number, (value, _) in enumerate(bad, 1):
        values += [value, good(number)]
    data = json.dumps(values).encode()[:-1].replace(b"7.25", b"1e999") + b", {"
    imported = await history.import_json(data, ME)
    assert len(imported.added) == len(await history.conversations(ME, limit=200)) == len(bad) + 1
    reasons = [(one.number, one.reason) for one in imported.left_out]
    expected = [(2 * number, reason) for number, (_, reason) in enumerate(bad, 1)]
    assert reasons == [*expected, (len(values) + 1, "cut_off")]


async def test_nothing_is_imported_twice(history: History) -> None:
    """Not the same file, nor an export beside its original, renamed or grown; but what has come since."""
    conversation = await make_conversation(history)
    exported = json.loads(await history.export_json(conversation.id, ME))
    timeless = chatgpt(*SPOKEN, node("x", "2", "assistant", "\ud800答"), create_time=None)
    never = chatgpt(node("a", None, "user", "问"), create_time=None)
    data = json.dumps([exported, chatgpt(*SPOKEN), timeless, never, never]).encode()
    first = await history.import_json(data, ME)
    assert [(one.number, one.reason, one.title) for one in first.left_out] == [
        (1, "present", "讲什么？"),
        (5, "present", "A talk"),
    ]
    grown = first.added[0]
    await history.rename(grown.id, ME, "Renamed")
    await history.add_message(grown.id, ME, "user", parent_id=grown.leaf_id, text="more")
    again = await history.import_json(data, ME)
    assert (again.added, [one.reason for one in again.left_out]) == ((), ["present"] * 5)
    await history.delete_conversation(conversation.id, ME)
    assert len((await history.import_json(data, ME)).added) == 1
    assert len((await history.import_json(data, OTHER)).added) == 4
    longer = json.loads(await history.export_json(grown.id, ME))
    longer["messages"].append(longer["messages"][0] | {"text": "something new"})
    assert len((await history.import_json(json.dumps(longer).encode(), ME)).added) == 1


async def test_a_large_file_is_read_beside_the_event_loop(tmp_path: Path) -> None:
    history = History(f"sqlite:///{tmp_path}/history.sqlite3")
    await history.start()
    messages = {"messages": [MESSAGE | {"text": "字" * 20_000}] * 10}
    data = json.dumps([good(number) | messages for number in range(40)], ensure_ascii=False).encode()
    importing, turns = asyncio.create_task(history.import_json(data, ME)), 0
    while not importing.done():
        await asyncio.sleep(0)
        turns += 1
    assert len((await importing).added) == 40
    assert len(data) > 20_000_000
    assert turns > 1_000
    await history.aclose()


# --- ChatGPT ------------------------------------------------------------------------------------------------


def node(id: str, parent: str | None, role: str = "", text: object = "", **changes: Any) -> dict[str, Any]:
    """Return a node as the export has it. text: a string, or the whole content."""
    content = text if isinstance(text, dict) else {"content_type": "text", "parts": [text]}
    message = {
        "id": id,
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": float(id) if id.isdigit() else None,
        "content": content,
        "status": "finished_successfully",
        "recipient": "all",
        "metadata": {},
    } | changes
    return {"id": id, "parent": parent, "children": [], "message": message if role else None}


def chatgpt(*nodes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    mapping = {one["id"]: one for one in nodes}
    return {
        "title": "A talk",
        "create_time": 1_700_000_000.25,
        "update_time": 1_700_000_100.5,
        "mapping": mapping,
        "current_node": nodes[-1]["id"] if nodes else None,
    } | fields


def read_one(value: object) -> Transcript:
    (transcript,) = read_transcripts(json.dumps(value).encode(), ME)
    assert isinstance(transcript, Transcript)
    return transcript


def outline(transcript: Transcript) -> list[tuple[int | None, str, str]]:
    """Return (number of the parent, role, text) of each message."""
    numbers: dict[str | None, int] = {
        message.id: number for number, message in enumerate(transcript.messages)
    }
    return [(numbers.get(one.parent_id), one.role, one.text) for one in transcript.messages]


def shown_text(transcript: Transcript) -> str:
    return next(one.text for one in transcript.messages if one.id == transcript.conversation.leaf_id)


SPOKEN = (node("root", None), node("1", "root", "system"), node("2", "1", "user", "问"))


async def test_chatgpts_export_is_imported(history: History) -> None:
    value = chatgpt(*SPOKEN, node("3", "2", "assistant", "答", metadata={"model_slug": "gpt-4o"}))
    (imported,) = (await history.import_json(json.dumps([value]).encode(), ME)).added
    assert imported.title == "A talk"
    assert imported.created == datetime.fromtimestamp(1_700_000_000.25, UTC)
    assert imported.updated - imported.created == timedelta(seconds=100.25)
    question, answer = await history.branch(imported.id, ME)
    assert (question.text, answer.text, answer.model, answer.finish_reason) == ("问", "答", "gpt-4o", "stop")
    assert answer.created == datetime.fromtimestamp(3, UTC)
    assert [one.id for one in await history.conversations(ME, "答")] == [imported.id]


def test_chatgpts_branches_stay_and_the_one_it_showed_is_shown() -> None:
    value = chatgpt(
        *SPOKEN,
        node("3", "2", "assistant", "first answer"),
        node("4", "2", "assistant", "second answer"),
        node("5", "1", "user", "edited"),
        node("6", "5", "assistant", "third answer"),
        current_node="4",
    )
    transcript = read_one(value)
    assert outline(transcript) == [
        (None, "user", "问"),
        (0, "assistant", "first answer"),
        (0, "assistant", "second answer"),
        (None, "user", "edited"),
        (3, "assistant", "third answer"),
    ]
    assert shown_text(transcript) == "second answer"


def test_chatgpts_thoughts_become_the_reasoning_of_the_answer_after_them() -> None:
    thoughts = [{"summary": "short", "content": "long thought"}, {"summary": "only a summary", "content": ""}]
    value = chatgpt(
        *SPOKEN,
        node("3", "2", "assistant", {"content_type": "thoughts", "thoughts": thoughts}),
        node("4", "3", "assistant", {"content_type": "reasoning_recap", "content": "Thought for 5s"}),
        node("5", "4", "assistant", "答"),
    )
    transcript = read_one(value)
    assert outline(transcript) == [(None, "user", "问"), (0, "assistant", "答")]
    assert transcript.messages[1].reasoning == "long thought\n\nonly a summary"


def test_an_answer_that_tool_calls_part_is_one_message() -> None:
    value = chatgpt(
        *SPOKEN,
        node("3", "2", "assistant", "I search."),
        node("4", "3", "assistant", {"content_type": "code", "text": "search()"}, recipient="web"),
        node("5", "4", "tool", "results"),
        node("6", "5", "assistant", "hidden", metadata={"is_visually_hidden_from_conversation": True}),
        node("7", "6", "assistant", "Found\ue200cite\ue202turn0search1\ue201 it."),
        node("8", "5", "assistant", "Found nothing."),
        node("9", "7", "user", "thanks"),
    )
    transcript = read_one(value)
    assert outline(transcript) == [
        (None, "user", "问"),
        (0, "assistant", "I search.\n\nFound it."),
        (0, "assistant", "I search.\n\nFound nothing."),
        (1, "user", "thanks"),
    ]


def test_a_question_asked_right_after_a_begun_answer_keeps_it() -> None:
    value = chatgpt(
        *SPOKEN,
        node("3", "2", "assistant", "begun"),
        node("4", "3", "assistant", "ended"),
        node("5", "3", "user", "no"),
    )
    expected = [
        (None, "user", "问"),
        (0, "assistant", "begun"),
        (0, "assistant", "begun\n\nended"),
        (1, "user", "no"),
    ]
    assert outline(read_one(value)) == expected


def test_chatgpts_pictures_files_and_speech_leave_their_words() -> None:
    parts: list[object] = [
        {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"},
        {"content_type": "audio_transcription", "text": "说的话"},
        "写的字",
        None,
    ]
    content = {"content_type": "multimodal_text", "parts": parts}
    attached = {"attachments": [{"name": "a.pdf"}, {"id": "no name"}]}
    transcript = read_one(chatgpt(node("1", None, "user", content, metadata=attached)))
    assert outline(transcript) == [(None, "user", "📎 a.pdf\n\n说的话\n\n写的字")]


@pytest.mark.parametrize(
    "changes",
    [
        {"current_node": None},
        {"current_node": "missing"},
        {"current_node": 7},
        {"title": None, "create_time": None, "update_time": "soon"},
        {"create_time": 1e300, "update_time": -1e300},
    ],
)
def test_what_chatgpt_left_open_is_filled_in(changes: dict[str, Any]) -> None:
    transcript = read_one(chatgpt(*SPOKEN, node("3", "2", "assistant", "答")) | changes)
    assert outline(transcript) == [(None, "user", "问"), (0, "assistant", "答")]
    assert shown_text(transcript) == "答"
    assert transcript.conversation.title in ("A talk", "问")
    assert transcript.conversation.updated <= datetime.now(UTC)


def test_circles_orphans_and_nonsense_in_chatgpts_tree_do_no_harm() -> None:
    value = chatgpt(
        node("1", "2", "user", "a circle"),
        node("2", "1", "assistant", "of two"),
        node("3", "gone", "user", "orphan"),
        node("4", "4", "user", "its own parent"),
        {"id": "5", "parent": ["3"], "message": {"author": "x", "content": [], "metadata": 1}},
        node("6", "3", "assistant", {"content_type": "text", "parts": "no list"}),
        node("7", "3", "assistant", "answer", metadata={"finish_details": {"type": "max_tokens"}}),
    )
    value["mapping"]["8"] = None
    transcript = read_one(value)
    texts = [text for _, _, text in outline(transcript)]
    assert sorted(texts) == ["a circle", "answer", "its own parent", "of two", "orphan"]
    assert transcript.messages[-1].finish_reason == "length"
    seen: set[str] = set()
    for message in transcript.messages:
        assert message.parent_id is None or message.parent_id in seen
        seen.add(message.id)
