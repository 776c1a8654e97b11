"""The caller of a route or of the page, as values: identity, network, and the two together.

Identity and network are separate types, so that no text that a client sends can be mistaken for an address,
and no visitor's value for a user. Nothing here is compared as a joined string.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache

IPV6_PREFIX_BITS = 64  # one customer has a whole /64 of addresses
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: all IPv4 clients of a server that has IPv6 alone
IPV4_MASK = 0xFFFF_FFFF
SECRET_BYTES = 16
NETWORKS_KEPT = 10_000  # of addresses that were looked up
USER_PREFIX, GUEST_PREFIX = "user:", "visitor:"
DOMAIN = b"xiaojia visitor\n"  # the same secret hashed by another program gives another value


@dataclass(frozen=True)
class User:
    """A signed-in user. name: as the log-in proved it."""

    name: str

    @property
    def owner(self) -> str:
        return f"{USER_PREFIX}{self.name}"


@dataclass(frozen=True)
class Guest:
    """A visitor who is known by a secret. key: its hash; the secret itself is neither kept nor stored."""

    key: str

    @classmethod
    def of(cls, secret: str) -> Guest:
        """Return the guest that holds this secret, a value from the browser's storage or of `X-Visitor`."""
        return cls(hash_secret(secret))

    @property
    def owner(self) -> str:
        return self.key


@dataclass(frozen=True)
class Network:
    """The addresses that count as one: an IPv4 address, or a /64 of IPv6."""

    block: str

    @classmethod
    @lru_cache(NETWORKS_KEPT)  # a request asks several times
    def of(cls, address: str) -> Network:
        """Return the network of a client's address. IPv4 that is written as IPv6 is IPv4.

        What is no address counts as one network: a proxy may pass on what a client wrote.
        """
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return cls("unknown")
        if isinstance(parsed, ipaddress.IPv6Address):
            inner = _find_ipv4(parsed)
            if inner is None:
                return cls(str(ipaddress.ip_network((parsed, IPV6_PREFIX_BITS), strict=False)))
            parsed = inner
        return cls(str(parsed))


def _find_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address of a client that reaches us as IPv6: mapped, over NAT64, or over 6to4.

    The owner of an IPv4 address has 65,536 blocks of 6to4.
    """
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & IPV4_MASK)
    return address.ipv4_mapped or address.sixtofour


@dataclass(frozen=True)
class Anonymous:
    """All callers of one network that sent no secret and are not signed in."""

    network: Network | None


@dataclass(frozen=True)
class Visitor:
    """A caller. identity: None for a caller that sent no secret and is not signed in (anonymous).

    network: None where no address is known. api_key: the visitor's own key for the endpoint, in memory only.
    issued_secret: given to an anonymous caller with its first answer; sent back, it names the same caller.
    """

    identity: User | Guest | None = None
    network: Network | None = None
    api_key: str = field(default="", repr=False)
    issued_secret: str = field(default="", repr=False)

    @property
    def owner(self) -> str:
        """The owner of what this caller starts, as stored. Empty: reached by its unguessable id alone."""
        return self.identity.owner if self.identity else ""

    @property
    def party(self) -> User | Guest | Anonymous:
        """The party that a limit per visitor is counted for."""
        return self.identity or Anonymous(self.network)

    @property
    def caller(self) -> tuple[Hashable, ...]:
        """The parties that a queue is fair between, the widest first: the network, and the visitor in it."""
        return (self.identity,) if isinstance(self.identity, User) else (self.network, self.party)

    @property
    def parties(self) -> tuple[Hashable, ...]:
        """The identity and the network, where each is known: a spending limit is counted for both."""
        return tuple(party for party in (self.identity, self.network) if party is not None)


def new_secret() -> str:
    """Return a secret that names a caller from now on: 128 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """Return how a visitor's secret is stored: no value of this form is a user's."""
    digest = hashlib.sha256(DOMAIN + secret.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{GUEST_PREFIX}{digest}"
