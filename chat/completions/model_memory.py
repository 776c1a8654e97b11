"""What is known of an endpoint's models, by name, for an hour: a model behind the same name may change.

A model's name can be any text that a visitor sends, so that the number of names is bounded.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Generic, TypeVar

KEPT_SECONDS = 3600.0
MODELS = 1_000

V = TypeVar("V")


class ModelMemory(Generic[V]):
    """Values by the names of models; the name that was set longest ago is forgotten first."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[V, float]] = OrderedDict()

    def get(self, model: str, default: V) -> V:
        value, until = self._known.get(model, (default, 0.0))
        return value if until > time.monotonic() else default

    def __setitem__(self, model: str, value: V) -> None:
        self._known[model] = value, time.monotonic() + KEPT_SECONDS
        self._known.move_to_end(model)
        while len(self._known) > MODELS:
            self._known.popitem(last=False)
