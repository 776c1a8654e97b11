"""One OpenAI-compatible request -> its chunks, verbatim, with what we need parsed out; provider errors -> ours.

The only module that knows the OpenAI client. Knows no generation, no history and no page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Endpoint:
    """Where completions come from. context_window: tokens, 0 where unknown."""

    base_url: str
    api_key: str = field(repr=False)
    models: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    context_window: int = 0
    sampling: Mapping[str, Any] = field(default_factory=dict)
    is_demo: bool = False


@dataclass(frozen=True)
class Request:
    """What a completion is asked for. messages: OpenAI's own dictionaries.

    continues: the partial answer that the completion is to go on from, or empty.
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    temperature: float | None = None
    max_tokens: int | None = None
    continues: str = ""


class Chunk(NamedTuple):
    """The provider's chunk: `data` verbatim on one line, and what was parsed out of it, once."""

    data: bytes
    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    usage: Mapping[str, Any] | None = None


class Completions:
    """One endpoint's client. Timeouts in seconds."""

    def __init__(
        self, endpoint: Endpoint, *, idle_timeout: float = 60, connect_timeout: float = 10, retries: int = 2
    ) -> None:
        raise NotImplementedError

    async def models(self) -> tuple[str, ...]:
        """Return the endpoint's model names. Raises ProviderError."""
        raise NotImplementedError

    def stream(self, request: Request) -> AsyncIterator[Sequence[Chunk]]:
        """Yield chunks in the batches in which they came. Raises ProviderError; closing it closes the upstream."""
        raise NotImplementedError

    async def complete(self, request: Request) -> str:
        """Return a short answer whole (titles, search terms). Raises ProviderError."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close every connection."""
        raise NotImplementedError
