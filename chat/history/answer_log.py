"""Turns as history keeps them: the question, the answer when it opens, as it grows, and as it ended.

Written through the recorder, beside the streams and in order for each conversation; read back only when
what was asked for is written. Knows no model and no page.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import orjson

from chat.errors import HistoryUnavailable, NotFound, TemporaryOver
from chat.generations.registry import Generation
from chat.history import Begun, Growth, History, Message, MessageFields, make_title
from chat.history.write_queue import BatchWriter, WriteQueue
from chat.turns.answer import Answer

if TYPE_CHECKING:
    from chat.cluster.mirrors import Mirror

IN_MEMORY = "sqlite:///:memory:"
TEMPORARY = "temporary-"
UNTIL_STOPPED = "Conversations are kept only until the server stops."


class Records:
    """Two histories: the kept one, and one in memory for what is temporary, or when the disk fails."""

    def __init__(self, url: str, *, is_shared: bool = False) -> None:
        """is_shared: other replicas read it, and a start waits until its question is there."""
        self.kept = History(url)
        self.temporary = History(IN_MEMORY)
        self.recorder = WriteQueue(pause=0) if is_shared else WriteQueue()
        self._batches = {store: BatchWriter(store.write_turns) for store in (self.kept, self.temporary)}
        self.notice = ""  # a sentence for the page while the disk takes nothing
        self._strays: set[str] = set()  # conversations that the disk refused to go on with

    async def open(self) -> str:
        """Open both; returns what should be said about it, or nothing. A disk that fails is no failure."""
        await self.temporary.start()
        try:
            await self.kept.start()
        except HistoryUnavailable as error:
            await self.kept.aclose()
            self.kept = self.temporary
            return f"{error} {UNTIL_STOPPED}"
        return self.kept.notice

    async def aclose(self) -> None:
        """Write what is still to be written, then close both."""
        await self.recorder.aclose()
        for history in {self.kept, self.temporary}:
            await history.aclose()

    def store(self, conversation_id: str) -> History:
        """Return where a conversation is kept."""
        is_in_memory = conversation_id.startswith(TEMPORARY) or conversation_id in self._strays
        return self.temporary if is_in_memory else self.kept

    async def branch(self, conversation_id: str, owner: str) -> Sequence[Message]:
        """Return the shown branch, root first, with all that was asked to be written. Raises NotFound."""
        await self.recorder.settle(conversation_id)
        try:
            return await self.store(conversation_id).branch(conversation_id, owner)
        except NotFound:
            if conversation_id.startswith(TEMPORARY):
                raise TemporaryOver("This temporary conversation is over: no server keeps it.") from None
            raise

    async def message(self, message_id: str, owner: str) -> Message:
        """Return a message of either history, with all that was asked to be written. Raises NotFound."""
        await self.recorder.settle_all()
        try:
            return await self.kept.message(message_id, owner)
        except NotFound:
            return await self.temporary.message(message_id, owner)

    async def delete_conversation(self, conversation_id: str, owner: str) -> tuple[str, ...]:
        """Delete it wherever it is, once all of it is written; return its files. Raises NotFound."""
        await self.recorder.settle(conversation_id)
        if conversation_id in self._strays:
            with contextlib.suppress(NotFound):
                await self.kept.delete_conversation(conversation_id, owner)
        return await self.store(conversation_id).delete_conversation(conversation_id, owner)

    def begin_turn(self, question: Message, answer: Answer, owner: str, is_first: bool) -> None:
        """Write a question and that its answer has begun, and the conversation that they begin.

        The answer is a row that a killed process leaves, to be continued.
        """
        self._later(question.conversation_id, self._begin_turn, question, answer, owner, is_first)

    def open_answer(self, answer: Answer, question_id: str, owner: str) -> None:
        """Write that an answer to a question that is there has begun, or goes on."""
        self._later(answer.conversation_id, self._open_answer, answer, question_id, owner)

    def save_progress(self, generation: Generation, answer: Answer) -> None:
        """Write what there is of an answer that is still growing."""
        self._later(answer.conversation_id, self._save_progress, generation, answer)

    def end_answer(self, generation: Generation, answer: Answer) -> None:
        """Write an answer as it ended."""
        self._later(answer.conversation_id, self._end_answer, generation, answer)

    def end_sealed(self, mirror: Mirror) -> None:
        """Write all that came of an answer whose writer, another replica, is dead."""
        self._later(mirror.about.conversation_id, self._end_sealed, mirror)

    async def retitle(self, conversation_id: str, owner: str, question: str, title: str) -> None:
        """Put a title in the place of the one made from the question's first words."""
        await self.recorder.settle(conversation_id)
        if title:
            await self.store(conversation_id).rename(
                conversation_id, owner, title, instead_of=make_title(question)
            )

    def _later(self, key: str, work: Callable[..., Awaitable[None]], *values: object) -> None:
        self.recorder.later(key, partial(work, *values))

    async def _keep(
        self, conversation_id: str, owner: str, write: Callable[[History], Awaitable[object]]
    ) -> None:
        """Write to where the conversation is kept; to memory, and from then on, where the disk refuses."""
        store = self.store(conversation_id)
        try:
            await write(store)
            if store is self.kept:
                self.notice = ""
        except HistoryUnavailable as error:
            if store is self.temporary:
                raise
            self.notice = f"{error} {UNTIL_STOPPED}"
            await self._move_to_memory(conversation_id, owner)
            await write(self.temporary)
            raise  # the owner is to know: it is logged

    async def _move_to_memory(self, conversation_id: str, owner: str) -> None:
        """Copy what is there of a conversation, so that it goes on until the server stops."""
        branch: Sequence[Message] = ()
        with contextlib.suppress(NotFound, HistoryUnavailable):
            branch = await self.kept.branch(conversation_id, owner)
        self._strays.add(conversation_id)
        await self.temporary.create_conversation(owner, id=conversation_id)
        for message in branch:
            await self.temporary.add_message(
                conversation_id,
                owner,
                message.role,
                parent_id=message.parent_id,
                id=message.id,
                attachment_ids=message.attachment_ids,
                **cast(
                    MessageFields, {name: getattr(message, name) for name in MessageFields.__annotations__}
                ),
            )

    async def _begin_turn(self, question: Message, answer: Answer, owner: str, is_first: bool) -> None:
        opened = Message(
            answer.message_id,
            question.conversation_id,
            question.id,
            "assistant",
            datetime.now(UTC),
            **_open_fields(answer),
        )

        asked = dataclasses.replace(question, finish_reason="stop")

        async def write(store: History) -> None:
            is_new = is_first and question.conversation_id not in self._strays
            await self._batches[store].add(Begun(owner, asked, opened, is_new))

        await self._keep(question.conversation_id, owner, write)

    async def _open_answer(self, answer: Answer, question_id: str, owner: str) -> None:
        id, conversation_id, fields = answer.message_id, answer.conversation_id, _open_fields(answer)

        async def write(store: History) -> None:
            if answer.task.begun:
                await store.update_message(id, owner, **fields)
            else:
                await store.add_message(
                    conversation_id, owner, "assistant", parent_id=question_id, id=id, **fields
                )

        await self._keep(conversation_id, owner, write)

    async def _save_progress(self, generation: Generation, answer: Answer) -> None:
        text, reasoning = answer.whole(generation.text, generation.reasoning)
        await self._update(generation, answer, {"text": text, "reasoning": reasoning})

    async def _end_answer(self, generation: Generation, answer: Answer) -> None:
        before = answer.whole("", "")
        fields: MessageFields = {
            **read_ending(generation, before),
            "receipt": answer.brief.receipt.to_json(),
            "usage": answer.usage,
            "timings": dict(answer.timings()),
            "prompt": answer.brief.messages(),
        }
        await self._update(generation, answer, fields)

    async def _end_sealed(self, mirror: Mirror) -> None:
        about = mirror.about
        ending = read_ending(mirror, (about.text, about.reasoning))
        with contextlib.suppress(NotFound):  # the writer was alive, and has written its own ending
            await self.kept.end_answer(Growth(about.owner, about.message_id, mirror.id, ending))

    async def _update(self, generation: Generation, answer: Answer, fields: MessageFields) -> None:
        growth = Growth(generation.owner, answer.message_id, generation.id, fields)

        async def write(store: History) -> None:
            await self._batches[store].add(growth)

        await self._keep(answer.conversation_id, generation.owner, write)


def _open_fields(answer: Answer) -> MessageFields:
    return {
        "generation_id": answer.generation_id,
        "model": answer.task.model.name,
        "receipt": answer.brief.receipt.to_json(),
        "finish_reason": None,
        "error": None,
    }


def is_unfinished(message: Message) -> bool:
    """Is this an answer without an ending: being written, or left by a process that is gone?"""
    return message.role == "assistant" and message.finish_reason is None


def read_ending(generation: Generation, before: tuple[str, str]) -> MessageFields:
    """Return what the log of an ended generation says of its message; `before`: what that had already."""
    cited = generation.find("citations")
    return {
        "text": before[0] + generation.text,
        "reasoning": before[1] + generation.reasoning,
        "finish_reason": generation.finish_reason,
        "error": orjson.loads(generation.events[-1].data).get("error"),
        "citations": orjson.loads(cited.data)["citations"] if cited else None,
    }


def end_as(message: Message, generation: Generation, before: tuple[str, str]) -> Message:
    """Return an answer that history has not got to the end yet, as its generation ended."""
    return dataclasses.replace(message, **cast(dict[str, Any], read_ending(generation, before)))


def interrupt(message: Message) -> Message:
    """Return an unfinished answer as one that nobody writes any more."""
    return dataclasses.replace(message, finish_reason="interrupted")


def cut_branch(branch: Sequence[Message], last_id: str | None) -> Sequence[Message]:
    """Return the branch up to a message; None: all of it; empty: nothing. Raises NotFound."""
    if last_id is None or last_id == "":
        return branch if last_id is None else ()
    ids = [message.id for message in branch]
    if last_id not in ids:
        raise NotFound("There is no such message on this branch of the conversation.")
    return branch[: ids.index(last_id) + 1]
