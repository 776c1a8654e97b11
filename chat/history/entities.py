"""The entities of history as values: a conversation, a message, a stored file. Knows no database.

The messages of a conversation are a tree: an edited question or a second answer is a sibling of the first.
The shown branch is the path from the root to `leaf_id`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict

from chat.documents.document import Document

TITLE_SEARCH_CHARACTERS = 2000
TITLE_COLUMNS_MAX = 40  # a full-width character takes two

Role = Literal["user", "assistant"]


@dataclass(frozen=True)
class Conversation:
    """leaf_id: the last message of the shown branch; None: nothing is shown.

    snippet, hit_id: only from a search with a hit in a message: the text around it, and its id.
    """

    id: str
    owner: str
    title: str
    pinned: bool
    created: datetime
    updated: datetime
    leaf_id: str | None = None
    snippet: str = ""
    hit_id: str | None = None


@dataclass(frozen=True)
class Message:
    """The question or the answer of a turn.

    finish_reason: None while it grows; then "stop", "length", "cancelled", "abandoned", "repetition",
    "error", "interrupted" or another reason of the provider. timings: seconds. prompt: the messages sent;
    only `History.message` reads it, because the prompts of a conversation grow with the square of its length.
    """

    id: str
    conversation_id: str
    parent_id: str | None
    role: Role
    created: datetime
    text: str = ""
    reasoning: str = ""
    model: str = ""
    attachment_ids: tuple[str, ...] = ()
    generation_id: str | None = None
    finish_reason: str | None = None
    error: dict[str, Any] | None = None
    receipt: dict[str, Any] | None = None
    citations: list[Any] | None = None
    usage: dict[str, Any] | None = None
    timings: dict[str, Any] | None = None
    liked: bool | None = None
    prompt: list[Any] | None = None


class MessageFields(TypedDict, total=False):
    """The fields of a message that are set while it grows and when it ends."""

    text: str
    reasoning: str
    model: str
    generation_id: str | None
    finish_reason: str | None
    error: dict[str, Any] | None
    receipt: dict[str, Any] | None
    citations: list[Any] | None
    usage: dict[str, Any] | None
    timings: dict[str, Any] | None
    prompt: list[Any] | None


@dataclass(frozen=True)
class Begun:
    """A question and its opened answer. is_first: they begin a conversation."""

    owner: str
    question: Message
    answer: Message
    is_first: bool


@dataclass(frozen=True)
class Opened:
    """An answer to a question that is stored: a new sibling, or a stored one that grows again."""

    owner: str
    answer: Message
    is_continued: bool = False


@dataclass(frozen=True)
class Growth:
    """New fields of an answer. writer: its generation; ignored if another one writes it by now."""

    owner: str
    message_id: str
    writer: str
    fields: MessageFields


Record = Begun | Opened | Growth  # a write of an answer


@dataclass(frozen=True)
class RequestClaim:
    """Which generation a request id starts. is_started: False until it has an answer in progress."""

    name: str
    generation_id: str
    created: datetime
    is_started: bool = False


@dataclass(frozen=True)
class StoredFile:
    """The text of an uploaded file. used: time of the last message with it, else of the upload."""

    id: str
    owner: str
    document: Document
    created: datetime
    used: datetime


@dataclass(frozen=True)
class Transcript:
    """A whole conversation: the messages of all branches, parents before children, and the files sent.

    excluded: ids of those that later questions are asked without.
    """

    conversation: Conversation
    messages: tuple[Message, ...]
    attachments: tuple[StoredFile, ...] = ()
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LeftOut:
    """A conversation of a file that was not imported. number: its place in the file, from 1.

    reason: `present` (it is here already), `damaged`, `too_long`, `newer` (a later version wrote it), `empty`
    (it has no message), `foreign` (neither of the two formats), or `cut_off`: from here on the file is no
    JSON.
    """

    number: int
    reason: str
    title: str = ""


@dataclass(frozen=True)
class Imported:
    """What an import did: the conversations that it added, and those of the file that it did not."""

    added: tuple[Conversation, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def now() -> datetime:
    return datetime.now(UTC)


def read_time(value: object) -> datetime:
    """Return an ISO time or seconds since 1970, at most now: a future time would stay on top for ever."""
    if isinstance(value, str):
        time = datetime.fromisoformat(value)
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
    elif isinstance(value, int | float):
        time = datetime.fromtimestamp(value, UTC)
    else:
        raise TypeError("time")
    return min(time.astimezone(UTC), now())


def make_title(text: str) -> str:
    """Return the first sentence of the first line with words, cut to TITLE_COLUMNS_MAX columns."""
    line = next(filter(None, map(_plain_line, text[:TITLE_SEARCH_CHARACTERS].splitlines())), "")
    sentence = re.match(r".{6,}?(?:[。！？]|[.!?](?=\s|$))", line)
    title = sentence[0] if sentence else line
    title = re.sub(r"[。.，,；;：:]+$", "", title)
    start = title[: TITLE_COLUMNS_MAX + 1]
    return title if sum(map(_width, start)) <= TITLE_COLUMNS_MAX else _cut(title)


def _plain_line(line: str) -> str:
    """Return a line without Markdown's block marks; empty for a code fence."""
    if line.lstrip().startswith(("```", "~~~")):
        return ""
    line = re.sub(r"^\s*(?:[#>]+|[-*+]|\d+[.)])\s+", "", line)
    return " ".join(re.sub(r"[*`\x00-\x1f\x7f]+", " " if "\t" in line else "", line).split())


def _width(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cut(text: str) -> str:
    """Cut to the width, between words if the script has spaces, and add an ellipsis."""
    kept, columns = "", 1
    for character in text:
        columns += _width(character)
        if columns > TITLE_COLUMNS_MAX:
            break
        kept += character
    words = kept.rpartition(" ")[0]
    is_inside_word = text[len(kept)].isascii() and text[len(kept)] != " " and kept[-1].isascii()
    if is_inside_word and len(words) > len(kept) // 2:
        kept = words
    return kept.rstrip(" ，,、。") + "…"
