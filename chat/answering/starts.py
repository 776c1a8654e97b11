"""Starting an answer: counted against the limits, prepared, launched, published, and its row queued.

Everything that can be refused is refused before the generation exists.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

import anyio
import orjson

from chat.answering.inquiry import AnswerSources, Inquiry
from chat.answering.shown_branches import ShownBranches
from chat.cluster.peers import Peers
from chat.errors import InvalidRequest
from chat.generations.generation import Generation
from chat.generations.registry import Generations
from chat.history import Message
from chat.history.answer_log import AnswerLog
from chat.history.stores import TEMPORARY, Stores, cut_branch
from chat.ids import new_id
from chat.jobs.membership import Membership
from chat.settings import Settings
from chat.telemetry.metrics import Metrics
from chat.turns.answer import Answer
from chat.turns.turn import Options, Turn
from chat.visitors import Visitor

RECORD_SECONDS = 1.0  # longest wait of a start for a history that replicas share
RETRY_TEMPERATURE = 0.7  # the demo model decodes greedily: a retry would repeat the answer


@dataclass
class AnswerStarts:
    """answers: by generation, as long as those are kept."""

    settings: Settings
    stores: Stores
    branches: ShownBranches
    sources: AnswerSources
    generations: Generations
    peers: Peers
    membership: Membership
    answer_log: AnswerLog
    metrics: Metrics
    answers: WeakKeyDictionary[Generation, Answer] = field(default_factory=WeakKeyDictionary)
    _resuming: set[tuple[str, str]] = field(default_factory=set)

    async def start(self, turn: Turn, visitor: Visitor, generation_id: str) -> Generation:
        """Start answering a turn. Raises ChatError before anything is started."""
        if not turn.user_message.strip():
            raise InvalidRequest("The message is empty.", field="user_message")
        await self._admit(visitor)
        conversation_id = turn.conversation_id or (TEMPORARY if turn.is_temporary else "") + new_id()
        owner = visitor.owner
        branch: Sequence[Message] = ()
        is_first = not turn.conversation_id
        if not is_first:
            owner, branch = await self.branches.find(conversation_id, owner)
            branch = cut_branch(branch, turn.parent_id)
        files = await self.sources.attachments.of_turn(
            turn.file_ids, turn.file_content, visitor, self.stores.store(conversation_id)
        )
        if turn.file_ids and not is_first:  # a question that names a file is about it
            await self.sources.files.include(conversation_id, owner, turn.file_ids)
        question = Message(
            id=new_id(),
            conversation_id=conversation_id,
            parent_id=branch[-1].id if branch else None,
            role="user",
            created=datetime.now(UTC),
            text=turn.user_message,
            attachment_ids=files,
        )
        inquiry = Inquiry(
            question,
            branch,
            visitor,
            owner,
            turn.options,
            is_asked_now=True,
            is_first=is_first,
            wants_title=is_first and self._may_title(turn),
            generation_id=generation_id,
        )
        return await self._answer(inquiry)

    async def retry(self, message_id: str, visitor: Visitor, options: Options) -> Generation:
        """Answer the same question again: a sibling of the answer `message_id`."""
        await self._admit(visitor)
        owner = visitor.owner
        message = await self.stores.message(message_id, owner)
        question, branch = await self.branches.question_of(message, owner)
        if self.sources.models.is_demo and options.temperature is None:
            options = dataclasses.replace(options, temperature=RETRY_TEMPERATURE)
        return await self.opened(await self._answer(Inquiry(question, branch, visitor, owner, options)))

    async def resume(self, message_id: str, visitor: Visitor, owner: str, options: Options) -> Generation:
        """Continue a broken or stopped answer of this owner from its partial text; the same message grows."""
        key = (owner, message_id)
        if key in self._resuming:  # a second click: two answers would grow the same message
            raise InvalidRequest("This answer is still being written.")
        self._resuming.add(key)
        try:
            async with self.peers.continuing(message_id):
                return await self.opened(await self._resume_answer(message_id, visitor, owner, options))
        finally:
            self._resuming.discard(key)

    async def opened(self, generation: Generation) -> Generation:
        """Return a started generation once other replicas can find it and its question in the shared history.

        Cancelling this wait does not end the generation.
        """
        if self.peers.replica:
            with anyio.move_on_after(RECORD_SECONDS):
                await self.stores.queue.settle(conversation_of(generation))
        await self.peers.wait_until_open(generation)
        return generation

    async def _resume_answer(
        self, message_id: str, visitor: Visitor, owner: str, options: Options
    ) -> Generation:
        kept = await self.stores.message(message_id, owner)
        (message,) = await self.branches.mark_interrupted([kept], owner)
        if message.finish_reason is None:
            raise InvalidRequest("This answer is still being written.")
        await self._admit(visitor)
        question, branch = await self.branches.question_of(message, owner)
        return await self._answer(Inquiry(question, branch, visitor, owner, options, continued=message))

    async def _admit(self, visitor: Visitor) -> None:
        """Count a message against the visitor's limits. Raises Refused or Stopping."""
        with self.metrics.counting_refusals():
            self.generations.check(visitor)
            self.stores.check_room()
            await self.sources.quotas.admit(visitor)

    async def _answer(self, inquiry: Inquiry) -> Generation:
        """Start the generation that answers a question. Raises ChatError before anything is started."""
        task = await self.sources.collect(inquiry)
        answer = Answer(
            task,
            generation_id=inquiry.generation_id or new_id(),
            conversation_id=inquiry.question.conversation_id,
            message_id=inquiry.continued.id if inquiry.continued else new_id(),
        )
        await answer.prepare()
        with self.metrics.counting_refusals():
            answer.meter.reservation = await self.sources.quotas.reserve(
                inquiry.visitor, *await answer.estimate()
            )
        try:
            with self.metrics.counting_refusals():
                await self.membership.take_place(answer.generation_id, inquiry.visitor)
            return self._launch(inquiry, answer)
        except BaseException:
            self.membership.give_place_back(answer.generation_id)
            await answer.meter.settle()
            raise

    def _launch(self, inquiry: Inquiry, answer: Answer) -> Generation:
        """Start the generation, publish it to the other replicas, and queue its row in history."""
        owner = inquiry.owner
        generation = self.generations.start(
            answer.write(),
            owner=owner,
            visitor=inquiry.visitor,
            id=answer.generation_id,
            opening=[answer.opening()],
        )
        self.answers[generation] = answer
        self.peers.publish(generation, answer)
        if inquiry.is_asked_now:
            self.answer_log.begin(inquiry.question, answer.row(), owner, is_first=inquiry.is_first)
        else:
            self.answer_log.open(answer.row(), inquiry.question.id, owner)
        return generation

    def _may_title(self, turn: Turn) -> bool:
        is_plain = not (turn.is_temporary or self.sources.models.is_demo)
        return turn.wants_title and self.settings.titles == "model" and is_plain


def conversation_of(generation: Generation) -> str:
    """Return the conversation that a generation belongs to."""
    return str(orjson.loads(generation.events[0].data)["conversation_id"])
