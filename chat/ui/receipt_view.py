"""What was sent and what was cited, as HTML under an answer: a line that opens, and chips.

Knows the JSON of receipts and citations, no file and no message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chat.ui.html import button, plain, tag
from chat.ui.texts import text
from chat.ui.texts.words import describe_cited, describe_file, describe_verdict, list_receipt

QUOTE_CHARACTERS = 24  # of a quote that is wrong, so that one sees which
THERE = ("found", "omission", "page_exists")  # the strongest first
UNSENT = ("images_not_sent", "images_newest")  # notes that stand in the line itself, not behind it
WRONG = ("not_found", "altered", "two_places", "translated")


def show_receipt(
    receipt: Mapping[str, Any], language: str, message_id: str = "", *, offers: bool = False
) -> str:
    """Return one line that opens to what was sent of each file; nothing where there is nothing to say.

    message_id: of the answer, once it is kept, so that its passages can be asked for. offers: to answer again
    with what was left out.
    """
    files = [describe_file(language, file) for file in receipt.get("files", ())]
    unsent = [text(language, f"receipt.note.{note}") for note in UNSENT if note in receipt.get("notes", ())]
    lines = list_receipt(language, receipt)
    if not (files or lines):
        return ""
    lines = [line for line in lines if line not in unsent]
    summary = tag("summary", *(tag("span", plain(line)) for line in [*files, *unsent] or lines[:1]))
    details = tag("ul", *(tag("li", plain(line)) for line in lines))
    label = text(language, "answer.passages")
    more = button("passages", label, id=message_id, lane="drawer", icon=False) if files and message_id else ""
    shown = tag("details", summary, details, more, cls="receipt", data_incomplete=_is_incomplete(receipt))
    return shown + (_show_offers(receipt, language, message_id) if offers and message_id else "")


def _show_offers(receipt: Mapping[str, Any], language: str, message_id: str) -> str:
    """Return buttons for what the model has not seen of the files yet."""
    files = receipt.get("files", ())
    wanted = []
    if any(file["mode"] != "full" and file["used"] < file["characters"] for file in files):
        wanted.append(("read-whole", "answer.read_whole"))
    if "images" not in receipt.get("notes", ()) and any(_has_scans(file) for file in files):
        wanted.append(("show-scans", "answer.show_scans"))
    buttons = [button(action, text(language, key), id=message_id, icon=False) for action, key in wanted]
    return tag("div", *buttons, cls="offers") if buttons else ""


def _has_scans(file: Mapping[str, Any]) -> bool:
    return any(problem["kind"] == "no_text" and problem["pages"] for problem in file.get("unread", ()))


def _is_incomplete(receipt: Mapping[str, Any]) -> str | None:
    """Was something of a file not sent, or not readable? Such a line must be seen."""
    files, notes = receipt.get("files", ()), receipt.get("notes", ())
    is_unsent = any(note in notes for note in UNSENT)
    return (
        "yes"
        if is_unsent or any(file.get("unread") or file["used"] < file["characters"] for file in files)
        else None
    )


def show_citations(citations: Sequence[Mapping[str, Any]], message_id: str, language: str) -> str:
    """Return a chip for each file, or page of one, that the answer quotes or names, and one for each quote
    that the files do not have so. What a chip shows are the passages of its own quotes.
    """
    places: dict[tuple[str, ...], list[int]] = {}
    for number, citation in enumerate(citations):
        places.setdefault(_place(citation), []).append(number)
    if not places:
        return ""
    chips = [_chip(numbers, citations, message_id, language) for numbers in places.values()]
    return tag("div", tag("span", plain(text(language, "citation.label"))), *chips, cls="citations")


def _place(citation: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what tells a citation's chip from others. What stands on one page has one chip."""
    status = str(citation.get("status", ""))
    if status in WRONG:
        return (status, str(citation.get("text", "")))
    kind = "there" if status in THERE else status
    return (kind, str(citation["name"]), str(citation.get("page", "")))


def _chip(
    numbers: Sequence[int], citations: Sequence[Mapping[str, Any]], message_id: str, language: str
) -> str:
    cited = [citations[number] for number in numbers]
    status = min((str(one.get("status", "")) for one in cited), key=_rank)
    quotes = [quote for one in cited if (quote := str(one.get("text", "")))]
    if status in WRONG:
        short = quotes[0][:QUOTE_CHARACTERS] + ("…" if len(quotes[0]) > QUOTE_CHARACTERS else "")
        label = f"“{short}” {_short_verdict(cited[0], language)}"
    else:
        label = describe_cited(language, cited[0])
        label += f" ×{len(quotes)}" if len(quotes) > 1 else ""
    more = {"data_status": status, "title": "\n".join(quotes) or None}
    value = "-".join(map(str, numbers))
    return button("citation", label, id=message_id, lane="drawer", icon=False, value=value, **more)


def _rank(status: str) -> int:
    return THERE.index(status) if status in THERE else len(THERE)


def _short_verdict(citation: Mapping[str, Any], language: str) -> str:
    """Return a verdict without the words that differ, which the drawer shows."""
    if citation["status"] == "altered":
        return text(language, "citation.altered")
    return describe_verdict(language, citation)
