"""Answers in history: opened with their question, checkpointed while they grow, ended.

All writes go through the queue of `Stores`, in order for each conversation. The row of an opened answer
survives a killed process, so that Continue can go on from it. Knows no model and no page.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import orjson

from chat.errors import NotFound
from chat.generations.generation import Generation
from chat.history import Begun, Growth, Message, MessageFields, Opened
from chat.history.stores import Stores


@dataclass(frozen=True)
class AnswerRow:
    """The row of an answer in history. before: text and reasoning when this generation started.

    is_continued: the message exists already and grows.
    """

    message_id: str
    conversation_id: str
    generation_id: str
    model: str = ""
    receipt: dict[str, Any] | None = None
    before: tuple[str, str] = ("", "")
    is_continued: bool = False


class AnswerLog:
    """Queues the writes of answers."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def begin(self, question: Message, answer: AnswerRow, owner: str, *, is_first: bool) -> None:
        """Queue a question with its opened answer. is_first: also the conversation that they begin."""
        self._stores.later(
            question.conversation_id, partial(self._begin, question, answer, owner, is_first=is_first)
        )

    def open(self, answer: AnswerRow, question_id: str, owner: str) -> None:
        """Queue an answer to a question that is stored: a new sibling, or a continued one."""
        self._stores.later(answer.conversation_id, partial(self._open, answer, question_id, owner))

    def checkpoint(self, generation: Generation, answer: AnswerRow) -> None:
        """Queue the text so far of an answer that is still growing."""
        self._stores.later(answer.conversation_id, partial(self._checkpoint, generation, answer))

    def end(self, generation: Generation, answer: AnswerRow, more: Callable[[], MessageFields]) -> None:
        """Queue the ending of an answer. more: fields that the log of its generation lacks."""
        self._stores.later(answer.conversation_id, partial(self._end, generation, answer, more))

    def end_sealed(self, generation: Generation, answer: AnswerRow, owner: str) -> None:
        """Queue the known text of an answer whose writer, another replica, is dead."""
        self._stores.later(answer.conversation_id, partial(self._end_sealed, generation, answer, owner))

    async def _begin(self, question: Message, answer: AnswerRow, owner: str, *, is_first: bool) -> None:
        ended = dataclasses.replace(question, finish_reason="stop")
        begun = Begun(owner, ended, _opened(answer, question.id), is_first)
        await self._stores.write(question.conversation_id, begun)

    async def _open(self, answer: AnswerRow, question_id: str, owner: str) -> None:
        opened = Opened(owner, _opened(answer, question_id), answer.is_continued)
        await self._stores.write(answer.conversation_id, opened)

    async def _checkpoint(self, generation: Generation, answer: AnswerRow) -> None:
        text, reasoning = answer.before[0] + generation.text, answer.before[1] + generation.reasoning
        await self._update(generation, answer, {"text": text, "reasoning": reasoning})

    async def _end(
        self, generation: Generation, answer: AnswerRow, more: Callable[[], MessageFields]
    ) -> None:
        await self._update(generation, answer, {**read_ending(generation, answer.before), **more()})

    async def _end_sealed(self, generation: Generation, answer: AnswerRow, owner: str) -> None:
        ending = Growth(owner, answer.message_id, generation.id, read_ending(generation, answer.before))

        async def write() -> None:
            with contextlib.suppress(NotFound):  # the writer was alive and has written its own ending
                await self._stores.kept.end_answer(ending)

        await self._stores.write_late(write)

    async def _update(self, generation: Generation, answer: AnswerRow, fields: MessageFields) -> None:
        growth = Growth(generation.owner, answer.message_id, generation.id, fields)
        await self._stores.write(answer.conversation_id, growth)


def _opened(answer: AnswerRow, question_id: str) -> Message:
    """Return an answer of which nothing is written yet."""
    return Message(
        answer.message_id,
        answer.conversation_id,
        question_id,
        "assistant",
        datetime.now(UTC),
        generation_id=answer.generation_id,
        model=answer.model,
        receipt=answer.receipt,
    )


def is_unfinished(message: Message) -> bool:
    """Return whether an answer has no ending: it is in progress, or its process is gone."""
    return message.role == "assistant" and message.finish_reason is None


def read_ending(generation: Generation, before: tuple[str, str]) -> MessageFields:
    """Return the fields of the message of an ended generation. before: earlier text and reasoning."""
    cited = generation.find("citations")
    return {
        "text": before[0] + generation.text,
        "reasoning": before[1] + generation.reasoning,
        "finish_reason": generation.finish_reason,
        "error": orjson.loads(generation.events[-1].data).get("error"),
        "citations": orjson.loads(cited.data)["citations"] if cited else None,
    }


def end_as(message: Message, generation: Generation, before: tuple[str, str]) -> Message:
    """Return a stored answer with the ending of its generation, which history lacks so far."""
    return dataclasses.replace(message, **cast(dict[str, Any], read_ending(generation, before)))


def interrupt(message: Message) -> Message:
    """Return an unfinished answer as interrupted: it has no writer any more."""
    return dataclasses.replace(message, finish_reason="interrupted")
