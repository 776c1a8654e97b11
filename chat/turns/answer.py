"""One answer being written: a question with its files and its talk -> the events of a generation.

    prepare: the brief is written                            (before a generation exists: errors are raised)
    write:   the model's chunks, then the citations, the end (after: errors are events)

Knows completions and briefs, but no generation's readers, no database and no route.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from chat.completions import Chunk, Completions, Request
from chat.errors import ContextOverflow, ProviderError
from chat.files.page_views import find_claim
from chat.generations.events import Event, read_text, to_json
from chat.grounding.selection import Selection
from chat.history import MessageFields
from chat.history.answer_log import AnswerRow
from chat.turns import map_reduce, quotes, titles
from chat.turns.connecting import (
    NOT_IN_CHINESE,
    explain_missing_model,
    explain_quotes_only,
    language_of,
)
from chat.turns.context import AnswerTask, Context
from chat.turns.first_requests import FirstRequests
from chat.turns.meter import LEAST_OUTPUT_TOKENS, OUTPUT_TOKENS, Meter
from chat.turns.models import QUOTES, Model
from chat.turns.repetition import CHARACTERS, DEMO_CHARACTERS, EnoughSaid, RepetitionDetector

MAX_PARTS = 64  # requests that reading a file whole may cost
MAX_SHRINKS = 3  # of a prompt that is too long: an endpoint seldom says how long one may be
SHRUNK_TOKENS = 1_000  # below which a prompt is not what an endpoint without an answer could not read
DEMO_TOKENS = 160  # of an answer of the tiny demo model, which seldom finds an end


class Answer:
    """The source of a generation's events, and what is known of the answer when it has ended."""

    def __init__(
        self, task: AnswerTask, *, generation_id: str, conversation_id: str, message_id: str
    ) -> None:
        self.task = task
        self.generation_id = generation_id
        self.conversation_id = conversation_id
        self.message_id = message_id
        self.context = Context(task)
        self.usage: dict[str, Any] | None = None
        self.finish_reason = ""
        self.started = time.monotonic()
        self.first_token: float | None = None
        self.meter = Meter()
        self._first = FirstRequests(self.context, self.meter)
        self._parts: Sequence[Selection] = ()  # of files that are read whole
        patience = DEMO_CHARACTERS if task.model.is_demo else CHARACTERS
        self._text_repetition = RepetitionDetector(patience)
        self._thought_repetition = RepetitionDetector(patience)
        self._enough = EnoughSaid() if task.model.is_demo else None
        self._fault = ""  # after which the endpoint is asked again
        self.reasoned: list[float] = []  # when the reasoning began, and when the text after it did

    async def prepare(self) -> None:
        """Write the brief. Raises ContextOverflow."""
        await self.context.load()
        model = self.task.model
        if model.completions:
            await self.context.write(model)
            if self.context.indexes and self.task.options.reads_whole:
                size = self.context.part_characters(model)
                self._parts = await self.context.run(map_reduce.split_files, self.context.indexes, size)
        elif self.context.indexes:
            await self.context.select()

    async def estimate(self) -> tuple[int, int]:
        """Return the least and the most tokens of all requests that the answer may take, the title's too."""
        model, prompt = self.task.model, self.context.prompt
        output = self.task.options.max_tokens or OUTPUT_TOKENS
        if prompt is None:
            return 0, 0
        fixed = prompt.tokens
        if self._parts and len(self._parts) <= MAX_PARTS:
            room = self.context.notes_tokens(model)
            estimate = partial(map_reduce.estimate_reading, self._parts, self.task.question, room)
            fixed = room + await self.context.run(estimate)
        most = fixed + output + (titles.TITLE_COST if self.task.wants_title else 0)
        if await self._first.are_wanted(model):
            most += self._first.cost() + fixed
        return fixed + min(output, LEAST_OUTPUT_TOKENS), most

    def opening(self) -> Event:
        """Return the first event: who answers, and what of the files was sent."""
        return _event(
            "generation",
            generation_id=self.generation_id,
            conversation_id=self.conversation_id,
            message_id=self.message_id,
            model=self.task.model.name,
            receipt=self.context.receipt.to_json(),
        )

    async def write(self) -> AsyncGenerator[Sequence[Event], None]:
        """Yield the answer's events in batches, up to its ending."""
        seen: list[Event] = []
        async with aclosing(self._chunks()) as batches:
            async for events in batches:
                if self.context.indexes:
                    seen += events
                yield events
        if self.context.indexes:
            found = await self.context.check(self.whole(*read_text(seen))[0])
            placed = [self._place(citation.to_json()) for citation in found]
            if self.task.add_boxes:
                placed = list(await self.task.add_boxes(placed, self.task.attachments))
            yield [_event("citations", citations=placed)]
        ending = {"finish_reason": self.finish_reason or "stop", "usage": self.usage}
        yield [Event("done", to_json({**ending, "timings": self.timings()}))]

    def _place(self, citation: dict[str, Any]) -> dict[str, Any]:
        """Return a citation with its file and the number of its page, as the routes of pages name them."""
        file, number = find_claim(citation, self.task.attachments)
        return {**citation, "file_id": file.id, "page_number": number} if file else citation

    def whole(self, text: str, reasoning: str) -> tuple[str, str]:
        """Return answer and reasoning with what was there before, where it is continued."""
        before = self.task.begun or ("", "")
        return before[0] + text, before[1] + reasoning

    def row(self) -> AnswerRow:
        """Return the place of the answer in history."""
        return AnswerRow(
            message_id=self.message_id,
            conversation_id=self.conversation_id,
            generation_id=self.generation_id,
            model=self.task.model.name,
            receipt=self.context.receipt.to_json(),
            before=self.whole("", ""),
            is_continued=self.task.begun is not None,
        )

    def ending_fields(self) -> MessageFields:
        """Return the fields of the ended message that its generation's log does not have."""
        return {
            "receipt": self.context.receipt.to_json(),
            "usage": self.usage,
            "timings": dict(self.timings()),
            "prompt": self.context.messages(),
        }

    async def release(self) -> None:
        """Let go of what the prompt was made of, once all is recorded: the stream outlives it by minutes."""
        emptied: dict[str, Any] = {"history": (), "attachments": (), "images": ()}
        self.task = dataclasses.replace(self.task, **emptied, begun=None, computing=None)
        self.context = Context(self.task)
        self._first = FirstRequests(self.context, self.meter)

    def timings(self) -> dict[str, float | None]:
        """Return seconds from the start to the first token and to now, and how long it reasoned."""
        first = None if self.first_token is None else round(self.first_token - self.started, 3)
        timings = {"first_token": first, "total": round(time.monotonic() - self.started, 3)}
        if self.reasoned:
            timings["reasoning"] = round((*self.reasoned, time.monotonic())[1] - self.reasoned[0], 3)
        return timings

    def waiting(self) -> tuple[float, str]:
        """Return for how many seconds the first token is awaited, 0 once it is there, and the fault after
        which the endpoint is asked again.
        """
        return (time.monotonic() - self.started, self._fault) if self.first_token is None else (0.0, "")

    async def _chunks(self) -> AsyncGenerator[Sequence[Event], None]:
        model = self.task.model
        if model.completions is None:
            async for events in self._quote():
                yield events
        elif self.context.indexes and self.task.options.reads_whole:
            async with aclosing(self._read_whole(model, model.completions)) as steps:
                async for events in steps:
                    yield events
        elif self.task.query and self.context.tables:
            await self._first.repeat(model, self.task.query)
            yield self._changes()
        elif await self._first.are_wanted(model) and await self._first.send(model, model.completions):
            yield self._changes()
        if model.completions:
            async with aclosing(self._complete(model, model.completions)) as batches:
                async for events in batches:
                    yield events
                    if self._repeats(events):  # the rest would be the same again
                        self.finish_reason = "repetition"
                        return
                    if self._enough and self._enough.add("".join([event.text for event in events])):
                        self.finish_reason = self.finish_reason or "length"
                        return

    async def _quote(self) -> AsyncGenerator[Sequence[Event], None]:
        """Yield the files' own sentences, or how to connect a model, as chunks like any other."""
        question, missing = self.task.question, self.task.model.missing
        computed = await self.context.compute(language_of(question))
        if computed is not None:
            yield self._changes()
            text = computed.markdown
        elif self.context.indexes:
            language, indexes = language_of(question), self.context.indexes
            text = (await self.context.run(quotes.answer, question, indexes, language)).markdown
            if profile := await self.context.profile(language):
                text = f"{text}\n\n{profile}"
            if missing == NOT_IN_CHINESE:
                text = explain_quotes_only() + text
        else:
            text = explain_missing_model(question, missing)
        if text in self.whole("", "")[0]:  # an answer that is continued has them already
            text = ""
        self.first_token = time.monotonic()
        yield [_made_chunk(self.generation_id, piece) for piece in text.splitlines(keepends=True)]
        self.finish_reason = "stop"
        yield [_made_chunk(self.generation_id, "", "stop")]

    async def _read_whole(
        self, model: Model, completions: Completions
    ) -> AsyncGenerator[Sequence[Event], None]:
        """Read the files part by part, telling how far it is, and write the brief from the notes."""
        parts = self._parts
        if len(parts) > MAX_PARTS:
            raise ContextOverflow(
                f"The files would be read in {len(parts)} parts; {MAX_PARTS} are the limit.",
                parts=len(parts),
                limit=MAX_PARTS,
            )
        room = self.context.notes_tokens(model)
        notes: Sequence[str] = ()
        key = self.task.visitor.api_key
        reading = map_reduce.take_notes(
            parts, self.task.question, model.name, completions, self.meter, room, key
        )
        async with aclosing(reading) as steps:
            async for step in steps:
                notes = step.notes
                yield [_event("progress", read=step.read, parts=step.count)]
        self.context.write_notes(model, map_reduce.ask_about_notes(self.task.question, notes))
        yield [self._receipt()]

    async def _complete(
        self, model: Model, completions: Completions
    ) -> AsyncGenerator[Sequence[Event], None]:
        """Yield the model's chunks; a prompt that is refused for its size or its pictures is mended."""
        has_begun = is_blind = False
        while True:
            try:
                async with aclosing(self.meter.stream(completions, self._request(model))) as batches:
                    async for chunks in batches:
                        has_begun = True
                        yield self._events(chunks)
                if self.context.has_dropped_images and is_blind:  # a damaged picture says nothing of others
                    self.task.note_blind(model.name)
                return
            except ProviderError as error:
                is_blind = error.refuses_pictures
                if has_begun or not await self._mend(model, error):
                    raise
            yield [self._receipt()]

    async def _mend(self, model: Model, error: ProviderError) -> bool:
        """Write the brief anew for a refusal that another one can mend, and tell whether there is one."""
        if error.type == "bad_request" and self.context.drop_images():
            await self.context.write(model)
            return True
        return self._is_too_long(error) and await self.context.shrink(model)

    def _is_too_long(self, error: ProviderError) -> bool:
        """Is the prompt longer than the endpoint can read?

        llama-cpp-python's server says so by an empty answer alone.
        """
        prompt, shrinks = self.context.prompt, self.context.shrinks
        if error.type == "no_answer":
            is_long = prompt is not None and prompt.tokens >= SHRUNK_TOKENS
        else:
            is_long = error.type == "context_too_long"
        return is_long and shrinks < MAX_SHRINKS

    def _request(self, model: Model) -> Request:
        assert self.context.prompt
        options = self.task.options
        return Request(
            model=model.name,
            messages=self.context.prompt.messages,
            temperature=options.temperature,
            max_tokens=options.capped(DEMO_TOKENS).max_tokens if model.is_demo else options.max_tokens,
            continues=self.task.begun[0] if self.task.begun else "",
            api_key=self.task.visitor.api_key,
            on_retry=self._note_fault,
        )

    def _note_fault(self, error: ProviderError) -> None:
        self._fault = error.type

    def _events(self, chunks: Sequence[Chunk]) -> Sequence[Event]:
        """Return a batch as events. One pass, and few steps in it: this runs for each delta."""
        events, has_text, has_reasoning = [], False, False
        for data, text, reasoning, reason, usage, recasts in chunks:
            if usage:  # the newest wins: some endpoints count, or finish, on every chunk
                self.usage = dict(usage)
            if text or reasoning:
                has_text, has_reasoning = has_text or bool(text), has_reasoning or bool(reasoning)
                self.finish_reason = reason
            elif reason:
                self.finish_reason = reason
            events.append(Event("chunk", data, text, reasoning, recasts))
        if self.first_token is None and (has_text or has_reasoning):
            self.first_token = time.monotonic()
        if has_reasoning and not self.reasoned:
            self.reasoned.append(time.monotonic())
        if has_text and len(self.reasoned) == 1:
            self.reasoned.append(time.monotonic())
        return events

    def _repeats(self, events: Sequence[Event]) -> bool:
        """Tell whether the answer or its reasoning repeats itself without end."""
        if len(events) == 1:
            text, thought = events[0].text, events[0].reasoning
        else:
            text = "".join([event.text for event in events])
            thought = "".join([event.reasoning for event in events])
        return (bool(text) and self._text_repetition.add(text)) or (
            bool(thought) and self._thought_repetition.add(thought)
        )

    def _changes(self) -> Sequence[Event]:
        """Return the events of a prompt that was written again: what was computed, and the receipt."""
        computation = self.context.computation
        computed = [_event("computation", computation=computation.to_json())] if computation else []
        return [*computed, self._receipt()]

    def _receipt(self) -> Event:
        return _event("receipt", receipt=self.context.receipt.to_json())


def _event(type: str, **values: object) -> Event:
    """Return a named event. Its empty choices are for clients that take every frame for a chunk."""
    return Event(type, to_json({**values, "choices": []}))


def _made_chunk(id: str, text: str, finish_reason: str | None = None) -> Event:
    """Return a chunk of our own making, in the provider's form."""
    chunk = {
        "id": f"chatcmpl-{id}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": QUOTES,
        "choices": [{"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish_reason}],
    }
    return Event("chunk", to_json(chunk), text)
