"""The format of keys, stream entries and channel messages in Redis. Pure functions.

An entry of a generation's stream holds a batch of events. The number in its id is the length of the log
with this batch, so Redis itself refuses an entry that is sent twice or late. The entry that seals a log has
an id beyond every number that a log can reach: nothing comes after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import orjson

from chat.generations.events import Event

SEAL = 10**12 - 1  # as many digits as an event id may have
EVENTS, ABOUT = b"e", b"a"  # the fields of an entry
PUSH, COMMAND = b"P", b"A"  # the first byte of a message


@dataclass(frozen=True)
class About:
    """The identity of a generation for other replicas. text, reasoning: of the answer that it continues."""

    owner: str
    replica: str
    conversation_id: str
    message_id: str
    text: str = ""
    reasoning: str = ""


class Entry(NamedTuple):
    """A batch in a stream. total: length of the log with it; SEAL: it ends the log at whatever length."""

    total: int
    events: list[Event]
    about: About | None = None

    @property
    def first(self) -> int | None:
        """The id of the first event; None: the next id, whatever that is."""
        return None if self.total == SEAL else self.total - len(self.events)


class Push(NamedTuple):
    """Events of a generation, sent to a follower: a replica with subscribers of it."""

    id: str
    first: int
    events: list[Event]


@dataclass
class Names:
    """The names of keys and channels. prefix: of this deployment, as others may use the same Redis.

    In a cluster all heartbeats have one hash tag, and so lie in one slot: if that is lost, all are. A single
    Redis has the names that earlier versions use, which may run beside this one.
    """

    prefix: str
    is_cluster: bool = False

    def events(self, generation_id: str) -> str:
        return f"{self.prefix}:events:{generation_id}"

    def alive(self, replica: str) -> str:
        return f"{self.prefix}:{'{alive}' if self.is_cluster else 'alive'}:{replica}"

    def mark(self, replica: str, tag: str) -> str:
        """The key of a replica on the node of a hash tag: without it, that node has come back empty."""
        return f"{self.prefix}:{{{tag}}}:mark:{replica}"

    def claim(self, name: str) -> str:
        return f"{self.prefix}:claim:{name}"

    def stop(self, generation_id: str) -> str:
        """The key of a stop, for a writer whose channel was closed when it was sent."""
        return f"{self.prefix}:stop:{generation_id}"

    def channel(self, replica: str) -> str:
        return f"{self.prefix}:replica:{replica}"


def pack_events(events: Sequence[Event]) -> bytes:
    return orjson.dumps(
        [
            (type, data.decode(), text, reasoning, recasts)
            if reasoning or recasts
            else (type, data.decode(), text)
            for type, data, text, reasoning, recasts in events
        ]
    )


def unpack_events(data: bytes) -> list[Event]:
    return [Event(type, line.encode(), *rest) for type, line, *rest in orjson.loads(data)]


def pack_about(about: About) -> bytes:
    return orjson.dumps(asdict(about))


def read_entry(id: bytes, fields: Sequence[bytes]) -> Entry:
    """Read an entry as XRANGE returns it: its id, then names and values in turn."""
    values = dict(zip(fields[::2], fields[1::2], strict=True))
    about = About(**orjson.loads(values[ABOUT])) if ABOUT in values else None
    return Entry(int(id.partition(b"-")[0]), unpack_events(values[EVENTS]), about)


def pack_push(generation_id: str, first: int, packed: bytes) -> bytes:
    """Return one part of a push: `packed` is what `pack_events` returned. Parts are joined after PUSH."""
    return b"%b %d %d\n%b" % (generation_id.encode(), first, len(packed), packed)


def read_pushes(message: bytes) -> Iterator[Push]:
    """Yield the pushes in a message that begins with PUSH."""
    at = 1
    while at < len(message):
        end = message.index(b"\n", at)
        id, first, size = message[at:end].split()
        at = end + 1 + int(size)
        yield Push(id.decode(), int(first), unpack_events(message[end + 1 : at]))


def pack_command(**arguments: object) -> bytes:
    """Return a command for a replica: `stop` (ids), `follow` (id -> last event id) with `by`, or nothing."""
    return COMMAND + orjson.dumps(arguments)


def read_command(message: bytes) -> Mapping[str, Any]:
    arguments: dict[str, Any] = orjson.loads(message[1:])
    return arguments
