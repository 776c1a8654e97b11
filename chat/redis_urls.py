"""Whether REDIS_URL names a cluster, and what a client needs of it: nodes, the login, TLS, options.

redis+cluster://user:password@host:port,host:port names some nodes, which name the others; rediss+cluster is
the same with TLS. Imports the client of Redis only when a cluster is used.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

CLUSTER = "+cluster://"
PORT = 6379
# Otherwise each new connection looks the client's version up on disk, which takes 4 ms, to tell it to Redis.
CLIENT_OPTIONS: dict[str, Any] = {"driver_info": None}


def is_cluster(url: str) -> bool:
    return CLUSTER in url[: url.find("://") + 3]


def node_urls(url: str) -> list[str]:
    """Return a URL for each node that the URL of a cluster names."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    scheme = parts.scheme.partition("+")[0]
    return [parts._replace(scheme=scheme, netloc=f"{login}{at}{host}").geturl() for host in hosts.split(",")]


def cluster_options(url: str) -> tuple[list[tuple[str, int]], dict[str, Any]]:
    """Return host and port of each node that is named, and the options of a client, with login and TLS."""
    from redis.asyncio.connection import SSLConnection, parse_url

    named: list[dict[str, Any]] = [{**parse_url(one)} for one in node_urls(url)]
    nodes = [(one.get("host", "localhost"), one.get("port", PORT)) for one in named]
    options = {
        name: value
        for name, value in named[0].items()
        if name in ("username", "password") or name.startswith("ssl_")
    }
    options["ssl"] = named[0].get("connection_class") is SSLConnection
    return nodes, options | CLIENT_OPTIONS
