"""What a model is asked before it answers: words to search for, whether to compute, and the query.

    one short request      search words where the files do not fit; with tables also whether they are computed
    beside it              the vector of the question, where the owner names a model for embeddings
    one to three requests  a SELECT over the tables; what was wrong with the last one goes back, twice at most

Each is metered like the answer, and none of their chunks is an event. Knows no generation.
"""

from __future__ import annotations

import asyncio
import dataclasses
from functools import partial

from chat.completions import Completions, Request
from chat.errors import ChatError, ProviderError, Refused
from chat.grounding.computed_results import Computation
from chat.numbers.query_result import NoResult
from chat.turns import compute_decision, query_writing, search_words
from chat.turns.context import Context
from chat.turns.meter import Meter
from chat.turns.models import Model
from chat.turns.query_writing import NO_TABLE, NOTHING_READ, TOOL

MOST_CORRECTIONS = 2
DECISION_SECONDS, QUERY_SECONDS = 15.0, 90.0  # that the answer waits for a decision, and for a query


class FirstRequests:
    """Those of one answer. Changes its context: search words, and the result of a query."""

    def __init__(self, context: Context, meter: Meter) -> None:
        self._context = context
        self._meter = meter

    async def are_wanted(self, model: Model) -> bool:
        """Are there files that are cut, or tables? The tiny demo model cannot be asked."""
        task = self._context.task
        if model.is_demo or task.begun or task.options.reads_whole:
            return False
        return bool(self._context.tables) or await self._wants_words(model) or await self._wants_near()

    def cost(self) -> int:
        """Return how many tokens they may take at most."""
        return search_words.COST + (
            compute_decision.COST + (1 + MOST_CORRECTIONS) * query_writing.COST if self._context.tables else 0
        )

    async def send(self, model: Model, completions: Completions) -> bool:
        """Send them and write the prompt again; tell whether it or its receipt has changed."""
        (terms, computes), is_near = await asyncio.gather(self._ask(model, completions), self._find_near())
        near_tokens = self._context.near_tokens
        asked = await self._meter.count()
        if computes:
            await self._compute(model, completions)
            self._context.query_tokens = await self._meter.count() - asked
        if terms or computes or is_near:
            await self._context.write(model, terms=terms, tokens=asked)
        elif self._context.tables or near_tokens:
            self._context.note_tokens(asked)
        return bool(terms or computes or self._context.tables or near_tokens)

    async def repeat(self, model: Model, sql: str) -> None:
        """Run the query of an answer that is continued, and write the prompt with its result."""
        found, error = await self._run(sql)
        self._context.set_result(found) if found else self._context.set_failure(error)
        await self._context.write(model)

    async def _wants_words(self, model: Model) -> bool:
        context = self._context
        return not context.task.words.is_slow(model.name) and await context.wants_words()

    async def _wants_near(self) -> bool:
        return self._context.task.measure is not None and await self._context.wants_words()

    async def _find_near(self) -> bool:
        return await self._wants_near() and await self._context.find_near()

    async def _ask(self, model: Model, completions: Completions) -> tuple[str, bool]:
        """Return search words, and whether the tables are computed."""
        context, task, words = self._context, self._context.task, ""
        if wants_words := await self._wants_words(model):
            words = await context.run(
                search_words.write_request, task.question, context.previous_question, context.indexes
            )
        content, seconds = words, search_words.SECONDS
        if context.tables:
            seconds = DECISION_SECONDS
            content = compute_decision.write_decision_request(
                task.question, context.previous_question, context.tables, words
            )
        reply = await task.words.write(
            content, model.name, completions, self._meter, task.visitor.api_key, seconds
        )
        computes = False
        if context.tables:
            computes, reply = compute_decision.take_decision(reply, task.question)
        return search_words.clean_words(reply) if wants_words else "", computes

    async def _compute(self, model: Model, completions: Completions) -> None:
        """Let the model write a query; keep its result, or why there is none."""
        context, task = self._context, self._context.task
        write = partial(query_writing.write_query_request, task.question, context.previous_question)
        content = await context.run(write, context.tables, model.window)
        request = Request(
            model.name,
            [{"role": "user", "content": content}],
            0.0,
            query_writing.TOKENS,
            tools=(TOOL,),
            api_key=task.visitor.api_key,
        )
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                await self._try_queries(request, completions)
        except TimeoutError:
            context.set_failure("The model did not write a query in time.")
        except (ProviderError, Refused) as error:
            context.set_failure(str(error))

    async def _try_queries(self, request: Request, completions: Completions) -> None:
        error, messages = "", list(request.messages)
        for _ in range(1 + MOST_CORRECTIONS):
            asked = dataclasses.replace(request, messages=messages)
            sql = query_writing.read_query(await self._meter.call(completions, asked))
            if sql == NO_TABLE:
                return
            found, error = await self._run(sql)
            if found:
                return self._context.set_result(found)
            messages = query_writing.correct(messages, sql, error)
        self._context.set_failure(error)

    async def _run(self, sql: str) -> tuple[Computation | None, str]:
        """Return the result of a query, or what is wrong with it."""
        computing = self._context.task.computing
        if not sql or computing is None:
            return None, NOTHING_READ
        try:
            return await computing.query(sql), ""
        except (NoResult, ChatError) as error:  # ChatError: the child has ended
            return None, str(error)
