"""ChatGPT's conversations.json -> transcripts. The format has no specification: unknown parts are ignored.

A conversation there is `mapping`, a tree of nodes by id, and `current_node`, the end of the shown branch.
Between a question and its answer are nodes that ChatGPT does not show (system, tool calls, their results,
hidden notes) and the "thoughts" before the answer. An answer with tool calls is several nodes there, one
here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from chat.errors import InvalidRequest
from chat.history.entities import Conversation, Message, Transcript, make_title, read_time
from chat.ids import new_id

FINISH_REASONS = {"stop": "stop", "max_tokens": "length", "interrupted": "cancelled"}
SOURCE_MARKS = re.compile("\ue200[^\ue201]*\ue201|[\ue200-\ue206]")  # of links that are not exported
JOINED_CHARACTERS_MAX = 200_000_000  # of all beginnings of answers that tool calls divide
UNKNOWN_TIME = datetime.fromtimestamp(0, UTC)
ANSWER_TYPES = ("text", "multimodal_text")


@dataclass(frozen=True)
class Place:
    """The last message at or above a node of the tree, and the thoughts since.

    continues: id of the message that is the beginning of this one, if tool calls divide the two.
    """

    message: Message | None = None
    thoughts: str = ""
    continues: str | None = None


def is_chatgpt(value: dict[str, Any]) -> bool:
    return isinstance(value.get("mapping"), dict)


def read_chatgpt(value: dict[str, Any], owner: str) -> Transcript:
    mapping = {id: node for id, node in value["mapping"].items() if isinstance(node, dict)}
    conversation_id, created = new_id(), _read_time(value.get("create_time"), _first_time(mapping))
    places = _read_places(mapping, conversation_id, created)
    messages = _finished_messages(places.values())
    title = " ".join(_text(value.get("title")).split())
    title = title or next((make_title(message.text) for message in messages), "")
    updated = _read_time(value.get("update_time"), created)
    leaf_id = _find_shown(places, messages, _text(value.get("current_node")))
    conversation = Conversation(conversation_id, owner, title, False, created, updated, leaf_id)
    return Transcript(conversation, messages)


def _first_time(mapping: dict[str, Any]) -> datetime:
    """Return the time of the first message; 1970 where none has a time.

    Never the time of the import: by its times a conversation is recognised when it is imported again.
    """
    return _read_time(min(filter(None, map(_seconds, mapping.values())), default=0.0), UNKNOWN_TIME)


def _find_shown(places: dict[str, Place], messages: tuple[Message, ...], node_id: str) -> str | None:
    shown = places.get(node_id, Place()).message
    kept = [message.id for message in messages]
    return shown.id if shown is not None and shown.id in kept else next(reversed(kept), None)


def _read_places(mapping: dict[str, Any], conversation_id: str, created: datetime) -> dict[str, Place]:
    places: dict[str, Place] = {}
    left = JOINED_CHARACTERS_MAX
    for id in _parents_first(mapping):
        node = mapping[id]
        above = places.get(str(node.get("parent")), Place())
        places[id] = place = _read_node(_dict(node.get("message")), above, conversation_id, created)
        left -= len(place.thoughts) + (len(place.message.text) if place.message else 0)
        if left < 0:
            raise InvalidRequest("A conversation of the file is too long to be read.")
    return places


def _parents_first(mapping: dict[str, Any]) -> Iterable[str]:
    """Yield the ids oldest first, yet never before their parents; a cycle is entered once and left."""
    placed: set[str] = set()
    for id in sorted(mapping, key=lambda id: _seconds(mapping[id])):
        path = []
        while id in mapping and id not in placed:
            placed.add(id)
            path.append(id)
            id = str(mapping[id].get("parent"))
        yield from reversed(path)


def _read_node(message: dict[str, Any], above: Place, conversation_id: str, created: datetime) -> Place:
    role: Any = _dict(message.get("author")).get("role")
    content, metadata = _dict(message.get("content")), _dict(message.get("metadata"))
    if role == "assistant" and content.get("content_type") == "thoughts":
        return replace(above, thoughts=_join(above.thoughts, _read_thoughts(content)))
    text = _read_text(content, metadata)
    is_hidden = bool(metadata.get("is_visually_hidden_from_conversation"))
    is_shown = role in ("user", "assistant") and message.get("recipient", "all") == "all"
    if is_hidden or not is_shown or not text:
        return above
    read = Message(
        new_id(),
        conversation_id,
        above.message.id if above.message else None,
        role,
        _read_time(message.get("create_time"), created),
        text=text,
    )
    return Place(read) if role == "user" else _read_answer(read, above, metadata)


def _read_answer(read: Message, above: Place, metadata: dict[str, Any]) -> Place:
    """Return the answer with the text before its tool calls, and with its thoughts."""
    reason = _text(_dict(metadata.get("finish_details")).get("type"))
    answer = replace(
        read,
        reasoning=above.thoughts,
        model=_text(metadata.get("model_slug")),
        finish_reason=FINISH_REASONS.get(reason, "stop"),
    )
    begun = above.message
    if begun is None or begun.role == "user":
        return Place(answer)
    whole = replace(
        answer,
        parent_id=begun.parent_id,
        created=begun.created,
        text=_join(begun.text, answer.text),
        reasoning=_join(begun.reasoning, answer.reasoning),
    )
    return Place(whole, continues=begun.id)


def _finished_messages(places: Collection[Place]) -> tuple[Message, ...]:
    """Return the messages without beginnings of answers, unless a question stands right under one."""
    found = {place.message.id: place.message for place in places if place.message is not None}
    begun = {place.continues for place in places} - {message.parent_id for message in found.values()}
    return tuple(message for id, message in found.items() if id not in begun)


def _read_text(content: dict[str, Any], metadata: dict[str, Any]) -> str:
    """Return the written and spoken parts, below the names of the files, whose content is not exported."""
    if content.get("content_type") not in ANSWER_TYPES:
        return ""
    parts = [_text(part) or _text(_dict(part).get("text")) for part in _list(content.get("parts"))]
    names = [_text(_dict(item).get("name")) for item in _list(metadata.get("attachments"))]
    files = "\n".join(f"📎 {name}" for name in names if name)
    return _join(files, SOURCE_MARKS.sub("", "\n\n".join(filter(None, parts))))


def _read_thoughts(content: dict[str, Any]) -> str:
    thoughts = [_dict(item) for item in _list(content.get("thoughts"))]
    return "\n\n".join(_text(item.get("content")) or _text(item.get("summary")) for item in thoughts)


def _join(before: str, after: str) -> str:
    return "\n\n".join(filter(None, (before, after)))


def _read_time(value: object, otherwise: datetime) -> datetime:
    try:
        return read_time(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return otherwise


def _seconds(node: dict[str, Any]) -> float:
    value = _dict(node.get("message")).get("create_time")
    return value if isinstance(value, int | float) else 0.0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
