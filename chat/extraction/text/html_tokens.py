"""The tags and texts of HTML in one pass, as the HTML standard divides them, whatever stands in the file.

Python's own parser takes minutes for 300 kB of beginnings: at each one it searches the rest of the file for
the end. Here every search goes on where the last one ended. What is open at the end of the file (a comment, a
tag, a script) hides the rest, as in a browser. Knows no element but those whose content is no HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

RAW_ENDS = {name: re.compile(rf"</{name}\b[^>]*>?", re.IGNORECASE) for name in ("script", "style")}
_NAME = re.compile(r"[a-zA-Z][^\s/>]*")
_ATTRIBUTE = re.compile(r"[\s/]*(?:(?P<end>>)|(?P<name>[^\s/>][^\s/>=]*)(?P<equals>\s*=\s*)?)?")
_BARE_VALUE = re.compile(r"[^\s>]*")
_COMMENT_END = re.compile(r"--!?>")


@dataclass(frozen=True)
class StartTag:
    """name: in lower case. is_closed: it ends with `/>`."""

    name: str
    attributes: dict[str, str | None]
    is_closed: bool


@dataclass(frozen=True)
class EndTag:
    name: str


@dataclass(frozen=True)
class StyleSheet:
    text: str


def read_tokens(html: str) -> Iterator[str | StartTag | EndTag | StyleSheet]:
    """Yield tags, the texts between them and style sheets, without comments, declarations and scripts."""
    at = 0
    while (opening := html.find("<", at)) >= 0:
        end, token = _read_markup(html, opening)
        if end == opening:  # a character like any other
            end = opening + 1
            yield unescape(html[at:end])
            at = end
            continue
        if at < opening:
            yield unescape(html[at:opening])
        at = end
        if token:
            yield token
        if isinstance(token, StartTag) and token.name in RAW_ENDS and not token.is_closed:
            closing = RAW_ENDS[token.name].search(html, at)
            if token.name == "style":
                yield StyleSheet(html[at : closing.start() if closing else len(html)])
            at = closing.end() if closing else len(html)
            yield EndTag(token.name)
    if at < len(html):
        yield unescape(html[at:])


def _read_markup(html: str, at: int) -> tuple[int, StartTag | EndTag | None]:
    """Return the end of what `<` begins here, and the tag that it is. The same place: it begins nothing."""
    if html.startswith("<!--", at):
        # `<!-->` and `<!--->` are whole comments.
        closing = _COMMENT_END.search(html, at + 2)
        return (closing.end() if closing else len(html)), None
    if name := _NAME.match(html, at + 1):
        end, attributes, is_closed = _read_attributes(html, name.end())
        is_whole = end > 0
        tag = StartTag(name[0].lower(), attributes, is_closed) if is_whole else None
        return (end if is_whole else len(html)), tag
    if html.startswith("</", at) and (name := _NAME.match(html, at + 2)):
        end = _read_attributes(html, name.end())[0]
        return (end or len(html)), (EndTag(name[0].lower()) if end else None)
    if html.startswith(("<!", "<?", "</"), at):
        return (html.find(">", at) + 1 or len(html)), None
    return at, None


def _read_attributes(html: str, at: int) -> tuple[int, dict[str, str | None], bool]:
    """Return the place after the `>`, or 0 where there is none, the attributes, and whether `/` ends it."""
    attributes: dict[str, str | None] = {}
    while at < len(html):
        part = _ATTRIBUTE.match(html, at)
        assert part  # it matches nothing, too
        if part["end"]:
            return part.end(), attributes, part[0].endswith("/>")
        at, value = part.end(), None
        if part["equals"]:
            at, value = _read_value(html, at)
        if part["name"] and at:
            attributes.setdefault(part["name"].lower(), value)
        if not at or not part["name"]:
            return 0, attributes, False
    return 0, attributes, False


def _read_value(html: str, at: int) -> tuple[int, str]:
    """Return the place after a value, or 0 where its quotes are not closed, and the value."""
    quote = html[at : at + 1]
    if quote in ('"', "'") and quote:
        closing = html.find(quote, at + 1)
        return closing + 1, unescape(html[at + 1 : closing])
    bare = _BARE_VALUE.match(html, at)
    assert bare
    return bare.end(), unescape(bare[0])
