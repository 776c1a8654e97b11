"""What the viewer shows beside an answer: its claims with their places, and the files of the conversation.

Values for the script; pages, their text and boxes come from the routes of chat.http.page_routes. Knows no
component.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chat.engine import Engine
from chat.files.attachment import Attachment
from chat.files.conversation_files import ConversationFile
from chat.files.page_views import find_claim
from chat.ids import new_id
from chat.ui.citation_view import name_state
from chat.ui.texts.words import describe_cited, describe_problem, describe_verdict, name_unit
from chat.ui.visits import Visit
from chat.visitors import User

Json = dict[str, Any]


async def open_viewer(engine: Engine, visit: Visit) -> Json:
    """Return the files of the conversation, and of an answer its claims; which of them is asked for.

    The action `view` names an answer and one of its claims, `view-file` a file. Raises NotFound.
    """
    listed = await engine.conversation_files(visit.conversation, visit.owner)
    files = [one.attachment for one in listed]
    told: Json = {"files": [_describe(one, visit.language) for one in listed], "claims": [], "at": -1}
    if visit.action == "view":
        message = await engine.store(visit.conversation).message(visit.target, visit.owner)
        sent = _sent(message.receipt or {})
        for row in told["files"]:
            row["sent"] = sent.get(row["name"], [])
        citations = message.citations or []
        told["claims"] = [_claim(one, files, visit.language) for one in citations]
        told["at"] = int(visit.value) if visit.value.isascii() and visit.value.isdecimal() else -1
    else:
        told["file"] = visit.target
    if isinstance(visit.visitor.identity, User) or not engine.access.is_open:
        told["pass"] = await engine.issue_pass(visit.owner)
    return {"viewer": told, "serial": new_id()}


async def use_file(engine: Engine, visit: Visit) -> Json:
    """Exclude a file from the conversation's later questions, or include it again. Raises NotFound."""
    files = await engine.use_file(
        visit.conversation, visit.target, visit.owner, is_excluded=visit.action == "exclude"
    )
    return {"excluded": {one.attachment.id: one.is_excluded for one in files}, "serial": new_id()}


def _describe(file: ConversationFile, language: str) -> Json:
    document = file.attachment.document
    pages = max(document.page_count, len(document.pages), 1)
    unit = name_unit(language, document.unit, pages)
    problems = [describe_problem(language, problem.__dict__, document.unit) for problem in document.problems]
    return {
        "id": file.attachment.id,
        "name": document.name,
        "kind": document.media_type,
        "bytes": document.size,
        "pages": pages,
        "unit": f"{pages:,} {unit}" if unit else "",
        "problems": problems,
        "characters": document.characters,
        "sent": None,
        "excluded": file.is_excluded,
    }


def _sent(receipt: Mapping[str, Any]) -> dict[str, list[tuple[int, int]]]:
    """Return the stretches of each file, by name, that were sent with a question."""
    return {
        file["name"]: [(passage["start"], passage["end"]) for passage in file.get("passages", ())]
        for file in receipt.get("files", ())
    }


def _claim(citation: Mapping[str, Any], files: Sequence[Attachment], language: str) -> Json:
    file, number = find_claim(citation, files)
    return {
        "kind": citation.get("kind", "quote"),
        "status": citation.get("status", ""),
        "text": citation.get("text", ""),
        "short": name_state(citation, language),
        "verdict": describe_verdict(language, citation),
        "place": describe_cited(language, citation) if citation.get("name") else "",
        "file": file.id if file else "",
        "page": number,
        "start": int(citation.get("passage_start", 0)),
        "end": int(citation.get("passage_end", 0)),
    }
