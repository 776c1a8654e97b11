"""What is written down once an answer has ended: its record, its tokens, its trace, and in time its title.

Nobody waits for any of it. Knows no page and no route.
"""

from __future__ import annotations

import asyncio
from functools import partial

from chat.generations.registry import Generation
from chat.history.answer_log import AnswerLog
from chat.history.write_queue import WriteQueue
from chat.jobs.background import BackgroundJobs
from chat.limits.quotas import Quotas
from chat.telemetry.logs import write_turn
from chat.telemetry.metrics import Metrics
from chat.telemetry.traces import Traces
from chat.turns.answer import Answer

SHORT_CHARACTERS = 2_000  # are counted sooner than a thread is found for them


class Accounting:
    """logs_prompts: the owner asked for what is said to be in the log."""

    def __init__(
        self,
        answer_log: AnswerLog,
        queue: WriteQueue,
        chores: BackgroundJobs,
        allowances: Quotas,
        metrics: Metrics,
        traces: Traces,
        *,
        logs_prompts: bool,
    ) -> None:
        self._answer_log = answer_log
        self._queue = queue
        self._chores = chores
        self._allowances = allowances
        self._metrics = metrics
        self._traces = traces
        self._logs_prompts = logs_prompts

    def close(self, generation: Generation, answer: Answer) -> None:
        """Have all of an ended answer written down."""
        self._answer_log.end(generation, answer.row(), answer.ending_fields)
        if self._logs_prompts:
            write_turn(answer.task.question, generation.text)
        self._queue.later(f"tokens of {generation.id}", partial(self._account, generation, answer))
        if answer.task.wants_title and generation.finish_reason == "stop":
            self._chores.start(self._chores.write_title(generation, answer))

    async def _account(self, generation: Generation, answer: Answer) -> None:
        written = generation.text + generation.reasoning
        if len(written) < SHORT_CHARACTERS:
            tokens = answer.count_tokens(written)
        else:  # 0.4 µs a character, and at shutdown all end at once
            tokens = await asyncio.to_thread(answer.count_tokens, written)
        self._metrics.count_answer(generation, answer, tokens)
        self._traces.record(generation, answer, tokens)
        await self._allowances.spend(answer.task.visitor, tokens)
        self._queue.later(answer.conversation_id, answer.release)  # after what is recorded of it
