"""The statements about attachments, each on a connection that the caller opens and closes.

A row has the text of a file by page, compressed, and beside it a search index, and the bytes of the file
where there is room for them. Knows no transaction, no format and no budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from chat.documents.document import Document, Page, Problem
from chat.errors import InvalidRequest, NotFound
from chat.history.entities import StoredFile
from chat.history.schema import attachments, pack, unpack


def attachment_not_found() -> NotFound:
    return NotFound("There is no such file, or it is no longer kept.")


def pack_document(document: Document) -> bytes:
    return pack(asdict(document))


def unpack_document(data: bytes) -> Document:
    return read_document(unpack(data))


def read_document(values: dict[str, Any]) -> Document:
    """Return the document of its `asdict` form. Raise KeyError or TypeError for anything else."""
    pages = tuple(_read_page(page) for page in values["pages"])
    problems = tuple(
        Problem(problem["kind"], tuple(problem["pages"]), problem["note"]) for problem in values["problems"]
    )
    return Document(**{**values, "pages": pages, "problems": problems})


def _read_page(values: dict[str, Any]) -> Page:
    boxes = tuple(
        (int(start), int(end), float(left), float(top), float(right), float(bottom))
        for start, end, left, top, right, bottom in values.get("boxes", ())
    )
    return Page(**{**values, "boxes": boxes})


def unpack_attachments(
    ids: Sequence[str], owner: str, kept: dict[str, tuple[bytes, datetime, datetime]]
) -> tuple[StoredFile, ...]:
    """Return the attachments that `select_attachments` found, in the order of the ids."""
    return tuple(
        StoredFile(id, owner, unpack_document(packed), created, used)
        for id, (packed, created, used) in ((id, kept[id]) for id in ids)
    )


def insert_attachment(
    connection: Connection,
    attachment: StoredFile,
    packed: bytes,
    columns: Mapping[str, bytes | None],
    limit: int | None = None,
) -> None:
    """Insert a row. limit: bytes of files that all rows may hold; past it this file's are left out."""
    original = columns.get("original")
    if original and limit is not None and not _has_room(connection, attachment.owner, len(original), limit):
        columns = {**columns, "original": None}
    names = ("id", "owner", "created", "used")
    values = {name: getattr(attachment, name) for name in names} | {"document": packed, **columns}
    try:
        connection.execute(insert(attachments).values(values))
    except IntegrityError:
        raise InvalidRequest("A file with this id exists already.") from None


def _has_room(connection: Connection, owner: str, size: int, limit: int) -> bool:
    """Whether an owner may store so many bytes more: half of what the others leave, so that some is left."""
    length = func.length(attachments.c.original)  # a blob is not read for it, in either database
    mine = case((attachments.c.owner == owner, length), else_=0)
    total, own = connection.execute(
        select(func.coalesce(func.sum(length), 0), func.coalesce(func.sum(mine), 0))
    ).one()
    return int(total) + int(own) + 2 * size <= limit


def select_attachments(
    connection: Connection, ids: Sequence[str], owner: str
) -> dict[str, tuple[bytes, datetime, datetime]]:
    """Return the rows by id. Unknown ids, and ids of another owner, are left out."""
    names = (attachments.c.id, attachments.c.document, attachments.c.created, attachments.c.used)
    chosen = select(*names).where(attachments.c.id.in_(ids), attachments.c.owner == owner)
    return {row.id: (row.document, row.created, row.used) for row in connection.execute(chosen)}


def select_existence(connection: Connection, id: str, owner: str) -> bool:
    rows = connection.execute(select(attachments.c.id).where(_owned(id, owner)))
    return rows.first() is not None


def select_bytes(connection: Connection, id: str, owner: str, column: str) -> bytes | None:
    rows = connection.execute(select(attachments.c[column]).where(_owned(id, owner)))
    if (row := rows.one_or_none()) is None:
        raise attachment_not_found()
    value: bytes | None = row[0]
    return value


def update_attachment(connection: Connection, id: str, owner: str, columns: Mapping[str, bytes]) -> None:
    done = connection.execute(update(attachments).where(_owned(id, owner)).values(columns))
    if done.rowcount == 0:
        raise attachment_not_found()


def mark_used(connection: Connection, ids: Iterable[str], owner: str, used: datetime) -> None:
    """Mark attachments as used; a missing row may follow later. Raise NotFound for another owner's."""
    wanted = set(ids)
    if not wanted:
        return
    sent = attachments.c.id.in_(wanted)
    connection.execute(update(attachments).where(sent, attachments.c.owner == owner).values(used=used))
    others = select(attachments.c.id).where(sent, attachments.c.owner != owner).limit(1)
    if connection.execute(others).first() is not None:
        raise attachment_not_found()


def delete_attachment(connection: Connection, id: str, owner: str) -> None:
    done = connection.execute(delete(attachments).where(_owned(id, owner)))
    if done.rowcount == 0:
        raise attachment_not_found()


def select_expired(connection: Connection, before: datetime) -> tuple[tuple[str, str], ...]:
    chosen = select(attachments.c.id, attachments.c.owner).where(attachments.c.used < before)
    rows = connection.execute(chosen.order_by(attachments.c.used))
    return tuple((row.id, row.owner) for row in rows)


def _owned(id: str, owner: str) -> Any:
    return and_(attachments.c.id == id, attachments.c.owner == owner)
