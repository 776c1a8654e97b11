"""The caller of a route or of the page, as a value: whose data it may reach, and where it is counted."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Visitor:
    """Who asks. owner: whose things these are; empty: a caller without a token, who owns by knowing the id.

    address: of the client, for limits. api_key: the visitor's own key for the endpoint, kept in memory only.
    """

    owner: str = ""
    address: str = ""
    api_key: str = field(default="", repr=False)

    @property
    def caller(self) -> str:
        """Whom a limit is counted for: strangers at other addresses are not one visitor."""
        return self.owner or f"at {self.address}"
