"""What an answer claims about the files, as HTML under it: one line that sums up, and opens the list.

The list is also what the script reads for the chips in the text: state, words of the verdict, words around
the place. Knows the JSON of citations, no file and no message.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from chat.grounding.citations import PASSAGE_MARGIN_CHARACTERS
from chat.ui.cited_marks import key_of
from chat.ui.html import button, plain, tag
from chat.ui.texts import has_text, text
from chat.ui.texts.words import describe_cited, describe_verdict, name_unit

Json = Mapping[str, Any]
QUOTE_CHARACTERS = 90  # of a claim, in the list
AROUND_CHARACTERS, PROVED_CHARACTERS = 70, 200  # of the file's words, in a chip's hint
CUT_WORD = re.compile(r"\A[^\W\u2e80-\u9fff\uac00-\ud7af]{1,20}(?=\s)")  # Chinese can be cut anywhere
LISTED_MAX = 300
STATES = (
    *(
        "found",
        "computed",
        "omission",
        "other_page",
        "two_places",
        "altered",
        "translated",
        "page_exists",
        "not_found",
    ),
)


def show_citations(citations: Sequence[Json], message_id: str, language: str) -> str:
    """Return the line and the list; nothing where the answer claims nothing."""
    if not citations:
        return ""
    rows = [_row(number, one, message_id, language) for number, one in enumerate(citations[:LISTED_MAX])]
    summary = tag("summary", *_sum_up(citations, language))
    return tag("details", summary, tag("ol", *rows), cls="citations", data_cited=key_of(message_id))


def _sum_up(citations: Sequence[Json], language: str) -> list[str]:
    """Return how many claims have which state, the true ones first; where a page is wrong, which one is."""
    counts = Counter(_state(one) for one in citations if not _is_bare(one)) or Counter(map(_state, citations))
    parts = []
    for status in STATES:
        for kind in ("quote", "figure", "page_mark"):
            count = counts[kind, status]
            key = f"evidence.sum.{kind}.{status}"
            if not count or not has_text(key):
                continue
            if status == "other_page" and count == 1:
                said = next(_wrong_page(one, language) for one in citations if _state(one) == (kind, status))
                label = text(language, f"{key}.where", where=said)
            else:
                label = text(language, key, count=count)
            parts.append(tag("span", plain(label), data_status=status))
    if count := sum(bool(one.get("from_picture")) for one in citations if _kind(one) != "page_mark"):
        parts.append(tag("span", plain(text(language, "evidence.sum.picture", count=count)), cls="picture"))
    return parts


def _state(citation: Json) -> tuple[str, str]:
    return _kind(citation), str(citation.get("status", ""))


def _is_bare(citation: Json) -> bool:
    """Whether a claim names only a file that has no pages."""
    return _state(citation) == ("page_mark", "page_exists") and not citation.get("unit")


def _kind(citation: Json) -> str:
    kind = str(citation.get("kind", "quote"))
    return kind if kind in ("quote", "figure", "page_mark") else "quote"


def _wrong_page(citation: Json, language: str) -> str:
    unit = name_unit(language, str(citation.get("unit", "")), 1)
    page = str(citation.get("printed") or citation.get("page", ""))
    cited = str(citation.get("cited_page", ""))
    key = "evidence.instead" if cited and cited != page else "evidence.place"
    return text(language, key, unit=unit, page=page, cited=cited) if page else str(citation.get("name", ""))


def _row(number: int, citation: Json, message_id: str, language: str) -> str:
    """Return a claim: its words as a button that opens the place, and its verdict."""
    status, claimed = str(citation.get("status", "")), str(citation.get("text", ""))
    short = claimed[:QUOTE_CHARACTERS] + ("…" if len(claimed) > QUOTE_CHARACTERS else "")
    before, proved, after = _around(citation)
    place = describe_cited(language, citation) if citation.get("name") else ""
    shown = button(
        "view",
        short,
        id=message_id,
        lane="fetch",
        icon=False,
        value=str(number),
        data_status=status,
        data_kind=_kind(citation),
        data_short=name_state(citation, language),
        data_verdict=describe_verdict(language, citation),
        data_where=place or None,
        data_before=before or None,
        data_words=proved or None,
        data_after=after or None,
    )
    verdict = " · ".join(filter(None, (describe_verdict(language, citation), place)))
    return tag("li", shown, tag("span", plain(verdict), cls="hint"))


def name_state(citation: Json, language: str) -> str:
    """Return the words that a chip itself has: none for what is simply there.

    A page mark quotes no letters: where they were read from a picture, only its hint says so.
    """
    is_read = citation.get("from_picture") and _kind(citation) != "page_mark"
    read = text(language, "evidence.state.picture") if is_read else ""
    limited = text(language, "evidence.state.condition") if citation.get("condition") else ""
    return " · ".join(filter(None, (_name_status(citation, language), limited, read)))


def _name_status(citation: Json, language: str) -> str:
    kind, status = _state(citation)
    if status in ("found", "computed", "page_exists"):
        return ""
    if status == "other_page":
        return _wrong_page(citation, language)
    if kind == "page_mark" and status == "not_found":
        return text(language, "evidence.state.no_page")
    return text(language, f"evidence.state.{status}") if status in STATES else ""


def _around(citation: Json) -> tuple[str, str, str]:
    """Return the words of the paragraph before those that are proved, these, and those after."""
    passage = str(citation.get("passage", ""))
    start, end = int(citation.get("passage_start", 0)), int(citation.get("passage_end", 0))
    first = min(start, PASSAGE_MARGIN_CHARACTERS)
    last = first + end - start
    if not passage or not first < last <= len(passage) + 1:
        return "", "", ""
    cut = max(0, first - AROUND_CHARACTERS)
    before, after = passage[cut:first], passage[last : last + AROUND_CHARACTERS]
    if cut:
        before = CUT_WORD.sub("", before)
    if len(passage) > last + AROUND_CHARACTERS:
        after = CUT_WORD.sub("", after[::-1])[::-1]
    before, after = before.rpartition("\n\n")[2], after.partition("\n\n")[0]
    return before, passage[first:last][:PROVED_CHARACTERS], after
