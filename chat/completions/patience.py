"""How long an answer may keep a reader waiting: until its first token, between its bytes, behind its end.

Reading a long prompt takes minutes on a CPU, and a model that has begun is not silent for so long: the two
have limits of their own. Knows no socket.
"""

from __future__ import annotations

import asyncio

from chat.completions.chunks import ChunkParser
from chat.completions.provider_errors import make_error
from chat.errors import ProviderError

LAST_WORDS_SECONDS = 5.0  # of silence behind a finish reason: the usage and [DONE] come then, if at all


class Patience:
    """The deadlines of one request, which begins now. first_token, idle: seconds."""

    def __init__(self, first_token: float, idle: float) -> None:
        self._idle = idle
        self._arrived = -1
        self._last_at = 0.0  # until when heartbeats alone keep an answer open behind its finish reason
        self._time = asyncio.get_running_loop().time
        self.first_token_at = self._time() + first_token

    def deadline(self, parser: ChunkParser) -> float:
        """Return the time of the loop until which the next byte may take.

        A finish reason that text has followed once may be followed again, and one without a text before it is
        of the reasoning alone: both wait as long as in the middle of an answer.
        """
        if not parser.has_begun:
            return self.first_token_at
        now = self._time()
        if not parser.finish_reason or parser.arrived != self._arrived:
            self._arrived, self._last_at = parser.arrived, now + self._idle
        if not parser.finish_reason:
            return now + self._idle
        is_over = parser.is_complete and not parser.is_refuted
        return min(self._last_at, now + (LAST_WORDS_SECONDS if is_over else self._idle))

    def fault(self, parser: ChunkParser) -> ProviderError:
        """Return the fault of a deadline that has passed."""
        return make_error("idle_timeout" if parser.has_begun else "first_token_timeout")
