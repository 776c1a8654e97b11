"""A conversation's title, written by the model that answered. Knows no history."""

from __future__ import annotations

from chat.completions import Completions, Request
from chat.turns.meter import Meter
from chat.turns.tokens import MESSAGE_TOKENS

PROMPT = (
    "Give this conversation a title of at most six words, in its own language. Reply with the title only.\n"
    "User: {question}\n\nAssistant: {answer}"
)
SHOWN_CHARACTERS = 600  # of question and of answer
TITLE_TOKENS = 400  # a model that reasons first needs room for it
TITLE_CHARACTERS = 60
# Each character of the largest prompt could be a token.
TITLE_COST = TITLE_TOKENS + 2 * SHOWN_CHARACTERS + len(PROMPT) + MESSAGE_TOKENS


async def write_title(
    question: str, answer: str, model: str, completions: Completions, meter: Meter, longest: int
) -> str:
    """Return a title, empty where the model gives none. longest: tokens. Raises ProviderError, Refused."""
    content = PROMPT.format(question=question[:SHOWN_CHARACTERS], answer=answer[:SHOWN_CHARACTERS])
    request = Request(model, [{"role": "user", "content": content}], max_tokens=longest)
    lines = (await meter.complete(completions, request)).strip().splitlines()
    title = lines[0].strip().strip("\"'“”「」《》#*. 。").removeprefix("Title:").strip() if lines else ""
    return title if len(title) <= TITLE_CHARACTERS else ""
