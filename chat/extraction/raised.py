"""Raised, lowered and struck letters in a line of text: 10^6 is no 106, and an old price is no price.

A reader marks what it reads as raised or lowered; `write_raised` then writes it, once the runs that a format
divides a word into are joined. Knows no format.
"""

from __future__ import annotations

import re

RAISE, LOWER, END, STRIKE = "\x0e", "\x0f", "\x10", "\x11"  # no text has them: tidy takes them out
_MARKED = re.compile(f"([{RAISE}{LOWER}])([^{RAISE}{LOWER}{END}]*){END}")
_JOINED = re.compile(f"(?P<kind>[{RAISE}{LOWER}])(?P<text>[^{RAISE}{LOWER}{END}]*){END}(?P=kind)")
_PLAIN = re.compile(r"[^\W\d_]{2,}\.?|[\[({].*|[°º™®©*†‡§¶′″\"'\u2070-\u209f¹²³]+")
_SHORT = re.compile(r"[-+−–]?[\d.,*/–-]+|\S")
_BEFORE_DIGIT = re.compile(r"\d$")


def raised(text: str) -> str:
    """Return text marked as raised."""
    return f"{RAISE}{text}{END}" if text else ""


def lowered(text: str) -> str:
    """Return text marked as lowered."""
    return f"{LOWER}{text}{END}" if text else ""


def struck(text: str) -> str:
    """Return text marked as struck."""
    return f"{STRIKE}{text}{STRIKE}" if text.strip() else text


def write_raised(line: str) -> str:
    """Return a line with ^ before what is raised, _ before what is lowered behind a digit, ~~ around struck.

    Endings of words (1st, Mme) and signs that cannot be taken for a digit stay as they are.
    """
    if STRIKE in line:
        line = line.replace(STRIKE * 2, "").replace(STRIKE, "~~")
    if RAISE not in line and LOWER not in line:
        return line
    while (joined := _JOINED.sub(r"\g<kind>\g<text>", line)) != line:
        line = joined
    return _MARKED.sub(lambda found: _write(found, line), line).replace(END, "")


def _write(found: re.Match[str], line: str) -> str:
    kind, inner = found.groups()
    text = inner.strip()
    if not text or (kind == RAISE and _PLAIN.fullmatch(text)):
        return inner
    if kind == LOWER and not (text[0].isdigit() and _BEFORE_DIGIT.search(line[: found.start()])):
        return inner
    sign = "^" if kind == RAISE else "_"
    body = text if _SHORT.fullmatch(text) else f"{{{text}}}"
    head, _, tail = inner.partition(text)
    return f"{head}{sign}{body}{tail}"
