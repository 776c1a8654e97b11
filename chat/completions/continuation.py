"""Going on with an answer that broke off: how an endpoint is asked for it, and what is repeated is taken out.

Some endpoints go on from the last message itself, each in its own way (`Way`); all others are told to. A
model that is told to often begins with what stands there already. Knows no client and no stream.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import orjson

from chat.completions.chunks import Chunk

INSTRUCTION = (
    "Your last message broke off. Go on exactly where it stopped, in the middle of the word if need be. "
    "Do not repeat any of it, do not comment, and keep its language and format."
)
WINDOW_CHARACTERS = 2000  # of the partial answer, in which a repetition is looked for
MIN_OVERLAP_WIDTH = 8  # columns, where a Chinese character has two: less may be chance


class Way(Enum):
    """How an endpoint continues a message of the assistant that comes last."""

    INSTRUCTION = "a message of the user asks for it"
    PREFIX = "the message is marked as a prefix"  # DeepSeek (beta), Mistral
    FINAL_MESSAGE = "the request says that the message is not finished"  # vLLM, SGLang
    PREFILL = "the message comes last, and that is all"  # llama.cpp


BY_OWNER = {"vllm": Way.FINAL_MESSAGE, "sglang": Way.FINAL_MESSAGE, "llamacpp": Way.PREFILL}


def find_way_by_url(base_url: str) -> Way | None:
    """Return the way that an endpoint is known for by its address, or None."""
    parts = urlsplit(base_url)
    is_deepseek_beta = parts.hostname == "api.deepseek.com" and parts.path.startswith("/beta")
    return Way.PREFIX if is_deepseek_beta or parts.hostname == "api.mistral.ai" else None


def ask_to_continue(messages: Sequence[Mapping[str, Any]], said: str, way: Way) -> dict[str, Any]:
    """Return the options of a request that goes on from `said`: its messages, and what the way needs."""
    partial = {"role": "assistant", "content": said}
    match way:
        case Way.PREFIX:
            return {"messages": [*messages, {**partial, "prefix": True}]}
        case Way.FINAL_MESSAGE:
            options = {"continue_final_message": True, "add_generation_prompt": False}
            return {"messages": [*messages, partial], **options}
        case Way.PREFILL:
            return {"messages": [*messages, partial]}
    return {"messages": [*messages, partial, {"role": "user", "content": INSTRUCTION}]}


class Overlap:
    """Takes out of an answer's first chunks what they repeat of the end of `said`.

    Chunks are held back as long as their text could be such a repetition. Where one is taken out, the chunk's
    JSON is written anew: the one place where it is not the provider's own.
    """

    def __init__(self, said: str) -> None:
        self._window = said[-WINDOW_CHARACTERS:]
        self._held: list[Chunk] = []

    def feed(self, chunks: Sequence[Chunk]) -> Sequence[Chunk]:
        """Return the chunks that are decided."""
        if not self._window:
            return chunks
        self._held += chunks
        text = "".join([chunk.text for chunk in self._held])
        return () if text in self._window else self.flush()

    def flush(self) -> Sequence[Chunk]:
        """Return what was held, without the repetition; the rest of the answer passes as it is."""
        text = "".join([chunk.text for chunk in self._held])
        repeated = _count_repeated(self._window, text)
        held, self._held, self._window = self._held, [], ""
        for at, chunk in enumerate(held):
            taken = min(repeated, len(chunk.text))
            if taken:
                held[at] = _take_out(chunk, taken)
                repeated -= taken
        return held


def _count_repeated(window: str, text: str) -> int:
    """Return how many characters of the start of `text` end `window`: the most, or 0 for too few."""
    count = next((n for n in range(min(len(window), len(text)), 0, -1) if window.endswith(text[:n])), 0)
    width = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text[:count])
    return count if width >= MIN_OVERLAP_WIDTH else 0


def _take_out(chunk: Chunk, count: int) -> Chunk:
    value, text = orjson.loads(chunk.data), chunk.text[count:]
    delta = value["choices"][0]["delta"]
    if (
        delta.get("content") != chunk.text
    ):  # tags were taken out of it; the text for the page is right all the same
        return chunk._replace(text=text)
    delta["content"] = text
    return chunk._replace(text=text, data=orjson.dumps(value))
