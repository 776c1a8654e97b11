"""Reading a file whole: part by part, each part's notes carried to a final answer. Only when the user asks.

Every part is one request to the model; closing the generator stops it. Knows no generation and no page.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass

from chat.completions import Completions, Request
from chat.grounding.retrieval.passages import Index
from chat.grounding.selection import Selection, split_parts
from chat.turns.meter import Meter, estimate_prompt
from chat.turns.prompt import PromptMessage, write_files, write_rules

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
    """How far the reading is: parts read, of how many, and the notes so far."""

    read: int
    count: int
    notes: tuple[str, ...]


def split_files(indexes: Sequence[Index], characters: int) -> list[Selection]:
    """Return all files in consecutive parts of at most `characters`."""
    return [part for index in indexes for part in split_parts(index, characters)]


async def take_notes(
    parts: Sequence[Selection],
    question: str,
    model: str,
    completions: Completions,
    meter: Meter,
    notes_tokens: int,
    api_key: str = "",
) -> AsyncGenerator[Progress, None]:
    """Yield the progress before the first part and after each. notes_tokens: for all notes together.

    api_key: the visitor's own, where it is used. Raises ProviderError, Refused.
    """
    notes = list[str]()
    each = tokens_of_a_note(len(parts), notes_tokens)
    yield Progress(0, len(parts), ())
    for number, messages in enumerate(_ask_for_notes(parts, question), 1):
        asking = Request(model, messages, max_tokens=each, api_key=api_key)
        note = (await meter.complete(completions, asking)).strip()
        if note and note.strip(".。 ").lower() != NOTHING:
            notes.append(note)
        yield Progress(number, len(parts), tuple(notes))


def tokens_of_a_note(parts: int, notes_tokens: int) -> int:
    """Return the room of each part's note, where all share `notes_tokens`."""
    return max(SMALLEST_NOTE_TOKENS, notes_tokens // max(1, parts))


def estimate_reading(parts: Sequence[Selection], question: str, notes_tokens: int) -> int:
    """Return about how many tokens reading takes: each prompt, and each note at its longest."""
    notes = len(parts) * tokens_of_a_note(len(parts), notes_tokens)
    return sum(map(estimate_prompt, _ask_for_notes(parts, question))) + notes


def _ask_for_notes(parts: Sequence[Selection], question: str) -> Iterator[list[dict[str, str]]]:
    """Yield the messages about each part."""
    is_one_of_many = len({excerpt.document.name for part in parts for excerpt in part.excerpts}) > 1
    for number, part in enumerate(parts, 1):
        asked = NOTES_PROMPT.format(number=number, count=len(parts), question=question)
        rules = write_rules(part, question, is_one_of_many=is_one_of_many)
        system = [{"role": "system", "content": rules}] if rules else []
        yield [*system, {"role": "user", "content": f"{write_files(part)}\n\n{asked}"}]


def ask_about_notes(question: str, notes: Sequence[str]) -> PromptMessage:
    """Return the message that stands in the place of the files' text for the final answer."""
    return PromptMessage("user", FINAL_PROMPT.format(notes="\n\n".join(notes) or NOTHING, question=question))
