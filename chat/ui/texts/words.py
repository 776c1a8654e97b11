"""Values in words: errors, receipts, problems, durations and dates. Knows no Gradio."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chat.ui.texts import has_text, text

Json = Mapping[str, Any]
_COUNTS = re.compile(r"([\d,]+) of ([\d,]+) ")
PAGES_SHOWN = 12  # page numbers in one line; more are cut with an ellipsis


def describe_error(language: str, error: Json) -> str:
    """Return the sentence for an error as it is on the wire: type, message, retry_after, details.

    A type that has no sentence is told in its own message, which is safe to show.
    """
    key = f"error.{error.get('type', '')}"
    parts = [text(language, key) if has_text(key) else str(error.get("message", ""))]
    details = error.get("details") or {}
    if isinstance(details, Mapping) and details.get("name"):
        parts.insert(0, f"{details['name']}:" if language != "zh" else f"{details['name']}：")
    if isinstance(details, Mapping) and details.get("limit"):
        parts.append(text(language, "refusal.limit", limit=details["limit"]))
    if error.get("retry_after"):
        wait = describe_duration(language, float(error["retry_after"]))
        parts.append(text(language, "error.retry_after", wait=wait))
    if error.get("request_id"):
        parts.append(text(language, "error.request_id", id=error["request_id"]))
    return ("" if language == "zh" else " ").join(parts)


def describe_file(language: str, file: Json) -> str:
    """Return what was sent of a file and what nobody could read of it."""
    parts = [_sent(language, file)]
    if scanned := file.get("scanned", 0):
        share = f"{file.get('confidence', 0.0):.0%}"
        units = name_unit(language, file["unit"] or "page", scanned)
        parts.append(text(language, "receipt.scanned", count=scanned, units=units, share=share))
    parts += [describe_problem(language, problem, file["unit"]) for problem in file.get("unread", ())]
    if not file.get("is_complete", True):
        parts.append(text(language, "receipt.growing"))
    return ("；" if language == "zh" else "; ").join(parts)


def list_receipt(language: str, receipt: Json) -> list[str]:
    """Return the receipt's further lines: where the passages stand, and what was left out."""
    lines = [line for file in receipt.get("files", ()) if (line := _places(language, file))]
    if receipt.get("files"):
        lines.append(text(language, "receipt.budget", used=receipt["characters"], budget=receipt["budget"]))
    if receipt.get("omitted_messages"):
        lines.append(text(language, "receipt.omitted_messages", count=receipt["omitted_messages"]))
    for note in receipt.get("notes", ()):
        if has_text(f"receipt.note.{note}"):
            lines.append(text(language, f"receipt.note.{note}", terms=receipt.get("search_terms", "")))
    if excluded := describe_excluded(language, receipt):
        lines.append(excluded)
    for table in (receipt.get("computation") or {}).get("tables", ()):
        values = {name: table[name] for name in ("covered", "rows", "place")}
        lines.append(text(language, "receipt.computed", **values))
    if tokens := receipt.get("search_tokens"):
        key = "search_tokens" if receipt.get("search_terms") else "decision_tokens"
        lines.append(text(language, f"receipt.{key}", tokens=tokens))
    for kind in ("near_tokens", "query_tokens"):
        if tokens := receipt.get(kind):
            lines.append(text(language, f"receipt.{kind}", tokens=tokens))
    return lines


def describe_excluded(language: str, receipt: Json) -> str:
    """Return which files the visitor has left out; empty where there is none."""
    names = ("、" if language == "zh" else ", ").join(receipt.get("excluded", ()))
    return text(language, "receipt.excluded", names=names) if names else ""


def describe_reasons(language: str, passage: Json) -> str:
    """Return why a passage was sent. Empty for one whose receipt does not say."""
    words = ", ".join(passage.get("words", ()))
    reasons = [why for why in passage.get("why", ()) if has_text(f"receipt.why.{why}")]
    named = [why for why in reasons if why != "words" or words]
    parts = [text(language, f"receipt.why.{why}", words=words) for why in named]
    return ("；" if language == "zh" else "; ").join(parts)


NAMED_PROBLEMS = ("embedded", "password", "hidden")  # whose note names what it is about


def describe_problem(language: str, problem: Json, unit: str = "") -> str:
    """Return a problem of a file (or of some of its pages) in words."""
    pages: Sequence[str] = problem.get("pages", ())
    key = f"problem.{problem['kind']}"
    if problem["kind"] == "waiting" and (counts := _COUNTS.match(problem.get("note", ""))):
        return text(language, key, read=counts[1], total=counts[2])
    if not has_text(key):
        return str(problem.get("note", ""))
    note = f" ({problem['note']})" if problem["kind"] in NAMED_PROBLEMS and problem.get("note") else ""
    if not pages or not has_text(f"unit.{unit}"):
        return text(language, key) + note
    units = name_unit(language, unit, len(pages))
    return text(language, f"{key}.pages", count=len(pages), units=units) + note


def name_unit(language: str, unit: str, count: int) -> str:
    """Return `page` or `pages`, and their like."""
    key = f"unit.{unit}" if count == 1 else f"unit.{unit}s"
    return text(language, key) if has_text(key) else ""


def describe_place(language: str, name: str, unit: str, page: str) -> str:
    """Return where a quote stands: the file, and its page where it has pages; a file inside by its way."""
    if "/" in page:
        return page
    if not page or not has_text(f"unit.{unit}"):
        return name
    return text(language, "citation.place", name=name, unit=name_unit(language, unit, 1), page=page)


def describe_cited(language: str, citation: Json) -> str:
    """Return where the words of a citation stand, with the printed label of the page where it differs."""
    name, unit, page = citation["name"], citation.get("unit", "page"), citation.get("page", "")
    printed = citation.get("printed", "")
    if not printed or not has_text(f"unit.{unit}"):
        return describe_place(language, name, unit, page)
    units = name_unit(language, unit, 1)
    return text(language, "citation.place.printed", name=name, unit=units, printed=printed, page=page)


def describe_verdict(language: str, citation: Json) -> str:
    """Return what the check of a citation found, and whether its page was read from a picture."""
    verdict = _describe_verdict(language, citation)
    if condition := citation.get("condition"):
        limited = text(language, "citation.condition", condition=condition)
        verdict = f"{verdict}{'；' if language == 'zh' else '; '}{limited}"
    if not citation.get("from_picture"):
        return verdict
    return f"{verdict}{'；' if language == 'zh' else '; '}{describe_picture(language, citation)}"


def describe_picture(language: str, citation: Json) -> str:
    """Return that a page was read from a picture, and how sure its letters are where this is known."""
    confidence = citation.get("confidence") or 0.0
    key = "citation.from_picture.sure" if confidence else "citation.from_picture"
    return text(language, key, share=f"{confidence:.0%}")


def _describe_verdict(language: str, citation: Json) -> str:
    kind, status = citation.get("kind", "quote"), citation["status"]
    if kind == "figure":
        place = "" if citation.get("page") else ".file"
        keys = {"found": place, "computed": ".computed", "other_page": ".other_page"}
        key = keys.get(status, ".missing")
        return text(language, f"citation.figure{key}")
    if status == "altered":
        return _difference(language, citation.get("said", ""), citation.get("stands", ""))
    if status == "not_found":
        return text(language, "citation.page.missing" if kind == "page_mark" else "citation.missing")
    if status == "found":  # page marks of earlier versions had this status too
        return text(language, "citation.page_exists" if kind == "page_mark" else "citation.exact")
    key = f"citation.{status}"
    return text(language, key) if has_text(key) else ""


def _difference(language: str, said: str, stands: str) -> str:
    if said and stands:
        return text(language, "citation.altered.words", said=said, stands=stands)
    if stands:
        return text(language, "citation.altered.lost", stands=stands)
    return text(language, "citation.altered.added", said=said) if said else text(language, "citation.altered")


def describe_duration(language: str, seconds: float) -> str:
    """Return a length of time in the two units that matter."""
    if seconds < 0.995:
        return text(language, "time.milliseconds", count=max(1, round(seconds * 1000)))
    if seconds < 59.95:
        count = f"{seconds:.1f}".removesuffix(".0") if seconds < 10 else f"{seconds:.0f}"
        return text(language, "time.seconds", count=count)
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return text(language, "time.minutes", minutes=minutes, seconds=rest)
    return text(language, "time.hours", hours=minutes // 60, minutes=minutes % 60)


def describe_time(language: str, when: datetime, now: datetime) -> str:
    """Return the stamp under a message: with the day where it is not today. Both in the visitor's zone."""
    clock = f"{when:%H:%M}"
    days = (now.date() - when.date()).days
    if days == 0:
        return clock
    return f"{text(language, 'time.yesterday') if days == 1 else describe_date(language, when)} {clock}"


def describe_date(language: str, when: datetime) -> str:
    """Return the date in words, in the language's own order."""
    month = text(language, f"time.month.{when.month}")
    return text(language, "time.date", day=when.day, month=month, year=when.year)


def name_age(language: str, when: datetime, now: datetime) -> str:
    """Return the group of the sidebar that a conversation stands in."""
    days = (now.date() - when.date()).days
    key = "today" if days <= 0 else "yesterday" if days == 1 else "week" if days <= 7 else "older"
    return text(language, f"time.{key}")


def _sent(language: str, file: Json) -> str:
    if not file["used"]:
        return text(language, "receipt.nothing", name=file["name"])
    mode = file["mode"] if has_text(f"receipt.{file['mode']}") else "passages"
    if mode == "part" and file["used"] >= file["characters"]:
        mode = "whole"
    has_pages = file["pages"] > 0 and has_text(f"unit.{file['unit']}")
    return text(
        language,
        f"receipt.{mode}.pages" if has_pages else f"receipt.{mode}",
        name=file["name"],
        pages=file["pages_sent"],
        total=file["pages"],
        units=name_unit(language, file["unit"], file["pages"]),
        used=file["used"],
        characters=file["characters"],
    )


def _places(language: str, file: Json) -> str:
    labels = list(dict.fromkeys(page for passage in file.get("passages", ()) for page in passage["pages"]))
    if file["mode"] == "full" or not labels or not has_text(f"unit.{file['unit']}"):
        return ""
    shown = ", ".join(labels[:PAGES_SHOWN]) + (" …" if len(labels) > PAGES_SHOWN else "")
    unit = name_unit(language, file["unit"], len(labels))
    return f"{file['name']}: {text(language, 'receipt.where', unit=unit, pages=shown)}"
