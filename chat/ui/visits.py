"""What the browser sends along with every event of the page, checked: who, where in which conversation, and
how.

All of it comes from the client and is believed in nothing but what the visitor may choose. The owner is a
random value that the browser made for itself: whoever knows it is that visitor. Knows no engine and no
layout.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from chat.history import LISTED_MAX
from chat.turns.turn import Options
from chat.ui.texts import pick_language
from chat.visitors import Guest, Network, User, Visitor, new_secret

ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}")
SECRET_PATTERN = re.compile(r"[A-Za-z0-9_-]{22,64}")
KEY_PATTERN = re.compile(r"[!-~]{8,400}")  # what can stand in a header
FILES_MAX = 50
PROMPT_CHARACTERS_MAX = 20_000
VALUE_CHARACTERS_MAX = 2_000_000
SHOWN_MAX = 2_000
QUERY_CHARACTERS_MAX = 200  # what the list is searched for, also as the browser counts them
LISTED = 200  # conversations, until the list is scrolled to its end
PLACES_MAX = 1_000_000_000


@dataclass(frozen=True)
class Visit:
    """session: the page that is open. action: what was asked for, by name; target: of which message, file or
    conversation; value: with which text. minutes: the visitor's clock, east of UTC. shown: messages to show.
    query: what the list is searched for. listed: conversations to list.
    place: the script's own number for where it asks from. is_narrow: the page is as wide as a phone.
    """

    visitor: Visitor
    session: str = ""
    language: str = "en"
    conversation: str = ""
    generation: str = ""
    action: str = ""
    target: str = ""
    value: str = ""
    files: tuple[str, ...] = ()
    editing: str = ""
    options: Options = field(default_factory=Options)
    is_temporary: bool = False
    minutes: int = 0
    shown: int = 0
    query: str = ""
    listed: int = LISTED
    place: int = 0
    is_narrow: bool = False

    @property
    def owner(self) -> str:
        return self.visitor.owner


def read_visit(
    data: object,
    *,
    session: str,
    address: str = "",
    accepts: str = "",
    signed_in: User | None = None,
    api_key: str = "",
) -> Visit:
    """Check what the page sent. accepts: the Accept-Language header, for a page whose script did not run.

    signed_in: the user that a log-in proved. api_key: the visitor's own, which its requests use.
    """
    given: dict[str, Any] = data if isinstance(data, dict) else {}
    action = given.get("action") if isinstance(given.get("action"), dict) else {}
    assert isinstance(action, dict)
    secret = given.get("owner")
    is_secret = isinstance(secret, str) and SECRET_PATTERN.fullmatch(secret)
    guest = Guest.of(str(secret) if is_secret else new_secret())
    return Visit(
        visitor=Visitor(signed_in or guest, Network.of(address), api_key),
        session=session,
        language=pick_language(_text(given.get("language"), 100) or accepts),
        conversation=_id(given.get("conversation")),
        generation=_id(given.get("generation")),
        action=_id(action.get("name")),
        target=_id(action.get("id")),
        value=_text(action.get("value"), VALUE_CHARACTERS_MAX),
        files=_ids(given.get("files")),
        editing=_id(given.get("editing")),
        options=read_options(given.get("options")),
        is_temporary=given.get("temporary") is True,
        minutes=int(_number(given.get("minutes"), -840, 840) or 0),
        shown=int(_number(given.get("shown"), 0, SHOWN_MAX) or 0),
        query=_text(given.get("query"), QUERY_CHARACTERS_MAX),
        listed=int(_number(given.get("listed"), LISTED, LISTED_MAX) or LISTED),
        place=int(_number(given.get("place"), 0, PLACES_MAX) or 0),
        is_narrow=given.get("narrow") is True,
    )


def read_paths(data: object) -> tuple[str, ...]:
    """Return the paths of uploads that came with an event, as texts: none of them is believed."""
    values = data[:FILES_MAX] if isinstance(data, list) else []
    return tuple(
        value for value in values if isinstance(value, str) and "\0" not in value and len(value) < 4096
    )


def read_key(data: object) -> str:
    """Return the key that the visitor brings along, or nothing."""
    given = data.get("key") if isinstance(data, dict) else None
    return given if isinstance(given, str) and KEY_PATTERN.fullmatch(given) else ""


def read_options(data: object) -> Options:
    """Return what may be chosen for a turn; what is out of its bounds is left to the owner's settings."""
    given: dict[str, Any] = data if isinstance(data, dict) else {}
    max_tokens = _number(given.get("max_tokens"), 1, 1_000_000)
    file_characters = _number(given.get("file_characters"), 200, 4_000_000)
    return Options(
        model=_text(given.get("model"), 200),
        system_prompt=_text(given.get("system_prompt"), PROMPT_CHARACTERS_MAX),
        temperature=_number(given.get("temperature"), 0, 2),
        max_tokens=None if max_tokens is None else int(max_tokens),
        file_characters=None if file_characters is None else int(file_characters),
    )


def _id(value: object) -> str:
    return value if isinstance(value, str) and ID_PATTERN.fullmatch(value) else ""


def _ids(value: object) -> tuple[str, ...]:
    ids = [_id(item) for item in value[:FILES_MAX]] if isinstance(value, list) else []
    return tuple(id for id in ids if id)


def _text(value: object, limit: int) -> str:
    return value[:limit] if isinstance(value, str) else ""


def _number(value: object, low: float, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value if low <= value <= high else None
