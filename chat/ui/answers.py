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
from chat.ui.texts import text
from chat.ui.visits import Visit

LIKES = {"like": True, "dislike": False}


async def fetch(engine: Engine, visit: Visit) -> dict[str, Any]:
    """Return a message's own text to copy, or a conversation to save. Raises NotFound."""
    if visit.action == "copy":
        message = await engine.store(visit.conversation).message(visit.target, visit.owner)
        return {"copy": message.text, "serial": new_id()}
    store = engine.store(visit.target)
    if visit.action == "json":
        return _download(
            await _title(engine, visit), "json", await store.export_json(visit.target, visit.owner)
        )
    names = {"user": text(visit.language, "answer.user"), "assistant": engine.settings.assistant_name}
    return _download(
        await _title(engine, visit), "md", await store.export_markdown(visit.target, visit.owner, names=names)
    )


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
