"""How much one file may cost. Values only: the parent and the child each enforce their part."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What a file may use before its child is ended.

    seconds: CPU time of one file, and wall time without a new page (four times that in all). memory_bytes:
    address space of the child, which has about 250 MB of it before it reads anything. characters: where
    reading stops and says so. processes: children at most. upload_bytes: size of a file at most.
    """

    seconds: float = 30.0
    memory_bytes: int = 1_200 * MEGABYTE
    characters: int = 3_000_000
    processes: int = 2
    upload_bytes: int = 25 * MEGABYTE
