"""The payloads of one answer -> its chunks, each parsed once and kept verbatim.

Sans-IO; knows no socket and no client. What is not a chunk is skipped: a heartbeat must end no answer.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from chat.completions.arrived_text import ArrivedText
from chat.completions.deltas import REASONING_FIELDS, find_reasoning, find_text
from chat.completions.error_bodies import find_error
from chat.completions.finish_reasons import name_finish_reason
from chat.completions.reasoning import ReasoningSplitter
from chat.completions.reasoning_marks import UNOPENED
from chat.completions.usage import find_usage

log = logging.getLogger(__name__)

_UNUSUAL = frozenset({"message", "usage", "error"})  # in a choice
_DONE = frozenset({b"[DONE]", b"DONE"})
_ENVELOPES = ("data", "result", "response", "output")
_SAID_ERROR = re.compile(rb"\[?\s*error\b\s*[\]:]\s*(?=\S)|\[error\]", re.IGNORECASE)
DOUBTED_CHARACTERS = 20  # a delta of so many that repeats the answer waits for what comes next


class Chunk(NamedTuple):
    """The provider's chunk: `data` on one line, and what was parsed out of it, once.

    data: verbatim, but where it is no JSON of the standard, or repeats what came before. finish_reason: our
    own name for it. usage: as far as it can be believed. recasts: all text before this chunk was reasoning (a
    </think> came whose <think> never did).
    """

    data: bytes
    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    usage: Mapping[str, Any] | None = None
    recasts: bool = False


class ErrorObject(Exception):
    """The provider sent an error where a chunk should be."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        super().__init__()
        self.value = value


class ChunkParser:
    """One answer's payloads in, its chunks out. `said`: the answer that this one continues."""

    def __init__(self, said: str = "") -> None:
        self.has_begun = (
            False  # text, reasoning, a tool call, a finish reason or usage has come: it is paid for
        )
        self.has_text = False  # text or a tool call has come
        self.has_chunks = False
        self.has_unknown = False  # something was skipped
        self.finish_reason = ""  # the last one that no text has followed
        self.is_refuted = False  # text has followed a finish reason
        self.is_done = False  # [DONE] has come
        self._has_deltas: bool | None = None  # beside the messages in which the text came; None: none came
        self._are_increments = False  # those messages do not begin with the text so far
        self._texts, self._reasonings = ArrivedText(), ArrivedText()
        self._doubted = ""  # a delta that repeats the answer: a snapshot, unless more text follows it
        self._splitter: ReasoningSplitter | None = ReasoningSplitter(said)
        self._is_in_text = False  # the middle of an answer: a chunk may be plain

    @property
    def is_holding(self) -> bool:
        """Whether the last chunk's text lacks its end, since that could be the start of a tag."""
        return self._splitter is not None and self._splitter.is_holding

    @property
    def is_complete(self) -> bool:
        """Whether nothing need come any more: the answer has a text and a finish reason behind it."""
        return bool(self.finish_reason) and self.has_text

    @property
    def arrived(self) -> int:
        """How many pieces of text and reasoning have come."""
        return len(self._texts.parts) + len(self._reasonings.parts)

    def parse(self, payloads: list[bytes], into: list[Chunk]) -> None:
        """Append the chunk of each payload, up to [DONE].

        Raises ErrorObject, or ValueError for JSON that is damaged; behind the last finish reason neither.
        """
        for data in payloads:
            if not data.startswith(b"{"):
                data = data.strip()
                while data.startswith(b"data:"):  # a proxy has put it before what had it
                    data = data[5:].strip()
                if data.strip(b'"').strip() in _DONE:
                    self.is_done = True
                    return
            was_complete = self.finish_reason and self.has_text
            try:
                self._parse(data, into)
            except (ErrorObject, ValueError) as error:
                if not was_complete:
                    raise
                log.info("skipped behind the finish reason: %s", type(error).__name__)

    def flush(self, chunk: Chunk) -> Chunk:
        """Return the last chunk with what was held back of its text."""
        if self._splitter is None:
            return chunk
        split = self._splitter.flush()
        self.has_text = self.has_text or bool(split.text)
        return chunk._replace(text=chunk.text + split.text, reasoning=chunk.reasoning + split.reasoning)

    def _parse(self, data: bytes, into: list[Chunk]) -> None:
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            value = self._parse_odd(data)
            data = dump_json(value)
        if not isinstance(value, dict):
            return self._parse_other(value, into)
        if "choices" not in value and (inner := _unwrap(value)):
            return self._parse(dump_json(inner), into)
        choices = value.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            choice = {}
        if self._is_in_text and (text := self._find_plain(value, choice)):
            self._texts.parts.append(text)  # not the first, so that nothing else changes
            into.append(Chunk(data, text))
            return None
        if error := self._find_error(value, choice):
            if choice:  # a text beside an error is a text
                self._add(data, value, choice, into)
            raise ErrorObject(error)
        if choices is None and "usage" not in value:
            self.has_unknown = True
        else:
            self._add(data, value, choice, into)
        return None

    @staticmethod
    def _find_error(value: Mapping[str, Any], choice: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the error in a chunk: in its place, beside its choices, on one of them, or in a delta."""
        delta = choice.get("delta")
        holders = [value, choice, *([delta] if isinstance(delta, dict) else [])]
        if choice and not any(holder.get("error") for holder in holders):
            return None
        return next((error for holder in holders if (error := find_error(holder))), None)

    def _parse_other(self, value: object, into: list[Chunk]) -> None:
        """Parse a payload that is no object: JSON in JSON, a list of chunks, or something unknown."""
        if isinstance(value, str) and value.lstrip().startswith("{"):
            self._parse(value.encode(), into)
        elif isinstance(value, list) and any(isinstance(one, dict) and "choices" in one for one in value):
            for one in value:
                self._parse(dump_json(one), into)
        elif error := find_error(value):
            raise ErrorObject(error)
        else:
            self.has_unknown = True

    def _find_plain(self, value: Mapping[str, Any], choice: Mapping[str, Any]) -> str:
        """Return the text of a chunk that only adds text, in the middle of an answer; empty for any other.

        Most chunks are such, and `_add` takes three times as long.
        """
        delta = choice.get("delta")
        if not isinstance(delta, dict) or len(delta) != 1 or choice.get("finish_reason"):
            return ""
        text = delta.get("content")
        if not isinstance(text, str) or not text:
            return ""
        if len(text) >= DOUBTED_CHARACTERS and self._texts.is_all(text):
            return ""
        if value.get("usage") or value.get("error") or "x_groq" in value or not _UNUSUAL.isdisjoint(choice):
            return ""
        return text if self._splitter is None or self._splitter.is_plain(text) else ""

    def _parse_odd(self, data: bytes) -> object:
        """Return the value of what is no JSON by the standard.

        Raises ValueError where a chunk is damaged, ErrorObject for a line of text that says that it is one.
        """
        try:
            return parse_json(data)
        except ValueError:
            if _SAID_ERROR.match(data):
                raise ErrorObject({"message": data.decode(errors="replace")}) from None
            if not data.startswith(b"{"):
                return None
            self.has_begun = True  # some of the answer is in it
            raise

    def _add(
        self, data: bytes, value: Mapping[str, Any], choice: Mapping[str, Any], into: list[Chunk]
    ) -> None:
        self.has_chunks = True
        delta, reason, usage = choice.get("delta"), choice.get("finish_reason"), None
        if reason:
            reason = name_finish_reason(reason)
        if "message" in choice or not isinstance(delta, dict):
            data, delta, reason = self._take_whole(data, value, choice, reason or "")
        raw, reasoning = find_text(delta), find_reasoning(delta)
        may_repeat = self._texts.may_repeat or reason or self._doubted or len(raw) >= DOUBTED_CHARACTERS
        if (raw and may_repeat) or (reasoning and self._reasonings.may_repeat):
            fresh = self._take_repeated(raw, reasoning, is_last=bool(reason))
            if fresh != (raw, reasoning):
                raw, reasoning = fresh
                data = _write_delta(value, choice, _rewrite(delta, raw, reasoning))
        if "usage" in value or "usage" in choice or "x_groq" in value:
            usage = find_usage(value, choice)
        text, reasoning, recasts = self._split(raw, reasoning)
        has_text = bool(text or (len(delta) > 1 and delta.get("tool_calls")))
        if reason or self.finish_reason or has_text != self.has_text:
            self._note(bool(raw or reasoning), has_text, reason or "")
        if not self.has_begun:
            self.has_begun = bool(raw or reasoning or usage or self.finish_reason or self.has_text)
        into.append(Chunk(data, text, reasoning, reason or "", usage, recasts))
        texts = self._texts
        is_plain = self.has_text and bool(texts.parts) and not texts.may_repeat
        self._is_in_text = is_plain and not self._doubted and not self.finish_reason

    def _take_repeated(self, raw: str, reasoning: str, *, is_last: bool) -> tuple[str, str]:
        """Return the text and the reasoning without what has arrived before."""
        if raw and self._doubted:
            raw, self._doubted = self._doubted + raw, ""
        if raw and self._texts.is_all(raw) and (is_last or len(raw) >= DOUBTED_CHARACTERS):
            raw, self._doubted = "", "" if is_last else raw
        elif raw and self._texts.may_repeat:
            raw = self._texts.rest_of_delta(raw)
        if reasoning and self._reasonings.may_repeat:
            reasoning = self._reasonings.rest_of_delta(reasoning)
        return raw, reasoning

    def _split(self, raw: str, reasoning: str) -> tuple[str, str, bool]:
        """Return the text, the reasoning, and whether all text so far was reasoning."""
        if raw:
            self._texts.append(raw)
        if reasoning:
            self._reasonings.append(reasoning)
            self._splitter = None  # reasoning has its own field, so a tag in the text is text
        elif raw and not self._splitter and not self.has_text:
            return _without_closing(raw), "", False
        elif raw and self._splitter and not self._splitter.is_plain(raw):
            return self._splitter.feed(raw)
        return raw, reasoning, False

    def _note(self, has_more: bool, has_text: bool, reason: str) -> None:
        """Note the finish reason: one that something followed no longer counts."""
        if has_more or has_text:
            if self.finish_reason:
                self.is_refuted = True
                self.finish_reason = ""
            self.has_text = self.has_text or has_text
        if reason:
            self.finish_reason = reason

    def _take_whole(
        self, data: bytes, value: Mapping[str, Any], choice: Mapping[str, Any], reason: str
    ) -> tuple[bytes, Mapping[str, Any], str]:
        """Return a chunk that has a message, as one that has a delta.

        A message is a snapshot: the answer so far. It adds what has not arrived yet, and nothing to a text
        that it does not begin with, unless messages are all that comes: then each is an increment.
        """
        delta, message = choice.get("delta"), choice.get("message")
        said = delta if isinstance(delta, str) else choice.get("text")
        if isinstance(said, str) and not isinstance(delta, dict) and not isinstance(message, dict):
            delta = {"content": said}  # of a delta that is a text, and of the completions before chat
            return _write_delta(value, choice, delta), delta, reason
        has_delta, delta = isinstance(delta, dict), delta if isinstance(delta, dict) else {}
        if not isinstance(message, dict) or find_text(delta) or find_reasoning(delta):
            return data, delta, reason
        text, reasoning = find_text(message), find_reasoning(message)
        is_first = not (self._texts.parts or self._reasonings.parts)
        self._are_increments |= self._has_deltas is False and self._texts.continues_without(text)
        if is_first:
            self._has_deltas = has_delta
        elif not self._are_increments:
            text = self._texts.rest_of(text)
            reasoning = self._reasonings.rest_of(reasoning) if self._reasonings.parts else ""
        if has_delta and not (text or reasoning):
            return data, delta, reason
        rest = _rewrite(message, text, reasoning)
        if not is_first:
            rest.pop("tool_calls", None)
        if value.get("object") == "chat.completion" and not reason:
            reason = "stop"  # it is whole
        return _write_delta(value, choice, rest), rest, reason


def _unwrap(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the chunk, or the completion, that a gateway has put into an envelope."""
    inner = (value.get(name) for name in _ENVELOPES)
    return next((one for one in inner if isinstance(one, dict) and "choices" in one), None)


def _without_closing(text: str) -> str:
    """Return a text that follows reasoning in a field of its own without the mark that closed that."""
    begun = text.lstrip()
    closing = next((mark for mark in UNOPENED if begun.startswith(mark)), "")
    return begun.removeprefix(closing).lstrip() if closing else text


def _rewrite(delta: Mapping[str, Any], text: str, reasoning: str) -> dict[str, Any]:
    """Return a delta, or a message, with another text and reasoning."""
    rest = {name: one for name, one in delta.items() if name not in REASONING_FIELDS and name != "refusal"}
    return rest | {"content": text} | ({"reasoning_content": reasoning} if reasoning else {})


def _write_delta(value: Mapping[str, Any], choice: Mapping[str, Any], delta: Mapping[str, Any]) -> bytes:
    """Return the JSON of a chunk with this delta in the place of a message or of a repetition."""
    rest = {name: one for name, one in choice.items() if name not in ("message", "text")}
    choices = [{**rest, "delta": delta}]
    return dump_json({**value, "object": "chat.completion.chunk", "choices": choices})


def dump_json(value: object) -> bytes:
    """Return the value as JSON on one line."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a whole number past 64 bits
        return json.dumps(value, ensure_ascii=False).encode()


def parse_json(data: bytes) -> Any:
    """Return the value. Raises ValueError.

    Takes what servers do send beside the standard: lone surrogates, NaN, raw control characters and bytes
    that are no UTF-8.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return _mend(json.loads(data.decode("utf-8-sig", "replace"), strict=False))
    except RecursionError:
        raise ValueError("nested too deep") from None


def _mend(value: Any) -> Any:
    """Return the value with every lone surrogate replaced, so that its texts can be encoded."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mend(key): _mend(one) for key, one in value.items()}
    return [_mend(one) for one in value] if isinstance(value, list) else value
