"""Search words: what the passage that answers a question would say, written by the model before it answers.

A search finds words, not meanings: "how much did they invest" has none of "purchases of property and
equipment". One short request, sent where the files do not fit. Knows no prompt and no receipt.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from chat.completions import Completions, ModelMemory, Request
from chat.errors import ProviderError, Refused
from chat.grounding.mark_writing import clean_name
from chat.grounding.retrieval.passages import Index
from chat.grounding.retrieval.samples import find_samples, is_heading
from chat.turns.meter import Meter
from chat.turns.tokens import MESSAGE_TOKENS

PROMPT = (
    "A search will look for the passages that answer a question, in files too long to be read whole. It finds"
    " words, not meanings. Write the words that the answering passages themselves would use.\n\n"
    "{outline}\n\n{before}Question: {question}\n\n"
    "Reply with one line: 5 to 12 words or short terms in the language of the files, separated by commas."
    " Name what stands in the text: its technical terms, synonyms, line items, names of rows and columns,"
    " titles of statements and tables. If the question goes on from the one before, include what it goes on"
    " about. No sentence and no explanation."
)
SECONDS = (
    4.0  # that the answer waits for the words at most; a model that took longer is not asked for an hour
)
TOKENS = 120
OUTLINE_CHARACTERS = 2_400
MOST_FILES = 8
HEADINGS, SAMPLE_CHARACTERS, HEADING_CHARACTERS = 14, 240, 60
LONGEST_QUESTION, LONGEST_BEFORE = 1_000, 300
MOST_CHARACTERS = 400  # of a reply that is searched for
# Each character of the largest prompt could be a token.
COST = TOKENS + len(PROMPT) + OUTLINE_CHARACTERS + LONGEST_QUESTION + LONGEST_BEFORE + MESSAGE_TOKENS
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_LABEL = re.compile(r"^\s*(?:search (?:words|terms)|keywords|words|搜索词|关键词)\s*[:：]\s*", re.IGNORECASE)
_MARKUP = re.compile(r"[*_`#<>|\[\]{}\"“”]+|^\s*(?:[-•]|\d+[.)])\s+", re.MULTILINE)


class WordWriter:
    """Asks for search words, and remembers the models that were too slow. One for all answers."""

    def __init__(self) -> None:
        self._slow: ModelMemory[bool] = ModelMemory()

    def is_slow(self, model: str) -> bool:
        return self._slow.get(model, False)

    async def write(
        self,
        content: str,
        model: str,
        completions: Completions,
        meter: Meter,
        api_key: str,
        seconds: float = SECONDS,
    ) -> str:
        """Return the reply; empty where the model gives none, fails or takes longer than `seconds`."""
        if self.is_slow(model):
            return ""
        request = Request(model, [{"role": "user", "content": content}], 0.0, TOKENS, api_key=api_key)
        try:
            async with asyncio.timeout(seconds):
                return await meter.complete(completions, request)
        except TimeoutError:
            self._slow[model] = True
        except (ProviderError, Refused):
            pass
        return ""


def write_request(question: str, before: str, indexes: Sequence[Index]) -> str:
    """Return the prompt. before: the question before, which this one may go on from."""
    return PROMPT.format(
        outline=outline(indexes)[:OUTLINE_CHARACTERS],
        before=f"Question before: {before[:LONGEST_BEFORE]}\n" if before else "",
        question=question[:LONGEST_QUESTION],
    )


def outline(indexes: Sequence[Index]) -> str:
    """Return name, headings, sheets and a sample of prose of each file, as far as there is room."""
    count = max(1, min(len(indexes), MOST_FILES))
    share = OUTLINE_CHARACTERS // count
    parts = [_outline(index, share)[:share] for index in indexes[:MOST_FILES]]
    names = [clean_name(index.document.name) for index in indexes[MOST_FILES:]]
    return "\n".join([*parts, *(f"File {name}" for name in names)])


def _outline(index: Index, size: int) -> str:
    document = index.document
    lines = [f"File {clean_name(document.name)}"]
    if document.unit == "sheet":
        lines.append("Sheets: " + "; ".join(page.label for page in document.pages))
    columns = dict.fromkeys(name for table in document.tables[:20] for name in table.columns if name)
    if document.unit == "sheet" and columns:
        lines.append("Columns: " + "; ".join(columns))
    lines.append("Text: " + _sample(index)[: min(SAMPLE_CHARACTERS, size // 3)])
    headings = _headings(index, max(2, HEADINGS * size // OUTLINE_CHARACTERS))
    return "\n".join([*lines, *(["Headings: " + "; ".join(headings)] if headings else [])])


def _headings(index: Index, count: int) -> list[str]:
    """Return headings at even distances, each once."""
    found = (index.sentence(at).strip(" #*\n\t") for at in range(len(index)) if is_heading(index, at))
    names = list(dict.fromkeys(name[:HEADING_CHARACTERS] for name in found if _is_prose(name)))
    step = max(1, len(names) // count)
    return names[::step][:count]


def _sample(index: Index) -> str:
    """Return the stretch of prose among a few at even distances: no list of numbers and no addresses."""
    starts = find_samples(index, 8) or [0]
    samples = [index.document.text[index.starts[at] :][:SAMPLE_CHARACTERS] for at in starts]
    best = max(samples, key=_letter_share, default="")
    return " ".join(best.split())


def _is_prose(text: str) -> bool:
    return len(text) > 2 and _letter_share(text) > 0.6 and "://" not in text


def _letter_share(text: str) -> float:
    return sum(map(str.isalpha, text)) / max(1, len(text))


def clean_words(reply: str) -> str:
    """Return the words of a reply, in one line; empty where it has none."""
    text = _MARKUP.sub(" ", _LABEL.sub("", _THOUGHT.sub(" ", reply).strip()))
    words = " ".join(re.sub(r"[,，、;；\n]+", " ", text).split())
    return words if len(words) <= MOST_CHARACTERS else words[:MOST_CHARACTERS].rpartition(" ")[0]
