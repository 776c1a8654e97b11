"""What was computed over a table, in a real browser: sorted, copied, saved, and opened by a figure's chip."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import pytest
from playwright.async_api import expect

from tests.pages import Visit, text_file
from tests.provider import Call, Provider
from tests.servers import RunningApp, run_app
from tests.turns.test_queries import Scripted

pytestmark = pytest.mark.slow  # a page of its own

DATA = "Region,Amount\nNorth,1200.5\nSouth,300\n=1+1,90\nWest,?\nNorth,20\n"
SQL = "SELECT region, sum(amount) AS total FROM sales GROUP BY 1 ORDER BY 2 DESC NULLS LAST"


@pytest.fixture(scope="module")
async def served(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    settings = {"OPENAI_MODEL": "plain", "OPENAI_API_KEY": "sk-test", "TITLES": "words"}
    folder = tmp_path_factory.mktemp("served")
    async with run_app(folder, OPENAI_BASE_URL=module_provider.url, **settings) as running:
        yield running


class Seller(Scripted):
    """Answers with a figure of the result."""

    async def __call__(self, call: Call) -> None:
        if "Result:" not in str(call.body["messages"][-1]["content"]):
            return await super().__call__(call)
        await call.text("North sold 1,220.5.")
        await call.finish()


async def test_a_result_is_sorted_and_saved_and_a_chip_opens_how_it_came_about(
    tab: Visit, provider: Provider
) -> None:
    provider.scripts["plain"] = Seller(SQL)
    await tab.attach(text_file("sales.csv", DATA))
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.ask("What did we sell by region?")
    block = tab.history.locator(".computation")
    rows = block.locator(".result").first.locator("tbody tr td:first-child")
    await expect(rows).to_have_text(["North", "South", "=1+1", "West"])
    await expect(block.locator(".chart rect")).to_have_count(3)
    head = block.locator(".result").first.locator("th").nth(1)
    await head.get_by_role("button").click()
    await expect(rows).to_have_text(["=1+1", "South", "North", "West"])  # without a value: last
    await expect(head).to_have_attribute("aria-sort", "ascending")
    async with tab.page.expect_download() as saving:
        await block.get_by_role("button", name="Save as CSV").click()
    saved = await anyio.Path(await (await saving.value).path()).read_text("utf-8-sig")
    assert saved.splitlines() == ["Region,total", "'=1+1,90", "South,300", "North,1220.5", "West,"]
    chip = tab.history.locator('.cite[data-status="computed"]')
    await expect(chip).to_have_count(1)
    await expect(block.locator("pre")).to_be_hidden()
    await chip.click()
    await expect(block.locator("pre")).to_contain_text("sum(amount)")
    await expect(tab.page.locator("#viewer")).to_be_hidden()
