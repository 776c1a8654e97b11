"""The bytes of an answer -> its payloads: the data of each event, and JSON that stands without one.

Sans-IO: fed the bytes of each read, returns what is complete; knows no socket and no client. Events are those
of the WHATWG standard (HTML, 9.2.6): fields end in LF, CRLF or CR and nothing else, so U+2028 is text. What
endpoints send beside it is read too, whatever the content type says: NDJSON, one JSON over several lines,
events without a blank line between them, an `error:` field, an event named `error`. Those two become the
payload `{"error": …}`, and an event named `done` becomes `[DONE]`.
"""

from __future__ import annotations

import orjson

MAX_FRAME_BYTES = 32_000_000
_BOM = b"\xef\xbb\xbf"  # allowed once, before the first field
_LAST_EVENTS = frozenset({b"done", b"end", b"[done]", b"complete", b"completed", b"close"})
_FIELDS = frozenset({b"data", b"event", b"error", b"id", b"retry"})


class FrameTooLong(ValueError):
    """One frame grew past MAX_FRAME_BYTES."""


class FrameSplitter:
    """Bytes in, the payloads of each complete frame out."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []  # of a frame that is not complete; joined once, whatever its size
        self._size = 0
        self._ends_in_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return every payload that these bytes complete. Raises FrameTooLong."""
        if self._ends_in_cr or b"\r" in data:
            data = self._normalize(data)
        if self._parts:
            if b"\n" not in data:
                self._keep(data)
                return []
            data = b"".join([*self._parts, data])
            self._parts, self._size = [], 0
        if data.endswith(b"\n\n"):
            return _split_frames(data)
        end = data.rfind(b"\n\n") + 2 if b"\n\n" in data else 0
        return [*(_split_frames(data[:end]) if end else ()), *self._take_lines(data[end:])]

    def close(self) -> list[bytes]:
        """Return the payloads of a last frame without its blank line: a slip that some providers make."""
        payloads = _find_payloads(b"".join(self._parts))
        self._parts, self._size = [], 0
        return payloads

    def _take_lines(self, data: bytes) -> list[bytes]:
        """Return the payloads of lines that are complete by themselves; keep everything else.

        NDJSON has no blank lines, and some servers leave them out between events.
        """
        payloads, taken = list[bytes](), 0
        for line in data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]:
            payload = _find_whole(line)
            if not payload and line and not line.startswith(b":"):
                break
            payloads += [payload] if payload else []
            taken += len(line) + 1
        self._keep(data[taken:])
        return payloads

    def _keep(self, data: bytes) -> None:
        if data:
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
    """Return the payloads of complete frames. At once where each is one line of data, as they are mostly."""
    if data.startswith(b"data: "):
        lines = data[6:-2].split(b"\n\ndata: ")
        if data.count(b"\n") == 2 * len(lines) and all(lines):
            return lines
    return [payload for frame in data.split(b"\n\n") for payload in _find_payloads(frame)]


def _find_whole(line: bytes) -> bytes:
    """Return the payload of a line that is an event or a JSON object by itself, or nothing."""
    payload = line[5:].strip() if line.startswith(b"data:") else line.strip()
    is_whole = (payload.startswith(b"{") and payload.endswith(b"}")) or payload == b"[DONE]"
    return payload if is_whole else b""


def _find_payloads(frame: bytes) -> list[bytes]:
    """Return the payloads of one frame, each on one line."""
    if frame.startswith(b"data: ") and b"\n" not in frame:
        return [frame[6:]] if frame[6:] else []
    event, data, errors, bare = b"", list[bytes](), list[bytes](), list[bytes]()
    for line in frame.removeprefix(_BOM).split(b"\n"):
        name, colon, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data" and colon:
            data.append(value)
        elif name == b"event":
            event = value.strip()
        elif name == b"error" and colon:
            errors.append(value)
        elif name in _FIELDS or (colon and not name) or not line:
            continue
        elif data and _is_open(data[-1]):
            data[-1] += b"\n" + line  # a raw line feed in a text of the JSON
        else:
            bare.append(line)
    payloads = [*_join(data, b" "), *_join(bare, b"\n")]
    if event.lower() in _LAST_EVENTS and b'"choices"' not in b"".join(payloads):
        return [b"[DONE]"]
    return [_to_error(one) for one in (*errors, *(payloads if event == b"error" else ()))] or payloads


def _is_open(data: bytes) -> bool:
    return data.startswith(b"{") and not data.rstrip().endswith(b"}")


def _join(lines: list[bytes], separator: bytes) -> list[bytes]:
    """Return one payload for all lines, or one for each where the first is complete by itself.

    A line break between the tokens of JSON is as good as a space.
    """
    if len(lines) > 1 and _find_whole(lines[0]):
        return [line for line in lines if line]
    joined = separator.join(lines).strip()
    return [joined] if joined else []


def _to_error(value: bytes) -> bytes:
    """Return an error of the stream as a JSON object that says so."""
    value = value.strip()
    if not value.startswith((b"{", b"[", b'"')):
        value = orjson.dumps(value.decode(errors="replace"))
    return b'{"error": %b}' % value
