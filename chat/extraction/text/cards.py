"""Contacts (vcf) and calendars (ics): a line for each property, with its types, as `TEL (WORK): 123`.

Lines that are folded, escaped or in quoted-printable are joined and decoded (RFC 5545, 6350; vCard 2.1).
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator

from chat.documents.document import Page, Problem
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import encodings, plain

FOLDED = re.compile(r"\r?\n[ \t]")
PROPERTY = re.compile(
    r'(?:[\w-]+\.)?(?P<name>[A-Za-z][\w-]*)(?P<parameters>(?:;(?:[^:"\n]|"[^"\n]*")*)?):(?P<value>.*)'
)
PARAMETER = re.compile(r';(?:([\w-]+)=)?("[^"]*"|[^;]*)')
MOMENT = re.compile(r"\b(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?\b")
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
PARTS = re.compile(r"(?<!\\);")  # of a name or an address
PARTED = frozenset({"N", "ADR", "ORG"})
MOMENTS = frozenset({
    "ANNIVERSARY", "BDAY", "COMPLETED", "DTEND", "DTSTART", "DUE", "EXDATE", "RDATE", "RECURRENCE-ID",
})  # fmt: skip
PERSONS = frozenset({"ATTENDEE", "ORGANIZER"})
PACKED = frozenset({"B", "BASE64"})
UNREAD = frozenset({
    "BEGIN", "CALSCALE", "CREATED", "DTSTAMP", "END", "LAST-MODIFIED", "PRODID", "REV", "SEQUENCE", "UID",
    "VERSION",
})  # fmt: skip
ASIDE = frozenset({"VTIMEZONE", "VALARM", "STANDARD", "DAYLIGHT"})  # components that nothing is asked of


def read(source: Source) -> Findings:
    """Yield the one page of the file, and a problem where pictures or files are packed in it."""
    text, encoding = encodings.decode(source.read_bytes())
    lines, packed = read_cards(text)
    is_contact = text.lstrip("\ufeff \t\r\n")[:11].upper() == "BEGIN:VCARD"
    yield Shape("text/vcard" if is_contact else "text/calendar")
    yield Page("", "\n".join(lines))
    yield from plain.judge(text, encoding)
    if packed:
        yield Problem("embedded", (), f"Not read: {packed} pictures or files.")


def read_cards(text: str) -> tuple[list[str], int]:
    """Return the lines of contacts or of a calendar, and how many pictures or files are packed in them."""
    lines, packed, aside = list[str](), 0, list[str]()
    for name, parameters, value in _properties(text):
        if name == "BEGIN" and (value.upper() in ASIDE or aside):
            aside.append(value)
        elif name == "END" and aside:
            aside.pop()
        elif name == "BEGIN" and lines and lines[-1]:
            lines.append("")
        if aside or name in UNREAD or name.startswith("X-"):
            continue
        if set(parameters.get("ENCODING", "").upper().split(",")) & PACKED or value.startswith("data:"):
            packed += 1
        elif shown := _show(name, parameters, value):
            types = parameters.get("TYPE", "") or parameters.get("PARTSTAT", "")
            lines += f"{name}{f' ({types})' if types else ''}: {shown}".split("\n")
    return lines, packed


def _properties(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield name, parameters and value of each property. TYPE has all types of it."""
    lines = FOLDED.sub("", text.lstrip("\ufeff")).splitlines()
    at = 0
    while at < len(lines):
        found, at = PROPERTY.match(lines[at]), at + 1
        if found is None:
            continue
        parameters, value = _parameters(found["parameters"]), found["value"]
        if "QUOTED-PRINTABLE" in (parameters.get("ENCODING", "").upper(), parameters.get("TYPE", "").upper()):
            while value.endswith("=") and at < len(lines):  # the line goes on in the next
                value, at = value[:-1] + lines[at], at + 1
            data = quopri.decodestring(value.encode("utf-8", "replace"))
            value = encodings.decode(data, parameters.get("CHARSET", ""))[0]
        yield found["name"].upper(), parameters, value


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in PARAMETER.finditer(text):
        name, value = (one[1] or "TYPE").upper(), one[2].strip('"')
        found[name] = ", ".join(filter(None, (found.get(name, ""), ", ".join(value.split(",")))))
    return found


def _show(name: str, parameters: dict[str, str], value: str) -> str:
    """Return the value of a property as people write it."""
    if name in PARTED:
        return ", ".join(part for one in PARTS.split(value) if (part := _plain(one)))
    if name in MOMENTS:
        zone = parameters.get("TZID", "")
        return MOMENT.sub(_moment, value) + (f" ({zone})" if zone else "")
    address = re.sub("^mailto:", "", value, flags=re.IGNORECASE)
    if name in PERSONS and (person := parameters.get("CN", "")):
        return f"{person} <{address}>"
    return _plain(value)


def _plain(value: str) -> str:
    shown = ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)
    return "\n".join(line.strip() for line in shown.split("\n")).strip()


def _moment(found: re.Match[str]) -> str:
    year, month, day, hour, minute, second, is_universal = found.groups()
    if hour is None:
        return f"{year}-{month}-{day}"
    seconds = f":{second}" if second != "00" else ""
    return f"{year}-{month}-{day} {hour}:{minute}{seconds}{' UTC' if is_universal else ''}"
