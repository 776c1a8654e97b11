"""A brief: what the model is told for one question, and the receipt of what that was.

    files -> indexes -> selection
    selection, history, question, pictures -> prompt (the messages) and receipt

Written again, smaller or with other search terms, where the first one does not do. Knows no event.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from chat.errors import ContextOverflow
from chat.files.attachment import Attachment
from chat.files.file_contents import IMAGES
from chat.grounding.citations import Citation, check
from chat.grounding.computed_results import Computation
from chat.grounding.receipts import Receipt, write_receipt
from chat.grounding.retrieval.passages import Index, Scores
from chat.grounding.scoring import Cited
from chat.grounding.selection import Selection, choose, wants_search_terms
from chat.history import Message
from chat.numbers.typed_table import TypedTable
from chat.turns import computed_material
from chat.turns.compute_decision import asks_figures
from chat.turns.computing import ComputedAnswer, Computing
from chat.turns.models import Model
from chat.turns.prompt import Prompt, PromptMessage, compose, file_budget
from chat.turns.search_words import WordWriter
from chat.turns.table_profile import write_profile
from chat.turns.turn import Options
from chat.visitors import Visitor

REPLY_TOKENS = 4096  # kept free for the answer where nothing else is asked for
ALL_THAT_FITS = 10**9
DEMO_CHARACTERS = 2_000  # of files: the tiny model reads about 100 tokens a second, and less well the more
LONG_CHARACTERS = 10_000  # of talk: counting its tokens takes the loop 0.4 µs a character
LITTLE_MORE = 1.25  # times the budget: files of that size are sent whole where the window allows
PROVED = ("found", "omission", "other_page")  # statuses of claims that a passage proves
FOLLOW_UP_CHARACTERS = 60  # a question as short as this is looked for together with the one before
SMALLER = 0.5  # of what was sent, where that was too long
NOTES_SHARE = 0.5  # of the context window, for the notes of a file that is read whole

# question, files, their indexes -> how near each sentence is in meaning, if that is known, and its tokens
Measure = Callable[[str, Sequence[Attachment], Sequence[Index]], Awaitable[tuple[Sequence[Scores], int]]]
AddBoxes = Callable[[Sequence[dict[str, Any]], Sequence[Attachment]], Awaitable[Sequence[dict[str, Any]]]]

P = ParamSpec("P")
T = TypeVar("T")


def _ignore(name: str) -> None:
    """Remember nothing."""


@dataclass(frozen=True)
class AnswerTask:
    """What is to be answered. history: the talk before the question, oldest first. images: data URLs.

    begun: text and reasoning so far of an answer that is continued. cited: what the last answer proved.
    is_exact_budget: the owner or the visitor set `file_characters`. words: shared by all answers.
    search_terms, query: of an answer that is continued. computing: the tables of the files, or None.
    note_blind: called with the name of a model that does not support pictures. wants_title: the model is
    to name the conversation that this begins. excluded: names of files that the question is asked without.
    measure: of a model for embeddings, where the owner names one. add_boxes: adds to citations where they
    stand on their pages.
    """

    visitor: Visitor
    question: str
    history: Sequence[PromptMessage]
    attachments: Sequence[Attachment]
    options: Options
    model: Model
    system_prompt: str
    file_characters: int
    is_exact_budget: bool = True
    images: Sequence[str] = ()
    begun: tuple[str, str] | None = None
    note_blind: Callable[[str], None] = _ignore
    wants_title: bool = False
    cited: Sequence[Cited] = ()
    words: WordWriter = field(default_factory=WordWriter)
    search_terms: str = ""
    query: str = ""
    computing: Computing | None = None
    excluded: Sequence[str] = ()
    measure: Measure | None = None
    add_boxes: AddBoxes | None = None


class Context:
    """The prompt and the receipt of a task. Empty until `write`."""

    def __init__(self, task: AnswerTask) -> None:
        self.task = task
        self.prompt: Prompt | None = None
        self.receipt = Receipt()
        self.indexes: Sequence[Index] = ()
        self._files: Sequence[Attachment] = ()
        self._images = task.images
        self._terms = task.search_terms
        self._terms_tokens = 0
        self._near: Sequence[Scores] = ()
        self.near_tokens = 0  # of the question's vector
        self.tables: Sequence[TypedTable] = ()
        self.computation: Computation | None = None
        self.query_tokens = 0  # of the requests that wrote the query
        self._profile = ""
        self._failure = ""  # why a query gave no result
        self.shrinks = 0
        self._window = 0  # tokens, where the model's own proved to be less than was thought

    async def load(self) -> None:
        """Get the files' indexes."""
        files = [(file, await file.index()) for file in self.task.attachments if file.has_text]
        # The same file may have been attached to several questions: it stands in the prompt once.
        named = {(index.document.name, index.document.text): (file, index) for file, index in files}
        self._files = [file for file, _ in named.values()]
        self.indexes = [index for _, index in named.values()]
        if self.task.computing and not self.task.model.is_demo:
            self.tables = await self.task.computing.load()

    async def write(self, model: Model, *, terms: str = "", tokens: int = 0) -> None:
        """Write the prompt for a model. Raises ContextOverflow.

        terms: search words of the model; tokens: what they took.
        """
        self._terms, self._terms_tokens = terms or self._terms, tokens or self._terms_tokens
        spoken = sum(len(message.content) for message in self.task.history) + len(self.task.question)
        if self.indexes or spoken > LONG_CHARACTERS:
            self.prompt = await self.run(self._compose, model)
        else:
            self.prompt = self._compose(model)
        self._note(self.prompt.receipt, "smaller_budget" if self.shrinks else "")

    async def shrink(self, model: Model) -> bool:
        """Write a smaller prompt than the one that was sent, and tell whether there is one."""
        sent = self.prompt
        if sent is None:
            return False
        self.shrinks += 1
        self._window = int(min(sent.tokens, self._window or model.window) * SMALLER)
        try:
            await self.write(model)
        except ContextOverflow:  # the question alone is as long
            return False
        return self.prompt is not None and self.prompt.tokens < sent.tokens

    async def select(self) -> None:
        """Write the receipt alone, for an answer that needs no prompt."""
        selection = await self.run(self._choose, self.task.file_characters)
        self._note(Receipt(selection.budget, selection.used, selection.files))

    def write_notes(self, model: Model, question: PromptMessage) -> None:
        """Write the prompt from notes of files that were read whole."""
        self.prompt = compose(
            system_prompt=self.task.system_prompt,
            history=(),
            question=question.content,
            window_tokens=model.window,
            reserve_tokens=self._reserve(model.window),
        )
        documents = [index.document for index in self.indexes]
        files = tuple(write_receipt(document, "part", [(0, len(document.text))]) for document in documents)
        used = sum(len(document.text) for document in documents)
        self._note(Receipt(used, used, files, len(self.task.history)), "read_whole")

    async def compute(self, language: str) -> ComputedAnswer | None:
        """Return what a question of a known form gives over all rows of a table; None for any other."""
        if self.task.computing is None:
            return None
        computed = await self.task.computing.answer(self.task.question, language)
        if computed is not None:
            self.computation = computed.computation
            self.receipt = dataclasses.replace(self.receipt, computation=computed.computation)
        return computed

    async def profile(self, language: str) -> str:
        """Return what the tables of spreadsheets hold, whose counts are no claims of the answer then."""
        tables = await self.task.computing.sheets() if self.task.computing else ()
        self._profile = await self.run(write_profile, tables, language, asks_figures(self.task.question))
        return self._profile

    async def find_near(self) -> bool:
        """Let the next prompt prefer what is near in meaning, and tell whether that is known."""
        task, question = self.task, self.task.question
        if len(question) <= FOLLOW_UP_CHARACTERS:
            question = f"{self.previous_question} {question}".strip()
        if task.measure:
            self._near, self.near_tokens = await task.measure(question, self._files, self.indexes)
        return bool(self._near)

    def note_tokens(self, tokens: int) -> None:
        """Keep in the receipt what a request took that changed nothing."""
        self._terms_tokens = tokens
        self.receipt = dataclasses.replace(self.receipt, search_tokens=tokens, near_tokens=self.near_tokens)

    def set_result(self, computation: Computation) -> None:
        """Take the result of a query into the prompt that is written next."""
        self.computation, self._failure = computation, ""

    def set_failure(self, reason: str) -> None:
        """Let the prompt that is written next say that a query gave no result."""
        self.computation, self._failure = None, reason

    def drop_images(self) -> bool:
        """Leave the pictures out from now on, and tell whether there were any."""
        had, self._images = bool(self._images), ()
        return had

    @property
    def has_dropped_images(self) -> bool:
        return bool(self.task.images) and not self._images

    async def wants_words(self) -> bool:
        """Do the files not fit, so that they are searched? Without files no thread is asked."""
        is_cut = any(file.mode != "full" for file in self.receipt.files)
        return is_cut and await self.run(wants_search_terms, self.task.question, self.indexes)

    @property
    def previous_question(self) -> str:
        asked = [message.content for message in self.task.history if message.role == "user"]
        return asked[-1] if asked else ""

    def part_characters(self, model: Model) -> int:
        """Return how much of a file fits into one request, when it is read part by part."""
        return self._budget(model.window, ALL_THAT_FITS)

    def notes_tokens(self, model: Model) -> int:
        """Return the room that the notes of all parts have in the last request."""
        return int(model.window * NOTES_SHARE)

    async def check(self, text: str) -> Sequence[Citation]:
        """Return the answer's claims about the files, each looked up."""
        evidence = [await file.evidence() for file in self._files]
        known = f"{self.task.question} {self._profile}".strip()
        return await self.run(check, text, evidence, known, self.receipt.computation)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `work` returns, from a thread; work on files takes a fair turn."""
        run = self._files[0].run if self._files else asyncio.to_thread
        return await run(work, *args, **kwargs)

    def messages(self) -> list[dict[str, object]] | None:
        """Return what was sent, pictures left out."""
        return [_without_pictures(one) for one in self.prompt.messages] if self.prompt else None

    def _note(self, receipt: Receipt, note: str = "") -> None:
        pictures = sum(file.is_image for file in self.task.attachments)
        unread = [file for file in self.task.attachments if file.is_image and not file.has_text]
        notes = [note, "images_not_sent" if unread and not self._images else ""]
        notes.append("images_newest" if pictures > IMAGES and self._images else "")
        notes.append("not_computed" if self._failure else "")
        self.receipt = dataclasses.replace(
            receipt,
            notes=(*receipt.notes, *filter(None, notes)),
            search_tokens=self._terms_tokens,
            near_tokens=self.near_tokens,
            excluded=tuple(self.task.excluded),
            query_tokens=self.query_tokens,
            computation=self.computation,
        )

    def _material(self, window: int) -> str:
        if self.computation:
            return computed_material.write_result(self.computation, window // 3)
        return computed_material.FAILED.format(error=self._failure) if self._failure else ""

    def _compose(self, model: Model) -> Prompt:
        window, share = self._window or model.window, SMALLER**self.shrinks
        selection = None
        if self.indexes:
            wanted = min(self.task.file_characters, DEMO_CHARACTERS if model.is_demo else ALL_THAT_FITS)
            whole = sum(len(index.document.text) for index in self.indexes)
            if not self.task.is_exact_budget and not model.is_demo and whole <= wanted * LITTLE_MORE:
                wanted = max(wanted, whole)  # seven holes in a table of 4 % too much are worse than 4 % more
            selection = self._choose(self._budget(window, int(wanted * share)))
        return compose(
            system_prompt=self.task.system_prompt,
            history=self.task.history,
            question=self.task.question,
            selection=selection,
            material=self._material(window),
            images=self._images,
            window_tokens=window,
            reserve_tokens=self._reserve(window),
        )

    def _budget(self, window: int, wanted: int) -> int:
        return file_budget(
            system_prompt=self.task.system_prompt,
            question=self.task.question,
            material=self._material(window),
            indexes=self.indexes,
            wanted=wanted,
            window_tokens=window,
            reserve_tokens=self._reserve(window),
        )

    def _reserve(self, window: int) -> int:
        return min(self.task.options.max_tokens or REPLY_TOKENS, window // 4)

    def _choose(self, characters: int) -> Selection:
        return choose(
            self.task.question,
            self.previous_question,
            self.indexes,
            characters,
            search_terms=self._terms,
            cited=self.task.cited,
            near=self._near,
        )


def find_cited(branch: Sequence[Message]) -> tuple[Cited, ...]:
    """Return the passages that the last answer with citations proved."""
    answers = [message for message in branch if message.citations]
    citations = (answers[-1].citations or []) if answers else []
    return tuple(
        (one["name"], one["passage_start"], one["passage_end"])
        for one in citations
        if one.get("status") in PROVED and one.get("passage_end")
    )


def _without_pictures(message: Mapping[str, object]) -> dict[str, object]:
    content = message["content"]
    if isinstance(content, list):
        content = [part if part["type"] == "text" else {"type": part["type"]} for part in content]
    return {"role": message["role"], "content": content}
