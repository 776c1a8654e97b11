"""Reading a file whole: part by part, each part's notes carried to a final answer. Only when the user asks.

Every part is one request to the model; closing the generator stops it. Knows no generation and no page.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

from chat.completions import Completions, Request
from chat.grounding.retrieval.passages import Index
from chat.grounding.selection import Selection, split_parts
from chat.turns.prompt import PromptMessage, write_files, write_rules
from chat.turns.tokens import MESSAGE_TOKENS, estimate_tokens

NOTES_PROMPT = (
    "This is part {number} of {count} of the attached files. Write short notes on everything in it that "
    "bears on the question, with exact quotes and their page marks. If nothing does, reply with the single "
    "word: nothing.\n\n"
    "Question: {question}"
)
FINAL_PROMPT = "Notes from reading the attached files whole, part by part:\n\n{notes}\n\nQuestion: {question}"
NOTHING = "nothing"
SMALLEST_NOTE_TOKENS = 60


@dataclass(frozen=True)
class Progress:
    """How far it is: parts read, of how many, the notes so far, and about how many tokens they took."""

    read: int
    count: int
    notes: tuple[str, ...]
    tokens: int = 0


def split_files(indexes: Sequence[Index], characters: int) -> list[Selection]:
    """Return all files in consecutive parts of at most `characters`."""
    return [part for index in indexes for part in split_parts(index, characters)]


async def take_notes(
    parts: Sequence[Selection],
    question: str,
    model: str,
    completions: Completions,
    notes_tokens: int,
    api_key: str = "",
) -> AsyncGenerator[Progress, None]:
    """Yield the progress before the first part and after each. notes_tokens: for all notes together.

    api_key: of a visitor who pays himself.
    Raises ProviderError.
    """
    notes, tokens = list[str](), 0
    is_one_of_many = len({excerpt.document.name for part in parts for excerpt in part.excerpts}) > 1
    each = max(SMALLEST_NOTE_TOKENS, notes_tokens // max(1, len(parts)))
    yield Progress(0, len(parts), ())
    for number, part in enumerate(parts, 1):
        asked = NOTES_PROMPT.format(number=number, count=len(parts), question=question)
        messages = [
            {"role": "system", "content": write_rules(part, question, is_one_of_many=is_one_of_many)},
            {"role": "user", "content": f"{write_files(part)}\n\n{asked}"},
        ]
        asking = Request(model, messages, max_tokens=each, api_key=api_key)
        note = (await completions.complete(asking)).strip()
        tokens += await asyncio.to_thread(_estimate, messages, note)
        if note and note.strip(".。 ").lower() != NOTHING:
            notes.append(note)
        yield Progress(number, len(parts), tuple(notes), tokens)


def ask_about_notes(question: str, notes: Sequence[str]) -> PromptMessage:
    """Return the message that stands in the place of the files' text for the final answer."""
    return PromptMessage("user", FINAL_PROMPT.format(notes="\n\n".join(notes) or NOTHING, question=question))


def _estimate(messages: Sequence[Mapping[str, str]], note: str) -> int:
    contents = [message["content"] for message in messages]
    return estimate_tokens(note) + sum(estimate_tokens(content) + MESSAGE_TOKENS for content in contents)
