"""Which network each open page belongs to: one network's pages push out, or hold up, no other's.

Gradio keeps a queue of messages for every page that has sent an event, and has places for EVENTS_AT_ONCE
events. Past its share a network loses the oldest of its own pages that nothing reads; where all are read, its
next event is refused. Knows no event's content.
"""

from __future__ import annotations

import contextlib
from collections import Counter, OrderedDict
from collections.abc import Iterator

from chat.errors import Refused
from chat.gradio_internals import EVENTS_AT_ONCE, MountedPage
from chat.visitors import Network

NETWORKS = 10_000  # of which is known, those with the newest events
PAGES_OF_NETWORK = 1_000
EVENTS_OF_NETWORK = EVENTS_AT_ONCE * 3 // 4
RETRY_SECONDS = 2.0


class PageSessions:
    """The pages that have sent an event, oldest event first."""

    def __init__(self, page: MountedPage) -> None:
        self._page = page
        self._of_network: OrderedDict[Network | None, OrderedDict[str, None]] = OrderedDict()
        self._read: Counter[str] = Counter()  # open streams of a page
        # Events that a network's pages await, at most: those that have ended since are not taken off. To look
        # at each page would cost every event of a busy network a millisecond.
        self._most_awaited: Counter[Network | None] = Counter()

    def admit(self, session: str, network: Network | None) -> None:
        """Note an event of a page. Raises Refused where its network has too many that are awaited."""
        sessions = self._of_network.setdefault(network, OrderedDict())
        self._of_network.move_to_end(network)
        if len(self._of_network) > NETWORKS:
            del self._most_awaited[self._of_network.popitem(last=False)[0]]
        while len(sessions) >= PAGES_OF_NETWORK and session not in sessions:
            self._drop_one(sessions, session)
        if self._most_awaited[network] >= EVENTS_OF_NETWORK:
            self._drop_unread(network, session)
        self._most_awaited[network] += 1
        sessions[session] = None
        sessions.move_to_end(session)

    @contextlib.contextmanager
    def reading(self, session: str) -> Iterator[None]:
        """Hold a page for as long as its stream is open."""
        self._read[session] += 1
        try:
            yield
        finally:
            self._read[session] -= 1
            if not self._read[session]:
                del self._read[session]

    def _drop_unread(self, network: Network | None, kept: str) -> None:
        """Drop pages until one more event is within the network's share. Raises Refused."""
        sessions = self._of_network[network]
        events = sum(map(self._page.count_awaited, sessions))
        while events >= EVENTS_OF_NETWORK:
            events -= self._drop_one(sessions, kept)
        self._most_awaited[network] = events

    def _drop_one(self, sessions: OrderedDict[str, None], kept: str) -> int:
        """Drop the oldest page that nothing reads; return how many events it awaited. Raises Refused."""
        unread = (one for one in sessions if one not in self._read and one != kept)
        oldest = next(unread, None)
        if oldest is None:
            raise Refused(
                f"Your network has {EVENTS_OF_NETWORK} events at once, which is the limit.",
                type="too_much_at_once",
                retry_after=RETRY_SECONDS,
                limit=EVENTS_OF_NETWORK,
            )
        del sessions[oldest]
        awaited = self._page.count_awaited(oldest)
        self._page.forget_session(oldest)
        return awaited
