"""A provider's event stream as bytes -> its chunks, each parsed once and kept verbatim.

Sans-IO: fed the bytes of each read, returns what is complete; knows no socket and no client. Frames are those
of the WHATWG standard (HTML, 9.2.6): fields end in LF, CRLF or CR and nothing else, so U+2028 is text. Deltas
are those of OpenAI and of who is compatible with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from chat.completions.provider_errors import find_error
from chat.completions.reasoning import ReasoningSplitter

MAX_FRAME_BYTES = 32_000_000
DONE = b"[DONE]"
_BOM = b"\xef\xbb\xbf"  # allowed once, before the first field


class Chunk(NamedTuple):
    """The provider's chunk: `data` verbatim on one line, and what was parsed out of it, once.

    recasts: all text before this chunk was reasoning (a </think> came whose <think> never did).
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


class FrameTooLong(ValueError):
    """One frame grew past MAX_FRAME_BYTES."""


class FrameSplitter:
    """Bytes in, the data of each complete frame out."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []  # of a frame that is not complete; joined once, whatever its size
        self._size = 0
        self._ends_in_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the data of every frame that these bytes complete. Raises FrameTooLong."""
        if self._ends_in_cr or b"\r" in data:
            data = self._normalize(data)
        if self._parts:
            if b"\n" not in data:
                self._keep(data)
                return []
            data = b"".join([*self._parts, data])
            self._parts, self._size = [], 0
        if not data.endswith(b"\n\n"):
            end = data.rfind(b"\n\n") + 2 if b"\n\n" in data else 0
            self._keep(data[end:])
            data = data[:end]
        return _split_frames(data)

    def close(self) -> list[bytes]:
        """Return the data of a last frame without its blank line: a slip that some providers make."""
        payload = _find_data(b"".join(self._parts))
        self._parts, self._size = [], 0
        return [payload] if payload else []

    def _keep(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > MAX_FRAME_BYTES:
            raise FrameTooLong

    def _normalize(self, data: bytes) -> bytes:
        """Return the data with LF alone as line end; an LF that comes after a CR at the end is dropped."""
        if self._ends_in_cr and data.startswith(b"\n"):
            data = data[1:]
            self._ends_in_cr = False
        if data:
            self._ends_in_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _split_frames(data: bytes) -> list[bytes]:
    """Return the data of complete frames. At once where each is one line of data, as they are mostly."""
    if data.startswith(b"data: "):
        lines = data[6:-2].split(b"\n\ndata: ")
        if data.count(b"\n") == 2 * len(lines) and all(lines):
            return lines
    return [found for frame in data.split(b"\n\n") if (found := _find_data(frame))]


def _find_data(frame: bytes) -> bytes:
    """Return the frame's data on one line: a line break between the tokens of JSON is as good as a space."""
    if frame.startswith(b"data: ") and b"\n" not in frame:
        return frame[6:]
    lines = [
        line[5:].removeprefix(b" ")
        for line in frame.removeprefix(_BOM).split(b"\n")
        if line.startswith(b"data:")
    ]
    return b" ".join(lines).strip()


def parse_json(data: bytes) -> Any:
    """Return the value. Raises ValueError. Takes lone surrogates and NaN, which servers in Python do send."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _mend(json.loads(data))


def _mend(value: Any) -> Any:
    """Return the value with every lone surrogate replaced, so that its texts can be encoded."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _mend(one) for key, one in value.items()}
    return [_mend(one) for one in value] if isinstance(value, list) else value


def find_reasoning(delta: Mapping[str, Any]) -> str:
    """Return the delta's reasoning, in whichever field it comes; in two, it counts once."""
    if len(delta) == 1 and "content" in delta:
        return ""
    for name in ("reasoning_content", "reasoning", "reasoning_text"):
        text = delta.get(name)
        if text and isinstance(text, str):
            return text
    details = delta.get("reasoning_details")
    if not isinstance(details, list):
        return ""
    return "".join([one.get("text") or one.get("summary") or "" for one in details if isinstance(one, dict)])


def find_text(delta: Mapping[str, Any]) -> str:
    """Return the delta's text. A refusal is an answer as well; content in parts is joined."""
    content = delta.get("content")
    if isinstance(content, str):
        text = content
    elif isinstance(content, list):
        text = "".join([part.get("text") or "" for part in content if isinstance(part, dict)])
    else:
        text = ""
    refusal = delta.get("refusal")
    return text + refusal if isinstance(refusal, str) else text


class ChunkParser:
    """The data of one answer's frames in, its chunks out. `said`: the answer that this one continues."""

    def __init__(self, said: str = "") -> None:
        self.has_begun = False  # a token has come: text, reasoning or a tool call
        self.is_finished = False  # the finish reason has come
        self.is_done = False  # [DONE] has come
        self._splitter: ReasoningSplitter | None = ReasoningSplitter(said)

    @property
    def is_holding(self) -> bool:
        """Whether the last chunk's text lacks its end, since that could be the start of a tag."""
        return self._splitter is not None and self._splitter.is_holding

    def parse(self, payloads: list[bytes], into: list[Chunk]) -> None:
        """Append the chunk of each payload, up to [DONE]. Raises ErrorObject, or ValueError for no JSON."""
        for data in payloads:
            if data == DONE:
                self.is_done = True
                return
            value = parse_json(data)
            if not isinstance(value, dict):
                raise ValueError("a chunk is not an object")
            choices = value.get("choices")
            if value.get("error") or (not choices and find_error(value)):
                raise ErrorObject(value)
            into.append(self._make(data, value, choices[0] if choices else {}))

    def flush(self, chunk: Chunk) -> Chunk:
        """Return the last chunk with what was held back of its text."""
        if self._splitter is None:
            return chunk
        split = self._splitter.flush()
        return chunk._replace(text=chunk.text + split.text, reasoning=chunk.reasoning + split.reasoning)

    def _make(self, data: bytes, value: Mapping[str, Any], choice: Mapping[str, Any]) -> Chunk:
        delta = choice.get("delta") or choice.get("message") or {}
        reason, usage = choice.get("finish_reason") or "", value.get("usage")
        text, reasoning, recasts = find_text(delta), find_reasoning(delta), False
        if reasoning:
            self._splitter = None  # reasoning has its own field, so a tag in the text is text
        elif text and self._splitter and not self._splitter.is_plain(text):
            text, reasoning, recasts = self._splitter.feed(text)
        if not self.has_begun:
            self.has_begun = bool(text or reasoning or reason or delta.get("tool_calls"))
        chunk = Chunk(data, text, reasoning, reason, usage if isinstance(usage, dict) else None, recasts)
        return self._finish(chunk) if reason else chunk

    def _finish(self, chunk: Chunk) -> Chunk:
        self.is_finished = True
        return self.flush(chunk)
