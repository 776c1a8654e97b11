"""What the engine asks of the other replicas: their answers, and whether one is still being written.

Without REDIS_URL there are none, nothing of theirs is imported, and every question has its answer at once.
Knows no page, no model and no route.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING

from chat.errors import InvalidRequest, NotFound, Unreachable
from chat.generations.registry import Generation, Generations
from chat.history import Message
from chat.history.answer_log import end_as, interrupt, is_unfinished
from chat.ids import new_id
from chat.turns.answer import Answer

if TYPE_CHECKING:
    from chat.cluster.mirrors import Mirror
    from chat.cluster.replica import Replica

CONTINUING_SECONDS = 15.0  # that a second Continue of the same answer waits at most, on whatever replica


class Peers:
    """replica: this process among others; None: it is alone."""

    def __init__(self, redis_url: str, generations: Generations, on_sealed: Callable[[Mirror], None]) -> None:
        self.replica: Replica | None = None
        if redis_url:
            from chat.cluster.replica import Replica  # and with it Redis's client, where it is wanted

            self.replica = Replica(redis_url, generations.limits, generations.known, on_sealed)

    async def open(self) -> None:
        if self.replica:
            await self.replica.open()

    async def aclose(self) -> None:
        if self.replica:
            await self.replica.aclose()

    def publish(self, generation: Generation, answer: Answer) -> None:
        """Let the others follow an answer that begins here."""
        if self.replica:
            self.replica.publish(
                generation,
                conversation_id=answer.conversation_id,
                message_id=answer.message_id,
                begun=answer.whole("", ""),
            )

    async def wait_until_open(self, generation: Generation) -> None:
        """Return when the others can find it, or cannot soon. Who leaves here changes nothing."""
        if self.replica:
            await self.replica.wait_until_open(generation)

    async def find(self, generation_id: str, owner: str) -> Generation:
        """Return an answer that another replica writes. Raises NotFound, Unreachable."""
        if self.replica is None:
            raise NotFound("There is no such answer, or it is no longer kept.")
        return await self.replica.find(generation_id, owner)

    async def mark_interrupted(
        self, messages: Sequence[Message], is_here: Callable[[str], bool], owner: str
    ) -> Sequence[Message]:
        """Return them with what nobody writes any more named so; is_here: is it written by this process?"""
        told = list(messages)
        for at, message in enumerate(messages):
            if is_unfinished(message) and not is_here(message.generation_id or ""):
                told[at] = await self._look(message, owner)
        return told

    @contextlib.asynccontextmanager
    async def continuing(self, message_id: str) -> AsyncGenerator[None, None]:
        """Enter to continue an answer; InvalidRequest where another replica is about to."""
        if self.replica is None:
            yield
            return
        name, mine = f"continue:{message_id}", new_id()
        if await self.replica.claim(name, mine, CONTINUING_SECONDS) != mine:
            raise InvalidRequest("This answer is still being written.")
        try:
            yield
        finally:
            await self.replica.release(name)

    async def _look(self, message: Message, owner: str) -> Message:
        """Return an unfinished answer as it may have ended by now on another replica, if one writes it."""
        if self.replica is None:
            return interrupt(message)
        try:
            mirror = await self.replica.find(message.generation_id or "", owner)
        except NotFound:
            return interrupt(message)
        except Unreachable:  # for a moment it counts as being written: Continue would write it twice
            return interrupt(message) if self.replica.is_gone else message
        if mirror.is_finished:
            return end_as(message, mirror, (mirror.about.text, mirror.about.reasoning))
        return message
