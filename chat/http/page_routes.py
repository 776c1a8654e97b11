"""The routes of a file's pages: their images, their text with the place of a quote, and the file itself.

For the file's owner only: for any other caller there is no such file.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import orjson
from fastapi import Path, Query
from fastapi.responses import FileResponse, Response

from chat.documents.page_boxes import Span
from chat.files.page_views import PageView
from chat.http.ai_router import create_ai_router
from chat.http.caller import Caller, TheEngine
from chat.http.schemas import PageText

PRIVATE = {"cache-control": "private, no-store"}
INERT = {"content-security-policy": "sandbox; default-src 'none'", "x-content-type-options": "nosniff"}
LONGEST_WIDTH = 2_400
SLICE_CHARACTERS = 200_000
DIGITS = 5  # of a fraction of the page: a hundredth of a millimetre
PICTURES = {"content": {"image/png": {}, "image/webp": {}}, "description": "The image"}

router = create_ai_router("files")
FileId = Annotated[str, Path(description="Of an upload, as `POST /ai/files` returned it")]
PageNumber = Annotated[int, Path(ge=1, le=10_000_000, description="The file's own page number, from 1")]
Width = Annotated[
    int, Query(ge=16, le=LONGEST_WIDTH, description="Pixels; the next of a few widths is taken")
]
Offset = Annotated[int, Query(ge=0, description="Of a quote, in the file's text")]


@router.get("/files/{file_id}/pages/{number}", responses={200: PICTURES}, response_class=Response)
async def show_page(
    engine: TheEngine, caller: Caller, file_id: FileId, number: PageNumber, width: Width = 1_200
) -> Response:
    """Return a page of a PDF, or a picture, as an image."""
    with engine.at_once.pages.held(caller):
        attachment = await engine.attachment(file_id, caller.owner)
        data, media_type = await engine.pages.image(attachment, number, width)
    return Response(data, media_type=media_type, headers=PRIVATE)


@router.get("/files/{file_id}/pages/{number}/text", response_model=PageText)
async def show_text(
    engine: TheEngine,
    caller: Caller,
    file_id: FileId,
    number: PageNumber,
    start: Offset = 0,
    end: Offset = 0,
) -> Response:
    """Return the text of a page by lines, and the boxes of a quote on it."""
    with engine.at_once.pages.held(caller):
        attachment = await engine.attachment(file_id, caller.owner)
        view = await engine.pages.view(attachment, number, start, end)
        if len(view.page.text) > SLICE_CHARACTERS:
            body = await engine.drawing.run(caller.caller, _write_page, view)
        else:
            body = _write_page(view)
    return Response(body, media_type="application/json", headers=PRIVATE)


@router.get("/files/{file_id}/content", response_class=FileResponse)
async def download(engine: TheEngine, caller: Caller, file_id: FileId) -> FileResponse:
    """Return the file as it was uploaded, to be saved."""
    with engine.at_once.pages.held(caller):
        attachment = await engine.attachment(file_id, caller.owner)
        path = await engine.original(attachment)
    disposition = f"attachment; filename*=UTF-8''{quote(attachment.name, '')}"
    headers = {**PRIVATE, **INERT, "content-disposition": disposition}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


def _write_page(view: PageView) -> bytes:
    """Return the JSON of a page.

    A text file is one page of millions of characters: written in slices, between which other threads run.
    """
    text = view.page.text
    slices = [text[at : at + SLICE_CHARACTERS] for at in range(0, len(text), SLICE_CHARACTERS)]
    written = b"".join([orjson.dumps(one)[1:-1] for one in slices])
    # No value has this in it: a quotation mark in a JSON text is escaped.
    return _describe(view).model_dump_json().encode().replace(b'"text":""', b'"text":"%b"' % written, 1)


def _describe(view: PageView) -> PageText:
    return PageText(
        number=view.number,
        pages=view.count,
        label=view.page.label,
        printed=view.printed,
        heading=view.page.heading,
        start=view.start,
        text="",
        has_image=view.has_image,
        spans=[_write(span) for span in view.spans],
        boxes=[_write(span) for span in view.boxes],
        is_known=view.is_known,
    )


def _write(span: Span) -> list[float]:
    return [span.start, span.end, *(round(edge, DIGITS) for edge in span[2:])]
