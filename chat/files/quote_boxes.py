"""Where the quotes of an answer stand on the pages of their files: boxes for the event `citations`.

Knows no answer and no owner: the files are those that the question was asked with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from chat.errors import ChatError
from chat.files.attachment import Attachment
from chat.files.page_views import PageViews, number_of

MOST_QUOTES = 12  # of an answer: a page costs 30 ms of CPU
MOST_PAGES = 3  # of a quote
WAIT_SECONDS = 0.5  # the end of an answer waits no longer

Json = dict[str, Any]
Box = tuple[int, float, float, float, float]  # number of the page; left, top, right, bottom: fractions of it
DIGITS = 5


class QuoteBoxes:
    """Adds boxes to citations; owns the work that an answer no longer waits for."""

    def __init__(self, pages: PageViews) -> None:
        self._pages = pages
        self._tasks: set[asyncio.Task[list[Box]]] = set()

    async def add(self, citations: Sequence[Json], files: Sequence[Attachment]) -> list[Json]:
        """Return the citations, those with `boxes` whose place on the page is known: one for each line."""
        drawn = {file.id: file for file in files if file.is_drawn}
        wanted = [at for at, one in enumerate(citations) if one.get("file_id") in drawn and _has_words(one)]
        tasks = {
            at: self._begin(drawn[citations[at]["file_id"]], citations[at]) for at in wanted[:MOST_QUOTES]
        }
        if tasks:
            await asyncio.wait(tasks.values(), timeout=WAIT_SECONDS)
        done = {at: task for at, task in tasks.items() if task.done() and not task.cancelled()}
        boxes = {at: task.result() for at, task in done.items() if not task.exception()}
        return [{**one, "boxes": boxes[at]} if boxes.get(at) else one for at, one in enumerate(citations)]

    async def aclose(self) -> None:
        """Stop what no answer waits for."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, file: Attachment, citation: Mapping[str, Any]) -> asyncio.Task[list[Box]]:
        task = asyncio.create_task(self._find(file, citation["passage_start"], citation["passage_end"]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _find(self, file: Attachment, start: int, end: int) -> list[Box]:
        """Return the boxes of a quote on its pages; none where a letter of it has no place."""
        first, last = number_of(file.document, start), number_of(file.document, end - 1)
        found = list[Box]()
        for number in range(first, min(last, first + MOST_PAGES - 1) + 1):
            try:
                view = await self._pages.view(file, number, start, end)
            except ChatError:
                return []
            if not view.is_known:
                return []
            for span in view.boxes:
                left, top, right, bottom = (round(edge, DIGITS) for edge in span[2:])
                found.append((number, left, top, right, bottom))
        return found


def _has_words(citation: Mapping[str, Any]) -> bool:
    """Whether a citation names words of a file, and not a page alone."""
    return bool(citation.get("kind") != "page_mark" and citation.get("passage_end"))
