"""The vectors of files' passages, made in the background by the owner's model for embeddings.

Stored with the file every few requests, so that a stopped or failed run goes on where it was, at the next
question about the file. Every request is reserved from the day's tokens of the visitor whose file or question
it is, then counted: the key is the owner's, also where the visitor brings one for answers. Knows no ranking.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import Sequence

from chat.completions import Embedded, Embeddings
from chat.errors import ProviderError, Refused
from chat.files.attachment import Attachment
from chat.files.file_contents import FileContents
from chat.grounding.retrieval.nearness import (
    PassageVectors,
    begin_vectors,
    measure_nearness,
    unpack_vectors,
    write_passage,
)
from chat.grounding.retrieval.passages import Index, Scores
from chat.jobs.background_tasks import logged_failures
from chat.limits.quotas import Quotas
from chat.turns.tokens import estimate_tokens
from chat.visitors import Visitor

log = logging.getLogger(__name__)

AT_ONCE = 2  # files
STORE_PASSAGES = 500  # after so many new ones they are stored
QUESTION_SECONDS = 4.0  # that an answer waits for the vector of its question
QUESTION_CHARACTERS = 2_000
PAUSE_SECONDS = 300.0  # without requests after a fault that does not pass


class VectorMaker:
    """Makes vectors of passages and of questions. One task for each file at most."""

    def __init__(self, embeddings: Embeddings, contents: FileContents, quotas: Quotas) -> None:
        self._embeddings = embeddings
        self._contents = contents
        self._quotas = quotas
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._paused_until = 0.0

    def begin(self, attachment: Attachment, visitor: Visitor, least: int = 0) -> None:
        """Make the vectors of a file in the background, where they are missing; idempotent.

        least: characters that the file must have, once it is read.
        """
        if attachment.id in self._tasks or not attachment.has_text or time.monotonic() < self._paused_until:
            return
        task = asyncio.create_task(self._run(attachment, visitor, least))
        self._tasks[attachment.id] = task
        attachment.on_close.append(task.cancel)
        task.add_done_callback(lambda _: self._tasks.pop(attachment.id, None))

    async def measure(
        self, question: str, files: Sequence[Attachment], indexes: Sequence[Index], visitor: Visitor
    ) -> tuple[Sequence[Scores], int]:
        """Return how near each sentence is to a question, and the tokens that this took.

        Nothing, where a file has no vectors yet (they are begun then), or no answer comes in time.
        """
        found = list[PassageVectors]()
        for file, index in zip(files, indexes, strict=True):
            vectors = await self._read(file, index)
            if vectors is not None and vectors.is_complete:
                found.append(vectors)
            elif vectors is not None:
                self.begin(file, visitor)
        if not files or len(found) < len(files) or time.monotonic() < self._paused_until:
            return (), 0
        try:
            async with asyncio.timeout(QUESTION_SECONDS):
                embedded = await self._embed([question[:QUESTION_CHARACTERS]], visitor, is_question=True)
            near = await files[0].run(measure_nearness, embedded.rows[0], found, indexes)
        except (TimeoutError, ProviderError, Refused) as error:
            log.info("no vector of a question: %s", str(error) or "it took too long")
            return (), 0
        except ValueError:  # the model behind the name is another one now
            log.warning("the vectors of %s have another length than those stored", self._embeddings.model)
            return (), embedded.tokens
        return near, embedded.tokens

    async def aclose(self) -> None:
        """Stop making vectors: what is stored stays."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._embeddings.aclose()

    async def _run(self, attachment: Attachment, visitor: Visitor, least: int) -> None:
        with logged_failures("making the vectors of a file"):
            document = await attachment.settle()
            if document.characters <= least:
                return
            async with self._places:
                try:
                    await self._make(attachment, visitor)
                except ProviderError:
                    self._paused_until = time.monotonic() + PAUSE_SECONDS
                    raise

    async def _make(self, attachment: Attachment, visitor: Visitor) -> None:
        index = await attachment.index()
        vectors = await self._read(attachment, index)
        stored = len(vectors.rows) if vectors else 0
        while vectors is not None and not vectors.is_complete:
            first, total = len(vectors.rows), len(vectors.starts) - 1
            numbers = range(first, min(first + self._embeddings.batch, total))
            texts = [write_passage(index, vectors, number) for number in numbers]
            embedded = await self._embed(texts, visitor)
            try:
                vectors = vectors.with_rows(embedded.rows)
            except ValueError:  # the model behind the name has changed meanwhile: all is made anew
                vectors = begin_vectors(index, self._embeddings.model)
                stored = 0
                continue
            if vectors.is_complete or len(vectors.rows) - stored >= STORE_PASSAGES:
                await self._contents.store_vectors(attachment, await asyncio.to_thread(vectors.pack))
                stored = len(vectors.rows)

    async def _read(self, attachment: Attachment, index: Index) -> PassageVectors | None:
        """Return the vectors as they are stored, or none of them; None for a text that has too many."""
        model = self._embeddings.model

        def read() -> PassageVectors | None:
            return (unpack_vectors(pack, index, model) if pack else None) or begin_vectors(index, model)

        pack = await self._contents.vectors(attachment)
        vectors = await attachment.run(read)
        if vectors is not None and not vectors.is_complete:
            self._contents.forget_vectors(attachment)
        return vectors

    async def _embed(self, texts: Sequence[str], visitor: Visitor, *, is_question: bool = False) -> Embedded:
        """Reserve the tokens, ask, and count. Raises Refused, ProviderError."""
        payer = dataclasses.replace(visitor, api_key="")
        most = await asyncio.to_thread(lambda: sum(map(estimate_tokens, texts)))
        reservation = await self._quotas.reserve(payer, most, most)
        spent = most
        try:
            client = self._embeddings
            embedded = await (
                client.embed_question(texts[0]) if is_question else client.embed_passages(texts)
            )
            spent = embedded.tokens or most
            return Embedded(embedded.rows, spent)
        except ProviderError:
            spent = 0
            raise
        finally:
            await reservation.settle(spent)
