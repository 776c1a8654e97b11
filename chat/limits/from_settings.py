"""The owner's settings as the limits of those that keep them. Knows no request."""

from __future__ import annotations

from chat.extraction import Limits as ReaderLimits
from chat.generations.registry import Limits
from chat.settings import Settings


def limit_generations(settings: Settings) -> Limits:
    """Return what answers being written may take."""
    return Limits(
        abandoned_after=settings.abandoned_after,
        retention=settings.generation_retention,
        max_running=settings.max_generations,
        max_running_per_caller=settings.max_generations_per_visitor,
        max_events=settings.max_generation_events,
        max_bytes=int(settings.max_generation_mb * 1_000_000),
    )


def limit_readers(settings: Settings) -> ReaderLimits:
    """Return what reading a file may take."""
    return ReaderLimits(
        seconds=settings.reader_seconds,
        memory_bytes=settings.reader_memory_mb * 1_000_000,
        characters=settings.max_document_characters,
        processes=settings.reader_processes,
        upload_bytes=settings.max_upload_bytes,
    )
