"""What opens beside the conversation: the prompt that was sent, and the passages of its files.

Returns HTML of ours; what is from a file or a model is plain text in it. Knows no component.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chat.engine import Engine
from chat.errors import NotFound
from chat.history import Message
from chat.ids import new_id
from chat.ui.html import button, plain, tag
from chat.ui.texts import text
from chat.ui.texts.words import describe_file, describe_reasons, name_unit
from chat.ui.visits import Visit


async def open_drawer(engine: Engine, visit: Visit) -> dict[str, Any]:
    """Return the drawer's HTML, and that it opens. Raises NotFound."""
    return {"html": {"drawer": await _fill(engine, visit)}, "drawer": True, "serial": new_id()}


async def _fill(engine: Engine, visit: Visit) -> str:
    message = await engine.store(visit.conversation).message(visit.target, visit.owner)
    if visit.action == "prompt":
        return _frame("answer.prompt.title", _prompt(message), visit)
    return _frame("answer.passages", await _passages(engine, message, visit), visit)


def _frame(title: str, body: Sequence[str], visit: Visit) -> str:
    heading = tag("h2", plain(text(visit.language, title)))
    close = button("close", text(visit.language, "page.dismiss"), lane="none")
    return tag(
        "section", tag("header", heading, close), *body, role="dialog", aria_label=text(visit.language, title)
    )


def _prompt(message: Message) -> list[str]:
    return [
        tag("article", tag("h3", plain(part.get("role", ""))), tag("pre", plain(_words(part.get("content")))))
        for part in message.prompt or []
    ]


def _words(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text") or f"[{part.get('type')}]") for part in content)
    return str(content or "")


async def _passages(engine: Engine, message: Message, visit: Visit) -> list[str]:
    """Return each file of the receipt with the text that was sent of it."""
    documents = await _documents(engine, message, visit.owner)
    shown = []
    for file in (message.receipt or {}).get("files", ()):
        shown.append(tag("h3", plain(describe_file(visit.language, file))))
        whole = documents.get(file["name"], "")
        for passage in file.get("passages", ()):
            pages = passage["pages"]
            unit = name_unit(visit.language, file["unit"], len(pages))
            label = text(visit.language, "receipt.where", unit=unit, pages=", ".join(pages)) if pages else ""
            why = describe_reasons(visit.language, passage)
            shown.append(
                tag(
                    "article",
                    tag("h4", plain(label)),
                    tag("p", plain(why), cls="hint") if why else "",
                    tag("pre", plain(whole[passage["start"] : passage["end"]])),
                )
            )
    return shown


async def _documents(engine: Engine, message: Message, owner: str) -> dict[str, str]:
    branch = await engine.branch(message.conversation_id, owner)
    texts = {}
    for id in dict.fromkeys(id for other in branch for id in other.attachment_ids):
        try:
            attachment = await engine.attachment(id, owner)
        except NotFound:
            continue
        texts[attachment.name] = attachment.document.text
    return texts
