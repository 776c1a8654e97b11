"""What an import or an export did, as HTML of ours beside the composer: how many, which not, and why.

Knows no engine and no component.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from chat.errors import ChatError
from chat.history import Imported, LeftOut
from chat.ui.html import button, plain, tag
from chat.ui.texts import has_text, text
from chat.ui.view import Reader

NAMED = 5  # of those that were left out for one reason
REASONS = ("present", "damaged", "too_long", "newer", "empty", "foreign", "cut_off")


def report_import(imported: Imported, language: str) -> str:
    """Return how many conversations were added, and for each reason which were left out."""
    by_reason: dict[str, list[LeftOut]] = defaultdict(list)
    for one in imported.left_out:
        by_reason[one.reason].append(one)
    lines = [_explain(by_reason[reason], language) for reason in REASONS if reason in by_reason]
    return show_report(text(language, "sidebar.imported", count=len(imported.added)), lines, language)


def report_refusal(error: ChatError, language: str) -> str:
    """Return why a file could not be imported at all."""
    key = f"import.{error.details.get('fault')}"
    if not has_text(key):
        return Reader(language).show(error)
    return show_refusal(key, language, **error.details)


def show_refusal(key: str, language: str, **values: object) -> str:
    """Return a sentence that says why something was not done."""
    return tag("div", plain(text(language, key, **values)), cls="error", role="alert")


def report_export(count: int, name: str, language: str, *, is_temporary: bool = False) -> str:
    """Return how many conversations are in the file. is_temporary: the one that is shown is not in it."""
    lines = [text(language, "report.exported.temporary")] if is_temporary else []
    return show_report(text(language, "report.exported", count=count, name=name), lines, language)


def show_report(sentence: str, lines: Sequence[str], language: str) -> str:
    """Return a sentence with further ones below it, and a button that takes it away."""
    listed = tag("ul", *(tag("li", plain(line)) for line in lines)) if lines else ""
    close = button("dismiss", text(language, "page.dismiss"), lane="none")
    body = tag("div", tag("p", plain(sentence)), listed)
    return tag("div", body, close, cls="note report", role="status", data_dismissable="")


def show_undo(sentence: str, number: str, language: str, seconds: float, conversation: str) -> str:
    """Return what was deleted, with a button that undoes it, which the script takes away in time.

    conversation: the one that was shown then, and is again.
    """
    undo = button("restore", text(language, "deleted.undo"), id=number, value=conversation, icon=False)
    close = button("dismiss", text(language, "page.dismiss"), lane="none")
    return tag(
        "div",
        tag("p", plain(sentence)),
        undo,
        close,
        cls="note report undo",
        role="status",
        data_dismissable="",
        data_seconds=f"{seconds:g}",
    )


def _explain(left_out: Sequence[LeftOut], language: str) -> str:
    names = [_name(one, language) for one in left_out[:NAMED]]
    if len(left_out) > NAMED:
        names.append("…")
    joined = ("、" if language == "zh" else ", ").join(names)
    key = f"report.{left_out[0].reason}"
    return text(language, key, count=len(left_out), names=joined, number=left_out[0].number)


def _name(one: LeftOut, language: str) -> str:
    title = " ".join(one.title.split())
    if not title:
        return text(language, "report.number", number=one.number)
    return f"“{title[:40]}…”" if len(title) > 40 else f"“{title}”"
