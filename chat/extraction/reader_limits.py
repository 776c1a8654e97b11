"""How much one file may cost. Values only: the parent and the child each enforce their part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a child, which knows no setting, does not load them
    from chat.settings import Settings

MEGABYTE = 1_000_000
OCR_WALL_FACTOR = 20.0  # of the CPU time: everything else on the machine goes first


@dataclass(frozen=True)
class ReaderLimits:
    """What a file may use before its child is ended.

    seconds: CPU time of one file, and wall time without a new page (four times that in all). memory_bytes:
    address space of the child, which has about 250 MB of it before it reads anything. characters: where
    reading stops and says so. processes: children at most. upload_bytes: size of a file at most.
    program: the module that the child runs. wall_factor: times `seconds`, the wall time of one job; a busy
    machine does not cut a long file that goes on. pause_factor: the same, without a new page.
    is_kept_warm: whether a child waits for the next file.
    """

    seconds: float = 30.0
    memory_bytes: int = 1_200 * MEGABYTE
    characters: int = 3_000_000
    processes: int = 2
    upload_bytes: int = 25 * MEGABYTE
    program: str = "chat.extraction.worker"
    wall_factor: float = 4.0
    pause_factor: float = 1.0
    is_kept_warm: bool = True

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

    @classmethod
    def of_pages(cls, settings: Settings) -> ReaderLimits:
        """Return the limits of a page or a picture that is drawn."""
        return replace(cls.from_settings(settings), program="chat.extraction.page_drawer")

    @classmethod
    def of_ocr(cls, settings: Settings) -> ReaderLimits:
        """Return the limits of one page of a scan. Its child gives way to all others: wall time is wide."""
        return cls(
            seconds=settings.ocr_seconds,
            memory_bytes=settings.ocr_memory_mb * 1_000_000,
            processes=settings.ocr_processes,
            upload_bytes=settings.max_upload_bytes,
            program="chat.extraction.ocr.page_worker",
            wall_factor=OCR_WALL_FACTOR,
            pause_factor=OCR_WALL_FACTOR,
            is_kept_warm=False,
        )
