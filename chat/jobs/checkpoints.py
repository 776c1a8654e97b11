"""Growing answers are saved every few seconds, so that a killed process loses little of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from chat.generations.generation import Generation
from chat.history.answer_log import AnswerLog
from chat.jobs.background_tasks import logged_failures
from chat.turns.answer import Answer

CHECKPOINT_SECONDS = 5.0
PAUSE_SECONDS = 0.01  # between two answers: each copies its text in a step of its own


async def save_growing_answers(answer_log: AnswerLog, answers: Mapping[Generation, Answer]) -> None:
    """Queue a checkpoint of each answer that has grown since the last one; never returns."""
    saved: WeakKeyDictionary[Generation, int] = WeakKeyDictionary()
    while True:
        await asyncio.sleep(CHECKPOINT_SECONDS)
        with logged_failures("saving growing answers"):
            for generation, answer in list(answers.items()):
                if not generation.is_finished and saved.get(generation) != generation.last_id:
                    saved[generation] = generation.last_id
                    answer_log.checkpoint(generation, answer.row())
                    await asyncio.sleep(min(PAUSE_SECONDS, CHECKPOINT_SECONDS / 2 / len(answers)))
