"""A model's Markdown -> Markdown that the Chatbot of Gradio 6 shows exactly, and from which nothing can break out.

`render` runs on the growing text many times a second, so blocks that are finished are remembered. What it does
with code, formulas, tags, links and pictures is in chat.ui.markdown_blocks and chat.ui.markdown_inline. The
Chatbot must be made with LATEX_DELIMITERS. Knows no message, no page and no settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from chat.ui.markdown_blocks import Blocks
from chat.ui.markdown_inline import SEPARATOR, Inline, escape

__all__ = ["LATEX_DELIMITERS", "escape", "render"]

LATEX_DELIMITERS: list[dict[str, str | bool]] = [
    {"left": f"$${SEPARATOR}", "right": f"{SEPARATOR}$$", "display": True},
    {"left": f"${SEPARATOR}", "right": f"{SEPARATOR}$", "display": False},
]
CACHED_CHARACTERS_MAX = 8_000
LONG_BLOCK_CHARACTERS = 2_000
_SEPARATORS = re.compile(rf"{SEPARATOR}(?=\$)|(?<=\$){SEPARATOR}")
_EDGES = re.compile(
    r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)$"
    r"|^[ \t]*\n(?=[^\s>*+\-\d])|(?P<item>\n(?=(?:[-*+]|\d{1,9}[.)])[ \t]))",
    re.MULTILINE,
)


def render(text: str, image_hosts: Sequence[str] = (), *, growing: bool = False) -> str:
    """Return the text as the Chatbot shows it rightly. growing: what is still open at its end is held or closed,
    so that it does not flicker; the last call must be without. image_hosts: whose pictures may be loaded.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if SEPARATOR in text:
        text = _SEPARATORS.sub("", text)
    hosts = tuple(image_hosts)
    if growing:
        text = settle(text)
    return "".join(_render_block(block, hosts) for block in split_blocks(text))


def _render_block(block: str, hosts: tuple[str, ...]) -> str:
    return _remember(block, hosts) if len(block) <= CACHED_CHARACTERS_MAX else Blocks(hosts).write(block)


@lru_cache(maxsize=1024)
def _remember(block: str, hosts: tuple[str, ...]) -> str:
    return Blocks(hosts).write(block)


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


def settle(text: str) -> str:
    return text
