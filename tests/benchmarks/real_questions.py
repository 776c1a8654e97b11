"""Is the right part sent for questions asked without the text in view?

    CORPORA=... [CACHE=...] python -m tests.benchmarks.real_questions [set …] [explain=N] [documents=N]
    EMBEDDING_MODEL=... EMBEDDING_BASE_URL=... beside these: with vectors too, in the columns `near`

CORPORA names a folder with real/: docs_*.jsonl and qs_*.jsonl as `tests.benchmarks.retrieval` has them,
pdf_*.jsonl ({file, question, pages, rows}) with pdf/, and words.jsonl ({set, question, words}), search words
of a large model. CACHE keeps the text of the PDFs. Each set is divided: what is tuned on the first half is
judged by the second. A hit of a PDF is text of a page that has the answer; rows: all lines that the answer
needs are sent. explain=N prints what is sent for question N of a set and what would have been right.
documents=N takes the first N documents of each set. CACHE also keeps the vectors.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import pickle
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chat.completions import Embeddings
from chat.documents.document import Document, Page
from chat.extraction.source import Shape, Source
from chat.extraction.worker import read
from chat.grounding.receipts import name_pages
from chat.grounding.retrieval.nearness import (
    PassageVectors,
    begin_vectors,
    measure_nearness,
    unpack_vectors,
    write_passage,
)
from chat.grounding.retrieval.passages import Index, Scores
from chat.grounding.selection import choose
from chat.jobs.endpoint_setup import find_embedding_endpoint
from chat.settings import Settings
from tests.benchmarks.retrieval import Span, is_hit, make_index, read_lines, read_sets

BUDGETS = (5_000, 20_000)
MOST_BYTES = 10_000_000
WAYS = ((False, False), (True, False), (False, True), (True, True))  # with words, with vectors
Hit = Callable[[Sequence[Span]], bool]


@dataclass(frozen=True)
class RealQuestion:
    """A question to one document. is_found, has_rows: of what is sent. right: what should have been."""

    document: str
    question: str
    words: str
    is_found: Hit
    has_rows: Hit | None
    right: str
    is_second: bool


def main() -> None:
    corpora = os.environ.get("CORPORA")
    if not corpora:
        sys.exit("CORPORA is unset: name the folder that holds real/docs_*.jsonl and real/pdf_*.jsonl.")
    wanted = [name for name in sys.argv[1:] if "=" not in name]
    explained = next((int(name[8:]) for name in sys.argv[1:] if name.startswith("explain=")), None)
    most = next((int(name[10:]) for name in sys.argv[1:] if name.startswith("documents=")), None)
    meaning = Meaning.of(Settings.from_env())
    heads = [f"{size:,}{_name(way)}" for size in BUDGETS for way in WAYS if meaning or not way[1]]
    print(f"| set | half | questions | head | {' | '.join(heads)} | rows | rows words |")
    print("| --- " * (6 + len(heads)) + "|")
    for name, find_index, asked in read_real(Path(corpora) / "real"):
        if wanted and name not in wanted:
            continue
        kept = set(list(dict.fromkeys(one.document for one in asked))[:most])
        asked = [one for one in asked if one.document in kept]
        if explained is not None:
            explain(find_index, asked[explained])
            continue
        for half, is_second in (("first", False), ("second", True)):
            those = [one for one in asked if one.is_second == is_second]
            print_half(name, half, find_index, those, meaning)
    if meaning:
        meaning.close()


class Meaning:
    """Vectors of questions and documents from an endpoint."""

    def __init__(self, client: Embeddings) -> None:
        self._client = client
        self._loop = asyncio.new_event_loop()
        self._kept: dict[str, PassageVectors] = {}

    @classmethod
    def of(cls, settings: Settings) -> Meaning | None:
        endpoint = find_embedding_endpoint(settings)
        return cls(Embeddings(endpoint, settings.embedding_model)) if endpoint else None

    def measure(self, question: str, index: Index) -> list[Scores]:
        """Return how near each sentence of a document is to a question."""
        row = self._loop.run_until_complete(self._client.embed_question(question)).rows[0]
        return measure_nearness(row, [self._find(index)], [index])

    def close(self) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.close()

    def _find(self, index: Index) -> PassageVectors:
        key = hashlib.sha256(index.document.text.encode("utf-8", "surrogatepass")).hexdigest()
        if key not in self._kept:
            self._kept[key] = self._read(index, key)
        return self._kept[key]

    def _read(self, index: Index, key: str) -> PassageVectors:
        path = Path(os.environ["CACHE"]) / f"{key}.vectors" if "CACHE" in os.environ else None
        stored = (
            unpack_vectors(path.read_bytes(), index, self._client.model) if path and path.exists() else None
        )
        vectors = stored or begin_vectors(index, self._client.model)
        assert vectors
        while not vectors.is_complete:
            first, last = len(vectors.rows), len(vectors.starts) - 1
            texts = [write_passage(index, vectors, at) for at in range(first, min(first + 32, last))]
            vectors = vectors.with_rows(
                self._loop.run_until_complete(self._client.embed_passages(texts)).rows
            )
        if path and not stored:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(vectors.pack())
        return vectors


def _name(way: tuple[bool, bool]) -> str:
    return "".join(name for name, is_used in zip((" words", " near"), way, strict=True) if is_used)


def print_half(
    name: str,
    half: str,
    find_index: Callable[[str], Index],
    asked: Sequence[RealQuestion],
    meaning: Meaning | None,
) -> None:
    cells = [share([one.is_found(((0, BUDGETS[0]),)) for one in asked])]
    rows = list[str]()
    for budget in BUDGETS:
        for has_words, is_near in WAYS:
            if is_near and not meaning:
                continue
            those = [one for one in asked if one.words or not has_words]
            used = meaning if is_near else None
            sent = [send(find_index(one.document), one, budget, has_words, used) for one in those]
            cells.append(share([one.is_found(spans) for one, spans in zip(those, sent, strict=True)]))
            if budget == BUDGETS[0] and not is_near:
                pairs = zip(those, sent, strict=True)
                rows.append(share([one.has_rows(spans) for one, spans in pairs if one.has_rows]))
    print(f"| {name} | {half} | {len(asked)} | {' | '.join([*cells, *rows])} |", flush=True)


def send(
    index: Index, asked: RealQuestion, budget: int, has_words: bool, meaning: Meaning | None = None
) -> Sequence[Span]:
    words = asked.words if has_words else ""
    near = meaning.measure(asked.question, index) if meaning else ()
    return choose(asked.question, "", [index], budget, search_terms=words, near=near).excerpts[0].spans


def share(hits: Sequence[bool]) -> str:
    return f"{sum(hits) / len(hits):.3f}" if hits else "-"


def explain(find_index: Callable[[str], Index], asked: RealQuestion) -> None:
    index = find_index(asked.document)
    print(f"\n{asked.document}: {asked.question}\nwords: {asked.words}\nright: {asked.right}")
    for has_words in (False, True) if asked.words else (False,):
        spans = send(index, asked, BUDGETS[0], has_words)
        print(f"\n== sent{' with words' if has_words else ''}: {'hit' if asked.is_found(spans) else 'miss'}")
        for start, end in spans:
            pages = ", ".join(name_pages(index.document, start, end))
            print(f"-- {start}-{end} [{pages}]\n{index.document.text[start:end]}")


def read_real(folder: Path) -> Iterator[tuple[str, Callable[[str], Index], list[RealQuestion]]]:
    """Yield name, documents and questions of each set."""
    words = {(one["set"], one["question"]): one["words"] for one in read_lines(folder / "words.jsonl")}
    for path in sorted(folder.glob("pdf_*.jsonl")):
        name, fields = path.stem.removeprefix("pdf_"), read_lines(path)
        find_index = cache(lambda file: Index.build(read_pdf(folder / "pdf" / file)))
        names = list(dict.fromkeys(one["file"] for one in fields))
        yield (
            name,
            find_index,
            [
                _read_pdf_question(
                    one, find_index, words.get((name, one["question"]), ""), names.index(one["file"]) % 2 == 1
                )
                for one in fields
            ],
        )
    for name, texts, asked in read_sets(folder):
        if "one book" in name:
            continue
        find_text = cache(lambda key, texts=texts: make_index(key, texts[key]))
        names = list(texts)
        found = list[RealQuestion]()
        for number, one in enumerate(asked):
            is_second = (names.index(one.document) if len(names) > 4 else number) % 2 == 1
            right = " / ".join(texts[one.document][start:end] for start, end in one.answers)
            hit = _hit_of(one)
            found.append(
                RealQuestion(
                    one.document,
                    one.question,
                    words.get((name, one.question), ""),
                    hit,
                    None,
                    right,
                    is_second,
                )
            )
        yield name, find_text, found


def _hit_of(asked: Any) -> Hit:
    return lambda spans: is_hit(asked, spans)


def _read_pdf_question(
    fields: dict[str, Any], find_index: Callable[[str], Index], words: str, is_second: bool
) -> RealQuestion:
    pages, rows = set(fields["pages"]), [squeeze(row) for row in fields["rows"]]

    def is_found(spans: Sequence[Span]) -> bool:
        document = find_index(fields["file"]).document
        return any(pages & set(name_pages(document, *span)) for span in spans)

    def has_rows(spans: Sequence[Span]) -> bool:
        document = find_index(fields["file"]).document
        sent = squeeze("\n".join(document.text[start:end] for start, end in spans))
        return all(row in sent for row in rows)

    right = f"pages {', '.join(fields['pages'])}; {' / '.join(fields['rows'])}"
    return RealQuestion(
        fields["file"], fields["question"], words, is_found, has_rows if rows else None, right, is_second
    )


def squeeze(text: str) -> str:
    """Return letters and digits alone: rows differ in their spaces, bars and signs."""
    return re.sub(r"[\W_]+", "", text).lower()


def read_pdf(path: Path) -> Document:
    """Return the text of a PDF, from the cache where it is there."""
    kept = Path(os.environ["CACHE"]) / f"{path.stem}.pickle" if "CACHE" in os.environ else None
    if kept and kept.exists():
        document = pickle.loads(kept.read_bytes())
        assert isinstance(document, Document)
        return document
    findings = list(read(Source(path, path.name, None, MOST_BYTES)))
    unit = next(one.unit for one in findings if isinstance(one, Shape))
    pages = tuple(one for one in findings if isinstance(one, Page))
    document = Document(path.name, "application/pdf", 0, unit, pages, len(pages))
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(document))
    return document


if __name__ == "__main__":
    main()
