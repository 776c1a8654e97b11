"""A model's Markdown -> Markdown that Gradio's Chatbot shows exactly, and from which nothing can break
out.

`render` runs on the growing text many times a second, so what is finished of it is remembered. What it
does with code, formulas, tags, links and pictures is in `blocks` and `inline`; what
with the end of a growing text, in settling. The Chatbot must be made with LATEX_DELIMITERS. Knows no
message, no page and no settings.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence

from chat.ui.markdown.blocks import Blocks
from chat.ui.markdown.inline import SEPARATOR, escape
from chat.ui.markdown.settling import TEXT_CHARACTERS_MAX, settle

__all__ = ["LATEX_DELIMITERS", "escape", "render"]

LATEX_DELIMITERS: list[dict[str, str | bool]] = [
    {"left": f"$${SEPARATOR}", "right": f"{SEPARATOR}$$", "display": True},
    {"left": f"${SEPARATOR}", "right": f"{SEPARATOR}$", "display": False},
]
KEY_CHARACTERS = 256  # a growing text is known again by its beginning, and then compared as a whole
REMEMBERED_MAX = 64
REMEMBERED_CHARACTERS_MAX = 400_000
LONG_BLOCK_CHARACTERS = 2_000
_finished: dict[tuple[str, tuple[str, ...]], tuple[str, str]] = {}  # oldest first
_changing = threading.Lock()  # long texts are drawn in threads
_SEPARATORS = re.compile(rf"{SEPARATOR}(?=\$)|(?<=\$){SEPARATOR}")
_EDGES = re.compile(
    r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)$"
    r"|^[ \t]*\n(?=[^\s>*+\-\d]|\*\*[^\s*]|\d{1,9}[^\d.)]|\d{10})"
    r"|(?P<item>\n(?=(?:[-*+]|\d{1,9}[.)])[ \t]))",
    re.MULTILINE,
)


def render(text: str, image_hosts: Sequence[str] = (), *, growing: bool = False) -> str:
    """Return the text as the Chatbot shows it rightly. image_hosts: whose pictures may be loaded.

    growing: what is still open at the end is held back or closed, so that it does not flicker; the last
    call must be without it.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if SEPARATOR in text:
        text = _SEPARATORS.sub("", text)
    hosts = tuple(image_hosts)
    done, shown = _recall(text, hosts)
    blocks = list(split_blocks(text[done:]))
    last = settle(blocks.pop()) if growing and len(text) <= TEXT_CHARACTERS_MAX else blocks.pop()
    shown += "".join([Blocks(hosts).write(block) for block in blocks])
    if blocks:
        done += sum(map(len, blocks))
        _remember(text, done, shown, hosts)
    return shown + Blocks(hosts).write(last)


def _recall(text: str, hosts: tuple[str, ...]) -> tuple[int, str]:
    """Return how much of the text was rendered before, and as what."""
    known = _finished.get((text[:KEY_CHARACTERS], hosts))
    if known is None or not text.startswith(known[0]):
        return 0, ""
    return len(known[0]), known[1]


def _remember(text: str, done: int, shown: str, hosts: tuple[str, ...]) -> None:
    key = (text[:KEY_CHARACTERS], hosts)
    if done < KEY_CHARACTERS or len(text) > REMEMBERED_CHARACTERS_MAX:
        return
    with _changing:
        _finished.pop(key, None)
        _finished[key] = (text[:done], shown)
        while len(_finished) > REMEMBERED_MAX:
            _finished.pop(next(iter(_finished)), None)


def split_blocks(text: str) -> Iterator[str]:
    """Yield pieces at which a new block begins whatever was before, so that each can be rendered alone."""
    start, mark, column = 0, "", 0
    for edge in _EDGES.finditer(text):
        fence = edge["fence"]
        if fence:
            at = edge.start("fence") - edge.start()
            if not mark and not ("`" in edge["info"] and fence[0] == "`"):
                mark, column = fence, at
            elif mark and fence.startswith(mark) and not edge["info"].strip("`~ \t") and at <= column + 3:
                mark = ""
        elif not mark and (edge["item"] is None or _is_long(text, start, edge.end())):
            yield text[start : edge.end()]
            start = edge.end()
    yield text[start:]


def _is_long(text: str, start: int, end: int) -> bool:
    if end - start < LONG_BLOCK_CHARACTERS:
        return False
    return text.count("$$", start, end) % 2 == 0 and text.count("\\[", start, end) == text.count(
        "\\]", start, end
    )
