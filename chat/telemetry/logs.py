"""Structured logs: one line per entry, as text or JSON, with the id of its request.

Prompts and answers are written only with LOG_PROMPTS. Secrets of the settings are never written: the
owner's keys and passwords are blanked in the finished line, also in messages of libraries. Knows no HTTP.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from chat.request_id import REQUEST_ID

log = logging.getLogger(__name__)

HEAD = frozenset({"time", "level", "logger", "message"})
CHATTY = ("alembic", "httpx", "httpx2", "httpcore", "openai", "opentelemetry")
SHORTEST_SECRET = 4  # characters; a shorter secret would blank half of each line


class LineFormatter(logging.Formatter):
    """An entry as one line of text, or as one JSON object. `extra={"fields": {...}}` adds values."""

    def __init__(self, form: str, secret: Iterable[str] = ()) -> None:
        super().__init__()
        self._is_json = form == "json"
        hidden = {one for one in secret if len(one) >= SHORTEST_SECRET}
        self._secrets = sorted(hidden, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        entry = _entry(record)
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        line = orjson.dumps(entry, default=str).decode() if self._is_json else _as_text(entry)
        for one in self._secrets:
            line = line.replace(one, "***")
        return line


def configure(form: str, secret: Iterable[str] = ()) -> None:
    """Send every entry to standard error. form: text or json; secret: values to blank in every line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(form, secret))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def write_turn(question: str, answer: str) -> None:
    """Log a question and its answer. Called only with LOG_PROMPTS."""
    log.info("turn", extra={"fields": {"prompt": question, "answer": answer}})


def _entry(record: logging.LogRecord) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": record.getMessage(),
    }
    request_id = REQUEST_ID.get()
    if request_id:
        entry["request_id"] = request_id
    fields = getattr(record, "fields", None)
    return entry | dict(fields) if isinstance(fields, Mapping) else entry


def _as_text(entry: Mapping[str, Any]) -> str:
    head = _escape("{time} {level} {logger}: {message}".format(**entry))
    rest = {
        name: value for name, value in entry.items() if name not in ("time", "level", "logger", "message")
    }
    # Indented: no line of an exception's text can look like an entry.
    traceback = "\n".join("    " + _escape(line) for line in rest.pop("traceback", "").splitlines())
    shown = " ".join(f"{name}={_one_line(value)}" for name, value in rest.items())
    return "\n".join(filter(None, (" ".join(filter(None, (head, shown))), traceback)))


def _one_line(value: object) -> str:
    """Return a value on one line, so that no part of it can look like an entry of its own."""
    text = str(value)
    return text if text.isprintable() and " " not in text else _escape(orjson.dumps(text).decode())


def _escape(text: str) -> str:
    """Return the text with what is not printable escaped: newlines, colours, right-to-left marks."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
