"""Accounting of an ended answer: its ending in history, its tokens, its metrics and trace, and its title.

No caller waits for any of it. Knows no page and no route.
"""

from __future__ import annotations

import logging
from functools import partial

from chat.generations.generation import Generation
from chat.generations.registry import Generations
from chat.history.answer_log import AnswerLog
from chat.history.stores import Stores
from chat.jobs.background_tasks import BackgroundTasks
from chat.jobs.conversation_titles import title_conversation
from chat.telemetry.logs import write_turn
from chat.telemetry.metrics import Metrics
from chat.telemetry.traces import Traces
from chat.turns.answer import Answer
from chat.turns.titles import TITLE_COST

log = logging.getLogger(__name__)


class Accounting:
    """logs_prompts: the owner's settings ask for questions and answers in the log."""

    def __init__(
        self,
        stores: Stores,
        answer_log: AnswerLog,
        tasks: BackgroundTasks,
        generations: Generations,
        metrics: Metrics,
        traces: Traces,
        *,
        logs_prompts: bool,
    ) -> None:
        self._stores = stores
        self._answer_log = answer_log
        self._tasks = tasks
        self._generations = generations
        self._metrics = metrics
        self._traces = traces
        self._logs_prompts = logs_prompts

    def close(self, generation: Generation, answer: Answer) -> None:
        """Queue everything that is recorded of an ended answer."""
        self._answer_log.end(generation, answer.row(), answer.ending_fields)
        if self._logs_prompts:
            write_turn(answer.task.question, generation.text)
        self._stores.queue.later(f"tokens of {generation.id}", partial(self._account, generation, answer))
        if _gets_title(generation, answer):
            self._tasks.start(title_conversation(generation, answer, self._generations, self._stores))

    async def _account(self, generation: Generation, answer: Answer) -> None:
        tokens = await answer.meter.settle(keep=TITLE_COST if _gets_title(generation, answer) else 0)
        try:
            self._metrics.count_answer(generation, answer, tokens)
            self._traces.record(generation, answer, tokens)
        except Exception:  # a label must not keep the release from its turn
            log.exception("metrics of %s", generation.id)
        self._stores.queue.later(answer.conversation_id, answer.release)  # after its last write


def _gets_title(generation: Generation, answer: Answer) -> bool:
    return answer.task.wants_title and generation.finish_reason == "stop"
