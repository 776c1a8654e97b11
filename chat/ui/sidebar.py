"""The list of conversations beside the page: HTML of ours, whose buttons the script sends back as actions.

Knows the engine's history and no component.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

from chat.engine import Engine
from chat.errors import ChatError
from chat.history import Conversation, find_words, read_words
from chat.ui.html import button, plain, tag
from chat.ui.texts import text
from chat.ui.texts.words import name_age
from chat.ui.visits import Visit


async def list_conversations(engine: Engine, visit: Visit) -> str:
    """Return the visitor's conversations, the pinned ones first, in groups by their day.

    As many as the page has scrolled to, with a button for more below them where there are more.
    """
    try:
        searching = engine.at_once.searches.held(visit.visitor) if visit.query else nullcontext()
        with searching:
            found = await engine.history.conversations(
                visit.owner, query=visit.query, limit=visit.listed + 1, caller=visit.visitor.caller
            )
    except ChatError as error:
        return tag("p", plain(error), cls="hint")
    if not found:
        key = "sidebar.none_found" if visit.query else "sidebar.none"
        return tag("p", plain(text(visit.language, key, query=visit.query)), cls="hint")
    shown, group = [], ""
    has_more = len(found) > visit.listed
    if visit.query and not has_more:
        shown.append(tag("p", plain(text(visit.language, "sidebar.found", count=len(found))), cls="hint"))
    for conversation in found[: visit.listed]:
        heading = _group(conversation, visit)
        if heading != group:
            shown.append(tag("h3", plain(heading)))
            group = heading
        shown.append(_entry(conversation, visit))
    if has_more:
        shown.append(button("further", text(visit.language, "sidebar.further"), lane="none", icon=False))
    return "".join(shown)


async def change_list(engine: Engine, visit: Visit) -> dict[str, Any]:
    """Rename, pin or unpin a conversation, or search; return the list. Raises NotFound."""
    if visit.action == "rename":
        await engine.history.rename(visit.target, visit.owner, visit.value)
    elif visit.action in ("pin", "unpin"):
        await engine.history.pin(visit.target, visit.owner, visit.action == "pin")
    return {"html": {"conversations": await list_conversations(engine, visit)}, "query": visit.query}


def _group(conversation: Conversation, visit: Visit) -> str:
    if conversation.pinned:
        return text(visit.language, "sidebar.pinned")
    shift = timedelta(minutes=visit.minutes)
    return name_age(visit.language, conversation.updated + shift, datetime.now(UTC) + shift)


def _entry(conversation: Conversation, visit: Visit) -> str:
    id, language = conversation.id, visit.language
    title = conversation.title or text(language, "sidebar.untitled")
    words = read_words(visit.query)
    snippet = tag("small", _mark(conversation.snippet, words)) if conversation.snippet else ""
    is_open = "page" if id == visit.conversation else None
    opener = tag(
        "a",  # with an address: it can be opened in another tab, and kept as a bookmark
        tag("span", _mark(title, words), dir="auto"),
        snippet,
        href=f"./?c={id}",
        cls="open",
        data_do="open",
        data_lane="show",
        data_id=id,
        data_value=conversation.hit_id,
        aria_current=is_open,
        title=title,
    )
    return tag("div", opener, _menu(conversation, title, language), cls="conversation")


def _mark(written: str, words: Sequence[str]) -> str:
    """Return a text with the words that a search found in it marked."""
    shown, at = [], 0
    for start, end in find_words(written, words):
        shown += [plain(written[at:start]), tag("mark", plain(written[start:end]))]
        at = end
    return "".join([*shown, plain(written[at:])])


def _menu(conversation: Conversation, title: str, language: str) -> str:
    """Return what can be done with a conversation, behind one button."""
    pin = "unpin" if conversation.pinned else "pin"
    actions = (
        (pin, f"sidebar.{pin}", "list"),
        ("rename", "sidebar.rename", "list"),
        ("markdown", "sidebar.export_markdown", "fetch"),
        ("json", "sidebar.export_json", "fetch"),
        ("delete", "sidebar.delete", "show"),
    )
    items = [
        button(action, text(language, key), id=conversation.id, lane=lane, value=title, icon=False)
        for action, key, lane in actions
    ]
    more = text(language, "sidebar.more")
    opener = tag("summary", cls="do do-more icon", title=more, aria_label=f"{more}: {title}")
    return tag("details", opener, tag("div", *items, cls="menu"), cls="tools")
