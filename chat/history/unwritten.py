"""The writes that the database has not taken yet: in order for each conversation, bounded, also on disk.

Only the newest fields of an answer are kept, so that their size is that of the texts. The file beside the
history is for a process that ends before its database is back; the next process of this folder writes what
it finds there. Knows no database.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from chat.history.bulk_writes import weigh_record
from chat.history.entities import Begun, Conversation, Growth, Message, Opened, Record
from chat.ids import new_id

CHARACTERS_MAX = 64_000_000
FILE_NAME = "unwritten-{}.json"
KINDS = {kind.__name__: kind for kind in (Begun, Opened, Growth)}

logger = logging.getLogger(__name__)


@dataclass
class Moved:
    """A conversation that goes on in memory. is_whole: memory has all its turns.

    head, likes, excluded: what the database had of it when it was copied; None: it began in memory.
    """

    owner: str
    is_whole: bool = False
    head: Conversation | None = None
    likes: dict[str, bool | None] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()
    records: list[Record] = field(default_factory=list)
    characters: int = 0

    def add(self, record: Record) -> None:
        """Append a write. New fields of an answer are merged with its earlier ones."""
        self.characters += _weigh(record)
        if isinstance(record, Growth):
            for at, earlier in enumerate(self.records):
                if isinstance(earlier, Growth) and _is_same(earlier, record):
                    self.characters -= _weigh(earlier)
                    self.records[at] = replace(earlier, fields={**earlier.fields, **record.fields})
                    return
        self.records.append(record)

    def snapshot(self) -> Moved:
        """Return a copy that stays as it is."""
        return replace(self, records=list(self.records))


class UnwrittenFile:
    """The file of one process. A lock beside it tells others that the process lives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME.format(new_id())
        self._lock = FileLock(f"{self._path}.lock", thread_local=False)

    def save(self, moved: dict[str, Moved]) -> None:
        """Write everything, or delete the file if there is nothing. Blocking. A failing disk is logged."""
        try:
            if moved or self._lock.is_locked:
                self._folder.mkdir(parents=True, exist_ok=True)
                if not self._lock.is_locked:
                    self._lock.acquire()
                self._write(moved)
        except OSError as error:
            logger.warning("what the database lacks cannot be kept on disk: %s", error.strerror)

    def close(self) -> None:
        """Let another process take what is left."""
        if self._lock.is_locked:
            self._lock.release()
            if not self._path.exists():
                Path(f"{self._path}.lock").unlink(missing_ok=True)

    def take(self) -> dict[str, Moved]:
        """Return and delete what ended processes left in this folder. Blocking."""
        found: dict[str, Moved] = {}
        for path in sorted(self._folder.glob(FILE_NAME.format("*"))):
            with contextlib.suppress(Timeout, OSError), FileLock(f"{path}.lock", timeout=0):
                for id, moved in _read(path):
                    for record in moved.records:
                        found.setdefault(id, Moved(moved.owner)).add(record)
                self.save(found)
                path.unlink()
                Path(f"{path}.lock").unlink(missing_ok=True)
        return found

    def _write(self, moved: dict[str, Moved]) -> None:
        if not moved:
            return self._path.unlink(missing_ok=True)
        lines = [
            {"id": id, "owner": one.owner, "records": [[type(each).__name__, each] for each in one.records]}
            for id, one in moved.items()
        ]
        new = Path(f"{self._path}.new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.writelines(orjson.dumps(line) + b"\n" for line in lines)
        new.rename(self._path)


def _weigh(record: Record) -> int:
    """Return the characters of a write, roughly: of a prompt those of its texts."""
    prompt = record.fields.get("prompt") if isinstance(record, Growth) else None
    return weigh_record(record) + sum(len(str(message.get("content", ""))) for message in prompt or ())


def _is_same(one: Growth, other: Growth) -> bool:
    return (one.message_id, one.writer) == (other.message_id, other.writer)


def _read(path: Path) -> Iterator[tuple[str, Moved]]:
    for line in path.read_bytes().splitlines():
        try:
            value = orjson.loads(line)
            records = [_read_record(kind, fields) for kind, fields in value["records"]]
            moved = Moved(value["owner"])
            for record in records:
                moved.add(record)
            yield value["id"], moved
        except (ValueError, KeyError, TypeError):
            logger.warning("a line of %s cannot be read", path.name)


def _read_record(kind: str, fields: dict[str, Any]) -> Record:
    for name in ("question", "answer"):
        if name in fields:
            fields[name] = _read_message(fields[name])
    record: Record = KINDS[kind](**fields)
    return record


def _read_message(fields: dict[str, Any]) -> Message:
    fields["created"] = datetime.fromisoformat(fields["created"])
    return Message(**{**fields, "attachment_ids": tuple(fields["attachment_ids"])})
