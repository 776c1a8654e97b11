"""The engine's interface to the other replicas: their answers, and whether one is still in progress.

Without REDIS_URL there are no others, their code is not imported, and every call returns at once. Knows no
page, no model and no route.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from typing import TYPE_CHECKING

from chat.errors import HistoryUnavailable, InvalidRequest, NotFound, Unreachable
from chat.generations.generation import Generation
from chat.generations.registry import Generations
from chat.history import Message
from chat.history.answer_log import end_as, interrupt, is_unfinished
from chat.history.stores import NOT_WHOLE
from chat.ids import new_id
from chat.turns.answer import Answer

if TYPE_CHECKING:
    from chat.cluster.mirrors import Mirror
    from chat.cluster.replica import Replica

UNWRITTEN_SECONDS = 15.0  # that an announcement lasts; it is repeated more often
CONTINUING_SECONDS = 15.0  # that a claim of Continue lasts at most, over all replicas


async def check_redis(url: str, prefix: str) -> None:
    """Raise SettingError if Redis does not accept this process; nothing without a URL."""
    if url:
        from chat.cluster.redis_rights import check_rights  # imports the client of Redis

        await check_rights(url, prefix or "xiaojia")


class Peers:
    """replica: this process among the others; None: it is the only one."""

    def __init__(self, redis_url: str, generations: Generations, on_sealed: Callable[[Mirror], None]) -> None:
        self.replica: Replica | None = None
        if redis_url:
            from chat.cluster.replica import Replica  # imports the client of Redis

            self.replica = Replica(redis_url, generations.limits, generations.known, on_sealed)

    async def open(self, prefix: str) -> None:
        """Join the other processes with this prefix of names in Redis."""
        if self.replica:
            await self.replica.open(prefix)

    async def aclose(self) -> None:
        if self.replica:
            await self.replica.aclose()

    def publish(self, generation: Generation, answer: Answer) -> None:
        """Let the others follow an answer that starts here."""
        if self.replica:
            self.replica.publish(
                generation,
                conversation_id=answer.conversation_id,
                message_id=answer.message_id,
                begun=answer.whole("", ""),
            )

    async def wait_until_open(self, generation: Generation) -> None:
        """Return when the others can find it, or will not soon. Cancelling this wait has no effect on it."""
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
        """Return the messages, those without a writer as interrupted. is_here: is it written here?"""
        marked = list(messages)
        for at, message in enumerate(messages):
            if is_unfinished(message) and not is_here(message.generation_id or ""):
                marked[at] = await self._find_ending(message, owner)
        return marked

    @contextlib.asynccontextmanager
    async def continuing(self, message_id: str) -> AsyncGenerator[None, None]:
        """Claim the continuation of an answer. Raises InvalidRequest if another replica has claimed it."""
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

    async def share(self, name: str, value: str, seconds: float) -> str:
        """Return the value that all replicas have for a name: this one, where none has another."""
        return await self.replica.claim(name, value, seconds) if self.replica else value

    async def announce_unwritten(self, conversations: Collection[str], over: Collection[str]) -> None:
        """Let the others know which conversations have turns that only this process has."""
        if self.replica:
            names = [f"unwritten:{id}" for id in conversations]
            await self.replica.announce(names, [f"unwritten:{id}" for id in over], UNWRITTEN_SECONDS)

    async def check_written(self, conversation_id: str) -> None:
        """Raise HistoryUnavailable if another process has turns of a conversation that the database lacks."""
        if self.replica and await self.replica.is_announced(f"unwritten:{conversation_id}"):
            raise HistoryUnavailable(NOT_WHOLE)

    async def _find_ending(self, message: Message, owner: str) -> Message:
        """Return an unfinished answer with the ending that another replica may have written by now."""
        if self.replica is None:
            return interrupt(message)
        try:
            mirror = await self.replica.find(message.generation_id or "", owner)
        except NotFound:
            return interrupt(message)
        except Unreachable:  # it counts as in progress for a while: Continue could write it twice
            return interrupt(message) if self.replica.is_gone else message
        if mirror.is_finished:
            return end_as(message, mirror, (mirror.about.text, mirror.about.reasoning))
        return message
