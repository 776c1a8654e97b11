"""Pages of a file over the routes, for its owner alone: images, boxes of a quote, the file itself."""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest
from PIL import Image

from chat.extraction import Readers
from chat.files import page_views
from chat.files.page_views import PageViews
from chat.visitors import Guest, Network, Visitor
from tests.child_processes import find_descendants
from tests.pdf_files import pdf, show
from tests.provider import Provider
from tests.routes import Served, error_of
from tests.servers import run_routes

ANNA, BEN = {"x-visitor": "anna-secret"}, {"x-visitor": "ben-secret"}
TWO_PAGES = pdf(
    show("The bridge is 200 m long,", "and it was opened in 1903 by the", "mayor."),
    show("It is made of iron."),
)


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served, None]:
    settings = {"OPENAI_BASE_URL": "none", "READER_PROCESSES": "2"}
    async with (
        run_routes(tmp_path_factory.mktemp("pages"), **settings) as app,
        httpx.AsyncClient(base_url=app.url, timeout=60) as client,
    ):
        yield Served(client, Provider(), [app.engine])


async def upload(served: Served, name: str, data: bytes) -> dict[str, Any]:
    answer = await served.client.post("/ai/files", files={"file": (name, data)}, headers=ANNA)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_file_with_pages_to_draw_starts_the_child_that_draws_them(served: Served) -> None:
    [engine] = served.engines
    drawers = engine._drawers
    await upload(served, "notes.txt", b"Lamps.")
    assert not drawers._children
    assert not drawers._is_warming
    await upload(served, "bridge.pdf", TWO_PAGES)
    assert drawers._children or drawers._is_warming


async def test_a_page_is_an_image_for_the_owner_alone(served: Served) -> None:
    id = (await upload(served, "bridge.pdf", TWO_PAGES))["file_id"]
    url = f"/ai/files/{id}/pages/2"
    answer = await served.client.get(url, headers=ANNA, params={"width": 300})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert "no-store" in answer.headers["cache-control"]
    shown = Image.open(io.BytesIO(answer.content))
    assert shown.width == 320  # the next of a few widths
    assert len(set(shown.convert("L").tobytes())) > 4  # edges of letters are grey
    absent = await served.client.get("/ai/files/none/pages/1", headers=ANNA)
    for path in (url, f"{url}/text", f"/ai/files/{id}/content"):
        for headers in (BEN, {}):
            refused = await served.client.get(path, headers=headers)
            assert refused.status_code == 404
            assert error_of(refused)["message"] == error_of(absent)["message"]
    assert (await served.client.get(f"/ai/files/{id}/pages/3", headers=ANNA)).status_code == 404
    for wrong in ("0", "-1", "two"):
        assert (await served.client.get(f"/ai/files/{id}/pages/{wrong}", headers=ANNA)).status_code == 422
    assert (await served.client.get(url, headers=ANNA, params={"width": 100_000})).status_code == 422


def keys_of(cache: page_views._Cache[Any]) -> list[tuple[Any, ...]]:
    """Return what is cached: file, number of the page, and more."""
    return [key for key in cache._values if isinstance(key, tuple)]


async def settle_pages(served: Served) -> PageViews:
    """Wait until no page is being prepared."""
    [engine] = served.engines
    await asyncio.gather(*engine.pages._preparing.values())
    return engine.pages


async def test_the_first_page_is_drawn_when_its_file_comes_as_wide_as_the_visitor_looked_last(
    served: Served,
) -> None:
    pages = await settle_pages(served)
    url = "/ai/files/{}/pages/{}"
    id = (await upload(served, "bridge.pdf", TWO_PAGES))["file_id"]
    other = (await upload(served, "bridge.pdf", TWO_PAGES))["file_id"]
    await settle_pages(served)
    drawn = {key[2] for key in keys_of(pages._images) if key[0] == id and key[1] == 1}
    assert len(drawn) == 1
    assert max(drawn) > page_views.THUMBNAIL_WIDTH
    placed = {key[:2] for key in keys_of(pages._boxes)}
    assert (id, 1) in placed
    near = {"width": min(drawn) * 2 // 3}
    shown = await served.client.get(url.format(id, 1), headers=ANNA, params=near)
    assert Image.open(io.BytesIO(shown.content)).width == max(drawn)
    assert {key[2] for key in keys_of(pages._images) if key[0] == id and key[1] == 1} == drawn
    await served.client.get(url.format(id, 2), headers=ANNA, params={"width": 2_400})
    await served.client.get(url.format(other, 2), headers=ANNA, params={"width": 160})
    id = (await upload(served, "bridge.pdf", TWO_PAGES))["file_id"]
    await settle_pages(served)
    assert (id, 1, 2_400) in pages._images


async def test_one_page_of_a_visitor_is_prepared_at_a_time(served: Served) -> None:
    pages = await settle_pages(served)
    [engine] = served.engines
    id = (await upload(served, "bridge.pdf", TWO_PAGES))["file_id"]
    await settle_pages(served)
    attachment = await engine.attachment(id, Guest.of(ANNA["x-visitor"]).owner)
    for width in page_views.WIDTHS[-3:]:
        pages._note_width(attachment.owner, width)
        pages.prepare(attachment, 2)
    assert len(pages._preparing) == 1
    await settle_pages(served)
    assert sum(key[:2] == (id, 2) for key in keys_of(pages._images)) == 1


async def test_pages_that_a_visitor_has_drawn_at_once_are_a_share(served: Served) -> None:
    url = f"/ai/files/{(await upload(served, 'bridge.pdf', TWO_PAGES))['file_id']}/pages/1"
    [engine] = served.engines
    anna = Visitor(Guest.of(ANNA["x-visitor"]), Network.of("127.0.0.1"))
    with engine.at_once.pages.held(anna, engine.at_once.pages.limit.of_visitor):
        answers = [await served.client.get(path, headers=ANNA) for path in (url, f"{url}/text")]
        other = await served.client.get(url, headers=BEN)
    assert [one.status_code for one in (*answers, other)] == [429, 429, 404]
    assert (await served.client.get(url, headers=ANNA)).status_code == 200


async def test_one_child_serves_what_the_viewer_asks_for_at_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_views, "PATIENCE_SECONDS", 300)
    id = (await upload(served, "bridge.pdf", TWO_PAGES))["file_id"]
    before = set(find_descendants(os.getpid()))
    paths = [f"/ai/files/{id}/pages/{page}" for page in ("1", "1/text", "2", "2/text")]
    answers = await asyncio.gather(*(served.client.get(path, headers=ANNA) for path in paths))
    assert [one.status_code for one in answers] == [200] * 4
    assert set(find_descendants(os.getpid())) <= before


def program_of(pool: Readers) -> set[str]:
    """Return the programs of a pool's processes."""
    commands = [Path(f"/proc/{child.pid}/cmdline").read_text().split("\0") for child in pool._children]
    return {command[2] for command in commands}


async def test_a_page_is_drawn_by_a_child_that_reads_no_files(served: Served) -> None:
    [engine] = served.engines
    url = f"/ai/files/{(await upload(served, 'bridge.pdf', TWO_PAGES))['file_id']}/pages"
    for path in (f"{url}/1", f"{url}/1/text"):
        assert (await served.client.get(path, headers=ANNA)).status_code == 200
    programs = program_of(engine._drawers), program_of(engine.readers)
    assert programs == ({"chat.extraction.page_drawer"}, {"chat.extraction.worker"})


async def test_a_page_of_much_text_is_whole(served: Served) -> None:
    text = 'A "text":"" of \\ lines 😀\n' * 20_000
    id = (await upload(served, "long.txt", text.encode()))["file_id"]
    told = (await served.client.get(f"/ai/files/{id}/pages/1/text", headers=ANNA)).json()
    assert (told["text"].strip(), told["pages"]) == (text.strip(), 1)


async def test_the_boxes_of_a_quote_are_one_for_each_of_its_lines_and_pages(served: Served) -> None:
    id = (await upload(served, "bridge.pdf", TWO_PAGES))["file_id"]
    text = "The bridge is 200 m long,\nand it was opened in 1903 by the\nmayor.\nIt is made of iron."
    start, end = text.index("200 m"), text.index(" made")
    pages = []
    for number in (1, 2):
        params = {"start": start, "end": end}
        answer = await served.client.get(f"/ai/files/{id}/pages/{number}/text", headers=ANNA, params=params)
        pages.append(answer.json())
    first, second = pages
    assert [first["text"][int(a) : int(b)] for a, b, *_ in first["boxes"]] == [
        "200 m long,",
        "and it was opened in 1903 by the",
        "mayor.",
    ]
    assert [second["text"][int(a) : int(b)] for a, b, *_ in second["boxes"]] == ["It is"]
    assert (first["is_known"], second["is_known"], second["start"], second["pages"]) == (True, True, 66, 2)
    _, _, left, top, right, bottom = first["boxes"][1]  # at 72 points from the left, 86 from the top
    assert abs(left - 72 / 612) < 0.005
    assert top < 86 / 792 < bottom
    assert 72 + 140 < right * 612 < 72 + 200


async def test_the_citations_of_an_answer_have_the_boxes_of_their_quotes(served: Served) -> None:
    id = (await upload(served, "bridge.pdf", TWO_PAGES))["file_id"]
    asked = {"user_message": "When was the bridge opened?", "file_id": id, "model": "quotes"}
    answer = await served.client.get("/ai/stream_chat", params=asked, headers=ANNA)
    frame = next(one for one in answer.text.split("\n\n") if "event: citations" in one)
    told = json.loads(next(line[6:] for line in frame.splitlines() if line.startswith("data: ")))
    cited = next(one for one in told["citations"] if one["kind"] == "quote" and "1903" in one["text"])
    assert (cited["file_id"], cited["page_number"], cited["status"]) == (id, 1, "found")
    at = {"start": cited["passage_start"], "end": cited["passage_end"]}
    page = await served.client.get(f"/ai/files/{id}/pages/1/text", headers=ANNA, params=at)
    boxes = page.json()["boxes"]
    assert len(boxes) > 1
    assert cited["boxes"] == [[1, *edges] for _, _, *edges in boxes]


async def test_boxes_stand_where_the_page_shows_them_though_it_is_turned_and_cut(served: Served) -> None:
    data = pdf(show("Turned words"), page="/Rotate 90 /CropBox [50 400 562 792]")
    id = (await upload(served, "turned.pdf", data))["file_id"]
    page = (await served.client.get(f"/ai/files/{id}/pages/1/text?start=0&end=6", headers=ANNA)).json()
    image = (await served.client.get(f"/ai/files/{id}/pages/1?width=960", headers=ANNA)).content
    shown = Image.open(io.BytesIO(image)).convert("L").point(lambda value: 255 * (value < 128))
    ink = shown.getbbox()
    assert ink is not None
    (_, _, left, top, right, bottom), (width, height) = page["boxes"][0], shown.size
    assert left * width <= ink[0] + 2
    assert ink[2] - 2 <= right * width
    assert abs(top * height - ink[1]) < 4
    assert bottom * height < ink[3] - 20  # "words" goes on below


async def test_a_picture_is_its_own_page_and_other_files_have_text(served: Served) -> None:
    out = io.BytesIO()
    noise = Image.effect_noise((3000, 900), 90)
    Image.merge(
        "RGB", [noise, noise.transpose(Image.Transpose.ROTATE_180), noise.point(lambda v: v // 2)]
    ).save(out, "PNG")
    id = (await upload(served, "noise.png", out.getvalue()))["file_id"]
    answer = await served.client.get(f"/ai/files/{id}/pages/1", headers=ANNA, params={"width": 960})
    assert answer.headers["content-type"] == "image/webp"
    width, height = Image.open(io.BytesIO(answer.content)).size
    assert width in range(960, 960 * page_views.SHRUNK + 1)
    assert abs(width * 0.3 - height) <= 1
    id = (await upload(served, "notes.txt", b"Lamps."))["file_id"]
    assert (await served.client.get(f"/ai/files/{id}/pages/1", headers=ANNA)).status_code == 404
    page = (await served.client.get(f"/ai/files/{id}/pages/1/text", headers=ANNA)).json()
    assert (page["text"], page["has_image"], page["spans"]) == ("Lamps.", False, [])


async def test_the_file_itself_is_saved_and_never_opened_whatever_its_name(served: Served) -> None:
    name = 'ä"<script>.html'
    id = (await upload(served, name, b"<p>Lamps.</p><script>alert(1)</script>"))["file_id"]
    answer = await served.client.get(f"/ai/files/{id}/content", headers=ANNA)
    assert answer.content == b"<p>Lamps.</p><script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_locked_file_is_refused_with_a_sentence_and_its_text_stays(served: Served) -> None:
    writer, out = pypdf.PdfWriter(clone_from=io.BytesIO(TWO_PAGES)), io.BytesIO()
    writer.encrypt("sesame")
    writer.write(out)
    answer = await served.client.post(
        "/ai/files", files={"file": ("a.pdf", out.getvalue())}, data={"password": "sesame"}, headers=ANNA
    )
    url = f"/ai/files/{answer.json()['file_id']}/pages/1"
    refused = await served.client.get(url, headers=ANNA)
    assert (refused.status_code, error_of(refused)["type"]) == (422, "password_required")
    page = (await served.client.get(f"{url}/text?start=0&end=5", headers=ANNA)).json()
    assert page["text"].startswith("The bridge")
    assert (page["boxes"], page["is_known"]) == ([], False)
