"""One answer being written: a question with its files and its talk -> the events of a generation.

    prepare: files -> selection -> prompt and receipt        (before a generation exists: errors are raised)
    write:   the model's chunks, then the citations, the end (after: errors are events)

Knows completions and documents, but no generation's readers, no database and no route.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import orjson

from chat import citations, quotes
from chat.attachments import Attachment
from chat.completions import Chunk, Completions, Request
from chat.context import Message, Prompt, compose, file_budget
from chat.errors import ProviderError
from chat.generations import Event, read_text
from chat.models import QUOTES, Model
from chat.passages import Index
from chat.receipts import Receipt
from chat.selection import Selection, choose, needs_search_terms
from chat.tokens import estimate_tokens
from chat.turns import Options, Visitor

SMALLER = 0.5  # of the budget, for the one retry when the provider says "too long"
TERMS_PROMPT = (
    "Write search words for finding the answer to a question in a text of another language. Text sample:\n"
    "{sample}\n\nQuestion: {question}\n\nReply with 5 to 12 single words in the language of the text, "
    "separated by spaces, and nothing else."
)
TERMS_TOKENS = 80
DEMO_HEADING = {
    "en": "### What the tiny demo model ({model}) makes of it",
    "zh": "### 演示用小模型（{model}）自己的回答",
}
SAMPLE_CHARACTERS = 300


@dataclass(frozen=True)
class Task:
    """What is to be answered. history: the talk before the question, oldest first. images: data URLs.

    begun: text and reasoning so far of an answer that is continued. demo: whose own try follows the quotes.
    blind_models: names of the models that refused pictures; shared, and added to.
    """

    visitor: Visitor
    question: str
    history: Sequence[Message]
    attachments: Sequence[Attachment]
    options: Options
    model: Model
    system_prompt: str
    file_characters: int
    images: Sequence[str] = ()
    begun: tuple[str, str] | None = None
    demo: Model | None = None
    blind_models: set[str] = field(default_factory=set)


class Answer:
    """The source of a generation's events, and what is known of the answer when it has ended."""

    def __init__(self, task: Task, *, generation_id: str, conversation_id: str, message_id: str) -> None:
        self.task = task
        self.generation_id = generation_id
        self.conversation_id = conversation_id
        self.message_id = message_id
        self.receipt = Receipt()
        self.prompt: Prompt | None = None
        self.usage: dict[str, Any] | None = None
        self.finish_reason = ""
        self.started = time.monotonic()
        self.first_token: float | None = None
        self._indexes: Sequence[Index] = ()
        self._images = task.images

    async def prepare(self) -> None:
        """Choose what is sent and write the receipt. Raises ContextOverflow."""
        files = [file for file in self.task.attachments if not file.is_image]
        self._indexes = [await file.index() for file in files]
        if self.task.model.completions:
            await self._compose(self.task.model, self.task.file_characters)
        elif self._indexes:
            selection = await asyncio.to_thread(self._choose, self.task.file_characters, "")
            self.receipt = Receipt(selection.budget, selection.used, selection.files)

    def opening(self) -> Event:
        """Return the first event: who answers, and what of the files was sent."""
        opening = {
            "generation_id": self.generation_id,
            "conversation_id": self.conversation_id,
            "message_id": self.message_id,
            "model": self.task.model.name,
            "receipt": self.receipt.to_json(),
            "choices": [],  # for clients that take every frame for a chunk
        }
        return Event("generation", orjson.dumps(opening))

    async def write(self) -> AsyncGenerator[Sequence[Event], None]:
        """Yield the answer's events in batches, up to its ending."""
        seen: list[Event] = []
        async with aclosing(self._chunks()) as batches:
            async for events in batches:
                if self._indexes:
                    seen += events
                yield events
        if self._indexes:
            found = await asyncio.to_thread(self._check, self.whole(*read_text(seen))[0])
            listed = [citation.to_json() for citation in found]
            yield [Event("citations", orjson.dumps({"citations": listed, "choices": []}))]
        yield [Event("done", orjson.dumps(self._ending()))]

    def _check(self, text: str) -> Sequence[citations.Citation]:
        return citations.check(text, [citations.Evidence.prepare(index.document) for index in self._indexes])

    def sent_messages(self) -> list[dict[str, object]] | None:
        """Return the messages that the model was sent, pictures left out."""
        if self.prompt is None:
            return None
        return [_without_pictures(message) for message in self.prompt.messages]

    def _ending(self) -> dict[str, object]:
        return {"finish_reason": self.finish_reason or "stop", "usage": self.usage, "timings": self.timings()}

    def count_tokens(self, written: str) -> int:
        """Return the tokens that the answer took: as the provider counts them, else an estimate."""
        if self.usage and isinstance(self.usage.get("total_tokens"), int):
            return int(self.usage["total_tokens"])
        return self.prompt.tokens + estimate_tokens(written) if self.prompt else 0

    def whole(self, text: str, reasoning: str) -> tuple[str, str]:
        """Return answer and reasoning with what was there before, where it is continued."""
        before = self.task.begun or ("", "")
        return before[0] + text, before[1] + reasoning

    def timings(self) -> dict[str, float | None]:
        """Return seconds from the start to the first token, and to now."""
        first = None if self.first_token is None else round(self.first_token - self.started, 3)
        return {"first_token": first, "total": round(time.monotonic() - self.started, 3)}

    async def _chunks(self) -> AsyncGenerator[Sequence[Event], None]:
        if self.task.model.completions is None:
            async for events in self._quote():
                yield events
        elif self._indexes and needs_search_terms(self.task.question, self._indexes):
            yield await self._translate()
        for model in filter(None, (self.task.model, self.task.demo)):
            if model.completions:
                async with aclosing(self._complete(model, model.completions)) as batches:
                    async for events in batches:
                        yield events

    async def _quote(self) -> AsyncGenerator[Sequence[Event], None]:
        """Yield the files' own sentences, as chunks like any other."""
        language = "zh" if re.search("[\u3400-\u9fff]", self.task.question) else "en"
        answer = await asyncio.to_thread(quotes.answer, self.task.question, self._indexes, language)
        text = answer.markdown
        if self.task.demo:
            text += "\n\n" + DEMO_HEADING[language].format(model=self.task.demo.name) + "\n\n"
        pieces = text.splitlines(keepends=True)
        self._note_first()
        yield [_made_chunk(self.generation_id, QUOTES, piece) for piece in pieces]
        if not self.task.demo:
            self.finish_reason = "stop"
            yield [_made_chunk(self.generation_id, QUOTES, "", "stop")]

    async def _translate(self) -> Sequence[Event]:
        """Ask the model for search terms in the documents' language; a failure leaves the first search."""
        completions = self.task.model.completions
        assert completions
        text = self._indexes[0].document.text
        middle = len(text) // 2
        sample = text[middle : middle + SAMPLE_CHARACTERS]
        content = TERMS_PROMPT.format(sample=sample, question=self.task.question)
        request = Request(
            self.task.model.name, [{"role": "user", "content": content}], 0.0, max_tokens=TERMS_TOKENS
        )
        try:
            terms = await completions.complete(request)
        except ProviderError:
            return []
        await self._compose(self.task.model, self.task.file_characters, terms)
        return [self._receipt_event()]

    async def _complete(
        self, model: Model, completions: Completions
    ) -> AsyncGenerator[Sequence[Event], None]:
        """Yield the model's chunks; a prompt that is too long is made smaller, once."""
        if model is self.task.demo:
            await self._compose(model, self.task.file_characters)
        for is_last in (False, True):
            try:
                async with aclosing(completions.stream(self._request(model))) as batches:
                    async for chunks in batches:
                        yield self._events(chunks)
                return
            except ProviderError as error:
                if is_last or self.first_token is not None or not await self._make_smaller(model, error):
                    raise
            yield [self._receipt_event()]

    async def _make_smaller(self, model: Model, error: ProviderError) -> bool:
        """Write the prompt anew for a refusal that a smaller one can mend, and tell whether there is one."""
        if error.type == "context_too_long":
            await self._compose(model, int(self.task.file_characters * SMALLER), share=SMALLER)
            return True
        if error.type == "bad_request" and self._images:
            self.task.blind_models.add(model.name)
            self._images = ()
            await self._compose(model, self.task.file_characters)
            return True
        return False

    def _request(self, model: Model) -> Request:
        assert self.prompt
        options = self.task.options
        return Request(
            model=model.name,
            messages=self.prompt.messages,
            temperature=options.temperature,
            max_tokens=options.max_tokens,
            continues=self.task.begun[0] if self.task.begun else "",
        )

    def _events(self, chunks: Sequence[Chunk]) -> Sequence[Event]:
        for chunk in chunks:  # the newest wins: some endpoints count on every chunk
            if chunk.usage:
                self.usage = dict(chunk.usage)
            if chunk.finish_reason:
                self.finish_reason = chunk.finish_reason
        if self.first_token is None and any(chunk.text or chunk.reasoning for chunk in chunks):
            self._note_first()
        return [Event("chunk", one.data, one.text, one.reasoning, one.recasts) for one in chunks]

    def _note_first(self) -> None:
        self.first_token = time.monotonic()

    def _receipt_event(self) -> Event:
        return Event("receipt", orjson.dumps({"receipt": self.receipt.to_json(), "choices": []}))

    async def _compose(self, model: Model, characters: int, terms: str = "", share: float = 1.0) -> None:
        work = self._write_prompt
        window = int(model.window * share)
        self.prompt = (
            await asyncio.to_thread(work, window, characters, terms)
            if self._indexes
            else work(window, characters, terms)
        )
        self.receipt = self.prompt.receipt
        notes = ["smaller_budget"] if share < 1.0 else []
        if any(file.is_image for file in self.task.attachments) and not self._images:
            notes.append("images_not_sent")
        self.receipt = dataclasses.replace(self.receipt, notes=(*self.receipt.notes, *notes))

    def _write_prompt(self, window: int, characters: int, terms: str) -> Prompt:
        task = self.task
        reserve = min(task.options.max_tokens or 4096, window // 4)
        selection = None
        if self._indexes:
            characters = file_budget(
                system_prompt=task.system_prompt,
                question=task.question,
                indexes=self._indexes,
                wanted=characters,
                window_tokens=window,
                reserve_tokens=reserve,
            )
            selection = self._choose(characters, terms)
        return compose(
            system_prompt=task.system_prompt,
            history=task.history,
            question=task.question,
            selection=selection,
            images=self._images,
            window_tokens=window,
            reserve_tokens=reserve,
        )

    def _choose(self, characters: int, terms: str) -> Selection:
        asked = [message.content for message in self.task.history if message.role == "user"]
        previous = asked[-1] if asked else ""
        return choose(self.task.question, previous, self._indexes, characters, search_terms=terms)


def _made_chunk(id: str, model: str, text: str, finish_reason: str | None = None) -> Event:
    """Return a chunk of our own making, in the provider's form."""
    delta = {"content": text} if text else {}
    chunk = {
        "id": f"chatcmpl-{id}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }
    return Event("chunk", orjson.dumps(chunk), text)


def _without_pictures(message: Mapping[str, object]) -> dict[str, object]:
    content = message["content"]
    if isinstance(content, list):
        content = [part if part["type"] == "text" else {"type": part["type"]} for part in content]
    return {"role": message["role"], "content": content}
