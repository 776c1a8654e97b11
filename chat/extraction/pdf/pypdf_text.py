"""The second reader of PDF: pypdf, for files that pdfium cannot open, pages it misreads, and form fields.

Written in Python, it can be stopped in the middle of a page, and is: a page has a time limit of its own.
"""

from __future__ import annotations

import contextlib
import io
import signal
from collections.abc import Iterator
from typing import Any

import pypdf
from pypdf.errors import FileNotDecryptedError

from chat.extraction.source import Source

PAGE_SECONDS = 6.0
STREAM_BYTES = 30_000_000
ANNOTATIONS = 2_000
VALUE_CHARACTERS = 20_000
PARENTS = 20
PUSH_BUTTON = 1 << 16
TICKED, OPEN = "☒", "☐"
CONFIGURATION: dict[str, Any] = {  # the defaults let a small file take gigabytes
    "zlib_maximum_output_length": STREAM_BYTES,
    "lzw_maximum_output_length": STREAM_BYTES,
    "run_length_maximum_output_length": STREAM_BYTES,
    "array_based_stream_maximum_output_length": STREAM_BYTES,
    "maximum_declared_stream_length": STREAM_BYTES,
    "xform_maximum_invocations_per_extraction": 500,
    "jbig2dec_binary": None,
}


class Locked(Exception):
    """The document needs a password, and this is not it."""


class OutOfTime(BaseException):
    """A page took longer than it may. Not an Exception: pypdf catches those and goes on."""


class PypdfFailed(Exception):
    """pypdf cannot open the document."""


class PypdfDocument:
    """A PDF as pypdf reads it, opened when it is first needed."""

    def __init__(self, source: Source) -> None:
        try:
            with bounded():
                self._reader = pypdf.PdfReader(io.BytesIO(source.read_bytes()), password=source.password)
                self._count = len(self._reader.pages)
        except FileNotDecryptedError as error:
            raise Locked from error
        except MemoryError:
            raise
        except (Exception, OutOfTime) as error:  # damaged objects are met in every way that Python has
            raise PypdfFailed from error

    def __len__(self) -> int:
        return self._count

    def text(self, index: int) -> str:
        """Return the text of a page; empty where it cannot be read."""
        try:
            with bounded():
                return self._reader.pages[index].extract_text()
        except MemoryError:
            raise
        except (Exception, OutOfTime):
            return ""

    def fields(self, index: int) -> list[tuple[str, str]]:
        """Return name and value of the form fields of a page, empty where they hold nothing."""
        found: list[tuple[str, str]] = []
        try:
            with bounded():
                for annotation in (self._reader.pages[index].annotations or [])[:ANNOTATIONS]:
                    found.extend(_field(annotation.get_object()))
        except MemoryError:
            raise
        except (Exception, OutOfTime):
            return found
        return list(dict.fromkeys(found))


def _field(widget: Any) -> Iterator[tuple[str, str]]:
    """Yield name and value of a field; no value where it is empty. Push buttons have none."""
    if widget.get("/Subtype") != "/Widget":
        return
    names, found, node = [], dict[str, Any](), widget
    for _ in range(PARENTS):
        if node.get("/T"):
            names.append(str(node["/T"]))
        for key in ("/V", "/FT", "/Ff", "/TU", "/Opt"):
            if key in node:
                found.setdefault(key, node[key])
        if "/Parent" not in node:
            break
        parent = node["/Parent"].get_object()
        if found.get("/FT", parent.get("/FT")) == "/Btn" and "/T" not in node:
            found.setdefault("/Kids", parent.get("/Kids"))
        node = parent
    name = ".".join(reversed(names)) or str(found.get("/TU", ""))
    if name and found.get("/FT") == "/Btn":
        flags = int(found.get("/Ff") or 0)
        if not flags & PUSH_BUTTON:
            yield name, _ticks(widget, found)[:VALUE_CHARACTERS]
    elif name:
        yield name, _shown(found.get("/V"))[:VALUE_CHARACTERS]


def _ticks(widget: Any, found: dict[str, Any]) -> str:
    """Return the state of a tick box, or that of each choice of a group."""
    kids = found.get("/Kids")
    widgets = [kid.get_object() for kid in kids[:ANNOTATIONS]] if kids and len(kids) > 1 else [widget]
    states = []
    for one in widgets:
        choice = _choice(one)
        is_ticked = str(one.get("/AS", found.get("/V", "/Off"))) not in ("/Off", "None")
        is_plain = len(widgets) == 1 and choice in ("", "Yes", "On", "1", "true")
        states.append(f"{TICKED if is_ticked else OPEN}{'' if is_plain else f' {choice}'}")
    return ", ".join(states)


def _choice(widget: Any) -> str:
    """Return the name of the state that a tick gives: the one beside /Off that has a look."""
    looks = widget.get("/AP", {}).get_object() if "/AP" in widget else {}
    names = looks.get("/N", {}).get_object() if "/N" in looks else {}
    return next((str(name).removeprefix("/") for name in names if name != "/Off"), "")


def _shown(value: Any) -> str:
    """Return what a reader of the form would see."""
    value = value.get_object() if hasattr(value, "get_object") else value
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value).strip() if isinstance(value, str) and not str(value).startswith("/") else ""


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Read a page in this block under limits of pypdf's own; raise OutOfTime in it when it takes long."""
    with pypdf.apply_configuration(**CONFIGURATION), _stopwatch(PAGE_SECONDS):
        yield


@contextlib.contextmanager
def _stopwatch(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):  # Windows: the parent's wall limit is what is left
        yield
        return

    def stop(*_: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
