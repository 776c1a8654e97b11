"""What Gradio's own state of an open page costs, beside ours (chat/gradio_internals.py).

    python -m tests.benchmarks.page_memory

Processor time of this process, so that what else runs on the machine does not count: of making a page's
state, and of one update of the page that changes nothing; and the memory that is kept afterwards.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradio.state_holder import SessionState

from chat.engine import Engine
from chat.gradio_internals import PageState
from chat.ui.callbacks import Shown
from chat.ui.page import create_page
from chat.ui.wiring import fill
from tests.servers import make_settings

PAGES = 20


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        page = create_page(Engine(make_settings(Path(folder))))
        print(f"{'':12} {'made, ms':>10} {'updated, ms':>12} {'kept, kB':>10}")
        for name, make in (("Gradio's", SessionState), ("ours", PageState)):
            await measure(name, make, page)


async def measure(name: str, make: Callable[[Any], Any], page: Any) -> None:
    send = next(one for one in page.fns.values() if one.name == "send")
    tracemalloc.start()
    states = [make(page) for _ in range(PAGES)]
    for state in states:
        await page.postprocess_data(send, fill(Shown()), state)
    kept = tracemalloc.get_traced_memory()[0] / PAGES / 1000
    tracemalloc.stop()
    began = time.process_time()
    states = [make(page) for _ in range(PAGES)]
    made = time.process_time()
    for state in states:
        await page.postprocess_data(send, fill(Shown()), state)
    updated = time.process_time()
    each = [seconds / PAGES * 1000 for seconds in (made - began, updated - made)]
    print(f"{name:12} {each[0]:10.2f} {each[1]:12.2f} {kept:10.1f}")


if __name__ == "__main__":
    asyncio.run(main())
