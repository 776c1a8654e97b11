"""The sentences for files that cannot be used. Knows the errors, no format and no process."""

from __future__ import annotations

from chat.errors import (
    AttachmentError,
    EmptyFile,
    FileTooLarge,
    NoReader,
    PasswordRequired,
    UnreadableFile,
    UnsupportedFile,
)
from chat.extraction.reader_limits import MEGABYTE, ReaderLimits

KINDS: dict[str, type[AttachmentError]] = {
    kind.__name__: kind
    for kind in (
        AttachmentError,
        EmptyFile,
        FileTooLarge,
        PasswordRequired,
        UnreadableFile,
        UnsupportedFile,
    )
}
SENTENCE_CHARACTERS = 500


def empty(name: str) -> EmptyFile:
    """There is not one byte, or not one character, in it."""
    return EmptyFile(f"“{name}” is empty.", name=name)


def too_large(name: str, limit_bytes: int) -> FileTooLarge:
    """It has more bytes than an upload may have."""
    limit = limit_bytes / MEGABYTE
    return FileTooLarge(f"“{name}” is larger than the limit of {limit:g} MB.", name=name, limit_mb=limit)


def unpacks_too_large(name: str, limit_bytes: int) -> UnreadableFile:
    """A small archive that would unpack to far more than any real one."""
    limit = limit_bytes // MEGABYTE
    return UnreadableFile(
        f"“{name}” unpacks to more than the limit of {limit} MB.", name=name, limit_mb=limit
    )


def unsupported(name: str, what: str, advice: str = "") -> UnsupportedFile:
    """No reader for what it holds; `what` continues “… is”, `advice` is a clause with a verb."""
    end = f"; {advice}." if advice else ", which cannot be read."
    return UnsupportedFile(f"“{name}” is {what}{end}", name=name)


def damaged(name: str, what: str) -> UnreadableFile:
    """It says that it is a `what`, and no reader can open it."""
    return UnreadableFile(f"“{name}” is a damaged {what} that cannot be opened.", name=name)


def locked(name: str, *, wrong: bool) -> PasswordRequired:
    """It is encrypted; `wrong` where a password was given."""
    if wrong:
        return PasswordRequired(f"The password does not open “{name}”.", name=name, wrong=1)
    return PasswordRequired(f"“{name}” is encrypted: give its password.", name=name)


def locked_for_good(name: str, what: str) -> UnsupportedFile:
    """It is encrypted in a way for which there is no reader here, password or not."""
    return unsupported(name, f"an encrypted {what}", "save it without a password")


def locked_by(name: str, what: str) -> UnsupportedFile:
    """It is encrypted for the holders of a key, such as a certificate."""
    return unsupported(name, f"locked with {what}", "save it without this lock")


def out_of_time(name: str, limits: ReaderLimits) -> UnreadableFile:
    """Reading it took longer than a file may."""
    sentence = f"Reading “{name}” took longer than the limit of {limits.seconds:g} seconds."
    return UnreadableFile(sentence, name=name, limit_seconds=limits.seconds)


def out_of_memory(name: str, limits: ReaderLimits) -> UnreadableFile:
    """Reading it needed more memory than a file may use."""
    limit = limits.memory_bytes // MEGABYTE
    return UnreadableFile(
        f"Reading “{name}” needed more memory than the limit of {limit} MB.", name=name, limit_mb=limit
    )


def crashed(name: str) -> UnreadableFile:
    """Its reader died."""
    return UnreadableFile(f"“{name}” is damaged: its reader broke down.", name=name)


def not_started(name: str) -> NoReader:
    """No child could be started to read it."""
    return NoReader(f"“{name}” cannot be read just now. Try again in a moment.", name=name)


def from_child(fields: dict[str, object], name: str) -> AttachmentError:
    """Return the error that a child reports; nothing in `fields` is trusted."""
    kind = KINDS.get(str(fields.get("error")), UnreadableFile)
    details = fields.get("details")
    known = {
        key: value
        for key, value in (details.items() if isinstance(details, dict) else ())
        if isinstance(key, str) and isinstance(value, str | int | float)
    }
    return kind(str(fields.get("message"))[:SENTENCE_CHARACTERS], **{**known, "name": name})


def no_such_page(name: str, page: int) -> UnreadableFile:
    """A page that cannot be drawn, or is not there."""
    return UnreadableFile(f"Page {page} of “{name}” cannot be shown.", name=name, page=page)


def too_many_pixels(name: str, limit: int) -> UnreadableFile:
    """A picture that would unpack to more pixels than any camera makes."""
    sentence = f"“{name}” has more pixels than the limit of {limit // 1_000_000} million."
    return UnreadableFile(sentence, name=name, limit_pixels=limit)
