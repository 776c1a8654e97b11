"""What a version leaves behind for its successors: a data folder, a PostgreSQL dump, a browser's storage.

    python -m tests.release_sample tests/fixtures/NAME      # in a checkout of the version that is released

`disk/` is a data folder, `postgresql.sql` the same conversations from PostgreSQL (a plain dump), and
`browser.json` what the page keeps in a browser. All is said over the page's events and routes, which later
versions keep; tests/history/test_earlier_versions.py opens every folder of tests/fixtures.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.browsers import start_chromium
from tests.page_protocol import OpenPage
from tests.pages import visit
from tests.pdf_files import pdf, show
from tests.provider import Call, Provider, say
from tests.servers import run_app

if TYPE_CHECKING:
    from tests.servers_postgres import PostgresServer

OWNER = "sample-visitor-0123456789"
NOTES = "The lamp on the north pier shines green. It was lit in 1902."
PAGES = ("The harbour has two piers.", "The south pier was built of oak in 1871.")
CITED = 'The south pier is of oak: "was built of oak in 1871" [harbour.pdf p. 2].'
PROMPT, MODEL = "Answer in one sentence.", "reasoning"


async def cite(call: Call) -> None:
    await say(call, [CITED])


class Visitor:
    """One visitor's page, whose owner is known."""

    def __init__(self, page: OpenPage) -> None:
        self.page = page
        page.owner = OWNER
        page._headers = {"x-visitor": OWNER}

    async def ask(self, message: str, model: str = "plain", files: tuple[str, ...] = ()) -> str:
        """Ask; return the conversation."""
        return (await self.page.ask(message, model=model, files=files)).conversation

    async def edit(self, question: str, message: str) -> None:
        """Send another wording of a question, beside it."""
        visit = self.page.visit("edit", question, editing=question, options={"model": "plain"})
        told = [row async for row in self.page.events("send", visit, {"text": message, "files": []})]
        await self.settle(json.dumps(told))

    async def act(self, event: str, action: str, target: str, value: str = "", **more: Any) -> str:
        """Press a button; return all that the page is told."""
        visit = self.page.visit(action, target, options={"model": "plain"}, **more)
        visit["action"]["value"] = value
        return json.dumps([row async for row in self.page.events(event, visit)])

    async def settle(self, told: str) -> None:
        """Follow the generation that an event started to its end."""
        generation = told.replace("\\", "").rpartition('"generation":"')[2].partition('"')[0]
        async for _ in self.page.events("follow", self.page.visit("follow", generation)):
            pass
        await self.page.run("settle", self.page.visit(generation=generation))


async def leave(folder: Path, **environ: str) -> None:
    """Let one visitor do everything that is kept, in an application with this data folder."""
    async with Provider() as provider, aiohttp.ClientSession() as http:
        provider.scripts["cited"] = cite
        given = {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain,reasoning,cited,cut-midway"}
        async with run_app(folder, **given, **environ) as app:
            visitor = Visitor(await OpenPage.load(http, app.url))
            page = visitor.page
            branches = await visitor.ask("First question")
            question, answer = await app.engine.branch(branches, OWNER)
            await visitor.settle(await visitor.act("act", "retry", answer.id))
            await visitor.act("act_quietly", "like", answer.id, "true")
            await visitor.edit(question.id, "Second wording")
            await visitor.act("change_list", "rename", branches, "Branches 分支")
            await visitor.act("change_list", "pin", branches)
            page.conversation = ""
            await visitor.ask("Think about it", "reasoning")
            page.conversation = ""
            notes = await page.attach("notes.txt", NOTES.encode())
            harbour = await page.attach("harbour.pdf", pdf(*[show(text) for text in PAGES]))
            await visitor.ask("Of what is the south pier?", "cited", (notes, harbour))
            page.conversation = ""
            await visitor.ask("Is it cut?", "cut-midway")


async def leave_in_browser() -> dict[str, str]:
    """Return what the page keeps in the browser of a visitor with settings of his own."""
    with tempfile.TemporaryDirectory() as folder:
        async with Provider() as provider, start_chromium() as browser:
            given = {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain,reasoning"}
            async with run_app(Path(folder), **given) as app, visit(browser, app.url) as tab:
                keep = "([names, values]) => xiaojia.keepOptions(names, values)"
                await tab.page.evaluate(keep, [["model", "system_prompt"], [MODEL, PROMPT]])
                await tab.ask("Hello")
                kept: dict[str, str] = await tab.page.evaluate(
                    "Object.fromEntries(Object.entries(localStorage))"
                )
                return kept


def dump(server: PostgresServer, file: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "dump.sql"
        Path(folder).chmod(0o777)
        server.run(
            "pg_dump", "--inserts", "--no-owner", "--no-privileges", "-f", str(made), server.url("postgres")
        )
        # What only a psql of the same age understands is left out.
        lines = made.read_text().splitlines(keepends=True)
        kept = "".join(line for line in lines if not line.startswith(("\\", "SET ", "--", "SELECT ")))
        file.write_text(re.sub(r"\n{3,}", "\n\n", kept))


async def main(folder: Path) -> None:
    """Make the three in a new folder."""
    from tests.servers_postgres import postgres_server  # a plugin of pytest: not before pytest imports it

    await asyncio.to_thread(folder.mkdir, parents=True)
    with tempfile.TemporaryDirectory() as work:
        await leave(Path(work))
        shutil.copytree(Path(work) / "data", folder / "disk", ignore=shutil.ignore_patterns("*.lock"))
    with closing(sqlite3.connect(folder / "disk" / "history.sqlite3", isolation_level=None)) as database:
        database.execute("VACUUM")
        database.execute("PRAGMA journal_mode=DELETE")
    with tempfile.TemporaryDirectory() as work, postgres_server() as server:
        await leave(Path(work), DATABASE_URL=server.url("postgres"))
        dump(server, folder / "postgresql.sql")
    (folder / "browser.json").write_text(
        json.dumps(await leave_in_browser(), indent=2, ensure_ascii=False) + "\n"
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
