"""What the page shows of a conversation, fetched from the engine for the visitor who asks: messages, names of
files, what is being written.

Knows no event of the page and no HTML. What is not there, or another's, is nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from chat.engine import Engine
from chat.errors import NotFound, Unreachable
from chat.generations.generation import Generation
from chat.history import Message
from chat.ui.view import Branch
from chat.ui.visits import Visit


async def load(engine: Engine, visit: Visit) -> Branch:
    """Return the shown branch of the visit's conversation; an empty one where there is none."""
    if not visit.conversation:
        return Branch()
    try:
        messages = await engine.branch(visit.conversation, visit.owner)
        beside = await engine.store(visit.conversation).alternatives(visit.conversation, visit.owner)
    except NotFound:
        return Branch()
    ids = tuple(dict.fromkeys(id for message in messages for id in message.attachment_ids))
    names = await name_files(engine, ids, visit.owner)
    await _prepare_cited(engine, messages, visit.owner)
    excluded = await engine.excluded_files(visit.conversation, visit.owner) if ids else frozenset()
    return Branch(messages, beside, names, excluded)


async def _prepare_cited(engine: Engine, messages: Sequence[Message], owner: str) -> None:
    """Have the page drawn that the newest answer cites first: it is likely to be looked at."""
    citations = next((one.citations for one in reversed(messages) if one.citations), [])
    cited = next((one for one in citations if one.get("file_id") and one.get("page_number")), None)
    if cited:
        with contextlib.suppress(NotFound):
            attachment = await engine.attachment(cited["file_id"], owner)
            engine.pages.prepare(attachment, cited["page_number"])


def split(branch: Branch) -> tuple[Branch, Branch]:
    """Return what was said before the newest turn, and that turn: a question, and its answer."""
    messages = branch.messages
    at = max((at for at, message in enumerate(messages) if message.role == "user"), default=0)
    return replace(branch, messages=messages[:at]), replace(branch, messages=messages[at:])


async def name_files(engine: Engine, ids: Sequence[str], owner: str) -> dict[str, str]:
    """Return the names of files, by id; those that are gone are left out."""
    names = {}
    for id in ids:
        with contextlib.suppress(NotFound):
            names[id] = (await engine.attachment(id, owner)).name
    return names


async def give_back(engine: Engine, ids: Sequence[str], visit: Visit) -> list[dict[str, str]]:
    """Return files that were sent, as the script puts them into the composer."""
    return [{"id": id, "label": name} for id, name in (await name_files(engine, ids, visit.owner)).items()]


async def find_running(engine: Engine, generation_id: str, owner: str) -> Generation | None:
    """Return a generation that is running and the visitor's, if it is."""
    with contextlib.suppress(NotFound, Unreachable):
        generation = await engine.find(generation_id, owner) if generation_id else None
        return generation if generation and not generation.is_finished else None
    return None


def running_in(messages: Sequence[Message]) -> str:
    """Return the id of the generation that is writing the last of the messages, or nothing."""
    last = messages[-1] if messages else None
    is_running = last and last.role == "assistant" and last.finish_reason is None
    return (last.generation_id or "") if last and is_running else ""
