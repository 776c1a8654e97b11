"""What was sent and what was cited, as HTML under an answer: a line that opens, and chips.

Knows the JSON of receipts and citations, no file and no message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chat.ui.html import button, plain, tag
from chat.ui.texts import text
from chat.ui.texts.words import describe_file, describe_place, list_receipt

QUOTE_CHARACTERS = 24  # of a quote that stands in no file, so that one sees which


def show_receipt(
    receipt: Mapping[str, Any], language: str, message_id: str = "", *, offers: bool = False
) -> str:
    """Return one line that opens to what was sent of each file; nothing where there is nothing to say.

    message_id: of the answer, once it is kept, so that its passages can be asked for. offers: to answer again
    with what was left out.
    """
    files = [describe_file(language, file) for file in receipt.get("files", ())]
    lines = list_receipt(language, receipt)
    if not (files or lines):
        return ""
    summary = tag("summary", *(tag("span", plain(file)) for file in files or lines[:1]))
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
    files = receipt.get("files", ())
    return "yes" if any(file.get("unread") or file["used"] < file["characters"] for file in files) else None


def show_citations(citations: Sequence[Mapping[str, Any]], message_id: str, language: str) -> str:
    """Return a chip for each file, or page of one, that the answer quotes or names, and one for each quote
    that stands nowhere. What a chip shows are the passages of its own quotes.
    """
    places: dict[tuple[str, ...], list[int]] = {}
    for number, citation in enumerate(citations):
        places.setdefault(_place(citation), []).append(number)
    if not places:
        return ""
    chips = [_chip(numbers, citations, message_id, language) for numbers in places.values()]
    return tag("div", tag("span", plain(text(language, "citation.label"))), *chips, cls="citations")


def _place(citation: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what tells a citation's chip from others."""
    status = str(citation.get("status", ""))
    if status == "not_found":
        return (status, str(citation.get("text", "")))
    return (status, str(citation["name"]), str(citation.get("page", "")))


def _chip(
    numbers: Sequence[int], citations: Sequence[Mapping[str, Any]], message_id: str, language: str
) -> str:
    citation = citations[numbers[0]]
    status = str(citation.get("status", ""))
    quotes = [quote for number in numbers if (quote := str(citations[number].get("text", "")))]
    if status == "not_found":
        short = quotes[0][:QUOTE_CHARACTERS] + ("…" if len(quotes[0]) > QUOTE_CHARACTERS else "")
        label = f"“{short}” {text(language, 'citation.missing')}"
    else:
        label = describe_place(
            language, citation["name"], citation.get("unit", "page"), citation.get("page", "")
        )
        label += f" ×{len(quotes)}" if len(quotes) > 1 else ""
    more = {"data_status": status, "title": "\n".join(quotes) or None}
    value = "-".join(map(str, numbers))
    return button("citation", label, id=message_id, lane="drawer", icon=False, value=value, **more)
