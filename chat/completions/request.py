"""An endpoint, and what is requested of it, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chat.errors import ProviderError


@dataclass(frozen=True)
class Endpoint:
    """Where completions come from. context_window: tokens, 0 where unknown."""

    base_url: str
    api_key: str = field(repr=False)
    models: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    context_window: int = 0
    sampling: Mapping[str, Any] = field(default_factory=dict)
    is_demo: bool = False


@dataclass(frozen=True)
class Request:
    """What a completion is asked for. messages, tools: OpenAI's own dictionaries.

    continues: the partial answer that the completion is to go on from, or empty. api_key: a visitor's own, in
    place of the owner's. on_accepted: called each time the endpoint accepts it, since a retry may be paid for
    too. on_retry: called with the fault before each wait for a retry.
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    temperature: float | None = None
    max_tokens: int | None = None
    tools: Sequence[Mapping[str, Any]] = ()
    continues: str = ""
    api_key: str = field(default="", repr=False)
    on_accepted: Callable[[], None] | None = field(default=None, repr=False, compare=False)
    on_retry: Callable[[ProviderError], None] | None = field(default=None, repr=False, compare=False)
