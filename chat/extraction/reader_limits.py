"""How much one file may cost. Values only: the parent and the child each enforce their part."""

from __future__ import annotations

from dataclasses import dataclass

from chat.settings import Settings

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class ReaderLimits:
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

    @classmethod
    def from_settings(cls, settings: Settings) -> ReaderLimits:
        """Return the limits that the owner's settings name."""
        return cls(
            seconds=settings.reader_seconds,
            memory_bytes=settings.reader_memory_mb * 1_000_000,
            characters=settings.max_document_characters,
            processes=settings.reader_processes,
            upload_bytes=settings.max_upload_bytes,
        )
