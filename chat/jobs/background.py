"""What is done without being asked: growing answers saved, unused files deleted, titles written.

Each is a task that ends with the engine. Knows no page and no route.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from weakref import WeakKeyDictionary

from chat.errors import ChatError, NotFound
from chat.files.attachments import Attachments
from chat.generations.registry import Generation, Generations
from chat.history.answer_log import AnswerLog
from chat.history.stores import Stores
from chat.turns.answer import Answer
from chat.turns.titles import TITLE_TOKENS, write_title

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 5.0
EXPIRY_SECONDS = 3600.0
FORGET_SECONDS = 60.0
TITLE_TRIES, TITLE_WAIT_SECONDS = 10, 1.0


class BackgroundJobs:
    """Owns the tasks that it starts."""

    def __init__(
        self, stores: Stores, answer_log: AnswerLog, attachments: Attachments, generations: Generations
    ) -> None:
        self._stores = stores
        self._answer_log = answer_log
        self._attachments = attachments
        self._generations = generations
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, chore: Coroutine[None, None, None]) -> None:
        """Do a chore beside everything else, until it or the engine ends."""
        task = asyncio.create_task(chore)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """End every chore."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def save_progress(self, answers: Mapping[Generation, Answer]) -> None:
        """Keep what is being written safe from a killed process, every few seconds."""
        saved: WeakKeyDictionary[Generation, int] = WeakKeyDictionary()
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            with _forgiven():
                for generation, answer in list(answers.items()):
                    if not generation.is_finished and saved.get(generation) != generation.last_id:
                        saved[generation] = generation.last_id
                        self._answer_log.checkpoint(generation, answer.row())

    async def expire_files(self, retention: float) -> None:
        """Delete files that nobody has used for `retention` seconds."""
        while True:
            before = datetime.now(UTC) - timedelta(seconds=retention)
            for store in self._stores.all:
                with _forgiven():
                    for id, owner in await store.expired_attachments(before):
                        await self._attachments.remove((id,))
                        with contextlib.suppress(NotFound):
                            await store.delete_attachment(id, owner)
            await asyncio.sleep(min(EXPIRY_SECONDS, retention))

    async def forget_generations(self) -> None:
        """Drop what is past its retention, also while nobody comes."""
        while True:
            await asyncio.sleep(FORGET_SECONDS)
            self._generations.forget()

    async def write_title(self, generation: Generation, answer: Answer) -> None:
        """Let the model write a title once it is idle; one that the user gave meanwhile stays."""
        model, question = answer.task.model, answer.task.question
        for _ in range(TITLE_TRIES):
            await asyncio.sleep(TITLE_WAIT_SECONDS)
            if self._generations.running == 0 and model.completions:
                with contextlib.suppress(ChatError):
                    longest = min(TITLE_TOKENS, answer.task.options.max_tokens or TITLE_TOKENS)
                    title = await write_title(
                        question, generation.text, model.name, model.completions, longest
                    )
                    await self._stores.retitle(answer.conversation_id, generation.owner, question, title)
                return


@contextlib.contextmanager
def _forgiven() -> Iterator[None]:
    """A chore that fails once is done again next time."""
    try:
        yield
    except ChatError as error:
        log.warning("a chore failed: %s", error)
    except Exception:
        log.exception("a chore failed")
