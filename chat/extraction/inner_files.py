"""Files inside a file (archives, attachments, embedded objects): read by the same readers, as its parts.

A part is named by its way through the file: `minutes.zip/plan.xlsx`. How many are read, how deep and how many
bytes in all is bounded; what is left out is told. Knows no format.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from chat.documents.document import Page, Problem
from chat.errors import AttachmentError, EmptyFile, PasswordRequired
from chat.extraction.reader_limits import MEGABYTE
from chat.extraction.source import Finding, InnerFile, Reader, Shape, Source
from chat.numbers.cell_grid import Grid

FILES = 300
DEPTH = 3
BYTES = 100 * MEGABYTE
TOLD = 40  # of the files that were not read, by their names
NAME_CHARACTERS = 200
UNIT = "file"
Recognise = Callable[[Source], Reader]
Told = Iterator[Finding]


@dataclass
class _Budget:
    """What is left for all files inside one file, and the names of those that were left out."""

    files: int
    bytes: int
    unread: dict[str, str] = field(default_factory=dict)
    left_out: int = 0

    def leave(self, name: str, reason: str) -> None:
        if len(self.unread) < TOLD:
            self.unread[name] = reason
        else:
            self.left_out += 1

    def problems(self) -> Iterator[Problem]:
        """Yield a problem for each reason, with the names."""
        reasons: dict[str, list[str]] = {}
        for name, reason in self.unread.items():
            reasons.setdefault(reason, []).append(name)
        for reason, names in reasons.items():
            kind = "password" if reason == LOCKED else "embedded"
            yield Problem(kind, (), f"{reason}: {', '.join(names)}")
        if self.left_out:
            yield Problem("embedded", (), f"Not read: {self.left_out:,} more files inside.")


LOCKED = "Encrypted, not read"
PICTURE = "Pictures, not read"
NO_TEXT, EMPTY = "Without text", "Empty"
TOO_MANY = f"Not read, since {FILES} files inside it were read"
TOO_DEEP = f"Not read, since they are more than {DEPTH} files deep"
TOO_LARGE = f"Not read, since files inside may have {BYTES // MEGABYTE} MB together"
BROKEN = "Damaged, not read"


def read_whole(source: Source, recognise: Recognise) -> Told:
    """Yield what is in a file, and behind it what is in the files inside it."""
    budget = _Budget(FILES, BYTES)
    yield from _read(source, recognise, budget, 0)
    yield from budget.problems()


def _read(source: Source, recognise: Recognise, budget: _Budget, depth: int) -> Told:
    inside: list[InnerFile] = []
    shape = Shape("application/octet-stream")
    for finding in recognise(source)(source):
        if isinstance(finding, Shape):
            shape = finding
        if isinstance(finding, InnerFile):
            inside.append(finding)
        else:
            yield finding
    for file in inside:
        for finding in _read_inner(source, file, recognise, budget, depth + 1):
            if not (shape.unit or depth):
                shape = dataclasses.replace(shape, unit=UNIT)
                yield shape
            yield finding


def _read_inner(outer: Source, file: InnerFile, recognise: Recognise, budget: _Budget, depth: int) -> Told:
    name = f"{outer.name}/{_clean(file.name)}"
    if depth > DEPTH or not budget.files:
        budget.leave(name, TOO_DEEP if depth > DEPTH else TOO_MANY)
        return
    budget.files -= 1
    try:
        content = file.load()
        if len(content) > budget.bytes:
            budget.leave(name, TOO_LARGE)
            return
        budget.bytes -= len(content)
        source = dataclasses.replace(outer, name=name, content=content, is_unlocked=False)
        yield from _as_part(name, source, recognise, budget, depth)
    except PasswordRequired:
        budget.leave(name, LOCKED)
    except EmptyFile:
        budget.leave(name, EMPTY)
    except AttachmentError as error:
        budget.leave(name, _reason(error, name))
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException:  # any reader may meet any error; a panic of one in Rust is no Exception
        budget.leave(name, BROKEN)


def _as_part(name: str, source: Source, recognise: Recognise, budget: _Budget, depth: int) -> Told:
    shape, is_told = Shape(""), False
    unread = len(budget.unread)
    for finding in _read(source, recognise, budget, depth):
        if isinstance(finding, Shape):
            shape = finding
        elif isinstance(finding, Page):
            is_told = is_told or bool(finding.text.strip())
            if finding.text.strip():
                yield Page(_label(name, shape.unit, finding.label), finding.text, finding.heading or name)
        elif isinstance(finding, Grid):
            yield dataclasses.replace(finding, page=_label(name, shape.unit, finding.page))
        else:
            is_told = True
            pages = tuple(_label(name, shape.unit, label) for label in finding.pages) or (name,)
            yield Problem(finding.kind, pages, finding.note)
    if not is_told and len(budget.unread) == unread:
        budget.leave(name, PICTURE if shape.media_type.startswith("image/") else NO_TEXT)


def _label(name: str, unit: str, label: str) -> str:
    """Return the label of a page of a part; that of a part inside a part is whole already."""
    if not label or label.startswith(name):
        return label or name
    return f"{name}, {unit} {label}".replace(",  ", ", ")


def _clean(name: str) -> str:
    """Return the name of a file inside: it is a label, never a path."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return " ".join("/".join(parts).split())[-NAME_CHARACTERS:] or "unnamed"


def _reason(error: AttachmentError, name: str) -> str:
    """Return why a file was not read, without its name, so that files of one kind are told together."""
    words = str(error).replace(f"“{name}” is ", "").replace(f"“{name}” ", "").strip(" .")
    return f"Not read ({words})"
