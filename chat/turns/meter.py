"""The one way to the endpoint: every request of a turn is held to the turn's reservation, then counted.

The answer itself, its search words, the parts of a file that is read whole, and the title all pass here,
whoever's key is used. A test holds that nothing else calls an endpoint's client. Knows no limit by name.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from chat.completions import Chunk, Completions, Reply, Request, find_arguments, join_reply, join_text
from chat.limits.token_budgets import UNLIMITED, Reservation
from chat.turns.tokens import IMAGE_TOKENS, MESSAGE_TOKENS, estimate_tokens

LEAST_OUTPUT_TOKENS = 16  # below which a request is refused for want of tokens, and not cut short
OUTPUT_TOKENS = 4_096  # that a request without a maximum may take
SHORT_CHARACTERS = 2_000  # are counted sooner than a thread is found for them


class Tally:
    """What one request took: how often the endpoint accepted it, what it wrote, and what it says of it."""

    def __init__(self, request: Request) -> None:
        self._messages = request.messages
        self._accepted = 0
        self._written: list[str] = []
        self._usage: Mapping[str, Any] = {}
        self._is_whole = False  # no text has come after the usage

    def accept(self) -> None:
        self._accepted += 1

    def add(self, chunks: Sequence[Chunk]) -> None:
        for data, text, reasoning, _, usage, recasts in chunks:
            if recasts:
                self._written.clear()
            if text:
                self._written.append(text)
            if reasoning:
                self._written.append(reasoning)
            if not (text or reasoning) and (arguments := find_arguments(data)):
                self._written.append(arguments)
            if usage:
                self._usage, self._is_whole = usage, True
            elif text or reasoning:
                self._is_whole = False

    @property
    def characters(self) -> int:
        """How much text an estimate has to read; 0 where the endpoint counted the tokens."""
        if self._told() and self._is_whole and self._accepted <= 1:
            return 0
        return sum(map(len, self._written)) + sum(map(_length, self._messages))

    def tokens(self) -> int:
        """Return the tokens: as the endpoint counts them, else an estimate. A refused request takes none."""
        told = self._told()
        if told and self._is_whole:
            again = self._accepted - 1  # attempts that broke before a token: their prompts were read too
            return told + (again * estimate_prompt(self._messages) if again > 0 else 0)
        if not self._accepted:
            return 0
        estimated = estimate_prompt(self._messages) + estimate_tokens("".join(self._written))
        return (self._accepted - 1) * estimate_prompt(self._messages) + max(told, estimated)

    def _told(self) -> int:
        return int(self._usage.get("total_tokens", 0))


class Meter:
    """One turn's requests. `reservation` is set before the first of them."""

    def __init__(self, reservation: Reservation = UNLIMITED) -> None:
        self.reservation = reservation
        self._counted = 0
        self._open: list[Tally] = []

    async def stream(
        self, completions: Completions, request: Request
    ) -> AsyncGenerator[Sequence[Chunk], None]:
        """Yield the chunks of a completion. Raises Refused where too few tokens are left, ProviderError."""
        request = await self._fit(request)
        tally = Tally(request)
        self._open.append(tally)  # at once: what is cut off in the middle counts too
        request = dataclasses.replace(request, on_accepted=tally.accept)
        async with aclosing(completions.stream(request)) as batches:
            async for batch in batches:
                tally.add(batch)
                yield batch

    async def complete(self, completions: Completions, request: Request) -> str:
        """Return the text of a short completion. Raises as `stream` does."""
        return await join_text(self.stream(completions, request))

    async def call(self, completions: Completions, request: Request) -> Reply:
        """Return a short completion whole, with the tool call in it. Raises as `stream` does."""
        return await join_reply(self.stream(completions, request))

    async def count(self) -> int:
        """Return the tokens that all requests so far took."""
        done, self._open = self._open, []
        for tally in done:
            if tally.characters < SHORT_CHARACTERS:
                self._counted += tally.tokens()
            else:  # 0.4 µs a character, and at shutdown all end at once
                self._counted += await asyncio.to_thread(tally.tokens)
        return self._counted

    async def settle(self, keep: int = 0) -> int:
        """Count what was spent against the limits, with `keep` tokens for what still comes; return it."""
        spent = await self.count()
        await self.reservation.settle(spent, keep)
        return spent

    async def _fit(self, request: Request) -> Request:
        """Return the request with no larger a maximum than what is left of the reservation."""
        if not self.reservation.is_limited:
            return request
        left = self.reservation.granted - await self.count()
        prompt = await asyncio.to_thread(estimate_prompt, request.messages)
        wanted = request.max_tokens or OUTPUT_TOKENS
        least = prompt + min(wanted, LEAST_OUTPUT_TOKENS)
        if left < least:
            await self.reservation.extend(least - left, prompt + wanted - left)
            left = self.reservation.granted - self._counted
        return dataclasses.replace(request, max_tokens=min(wanted, left - prompt))


def estimate_prompt(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return about how many tokens the messages take, pictures included."""
    return sum(MESSAGE_TOKENS + _content_tokens(message["content"]) for message in messages)


def _content_tokens(content: object) -> int:
    if isinstance(content, str):
        return estimate_tokens(content)
    parts = content if isinstance(content, Sequence) else ()
    texts = [part for part in parts if part["type"] == "text"]
    return sum(estimate_tokens(part["text"]) for part in texts) + IMAGE_TOKENS * (len(parts) - len(texts))


def _length(message: Mapping[str, Any]) -> int:
    content = message["content"]
    return len(content) if isinstance(content, str) else sum(len(part.get("text", "")) for part in content)
