"""A conversation's title, written by the model that answered. Knows no history."""

from __future__ import annotations

import re

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
_LABEL = re.compile(r"(title|标题|題目|题目)\s*[:：]\s*", re.IGNORECASE)
_MARKUP = re.compile(r"[<>{}|\\`]|\[[A-Z/]+\]")
_AROUND = "\"'“”‘’「」『』《》#*_-. 。"


async def write_title(
    question: str, answer: str, model: str, completions: Completions, meter: Meter, longest: int
) -> str:
    """Return a title, empty where the model gives none. longest: tokens. Raises ProviderError, Refused."""
    content = PROMPT.format(question=question[:SHOWN_CHARACTERS], answer=answer[:SHOWN_CHARACTERS])
    request = Request(model, [{"role": "user", "content": content}], max_tokens=longest)
    return clean_title(await meter.complete(completions, request))


def clean_title(reply: str) -> str:
    """Return the one line of words that a reply consists of; empty for anything else."""
    lines = [line.strip() for line in reply.splitlines() if line.strip(" \t`")]
    if len(lines) != 1:
        return ""
    title = _LABEL.sub("", lines[0].strip(_AROUND), count=1).strip(_AROUND)
    is_words = title.isprintable() and bool(re.search(r"\w", title)) and not _MARKUP.search(title)
    return title if is_words and len(title) <= TITLE_CHARACTERS else ""
