"""The child that draws pages and makes pictures small: `python -m chat.extraction.page_drawer`.

A program of its own, so that a page does not wait for a file that is being read. It loads pdfium and Pillow
and no reader of text: it is there in 0.15 s of CPU, where the child that reads takes 0.3, and in 30 MB. It
keeps the document open for the next page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chat.extraction import job_loop, pictures
from chat.extraction.job_loop import Say
from chat.extraction.pdf.page_places import place_page
from chat.extraction.source import Source


def render_page(job: dict[str, Any], say: Say) -> None:
    """Answer a `render` job with one picture."""
    source = Source(Path(job["path"]), job["name"], job["password"])
    say(pictures.render(source, job["page"], job["width"]), type="picture", media_type="image/jpeg")


def show_page(job: dict[str, Any], say: Say) -> None:
    """Answer a `page` job with one picture, for the viewer."""
    source = Source(Path(job["path"]), job["name"])
    blob, media_type = pictures.show_page(source, job["page"], job["width"])
    say(blob, type="picture", media_type=media_type)


def place_text(job: dict[str, Any], say: Say) -> None:
    """Answer a `boxes` job with the box of each character of a page's text, and of each of its lines."""
    boxes = place_page(Source(Path(job["path"]), job["name"]), job["page"], job["text"])
    say(boxes.packed, type="boxes", aspect=boxes.aspect, lines=[tuple(line) for line in boxes.lines])


def shrink_picture(job: dict[str, Any], say: Say) -> None:
    """Answer a `shrink` job with one picture."""
    source = Source(Path(job["path"]), job["name"])
    blob, media_type = pictures.shrink(source, job["longest"], job["limit_bytes"])
    say(blob, type="picture", media_type=media_type)


JOBS: job_loop.Jobs = {
    "render": render_page,
    "shrink": shrink_picture,
    "page": show_page,
    "boxes": place_text,
}


if __name__ == "__main__":
    job_loop.run(JOBS)
