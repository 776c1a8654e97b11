"""How much work a visitor, a network and the server have under way at a time, by kind.

Each limit is several times what one page does at once. A network has the shares of eight visitors, since a
school or an office reaches the server from one address; the server keeps a tenth for those that hold nothing.
Counted in this process. Knows no work.
"""

from __future__ import annotations

from chat.shares import Limit, Shares

VISITORS_OF_NETWORK = 8


def _limit(of_visitor: int, total: int) -> Limit:
    return Limit(of_visitor, VISITORS_OF_NETWORK * of_visitor, total)


class AtOnce:
    """One count for each kind of work."""

    def __init__(self) -> None:
        self.uploads = Shares("uploads", _limit(24, 1_000))  # a browser sends six requests at once
        self.files = Shares("files that are being read", _limit(64, 2_000))  # a message has up to 50
        self.searches = Shares("searches", _limit(8, 200))
        self.imports = Shares("imports", _limit(2, 50))
        self.pages = Shares("pages that are being shown", _limit(32, 1_000))
