"""A conversation's title, written by the model after its first answer, once the model is idle."""

from __future__ import annotations

import asyncio
import contextlib

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
    """Let the model write a title once no answer is running; a title that the user gave meanwhile stays."""
    model, question = answer.task.model, answer.task.question
    for _ in range(TRIES):
        await asyncio.sleep(WAIT_SECONDS)
        if generations.running == 0 and model.completions:
            with contextlib.suppress(ChatError):
                longest = min(TITLE_TOKENS, answer.task.options.max_tokens or TITLE_TOKENS)
                title = await write_title(question, generation.text, model.name, model.completions, longest)
                await stores.retitle(answer.conversation_id, generation.owner, question, title)
            return
