r"""Runs of RTF that its reader takes for plain text: raised, lowered, deleted and hidden words, links.

RTF 1.9.1, "Character Formatting Properties": `\super`, `\sub`, `\deleted` and `\v` hold until they are
switched off or their group ends. Marks that survive the reader tell where such runs begin and end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from chat.extraction.raised import END, LOWER, RAISE

SCRIPTS = {"super": RAISE, "sub": LOWER, "nosupersub": ""}
DELETE, KEEP, HIDE, SHOW = "\x11", "\x12", "\x13", "\x14"
_TOKEN = re.compile(
    r"\\(?P<word>super|sub|nosupersub|plain|deleted|v)(?P<value>-?\d{1,5})?(?![a-z\d]) ?|\\[{}\\]|[{}]"
)
_HAS_RUNS = re.compile(r"\\(?:super|sub|deleted|v)(?![a-z])")
_HIDDEN = re.compile(f"{HIDE}\\s*[^{SHOW}\\s]")
_DELETED = re.compile(f"{DELETE}([^{DELETE}{KEEP}\x1c-\x1f]*){KEEP}")  # within a cell
_MARKS = re.compile(f"[{DELETE}{KEEP}{HIDE}{SHOW}]")
_LINK = re.compile(
    r'HYPERLINK\s+"((?:https?|mailto|ftp|tel):[^"\s{}\\]{1,500})"[^{}]{0,200}\}', re.IGNORECASE
)
_BUTTON = re.compile(r"\{\\\*\\fldinst(?=[ {\\]) ?(\s*(?:\{[^{}]{0,300}?)?)MACROBUTTON\s+\S+ +")
_RESULT = re.compile(r"[\s}]{0,9}\{\\fldrslt(?![a-z])")


@dataclass(frozen=True)
class _Run:
    """script: RAISE, LOWER or nothing."""

    script: str = ""
    is_deleted: bool = False
    is_hidden: bool = False

    def changed(self, word: str, *, is_on: bool) -> _Run:
        if word == "plain":
            return _Run()
        if word in SCRIPTS:
            return replace(self, script=SCRIPTS[word] * is_on)
        return replace(self, is_deleted=is_on) if word == "deleted" else replace(self, is_hidden=is_on)

    def begin(self) -> str:
        return _escaped(DELETE * self.is_deleted + HIDE * self.is_hidden + self.script)

    def end(self) -> str:
        return _escaped(END * bool(self.script) + SHOW * self.is_hidden + KEEP * self.is_deleted)


def mark_runs(rtf: str) -> str:
    """Return RTF with marks where runs begin and end."""
    return "".join(_marked(rtf)) if _HAS_RUNS.search(rtf) else rtf


def _marked(rtf: str) -> Iterator[str]:
    outer, run, at = list[_Run](), _Run(), 0
    for token in _TOKEN.finditer(rtf):
        yield rtf[at : token.start()]
        at, before, found = token.end(), run, token.group()
        if found == "{":
            outer.append(run)
        elif found == "}":
            run = outer.pop() if outer else _Run()
        elif token["word"]:
            run = run.changed(token["word"], is_on=token["value"] != "0")
        if run == before:
            yield found
        elif found == "}":  # the mark stands in the group, which may be one that is not read
            yield f"{before.end()}}}{run.begin()}"
        else:
            yield found + before.end() + run.begin()
    yield rtf[at:]


def _escaped(marks: str) -> str:
    return "".join(f"\\'{ord(mark):02x}" for mark in marks)


def show_buttons(rtf: str) -> str:
    """Return RTF whose fields that are buttons, as templates have them, have their words in the text."""
    return _BUTTON.sub(r"{\1", rtf)


def write_links(rtf: str) -> str:
    """Return RTF whose fields that are links have their targets behind their words."""
    out, at = list[str](), 0
    for link in _LINK.finditer(rtf):
        result = _RESULT.match(rtf, link.end())
        end = _end_of_words(rtf, result.end()) if result else 0
        if end > at:
            out += rtf[at:end], f" <{link[1]}>"
            at = end
    return "".join([*out, rtf[at:]])


def _end_of_words(rtf: str, start: int) -> int:
    """Return where the group that is open at `start` closes; 0 where it does not."""
    depth = 1
    for brace in re.compile(r"\\[{}\\]|[{}]").finditer(rtf, start):
        depth += {"{": 1, "}": -1}.get(brace.group(), 0)
        if not depth:
            return brace.start()
    return 0


def take_deleted(text: str) -> tuple[str, list[str]]:
    """Return a text as if all changes were accepted, and the words that were deleted."""
    words = [found for one in _DELETED.finditer(text) if (found := " ".join(one[1].split()))]
    return _DELETED.sub("", text), words


def take_hidden(text: str) -> tuple[str, bool]:
    """Return a text without marks, and whether some of its words are hidden."""
    return _MARKS.sub("", text), _HIDDEN.search(text) is not None
