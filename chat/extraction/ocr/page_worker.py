"""The child that reads scanned pages, one after another, from untrusted bytes, under limits of its own.

`python -m chat.extraction.ocr.page_worker`, with the loop of chat.extraction.job_loop, at the lowest priority
of the system. An engine is loaded when a page needs it first.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from chat.extraction import job_loop
from chat.extraction.ocr.page_result import PageResult
from chat.extraction.source import Source

NICE = 19
GROWN_BYTES = 3_000_000_000  # the limit of memory ends a child earlier: what it holds are its models
THREADS = "1"  # pages are read side by side, each by a process

engines: Any = None


def recognise_page(job: dict[str, Any], say: job_loop.Say) -> None:
    """Answer a `recognise` job with one page."""
    from chat.extraction.ocr import page_image
    from chat.extraction.ocr.engine_choice import Engines, NoEngine

    global engines
    engines = engines or Engines()
    source = Source(Path(job["path"]), job["name"], job["password"])
    image = page_image.load(source, job["page"])
    try:
        found = engines.read(image)
    except NoEngine as error:
        say(**PageResult(missing=error.script or "any script").to_fields())
        return
    boxes = tuple(
        (start, end, *found.image.on_page(word.left, word.top, word.right, word.bottom))
        for start, end, word in found.page.places
    )
    say(**PageResult(found.page.text, boxes, found.confidence, found.engine).to_fields())


def lower_priority() -> None:
    """Let everything else on the machine go first, and keep libraries to one thread each."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICE)
    for name in ("OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = THREADS
    os.environ["MALLOC_ARENA_MAX"] = "2"


if __name__ == "__main__":
    lower_priority()
    job_loop.run({"recognise": recognise_page}, grown_bytes=GROWN_BYTES)
