"""A document whose pages are read from pictures after its text is there, page by page.

Values only: which pages wait, and the document with one more of them. Knows no engine.
"""

from __future__ import annotations

from dataclasses import replace

from chat.documents.document import Document, Page, Problem, WordBox

WAITING = "waiting"  # the kind of the problem that names the pages which are not read yet
GARBLED_BELOW = 0.6  # mean confidence: below it more words of a page are wrong than right
NO_READER = "no_reader"  # of pages that nothing on this machine reads, or not within its limits
UNREAD = ("no_text", "garbled")


def scanned_numbers(document: Document) -> tuple[int, ...]:
    """Return the numbers of the pages that only a picture shows: of a scan, or of a picture itself."""
    if document.media_type.startswith("image/"):
        return tuple(range(1, max(1, document.page_count) + 1))
    if document.media_type != "application/pdf":
        return ()
    labels = {page for one in document.problems if one.kind in UNREAD for page in one.pages}
    return tuple(sorted(int(label) for label in labels if label.isdecimal()))


def waiting_numbers(document: Document) -> tuple[int, ...]:
    """Return the numbers of the pages that wait to be read from their pictures."""
    labels = [page for one in document.problems if one.kind == WAITING for page in one.pages]
    return tuple(int(label) for label in labels if label.isdecimal())


def count_read(document: Document) -> int:
    """Return how many pages were read from pictures."""
    return sum(page.is_from_picture for page in document.pages)


def mark_waiting(document: Document, most: int) -> Document:
    """Return the document with its first `most` scanned pages waiting."""
    return _with_waiting(document, scanned_numbers(document)[:most])


def without_waiting(document: Document, note: str = "") -> Document:
    """Return the document with nothing waiting. note: why the rest stays unread."""
    waiting = tuple(map(str, waiting_numbers(document)))
    problems = [one for one in document.problems if one.kind != WAITING]
    if note and waiting:
        problems.append(Problem("unreadable", waiting, note))
    return replace(document, problems=tuple(problems))


def with_page(
    document: Document,
    number: int,
    text: str,
    confidence: float,
    boxes: tuple[WordBox, ...] = (),
    note: str = "",
) -> Document:
    """Return the document with a page as it was read from its picture. note: why it could not be read.

    A page of which nothing could be read keeps the text that it had, and its problem.
    """
    is_picture = document.media_type.startswith("image/")
    label = str(number)
    problems = [_without(one, label) if text or is_picture else one for one in document.problems]
    if text and confidence < GARBLED_BELOW:
        problems.append(Problem("garbled", (label,)))
    if note:
        problems.append(Problem(NO_READER, (label,), note))
    pages = _with_text(document, number, text, confidence, boxes)
    changed = replace(document, pages=pages, problems=tuple(one for one in problems if one is not None))
    return _with_waiting(changed, tuple(one for one in waiting_numbers(document) if one != number))


def _with_text(
    document: Document, number: int, text: str, confidence: float, boxes: tuple[WordBox, ...]
) -> tuple[Page, ...]:
    label = str(number)
    pages = list(document.pages)
    if document.media_type.startswith("image/"):
        own = label if document.unit else ""
        pages.append(Page(own, text, confidence=confidence, boxes=boxes))
        return tuple(sorted(pages, key=lambda page: int(page.label or 0)))
    for at, page in enumerate(pages):
        if page.label == label:
            kept = (text, boxes) if text else (page.text, ())
            pages[at] = replace(page, text=kept[0], boxes=kept[1], confidence=confidence if text else 0.0)
    return tuple(pages)


def _without(problem: Problem, label: str) -> Problem | None:
    """Return an unread pages' problem without a page; None where that was its last."""
    if problem.kind not in UNREAD or label not in problem.pages:
        return problem
    rest = tuple(page for page in problem.pages if page != label)
    return replace(problem, pages=rest) if rest else None


def _with_waiting(document: Document, numbers: tuple[int, ...]) -> Document:
    problems = [one for one in document.problems if one.kind != WAITING]
    if numbers:
        read = count_read(document)
        note = f"{read:,} of {read + len(numbers):,} scanned pages read so far."
        problems.append(Problem(WAITING, tuple(map(str, numbers)), note))
    return replace(document, problems=tuple(problems))
