"""The files of Gradio's own page: which of them a first visit loads, and which it can do without.

Gradio's page finds its parts in steps: each file that has arrived names the next ones, and a step costs a
round trip. The names are read from what Gradio's bundler writes, checked against Gradio 6.31; where it writes
something else nothing is named, and the page finds its parts in steps as before.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Files of which only the exports are needed, by the start of their names -> what is served instead.
# hls.js plays video streams. It is a quarter of all that a first visit loads, and the page's policy lets no
# video play. The exports are: whether it is supported, the end of a stream, and its start.
STUBS = {"hls-": b"const no = () => false;\nexport { no as n, no as r, no as t };\n"}
# A selector of anything below an element with a class of some form: at each change of a class a browser gives
# all that is below that element its style anew: the whole page where the class is the body's (0.2 s with 160
# messages). What is selected in code has its colour by the selector beside it.
_ANYTHING_BELOW = re.compile(rb",[^{},]*\[class[^\]]*\] ::selection")
# The template of an HTML component, as each part of a message is: it costs milliseconds and finds nothing.
_HANDLEBARS = re.compile(rb"\w+\.default\.compile\((\w+)\)\(\w+\)")
_BUILT = re.compile(r'src="\./assets/(index-[\w-]+\.js)"')
_LISTED = re.compile(r"m\.f=\[([^\]]*)\]")
_IMPORT = re.compile(
    r"import\(`\./(?P<file>[\w.-]+\.js)`\)[^`]{0,60}?,__vite__mapDeps\(\[(?P<needs>[\d,]*)\]\)"
)
_STEPS = ("Index-", "core-", "Blocks-")  # the frame of the page, from the first file to the components


def frontend_folder() -> Path:
    """Return the folder of Gradio's page, found without importing Gradio."""
    found = importlib.util.find_spec("gradio")
    assert found is not None
    assert found.origin
    return Path(found.origin).parent / "templates" / "frontend"


def change_file(name: str, content: bytes) -> bytes:
    """Return what is served in the place of a file of Gradio's page."""
    for start, stub in STUBS.items():
        if name.startswith(start):
            return stub
    if name.startswith("HTML-"):
        return _HANDLEBARS.sub(rb"(\1.includes(`{{`)?\g<0>:\1)", content)
    return _ANYTHING_BELOW.sub(b"", content) if name.endswith(".css") else content


@dataclass(frozen=True)
class FirstFiles:
    """Names of files in assets/ that a first visit loads, in order: the frame's and the components'."""

    frame: tuple[str, ...] = ()
    components: tuple[str, ...] = ()


def first_files(components: Iterable[str]) -> FirstFiles:
    """Return what a page with these kinds of components loads."""
    folder = frontend_folder()
    built = _BUILT.search((folder / "index.html").read_text(encoding="utf-8"))
    if not built:
        return FirstFiles()
    frame, step = dict.fromkeys([built[1]]), _read(folder, built[1])
    for start in _STEPS:
        found = [match for match in _IMPORT.finditer(step) if match["file"].startswith(start)]
        frame |= dict.fromkeys(name for match in found for name in _needed(match, step))
        if start != "core-" and found:
            step = _read(folder, found[0]["file"])
    core = next((name for name in frame if name.startswith("core-") and name.endswith(".js")), "")
    step, more = _read(folder, core) if core else "", dict[str, None]()
    for component in components:
        match = _IMPORT.search(step, _place_of(component, step))
        more |= dict.fromkeys(_needed(match, step) if match else ())
    there = {path.name for path in (folder / "assets").iterdir()}
    return FirstFiles(
        tuple(name for name in frame if name in there),
        tuple(name for name in more if name in there and name not in frame),
    )


def _place_of(component: str, core: str) -> int:
    """Return where the core's table has the import of a component; its end where it has none."""
    entry = re.search(rf"[{{,]{re.escape(component)}:\{{[^{{}}]*?component:", core)
    return entry.end() if entry else len(core)


def _needed(match: re.Match[str], source: str) -> list[str]:
    """Return an imported file and those that it needs, style sheets too."""
    listed = _LISTED.search(source)
    names = [name.strip("\"'`").removeprefix("./") for name in listed[1].split(",")] if listed else []
    places = [int(place) for place in match["needs"].split(",") if place]
    return [match["file"], *(names[place] for place in places if place < len(names))]


def _read(folder: Path, name: str) -> str:
    return (folder / "assets" / name).read_text(encoding="utf-8")
