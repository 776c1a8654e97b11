"""Metrics for Prometheus: counts, times, failures. Labels never contain a text or a name.

Each app has a registry of its own, so that two apps in one process (tests) do not add up. Knows no HTTP.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from chat.completions.provider_errors import FAULTS
from chat.errors import Refused, Stopping
from chat.generations.generation import Generation
from chat.turns.answer import Answer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FIRST_TOKEN_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)
WAITING_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60)
READING_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60)
REASONS = frozenset(
    {"stop", "length", "tool_calls", "content_filter", "cancelled", "abandoned", "repetition", "error"}
)


class Metrics:
    """The metrics of one engine. running: returns the number of answers in progress."""

    def __init__(self, running: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        self._waits = Histogram(
            "xiaojia_queue_wait_seconds",
            "Seconds until work that takes long began, by queue",
            ["queue"],
            buckets=WAITING_SECONDS,
            registry=registry,
        )
        gauge = Gauge("xiaojia_generations_running", "Answers in progress", registry=registry)
        gauge.set_function(running)
        self._answers = Counter(
            "xiaojia_generations", "Ended answers by finish reason", ["finish_reason"], registry=registry
        )
        self._first_token = Histogram(
            "xiaojia_first_token_seconds",
            "Seconds from the request to the first token",
            buckets=FIRST_TOKEN_SECONDS,
            registry=registry,
        )
        self._deltas = Counter("xiaojia_deltas", "Chunks with text or reasoning", registry=registry)
        self._tokens = Counter(
            "xiaojia_tokens",
            "Tokens as the endpoint counts them, else estimated",
            ["kind"],
            registry=registry,
        )
        self._refusals = Counter("xiaojia_refusals", "Refused requests by limit", ["type"], registry=registry)
        self._faults = Counter(
            "xiaojia_upstream_errors",
            "Answers that failed at the endpoint, by fault",
            ["type"],
            registry=registry,
        )
        self._reading = Histogram(
            "xiaojia_extraction_seconds",
            "Seconds to read one file, by media type",
            ["media_type"],
            buckets=READING_SECONDS,
            registry=registry,
        )

    def watch_loop(self, longest: Callable[[], tuple[float, float]]) -> None:
        """Tell the longest block of the event loop. longest: returns its wall and processor seconds."""
        gauge = Gauge(
            "xiaojia_loop_longest_block_seconds",
            "Longest block of the event loop in the last minutes, by clock",
            ["clock"],
            registry=self._registry,
        )
        for at, clock in enumerate(("wall", "cpu")):
            gauge.labels(clock).set_function(partial(_pick, longest, at))

    def watch_bytes(self, held: Mapping[str, Callable[[], int]]) -> None:
        """Tell the bytes that are held, by class."""
        gauge = Gauge("xiaojia_held_bytes", "Bytes held, by class", ["class"], registry=self._registry)
        for name, count in held.items():
            gauge.labels(name).set_function(count)

    def observes_waits(self, queue: str) -> Callable[[float], None]:
        """Return what takes the seconds that a job waited in this queue."""
        return self._waits.labels(queue).observe

    def count_refusal(self, type: str) -> None:
        """Count a refused request. type: the limit."""
        self._refusals.labels(type).inc()

    @contextlib.contextmanager
    def counting_refusals(self) -> Iterator[None]:
        """Count a refusal that is raised inside."""
        try:
            yield
        except (Refused, Stopping) as error:
            self.count_refusal(error.type)
            raise

    def count_answer(self, generation: Generation, answer: Answer, tokens: int) -> None:
        """Count an ended answer. tokens: estimate, used if the provider reports none."""
        # A provider may send any text as reason: only those of the specification become labels.
        reason = generation.finish_reason
        self._answers.labels(reason if reason in REASONS else "other").inc()
        self._deltas.inc(sum(1 for event in generation.events if event.text or event.reasoning))
        first = answer.timings()["first_token"]
        if first is not None:
            self._first_token.observe(first)
        self._count_tokens(answer, tokens)
        if reason == "error":
            type = orjson.loads(generation.events[-1].data)["error"]["type"]
            if type in FAULTS:
                self._faults.labels(type).inc()

    def observe_reading(self, media_type: str, seconds: float) -> None:
        """Count a file that was read, with the seconds that it took."""
        self._reading.labels(media_type).observe(seconds)

    def render(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)

    def _count_tokens(self, answer: Answer, tokens: int) -> None:
        usage = answer.usage or {}
        told = {kind: usage.get(f"{kind}_tokens") for kind in ("prompt", "completion")}
        counted = {kind: count for kind, count in told.items() if isinstance(count, int) and count >= 0}
        if len(counted) < len(told):
            counted = {}
        # Search words, parts of a file that is read whole: the usage is of the answer's own request alone.
        counted["estimated"] = max(0, tokens - sum(counted.values()))
        for kind, count in counted.items():
            self._tokens.labels(kind).inc(count)


def _pick(longest: Callable[[], tuple[float, float]], at: int) -> float:
    return longest()[at]
