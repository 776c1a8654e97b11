"""What was sent of the files, as HTML under an answer: a line that opens.

Knows the JSON of receipts, no file and no message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat.ui.html import button, plain, tag
from chat.ui.texts import text
from chat.ui.texts.words import describe_excluded, describe_file, list_receipt

UNSENT = ("images_not_sent", "images_newest")  # notes that stand in the line itself, not behind it


def show_receipt(
    receipt: Mapping[str, Any], language: str, message_id: str = "", *, offers: bool = False
) -> str:
    """Return one line that opens to what was sent of each file; nothing where there is nothing to say.

    message_id: of the answer, once it is kept, so that its passages can be asked for. offers: to answer again
    with what was left out.
    """
    files = [describe_file(language, file) for file in receipt.get("files", ())]
    unsent = [text(language, f"receipt.note.{note}") for note in UNSENT if note in receipt.get("notes", ())]
    unsent += filter(None, [describe_excluded(language, receipt)])
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
