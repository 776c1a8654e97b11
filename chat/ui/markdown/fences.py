"""A block of code, once it is read -> the lines that Gradio's parser takes for the same code.

Also drawings, which Gradio makes of code: what could do more than draw stays code. Knows no other block.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape as escape_html

from chat.ui.markdown.inline import WHITE

INDENTED_FENCE = "`" * 8  # for code that was indented: longer than any fence inside it
_INFO = re.compile(r"^[\w+#.-]{0,40}")
# Names that models write -> names under which Gradio's page loads a grammar.
_GRAMMARS = {
    **{"py": "python", "python3": "python", "golang": "go", "rs": "rust", "yml": "yaml", "c++": "cpp"},
    **dict.fromkeys(("sh", "shell", "zsh", "console"), "bash"),
}


@dataclass
class Fence:
    """Code being read. depth: of its containers; indent: spaces before the fence; lines: its code."""

    mark: str
    info: str
    indent: int
    depth: int
    prefix: str  # of the fence's own line, list marker and all
    inner: str  # of the lines after it
    lines: list[str] = field(default_factory=list)


def write_code(fence: Fence, closed: bool) -> list[str]:
    """Return the fence's lines.

    marked makes spaces of tabs that begin a line, in code too, unless something that it takes for white
    stands before them; and it takes as much white off each line as stands before the fence.
    """
    code, mark, info = fence.lines, fence.mark, _INFO.findall(fence.info)[0]
    info = _GRAMMARS.get(info.lower(), info)
    if info.lower() == "mermaid":
        code, info = _write_drawing(code, info, mark, closed)
    shift = ""
    if any(line.lstrip(" ").startswith("\t") for line in code):
        shift, mark = " ", mark if mark[0] == "`" else INDENTED_FENCE
        code = [WHITE + line if line[:1].isspace() else line for line in code]
    written = [
        fence.prefix + shift + mark + info,
        *((fence.inner + line) if line else fence.inner.rstrip() for line in code),
    ]
    return [*written, fence.inner + mark] if closed else written


def _write_drawing(code: list[str], info: str, mark: str, closed: bool) -> tuple[list[str], str]:
    """Return a drawing as Gradio wants it, which is HTML. What could do more than draw is shown as code."""
    source = "\n".join(code)
    if not closed:
        return code, "mermaid"
    if mark != "```" or not is_plain_drawing(source):
        return code, "text"
    return [
        escape_html(line, quote=False).replace("&lt;br/&gt;", "<br>").replace("&lt;br&gt;", "<br>")
        for line in code
    ], "mermaid"


def is_plain_drawing(source: str) -> bool:
    """Tell whether a mermaid drawing has no link, script, setting, style or HTML but line breaks."""
    bare = re.sub(r"<br ?/?>", "", source)
    return not re.search(
        r"```|<[a-z/!?]|&|%%\{|^---|://|\b(?:click|href|callback|link|links)\b"
        r"|javascript:|url\s*\(|\bstyle\b|\bclassDef\b|@\{",
        bare,
        re.IGNORECASE | re.MULTILINE,
    )
