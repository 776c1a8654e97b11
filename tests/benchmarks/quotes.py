"""Is the answer inside three quoted sentences, is what no file answers said, and how soon is the first there?

    CORPORA=... python -m tests.benchmarks.quotes [questions a set]

CORPORA as for tests.benchmarks.retrieval. Questions are divided into two halves, so that what was tuned on
one shows on the other. with neighbours: the sentence before, which is shown where a quote leans on it, counts
as one of the three. refused: `Nothing in the files answers this`, or `for certain`, for a set's own questions
and for those of another document, which is about the same field for papers and of the same encyclopedia
elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from chat.grounding.retrieval.passages import Index
from chat.grounding.retrieval.sentences import split_sentences
from chat.turns.quotes import Quote, answer
from tests.benchmarks.retrieval import Asked, Span, is_hit, make_index, read_sets
from tests.servers import run_routes

SENTENCES = 3
OTHERS = {  # whose questions are foreign to a set of one document
    "xquad_en_all": "covidqa_native",
    "xquad_zh_all": "cmrc2018_20k",
    "cmrc2018_20k, one book": "xquad_zh_all",
    "covidqa_native, one book": "xquad_en_all",
}
Sets = dict[str, tuple[dict[str, Index], list[Asked]]]


def main() -> None:
    corpora = os.environ.get("CORPORA")
    if not corpora:
        sys.exit("CORPORA is unset: name the folder that holds qa/docs_*.jsonl and qa/qs_*.jsonl.")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    sets: Sets = {}
    for name, texts, asked in read_sets(Path(corpora) / "qa"):
        indexes = {key: make_index(key, text) for key, text in texts.items()}
        sets[name] = indexes, random.Random(1).sample(asked, min(count, len(asked)))
    print("| set | questions | one half | the other | all | with neighbours | refused | refused, foreign |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in sets:
        print_quotes(sets, name)
    asyncio.run(print_first_frames(Path(corpora) / "qa"))


def print_quotes(sets: Sets, name: str) -> None:
    indexes, asked = sets[name]
    answers = [answer(one.question, [indexes[one.document]], "en") for one in asked]
    found = [one.quotes for one in answers]
    hits = [is_hit(one, cut(quotes)) for one, quotes in zip(asked, found, strict=True)]
    shown = [is_hit(one, cut(quotes, with_lead=True)) for one, quotes in zip(asked, found, strict=True)]
    refused = [one.is_weak or not one.quotes for one in answers]
    others = [answer(question, [index], "en") for index, question in find_foreign(sets, name)]
    foreign = [one.is_weak or not one.quotes for one in others]
    cells = [share(hits[::2]), share(hits[1::2]), share(hits), share(shown), share(refused), share(foreign)]
    print(f"| {name} | {len(asked)} | " + " | ".join(cells) + " |", flush=True)


def share(found: Sequence[bool]) -> str:
    return f"{sum(found) / len(found):.3f}" if found else ""


def cut(quotes: Sequence[Quote], *, with_lead: bool = False) -> list[Span]:
    """Return where the first three sentences of the quotes stand."""
    spans, left = list[Span](), SENTENCES
    for quote in quotes:
        lead = quote.lead if with_lead else ""
        starts = split_sentences(lead + quote.text)[: left + 1]
        spans.append((quote.start - len(lead), quote.start - len(lead) + starts[-1]))
        left -= len(starts) - 1
        if left <= 0:
            break
    return spans


def find_foreign(sets: Sets, name: str) -> list[tuple[Index, str]]:
    """Return the questions of other documents, each with a document that it is not about."""
    chance, (indexes, asked) = random.Random(2), sets[name]
    if len(indexes) > 1:
        return [
            (indexes[chance.choice([key for key in indexes if key != one.document])], one.question)
            for one in asked
        ]
    (index,) = indexes.values()
    return [(index, one.question) for one in sets[OTHERS[name]][1]] if OTHERS.get(name) in sets else []


async def print_first_frames(folder: Path) -> None:
    """Print the time from a question to the first sentence, over the routes, on an indexed file."""
    print("\n| file of a million characters, indexed | first question, ms | the next ten, ms, median |")
    print("| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as data:
        async with run_routes(Path(data)) as app:
            for name, texts, asked in read_sets(folder):
                text = "\n\n".join(texts.values())
                million = (text * (1 + 1_000_000 // len(text)))[:1_000_000]
                sent = await app.client.post("/ai/files", files={"file": (f"{name}.txt", million.encode())})
                file_id = sent.json()["file_id"]
                file = await app.engine.attachment(file_id, "")
                await file.finish()
                await file.index()
                times = [await time_first(app.client, file_id, one.question) for one in asked[:11]]
                print(f"| {name} | {times[0]:.0f} | {sorted(times[1:])[5]:.0f} |", flush=True)


async def time_first(client: httpx.AsyncClient, file_id: str, question: str) -> float:
    """Return the milliseconds until the first frame that holds words of the answer."""
    body = {"user_message": question, "file_id": [file_id], "model": "quotes"}
    begun = time.perf_counter()
    async with client.stream("POST", "/ai/stream_chat", json=body) as response:
        async for line in response.aiter_lines():
            if line.startswith("data:") and '"content"' in line:
                return (time.perf_counter() - begun) * 1000
    raise RuntimeError("no answer came")


if __name__ == "__main__":
    main()
