"""A conversation as a file: Markdown to read, JSON to keep and to read back, here or from ChatGPT's export.

A JSON file is one conversation or an array of them; each names its own format. They are parsed one by one,
so that a thread that reads a large file releases the interpreter in between. Sans-IO: text and values.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

from chat.errors import InvalidRequest
from chat.history.chatgpt_import import is_chatgpt, read_chatgpt
from chat.history.entities import (
    Conversation,
    LeftOut,
    Message,
    StoredFile,
    Transcript,
    make_title,
    now,
    read_time,
)
from chat.history.import_schema import check_document, check_field
from chat.ids import new_id
from chat.json_bounds import check_values

MESSAGES_MAX = 20_000  # of an imported conversation
FORMAT = "xiaojia.conversation"
VERSION = 1
IMPORT_BYTES_MAX = 64 * 1024 * 1024
IMPORT_VALUES_MAX = 1_000_000
DECODED_BYTES = 256 * 1024
DAMAGES = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)
ROLE_NAMES = {"user": "User", "assistant": "小加"}

Item = TypeVar("Item")

PLAIN_FIELDS = ("role", "text", "reasoning", "model", "finish_reason", "liked")
JSON_FIELDS = ("error", "receipt", "citations", "usage", "timings")


def write_markdown(
    conversation: Conversation,
    branch: Sequence[Message],
    attachments: Sequence[StoredFile],
    names: Mapping[str, str],
) -> str:
    """Return the texts verbatim, without the reasoning, which is not part of the answer."""
    file_names = {attachment.id: attachment.document.name for attachment in attachments}
    parts = [f"# {conversation.title or conversation.created.date().isoformat()}"]
    for message in branch:
        model = f" ({message.model})" if message.model else ""
        parts.append(f"## {names[message.role]}{model} · {message.created:%Y-%m-%d %H:%M} UTC")
        files = [file_names[id] for id in message.attachment_ids if id in file_names]
        if files:
            parts.append("\n".join(f"- 📎 {name}" for name in files))
        parts.append(message.text)
    return "\n\n".join(parts) + "\n"


def write_json(transcript: Transcript) -> str:
    """Return the transcript with numbers in place of ids: those of the database stay private."""
    conversation = transcript.conversation
    numbers = {message.id: number for number, message in enumerate(transcript.messages)}
    files = {attachment.id: number for number, attachment in enumerate(transcript.attachments)}
    value = {
        "format": FORMAT,
        "version": VERSION,
        "title": conversation.title,
        "pinned": conversation.pinned,
        "created": conversation.created.isoformat(),
        "updated": conversation.updated.isoformat(),
        "shown": numbers.get(conversation.leaf_id or ""),
        "messages": [_write_message(message, numbers, files) for message in transcript.messages],
        "attachments": [asdict(attachment.document) for attachment in transcript.attachments],
        "excluded": sorted(files[id] for id in transcript.excluded if id in files),
    }
    return json.dumps(value, ensure_ascii=False, indent=1)


def _write_message(message: Message, numbers: dict[str, int], files: dict[str, int]) -> dict[str, Any]:
    value: dict[str, Any] = {"parent": None if message.parent_id is None else numbers[message.parent_id]}
    value["created"] = message.created.isoformat()
    for name in PLAIN_FIELDS + JSON_FIELDS:
        if (field := getattr(message, name)) not in (None, ""):
            value[name] = field
    if sent := [files[id] for id in message.attachment_ids if id in files]:
        value["attachments"] = sent
    return value


def read_transcripts(data: bytes, owner: str) -> tuple[Transcript | LeftOut, ...]:
    """Return for each conversation of the file what it is, or why it cannot be imported, in their order.

    Raise InvalidRequest for a file that is something else.
    """
    read: list[Transcript | LeftOut] = []
    try:
        for number, value in enumerate(_iterate_json(_decode(data)), 1):
            read.append(_read_item(number, value, owner))
    except InvalidRequest:
        if not any(isinstance(one, Transcript) for one in read):
            raise
        read.append(LeftOut(len(read) + 1, "cut_off"))
    if not read:
        raise InvalidRequest("There is no conversation in the file.", fault="nothing")
    if all(isinstance(one, LeftOut) and one.reason == "foreign" for one in read):
        nothing = "This is neither an export of this chat nor ChatGPT's conversations.json."
        raise InvalidRequest(nothing, fault="foreign")
    return tuple(read)


def _read_item(number: int, value: Any, owner: str) -> Transcript | LeftOut:
    title = value.get("title") if isinstance(value, dict) else None
    left_out = partial(LeftOut, number, title=title if isinstance(title, str) else "")
    if isinstance(value, dict) and value.get("format") == FORMAT:
        read: Callable[[Any, str], Transcript] = _read_transcript
    elif isinstance(value, dict) and is_chatgpt(value):
        read = read_chatgpt
    else:
        return left_out("foreign")
    try:
        if read is _read_transcript and value["version"] > VERSION:
            return left_out("newer")
        transcript = read(value, owner)
    except InvalidRequest:
        return left_out("too_long")
    except DAMAGES:
        return left_out("damaged")
    return transcript if transcript.messages else left_out("empty")


def _decode(data: bytes) -> str:
    if len(data) > IMPORT_BYTES_MAX:
        megabytes = IMPORT_BYTES_MAX // 1024**2
        raise InvalidRequest(f"The file is larger than {megabytes} MB.", fault="too_large", limit=megabytes)
    if data.startswith(b"PK\x03\x04"):
        archive = "This is a ZIP archive: unpack it, and import the conversations.json in it."
        raise InvalidRequest(archive, fault="archive")
    try:
        check_values(data, IMPORT_VALUES_MAX)
    except InvalidRequest as error:
        raise InvalidRequest(str(error), fault="too_many", limit=IMPORT_VALUES_MAX) from None
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    # In pieces: one call would block every other thread until all of a large file is decoded.
    pieces = (data[at : at + DECODED_BYTES] for at in range(0, len(data), DECODED_BYTES))
    try:
        return "".join([*map(decoder.decode, pieces), decoder.decode(b"", True)])
    except UnicodeDecodeError:
        raise InvalidRequest("The file is not JSON in UTF-8.", fault="encoding") from None


def _iterate_json(text: str) -> Iterator[Any]:
    """Yield the value, or the items of an array, one parse each."""
    decode, at = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode, _skip(text, 0)
    is_array = text[at : at + 1] == "["
    at = _skip(text, at + 1) if is_array else at
    try:
        while not (is_array and text[at : at + 1] == "]"):
            value, at = decode(text, at)
            yield value
            at = _skip(text, at)
            if not is_array:
                break
            if text[at : at + 1] == ",":
                at = _skip(text, at + 1)
            elif text[at : at + 1] != "]":
                raise ValueError("neither , nor ]")
        if _skip(text, at + is_array) != len(text):
            raise ValueError("something after the end")
    except (ValueError, RecursionError):
        raise InvalidRequest("The file is not whole JSON: it may have been cut off.", fault="json") from None


def _skip(text: str, at: int) -> int:
    match = re.compile(r"[ \t\r\n]*").match(text, at)
    return match.end() if match else at


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _read_transcript(value: dict[str, Any], owner: str) -> Transcript:
    conversation_id = new_id()
    attachments = tuple(_read_attachment(item, owner) for item in value["attachments"])
    messages: list[Message] = []
    if len(value["messages"]) > MESSAGES_MAX:
        raise InvalidRequest(f"A conversation of the file has more than {MESSAGES_MAX:,} messages.")
    for item in value["messages"]:
        messages.append(_read_message(item, conversation_id, messages, attachments))
    shown = None if value["shown"] is None else _at(messages, value["shown"]).id
    title = _text(value["title"]) or next((make_title(message.text) for message in messages), "")
    conversation = Conversation(
        conversation_id,
        owner,
        title,
        value["pinned"] is True,
        read_time(value["created"]),
        read_time(value["updated"]),
        shown,
    )
    excluded = frozenset(_at(attachments, number).id for number in value.get("excluded", []))
    return Transcript(conversation, tuple(messages), attachments, excluded)


def _read_attachment(item: dict[str, Any], owner: str) -> StoredFile:
    time = now()
    return StoredFile(new_id(), owner, check_document(item), time, time)


def _read_message(
    item: dict[str, Any], conversation_id: str, earlier: list[Message], attachments: tuple[StoredFile, ...]
) -> Message:
    """Return a message. A parent stands before its children, which excludes cycles."""
    if item["role"] not in ROLE_NAMES:
        raise ValueError("role")
    parent_id = None if item["parent"] is None else _at(earlier, item["parent"]).id
    sent = tuple(_at(attachments, number).id for number in item.get("attachments", []))
    values: dict[str, Any] = {name: _text(item.get(name, "")) for name in ("text", "reasoning", "model")}
    values |= {name: check_field(name, item.get(name)) for name in (*JSON_FIELDS, "finish_reason", "liked")}
    return Message(
        new_id(),
        conversation_id,
        parent_id,
        item["role"],
        read_time(item["created"]),
        attachment_ids=sent,
        **values,
    )


def _at(items: Sequence[Item], number: object) -> Item:
    if not isinstance(number, int) or number < 0:
        raise TypeError("number")
    return items[number]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value
