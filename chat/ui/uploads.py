"""Files on their way in: read as soon as they are there, with progress, or refused with the reason.

Knows no component. A path is what this browser was told when it uploaded the file, and is known to no
other; the upload is deleted as soon as it is read or refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio

from chat.documents.document import Document
from chat.engine import Engine
from chat.errors import ChatError, InvalidRequest, PasswordRequired
from chat.files.attachment import Attachment
from chat.grounding.file_profile import make_profile
from chat.ids import new_id
from chat.ui import sidebar
from chat.ui.profile_view import describe_profile, describe_sheets
from chat.ui.reports import report_import, report_refusal
from chat.ui.texts import text
from chat.ui.texts.words import describe_problem, name_unit
from chat.ui.view import Reader
from chat.ui.visits import Visit

Told = dict[str, Any]


async def attach(engine: Engine, visit: Visit, paths: Sequence[str]) -> AsyncIterator[Told]:
    """Read the file; yield for the script how far it is, and a notice where it is refused.

    visit.target: the page script's name for it. visit.value: its password, where it has one.
    """
    name = Path(paths[0]).name if paths else ""
    try:
        path = _take(engine, paths)
        with _discarded(engine, path):
            attachment = await engine.attach(
                path, name, visit.visitor, visit.value or None, is_temporary=visit.is_temporary
            )
    except PasswordRequired:
        key = "composer.password.wrong" if visit.value else "composer.password"
        yield _tell(visit, "password", text(visit.language, key, name=name), is_last=True)
        return
    except ChatError as error:
        notice = {"html": {"notice": Reader(visit.language).show(error)}}
        yield _tell(visit, "refused", name, is_last=True) | notice
        return
    async for told in _follow(engine, attachment, visit):
        yield told


async def _follow(engine: Engine, attachment: Attachment, visit: Visit) -> AsyncIterator[Told]:
    async for document in attachment.follow():
        if document.is_complete:
            break
        label = describe_document(document, visit.language)
        yield _tell(visit, "reading", label, id=attachment.id, is_last=False) | {"about": {}}
    async for document in attachment.follow_scans():
        label = describe_document(document, visit.language)
        yield _tell(visit, "reading", label, id=attachment.id, is_last=False) | {"about": {}}
    label = describe_document(attachment.document, visit.language)
    about = await _profile(engine, attachment, visit)
    yield _tell(visit, "done", label, id=attachment.id, is_last=True) | {"about": about}


async def _profile(engine: Engine, attachment: Attachment, visit: Visit) -> dict[str, Any]:
    """Return the file's profile in words; empty for a picture, and for a file without text."""
    document = attachment.document
    if not attachment.has_text:
        return {}
    if sheets := await engine.sheets(attachment, visit.visitor):
        return describe_sheets(sheets, visit.language)
    found = await attachment.run(make_profile, document)
    return describe_profile(found, visit.language) if found else {}


def describe_document(document: Document, language: str) -> str:
    """Return a file's name, how much of it was read, and what is wrong with it."""
    characters = len(document.text)
    if document.media_type.startswith("image/") and not document.pages:
        return document.name
    units = name_unit(language, document.unit, len(document.pages))
    values = {"name": document.name, "pages": len(document.pages), "units": units, "characters": characters}
    parts = [text(language, "composer.read" if units else "composer.read.plain", **values)]
    for problem in document.problems:
        told = {"kind": problem.kind, "pages": problem.pages, "note": problem.note}
        parts.append(describe_problem(language, told, document.unit))
    return ("；" if language == "zh" else "; ").join(parts)


async def import_file(engine: Engine, visit: Visit, paths: Sequence[str]) -> tuple[str, str]:
    """Add the conversations of an export; return the list, and a report: what was added, and what was not."""
    try:
        path = _take(engine, paths)
        with _discarded(engine, path), engine.at_once.imports.held(visit.visitor):
            data = await anyio.Path(path).read_bytes()
            imported = await engine.history.import_json(
                data, visit.owner, engine.threads, visit.visitor.caller
            )
        report = report_import(imported, visit.language)
    except ChatError as error:
        report = report_refusal(error, visit.language)
    return await sidebar.list_conversations(engine, visit), report


def _take(engine: Engine, paths: Sequence[str]) -> Path:
    if not paths:
        raise InvalidRequest("No file came with this.")
    return engine.inbox.take(paths[0])


@contextmanager
def _discarded(engine: Engine, path: Path) -> Iterator[None]:
    """Delete the upload afterwards, but not while its password is asked for."""
    try:
        yield
    except PasswordRequired:
        raise
    except BaseException:
        engine.inbox.discard(path)
        raise
    engine.inbox.discard(path)


def _tell(visit: Visit, status: str, label: str, *, id: str = "", is_last: bool) -> Told:
    return {
        "read": status,
        "key": visit.target,
        "label": label,
        "id": id,
        "is_last": is_last,
        "serial": new_id(),
    }
