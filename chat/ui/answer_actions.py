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
from chat.ui.reports import report_export, show_refusal
from chat.ui.texts import text
from chat.ui.viewer import open_viewer, use_file
from chat.ui.visits import Visit

LIKES = {"like": True, "dislike": False}
EXPORT_CHARACTERS_MAX = 50_000_000  # of all conversations in one file: it stands in memory here, and there


async def fetch(engine: Engine, visit: Visit) -> dict[str, Any]:
    """Return a message's text to copy, conversations to save, what the viewer shows. Raises NotFound."""
    if visit.action in ("view", "view-file"):
        return await open_viewer(engine, visit)
    if visit.action in ("exclude", "include"):
        return await use_file(engine, visit)
    if visit.action == "copy":
        message = await engine.store(visit.conversation).message(visit.target, visit.owner)
        return {"copy": message.text, "serial": new_id()}
    if visit.action == "everything":
        return await _export_all(engine, visit)
    store, title = engine.store(visit.target), await _title(engine, visit)
    if visit.action == "json":
        return _download(visit, title, "json", await store.export_json(visit.target, visit.owner))
    names = {"user": text(visit.language, "answer.user"), "assistant": engine.settings.assistant_name}
    exported = await store.export_markdown(visit.target, visit.owner, names=names)
    return _download(visit, title, "md", exported)


async def _export_all(engine: Engine, visit: Visit) -> dict[str, Any]:
    pieces, characters = [], 0
    async with contextlib.aclosing(engine.history.export_all_json(visit.owner)) as exported:  # type: ignore[type-var]
        async for piece in exported:
            pieces.append(piece)
            characters += len(piece)
            if characters > EXPORT_CHARACTERS_MAX:
                refusal = show_refusal("sidebar.export_all.too_large", visit.language)
                return {"html": {"notice": refusal}, "serial": new_id()}
    count = len(pieces) - 1  # the last piece ends the array
    return _download(visit, engine.settings.assistant_name, "json", "".join(pieces), count)


async def _title(engine: Engine, visit: Visit) -> str:
    conversation = await engine.store(visit.target).conversation(visit.target, visit.owner)
    return conversation.title or text(visit.language, "sidebar.untitled")


def _download(visit: Visit, title: str, ending: str, content: str, count: int = 1) -> dict[str, Any]:
    """Return a file to save, and the report of it. count: conversations in it."""
    name = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", title).strip()[:80] or "conversation"
    name, kind = f"{name}.{ending}", "application/json" if ending == "json" else "text/markdown"
    is_temporary = visit.action == "everything" and visit.is_temporary
    report = report_export(count, name, visit.language, is_temporary=is_temporary)
    file = {"name": name, "text": content, "type": kind}
    return {"download": file, "html": {"notice": report}, "serial": new_id()}


async def act_quietly(engine: Engine, visit: Visit) -> dict[str, Any]:
    """Do what changes nothing that is not on the page already. Raises NotFound."""
    if visit.action in LIKES:
        liked = LIKES[visit.action] if visit.value == "true" else None
        await engine.store(visit.conversation).like(visit.target, visit.owner, liked)
    elif visit.action == "detach":
        with contextlib.suppress(NotFound):
            await engine.detach(visit.target, visit.owner)
    return {}
