"""Work on what strangers send grows with its length: runs of every special character, and of their pairs.

Steps are counted: the lines of Python that run, and for the work inside of C (regular expressions, parsers)
processor time, of which only much counts. Rendering has a test of its own: tests/ui/test_rendering_growth.py.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from chat.documents.document import Document, Page
from chat.errors import ChatError
from chat.extraction.text.markup import text_of_html
from chat.grounding.citations import check
from chat.grounding.evidence import Evidence
from chat.history import make_title
from chat.history.exchange import read_transcripts
from chat.history.query_words import cut_snippet, find_words
from chat.json_bounds import check_values
from chat.turns.titles import clean_title
from chat.ui.visits import read_options, read_visit
from chat.unicode_forms import normalize

MARKS = (
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~“”「」『』«»„‘’…·•§№，。、；：（）【】"
    "\u3000\t\n\r\u0301\u0316\u200b\ue010"
)
PIECES = (
    *MARKS,
    *("<!--", "<?", "<![", "</", "<a ", "<a b='", "<td>", "&#", "- > ", "> ", "`a``", "[](", "![", "]("),
    *("[a.txt p. 1] ", "[a.txt p. 1", "p. 1 ", "1,", "1.", "1 ", "1-", "(1) ", "12 %", "a.txt ", "第三页"),
    *("“a ”", '"a b c d" ', "“a … b” ", "a@", "www.", "ﬁ", "İ", "\u0301\u0316", "[],", '{"a":', '"\\'),
)
SMALL, LARGE = 500, 2_000  # characters; the slow tests take more
GROWTH_MAX = 2.0  # of the steps, beside the growth of the text
NOTHING = 5_000  # steps: fixed costs
NOTHING_SECONDS = 1.0  # of the processor: too little to tell how it grows


def make_file(text: str) -> Document:
    return Document("a.txt", "text/plain", len(text), "page", (Page("1", text),), 1)


WORDS = ("owls", "a", "1", "1,", "fi")
EVIDENCE = [Evidence.prepare(make_file("Owls hunt voles at night by ear alone, 3,456 of them in 2000."))]


def read_import(text: str) -> None:
    """Read an export that is this text, and one that has it as a message."""
    for data in (text, f'[{{"mapping":{{"a":{{"message":{{"content":{{"parts":["{text}"]}}}}}}}}}}]'):
        try:
            read_transcripts(data.encode("utf-8", "replace"), "me")
        except ChatError:
            continue


def read_settings(text: str) -> None:
    read_options({"model": text, "system_prompt": text})
    read_visit({"owner": text, "language": text, "query": text, "action": {"value": text}}, session=text)


def check_body(text: str) -> None:
    try:
        check_values(text.encode())
    except ChatError:
        return


WORK: dict[str, Callable[[str], object]] = {
    "citations": lambda text: check(text, EVIDENCE),
    "a quote": lambda text: check(f"It says “{text}” [a.txt p. 1].", EVIDENCE),
    "search": lambda text: (cut_snippet(text, WORDS), find_words(text, WORDS)),
    "folding": lambda text: normalize("NFKC", text),
    "titles": lambda text: (make_title(text), clean_title(text)),
    "import": read_import,
    "settings": read_settings,
    "bodies": check_body,
    "html": text_of_html,
}


def count_steps(work: Callable[[str], object], text: str) -> tuple[int, float]:
    """Return the lines that ran, and the processor's seconds without counting."""
    steps = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return trace

    began = time.thread_time()
    work(text)
    seconds = time.thread_time() - began
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work(text)
    finally:
        sys.settrace(before)
    return steps, seconds


def check_growth(name: str, small: int, large: int) -> None:
    """Assert that the steps for each piece grow no faster than the text, between these sizes."""
    work = WORK[name]
    for piece in PIECES:
        few, _ = count_steps(work, (piece * small)[:small])
        many, seconds = count_steps(work, (piece * large)[:large])
        assert many < GROWTH_MAX * few * large / small + NOTHING, (name, piece, few, many)
        assert seconds < NOTHING_SECONDS * max(1.0, large / LARGE), (name, piece, seconds)


@pytest.mark.parametrize("name", WORK)
def test_work_grows_no_faster_than_its_text(name: str) -> None:
    check_growth(name, SMALL, LARGE)
