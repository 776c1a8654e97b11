"""A scripted model for embeddings: texts that share words of one meaning are near each other.

    provider.scripts["meanings"] = Meanings({"airship": 0, "zeppelin": 0, "weather": 1}).answer

Each meaning is one axis; a text without any stands on the last one. Knows nothing of the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.provider import Call

AXES = 4


class Meanings:
    """Answers `POST /embeddings`. axes: the axis of each word. most: texts of a request, else 413.

    longest: characters of a text, else 400. texts: all that were embedded, in order.
    """

    def __init__(self, axes: Mapping[str, int], *, most: int = 1_000, longest: int = 1_000_000) -> None:
        self.axes = axes
        self.most = most
        self.longest = longest
        self.texts: list[str] = []
        self.width = AXES

    async def answer(self, call: Call) -> None:
        texts = call.body["input"]
        if len(texts) > self.most:
            return await call.reply(413, {"error": {"message": "batch too large"}})
        if any(len(text) > self.longest for text in texts):
            return await call.reply(400, {"error": {"message": "input too long"}})
        self.texts += texts
        data: list[dict[str, Any]] = [
            {"object": "embedding", "index": number, "embedding": self.find_vector(text)}
            for number, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        await call.reply(200, {"object": "list", "data": data[::-1], "model": call.model, "usage": usage})

    def find_vector(self, text: str) -> list[float]:
        """Return a vector of any length but 0: a client makes it one of length 1."""
        vector = [0.0] * self.width
        for word, axis in self.axes.items():
            vector[axis] += 2.0 * text.lower().count(word)
        return vector if any(vector) else [*vector[:-1], 1.0]
