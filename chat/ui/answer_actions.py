"""What is done with a message that is there: copy it, keep whether it was liked; and a conversation taken
along.

Knows no component: what the script is to put on the clipboard or into a file is a value.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

from chat.engine import Engine
from chat.errors import NotFound
from chat.ids import new_id
from chat.ui.html import plain, tag
from chat.ui.texts import text
from chat.ui.visits import Visit

LIKES = {"like": True, "dislike": False}
EXPORT_CHARACTERS_MAX = 50_000_000  # of all conversations in one file: it stands in memory here, and there


async def fetch(engine: Engine, visit: Visit) -> dict[str, Any]:
    """Return a message's own text to copy, or conversations to save. Raises NotFound."""
    if visit.action == "copy":
        message = await engine.store(visit.conversation).message(visit.target, visit.owner)
        return {"copy": message.text, "serial": new_id()}
    if visit.action == "everything":
        return await _export_all(engine, visit)
    store = engine.store(visit.target)
    if visit.action == "json":
        return _download(
            await _title(engine, visit), "json", await store.export_json(visit.target, visit.owner)
        )
    names = {"user": text(visit.language, "answer.user"), "assistant": engine.settings.assistant_name}
    return _download(
        await _title(engine, visit), "md", await store.export_markdown(visit.target, visit.owner, names=names)
    )


async def _export_all(engine: Engine, visit: Visit) -> dict[str, Any]:
    pieces, characters = [], 0
    async with contextlib.aclosing(engine.history.export_all_json(visit.owner)) as exported:  # type: ignore[type-var]
        async for piece in exported:
            pieces.append(piece)
            characters += len(piece)
            if characters > EXPORT_CHARACTERS_MAX:
                sentence = text(visit.language, "sidebar.export_all.too_large")
                return {"html": {"notice": tag("p", plain(sentence), cls="note")}, "serial": new_id()}
    return _download(engine.settings.assistant_name, "json", "".join(pieces))


async def _title(engine: Engine, visit: Visit) -> str:
    conversation = await engine.store(visit.target).conversation(visit.target, visit.owner)
    return conversation.title or text(visit.language, "sidebar.untitled")


def _download(title: str, ending: str, content: str) -> dict[str, Any]:
    name = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", title).strip()[:80] or "conversation"
    kind = "application/json" if ending == "json" else "text/markdown"
    return {"download": {"name": f"{name}.{ending}", "text": content, "type": kind}, "serial": new_id()}


async def act_quietly(engine: Engine, visit: Visit) -> None:
    """Do what changes nothing that is not on the page already."""
    if visit.action in LIKES:
        liked = LIKES[visit.action] if visit.value == "true" else None
        await engine.store(visit.conversation).like(visit.target, visit.owner, liked)
    elif visit.action == "detach":
        with contextlib.suppress(NotFound):
            await engine.detach(visit.target, visit.owner)
