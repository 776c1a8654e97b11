"""Messages of history, and a growing answer -> messages of a Chatbot.

Model text goes in as typed text parts, verbatim but for `render`; everything of ours (question, receipt,
footer) is HTML of our own in a component part, so that no button of the page can come out of model text.
Knows no engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chat.errors import ChatError
from chat.history import Message
from chat.turns.models import QUOTES
from chat.ui import receipt_view
from chat.ui.citation_view import show_citations
from chat.ui.cited_marks import mark_claims, mark_pending
from chat.ui.drawing import SHOWN_CHARACTERS, cut, draw_text
from chat.ui.follower import Growing
from chat.ui.html import button, plain, tag
from chat.ui.quotes_view import shorten_quotes, show_computed
from chat.ui.texts import text
from chat.ui.texts.words import describe_duration, describe_error, describe_time

ChatMessage = dict[str, Any]
SHOWN_WAIT_SECONDS, EXPLAINED_WAIT_SECONDS = 3.0, 20.0  # until a wait is counted on the page, and explained
# Endings that leave an answer shorter than it was meant -> the sentence that says why.
ENDING_NOTES = {
    "cancelled": "answer.stopped",
    "abandoned": "answer.abandoned",
    "interrupted": "answer.interrupted",
    "repetition": "answer.repetition",
    "length": "answer.cut",
    "context_full": "answer.full",
    "content_filter": "answer.filtered",
}
BROKEN = frozenset({"length", "cancelled", "abandoned", "error", "interrupted"})


@dataclass(frozen=True)
class Branch:
    """What is shown of a conversation. alternatives: ids beside a message, oldest first. names: of files, by
    id. excluded: ids of files that later questions are asked without.
    """

    messages: Sequence[Message] = ()
    alternatives: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reader:
    """For whom it is shown. minutes: his clock, east of UTC. image_hosts: whose pictures may load."""

    language: str = "en"
    minutes: int = 0
    image_hosts: Sequence[str] = ()

    def say(self, key: str, **values: object) -> str:
        return text(self.language, key, **values)

    def show(self, error: ChatError) -> str:
        """Return a refusal as a sentence on the page."""
        return show_error(error.body()["error"], self)  # type: ignore[arg-type]


def show_branch(branch: Branch, reader: Reader, *, is_end: bool = False) -> list[ChatMessage]:
    """Return the Chatbot's messages for the branch. is_end: its last answer is the conversation's."""
    shown: list[ChatMessage] = []
    for message in branch.messages:
        if message.role == "user":
            footer = _question_footer(message, branch, reader)
            shown.append(show_question(message.text, _files(message, branch, reader), footer))
        else:
            shown += _answer(message, branch, reader, is_last=is_end and message is branch.messages[-1])
    return shown


def show_asked(message: Message, branch: Branch, reader: Reader) -> ChatMessage:
    """Return a question while its answer grows: it cannot be edited then."""
    return show_question(message.text, _files(message, branch, reader))


def _files(message: Message, branch: Branch, reader: Reader) -> list[str]:
    """Return the files of a question as buttons; those that are gone are left out."""
    said = reader.say("evidence.excluded")
    names = {id: branch.names.get(id, "") for id in message.attachment_ids}
    return [show_file(id, name, said if id in branch.excluded else "") for id, name in names.items() if name]


def _answer(message: Message, branch: Branch, reader: Reader, *, is_last: bool) -> list[ChatMessage]:
    """Return an answer with its reasoning above and its footer under it."""
    shown = []
    if message.reasoning:
        seconds = (message.timings or {}).get("reasoning")
        shown.append(_reasoning(message.reasoning, seconds, reader, is_over=True))
    if message.text:
        marked = mark_claims(message.text, message.citations or [], message.id)
        shown += _text(shorten_quotes(message.model, marked, message.receipt or {}), reader)
    return [*shown, _part("assistant", _answer_footer(message, branch, reader, is_last=is_last))]


def show_question(question: str, files: Sequence[str], footer: str = "") -> ChatMessage:
    """Return a question as it was typed, with its files (show_file).

    footer: HTML of ours; without one its place stays free, so that nothing moves when it comes.
    """
    footer = footer or tag("div", cls="footer")
    chips = tag("div", *files, cls="sent-files") if files else ""
    return _part("user", chips + tag("div", plain(cut(question)), cls="question", dir="auto") + footer)


def show_file(id: str, name: str, excluded: str = "") -> str:
    """Return a file as a button that opens it. excluded: that later questions are asked without it."""
    return tag(
        "button",
        tag("span", plain(name)),
        type="button",
        cls="file",
        data_do="view-file",
        data_lane="fetch",
        data_id=id,
        data_excluded=excluded or None,
    )


def show_growing(growing: Growing, reader: Reader) -> list[ChatMessage]:
    """Return the answer so far: its reasoning, its text or that it is thought about, and its receipt."""
    shown = []
    if growing.reasoning:
        is_over = growing.reasoning_seconds is not None
        shown.append(_reasoning(growing.reasoning, growing.reasoning_seconds, reader, is_over=is_over))
    if growing.text:
        marked = mark_pending(growing.text, growing.receipt)
        shown += _text(shorten_quotes(growing.model, marked, growing.receipt), reader, growing=True)
    elif growing.progress and not growing.reasoning:
        shown.append(_show_progress(growing.progress, reader))
    elif not growing.reasoning:
        shown.append(show_thinking(reader, growing.waited, growing.fault))
    if computed := show_computed(
        growing.model, growing.receipt, growing.text, reader.language, is_growing=True
    ):
        shown.append(_part("assistant", computed))
    if growing.receipt.get("files"):
        shown.append(_part("assistant", receipt_view.show_receipt(growing.receipt, reader.language)))
    return shown


def _show_progress(progress: Mapping[str, Any], reader: Reader) -> ChatMessage:
    """Return how far the model is with a file that it reads whole."""
    read, parts = progress["read"], progress["parts"]
    key = "answer.progress" if read < parts else "answer.progress.notes"
    sentence = plain(reader.say(key, next=read + 1, parts=parts))
    return _part("assistant", tag("div", tag("span", sentence), cls="thinking progress"))


def show_thinking(reader: Reader, seconds: float = 0.0, fault: str = "") -> ChatMessage:
    """Return that the model is at work; and for how long, where that is longer than usual.

    fault: after which the endpoint is asked again.
    """
    sentence = reader.say("answer.thinking")
    if fault:
        duration = describe_duration(reader.language, max(1, int(seconds)))
        cause = describe_error(reader.language, {"type": fault})
        sentence = reader.say("answer.again", cause=cause, duration=duration)
    elif seconds >= SHOWN_WAIT_SECONDS:
        duration = describe_duration(reader.language, int(seconds))
        key = "answer.waiting.long" if seconds >= EXPLAINED_WAIT_SECONDS else "answer.waiting"
        sentence = reader.say(key, duration=duration)
    return _part("assistant", tag("div", plain(sentence), cls="thinking"))


def show_partial(message: Message, reader: Reader) -> list[ChatMessage]:
    """Return what there is of an answer that is being continued."""
    return _text(message.text, reader) if message.text else []


def show_error(error: Mapping[str, Any], reader: Reader) -> str:
    """Return an error as a sentence in the reader's language."""
    return tag("div", plain(describe_error(reader.language, error)), cls="error", role="alert")


def show_gauge(messages: Sequence[Message], window: int, reader: Reader) -> str:
    """Return how much of the model's window the conversation fills, by the last answer's own count."""
    usage = next((message.usage for message in reversed(messages) if message.usage), None) or {}
    used = usage.get("total_tokens") or 0
    if not used or not window:
        return ""
    label = reader.say("gauge.label", used=used, window=window)
    high = int(window * 0.85)
    meter = tag("meter", min="0", max=window, value=min(used, window), high=high, aria_label=label)
    short = tag("span", plain(f"{used:,} / {window:,}"), aria_hidden="true")
    return tag("span", meter, short, cls="gauge", title=label)


def show_left(tokens: int | None, reader: Reader) -> str:
    """Return how many tokens the visitor may still use today; nothing where there is no limit."""
    return "" if tokens is None else tag("span", plain(reader.say("gauge.left", left=tokens)), cls="left")


def _text(answer: str, reader: Reader, *, growing: bool = False) -> list[ChatMessage]:
    """Return an answer, and under a long one how much of it is shown."""
    rendered = draw_text(answer, reader.image_hosts, growing=growing)
    shown: list[ChatMessage] = [{"role": "assistant", "content": [{"type": "text", "text": rendered}]}]
    if len(answer) > SHOWN_CHARACTERS:
        shown.append(_part("assistant", _note(reader.say("answer.long", shown=SHOWN_CHARACTERS))))
    return shown


def _part(role: str, html: str) -> ChatMessage:
    """Return HTML of ours as a message, in gr.HTML's form on the wire: making one costs ten times more."""
    props = {"apply_default_css": False}
    component = {
        "type": "component",
        "component": "html",
        "value": html,
        "constructor_args": {},
        "props": props,
    }
    return {"role": role, "content": [component]}


def _reasoning(reasoning: str, seconds: float | None, reader: Reader, *, is_over: bool) -> ChatMessage:
    title = reader.say("answer.thinking")
    if is_over and seconds is None:
        title = reader.say("answer.reasoning")
    elif is_over:
        title = reader.say("answer.thought.briefly")
        if seconds and seconds >= 1:
            title = reader.say("answer.thought", duration=describe_duration(reader.language, seconds))
    metadata = {"title": title, "status": "done" if is_over else "pending"}
    content = [{"type": "text", "text": draw_text(reasoning, reader.image_hosts, growing=not is_over)}]
    return {"role": "assistant", "content": content, "metadata": metadata}


def _question_footer(message: Message, branch: Branch, reader: Reader) -> str:
    return tag(
        "div",
        _picker(message, branch, reader),
        button("edit", reader.say("answer.edit"), id=message.id),
        button("copy", reader.say("answer.copy"), id=message.id, lane="fetch"),
        cls="footer",
    )


def _answer_footer(message: Message, branch: Branch, reader: Reader, *, is_last: bool) -> str:
    error = show_error(message.error, reader) if message.error else ""
    note = ENDING_NOTES.get(message.finish_reason or "")
    if note and not error:
        error = _note(reader.say(note))
    elif message.finish_reason and not (message.text or error):
        error = _note(reader.say("answer.empty"))
    return "".join(
        [
            error,
            show_computed(message.model, message.receipt or {}, message.text, reader.language),
            show_citations(message.citations or [], message.id, reader.language),
            receipt_view.show_receipt(
                message.receipt or {},
                reader.language,
                message.id,
                offers=is_last and message.model != QUOTES,
            ),
            tag(
                "div",
                *_answer_buttons(message, branch, reader, is_last),
                _figures(message, reader),
                cls="footer",
            ),
        ]
    )


def _note(sentence: str) -> str:
    return tag("div", plain(sentence), cls="note")


def _answer_buttons(message: Message, branch: Branch, reader: Reader, is_last: bool) -> list[str]:
    id = message.id
    shown = [_picker(message, branch, reader)]
    if message.finish_reason in BROKEN and message.text and is_last:
        shown.append(button("continue", reader.say("answer.continue"), id=id, icon=False))
    copy = [button("copy", reader.say("answer.copy"), id=id, lane="fetch")] if message.text else []
    if not message.error:
        shown += copy
    if is_last or message.error:
        shown.append(button("retry", reader.say("answer.retry"), id=id, icon=not message.error))
        label = reader.say("answer.retry_with")
        shown.append(
            button("retry-with", label, id=id, lane="none", value=message.model, icon=not message.error)
        )
    if message.error:  # icons that come with the pointer stand behind the words: no gap before those
        shown += copy
    shown.append(button("more", reader.say("answer.more"), lane="none", aria_expanded="false"))
    shown.append(_thumb("like", True, message, reader))
    shown.append(_thumb("dislike", False, message, reader))
    shown.append(button("prompt", reader.say("answer.prompt"), id=id, lane="drawer"))
    if is_last:
        shown.append(button("undo", reader.say("answer.undo"), id=id))
    return shown


def _thumb(action: str, value: bool, message: Message, reader: Reader) -> str:
    pressed = "true" if message.liked is value else "false"
    return button(action, reader.say(f"answer.{action}"), id=message.id, lane="quiet", aria_pressed=pressed)


def _picker(message: Message, branch: Branch, reader: Reader) -> str:
    """Return < 2/3 > where a message has others beside it."""
    ids = list(branch.alternatives.get(message.id, ()))
    if len(ids) < 2:
        return ""
    at = ids.index(message.id)
    before = button("branch", reader.say("answer.previous"), id=ids[at - 1], disabled=at == 0)
    after = button(
        "branch", reader.say("answer.next"), id=ids[(at + 1) % len(ids)], disabled=at + 1 == len(ids)
    )
    count = tag("span", plain(f"{at + 1}/{len(ids)}"), cls="count")
    return tag("span", before, count, after, cls="branches")


def _figures(message: Message, reader: Reader) -> str:
    """Return when it was written and by whom, how long it is, how soon it began and how fast it was."""
    shift = timedelta(minutes=reader.minutes)
    written = message.created + shift
    stamp = describe_time(reader.language, written, datetime.now(UTC) + shift)
    when = tag(
        "time", plain(stamp), datetime=message.created.isoformat(), title=f"{written:%Y-%m-%d %H:%M:%S}"
    )
    figures = [when, tag("span", plain(message.model)), tag("span", plain(_speed(message, reader)))]
    return tag("span", *figures, cls="figures")


def _speed(message: Message, reader: Reader) -> str:
    timings = message.timings or {}
    tokens = (message.usage or {}).get("completion_tokens")
    first, total = timings.get("first_token"), timings.get("total")
    if not tokens:
        return ""
    if first is None or not total or total <= first:
        return reader.say("answer.stats.plain", tokens=tokens)
    duration = describe_duration(reader.language, first)
    return reader.say("answer.stats", tokens=tokens, first=duration, rate=tokens / (total - first))
