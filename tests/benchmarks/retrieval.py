"""Is the answer in what is sent, and how much do the index, a query, quotes and a check cost?

    CORPORA=... python -m tests.benchmarks.retrieval [questions a set]

CORPORA names a folder with qa/docs_*.jsonl ({doc_id, text}) and qa/qs_*.jsonl ({doc_id, question, answers:
[{text, start, end}]}). Besides the sets as they are, the documents of a set joined to one book are asked.
A hit is the answer's own place, whole, inside one stretch of what is sent.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from chat.documents.document import Document, Page
from chat.grounding.citations import check
from chat.grounding.evidence import Evidence
from chat.grounding.retrieval.passages import Index, Search
from chat.grounding.retrieval.questions import weigh_terms
from chat.grounding.selection import choose
from chat.turns.quotes import answer

BUDGETS = (2_000, 5_000, 20_000)
Span = tuple[int, int]


@dataclass(frozen=True)
class Asked:
    document: str
    question: str
    answers: tuple[Span, ...]


def main() -> None:
    corpora = os.environ.get("CORPORA")
    if not corpora:
        sys.exit("CORPORA is unset: name the folder that holds qa/docs_*.jsonl and qa/qs_*.jsonl.")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print("| set | characters | questions | head 5,000 | 2,000 | 5,000 | 20,000 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    sets = list(read_sets(Path(corpora) / "qa"))
    for name, texts, asked in sets:
        print_recall(name, texts, random.Random(1).sample(asked, min(count, len(asked))))
    print_costs({name: "\n\n".join(texts.values()) for name, texts, _ in sets})


def read_sets(folder: Path) -> Iterator[tuple[str, dict[str, str], list[Asked]]]:
    for path in sorted(folder.glob("docs_*.jsonl")):
        name = path.stem.removeprefix("docs_")
        texts = {one["doc_id"]: one["text"] for one in read_lines(path)}
        asked = [
            Asked(one["doc_id"], one["question"], tuple(map(read_span, one["answers"])))
            for one in read_lines(folder / f"qs_{name}.jsonl")
        ]
        yield name, texts, asked
        if len(texts) > 1:
            yield join_book(name, texts, asked)


def read_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_span(found: dict[str, Any]) -> Span:
    return found["start"], found["start"] + max(1, len(found["text"].rstrip()))


def join_book(
    name: str, texts: dict[str, str], asked: Sequence[Asked]
) -> tuple[str, dict[str, str], list[Asked]]:
    offsets, at = {}, 0
    for key, text in texts.items():
        offsets[key] = at
        at += len(text) + 2
    moved = [
        Asked(
            "book",
            one.question,
            tuple((a + offsets[one.document], b + offsets[one.document]) for a, b in one.answers),
        )
        for one in asked
    ]
    return f"{name}, one book", {"book": "\n\n".join(texts.values())}, moved


def make_index(name: str, text: str) -> Index:
    return Index.build(Document(name, "text/plain", len(text), "", (Page("", text),), 1))


def print_recall(name: str, texts: dict[str, str], asked: Sequence[Asked]) -> None:
    indexes = {key: make_index(key, text) for key, text in texts.items()}
    head = share(asked, lambda one: ((0, 5_000),))
    sent = [share(asked, partial(find_sent, indexes, budget)) for budget in BUDGETS]
    characters = sum(map(len, texts.values())) // len(texts)
    cells = " | ".join(f"{cell:.3f}" for cell in [head, *sent])
    print(f"| {name} | {characters:,} | {len(asked)} | {cells} |", flush=True)


def share(asked: Sequence[Asked], find: Callable[[Asked], Sequence[Span]]) -> float:
    return sum(is_hit(one, find(one)) for one in asked) / len(asked)


def is_hit(asked: Asked, spans: Sequence[Span]) -> bool:
    """Tell whether an answer stands whole in one of `spans`."""
    return any(a <= start and end <= b for start, end in asked.answers for a, b in spans)


def find_sent(indexes: dict[str, Index], budget: int, asked: Asked) -> Sequence[Span]:
    return choose(asked.question, "", [indexes[asked.document]], budget).excerpts[0].spans


def print_costs(texts: dict[str, str]) -> None:
    print("\nA million characters, the text repeated to that length:\n")
    print("| text | index s | MB kept | MB at the peak | query ms | quotes ms | check ms | later |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in ("cmrc2018_20k, one book", "xquad_en_all", "covidqa_native, one book"):
        if name in texts:
            print_cost(name, (texts[name] * (1 + 1_000_000 // len(texts[name])))[:1_000_000])


def print_cost(name: str, text: str) -> None:
    document = Document(name, "text/plain", len(text), "", (Page("", text),), 1)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    index = Index.build(document)
    seconds = time.process_time() - start
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    kept = (index.postings.nbytes + index.starts.nbytes + sum(one.nbytes for one in index.windows)) / 1e6
    question = text[5_000:5_016]
    query = least(lambda: Search.of([index], weigh_terms(question)).rank(20_000))
    quotes = least(lambda: answer(question, [index], "en"))
    said = " ".join(
        f"“{text[at : at + 60]}”".replace("\n", " ") for at in range(0, len(text) - 60, len(text) // 6)
    )
    evidence = Evidence.prepare(document)
    first = least(lambda: check(said, [Evidence.prepare(document)]))
    later = least(lambda: check(said, [evidence]))
    print(
        f"| {name} | {seconds:.2f} | {kept:.0f} | {peak:.0f} | {query:.1f} | {quotes:.1f}"
        f" | {first:.1f} | {later:.1f} |",
        flush=True,
    )


def least(run: Callable[[], object]) -> float:
    """Return the least CPU of five runs, in milliseconds: the others on this machine only ever add."""
    times = []
    for _ in range(5):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times) * 1000


if __name__ == "__main__":
    main()
