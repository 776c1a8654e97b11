"""A conversation's title, written by the model after its first answer, once the model is idle."""

from __future__ import annotations

import asyncio
import contextlib

from chat.completions import Completions
from chat.errors import ChatError
from chat.generations.generation import Generation
from chat.generations.registry import Generations
from chat.history.stores import Stores
from chat.turns.answer import Answer
from chat.turns.titles import TITLE_TOKENS, write_title

TRIES, WAIT_SECONDS = 10, 1.0


async def title_conversation(
    generation: Generation, answer: Answer, generations: Generations, stores: Stores
) -> None:
    """Let the model write a title once no answer is running; a title that the user gave meanwhile stays.

    The tokens that were reserved for the title are given back, whatever comes of it.
    """
    try:
        for _ in range(TRIES):
            await asyncio.sleep(WAIT_SECONDS)
            if generations.running == 0 and answer.task.model.completions:
                with contextlib.suppress(ChatError):
                    title = await _write(generation, answer, answer.task.model.completions)
                    question = answer.task.question
                    await stores.retitle(answer.conversation_id, generation.owner, question, title)
                return
    finally:
        await answer.meter.settle()


async def _write(generation: Generation, answer: Answer, completions: Completions) -> str:
    task = answer.task
    longest = min(TITLE_TOKENS, task.options.max_tokens or TITLE_TOKENS)
    return await write_title(
        task.question, generation.text, task.model.name, completions, answer.meter, longest
    )
