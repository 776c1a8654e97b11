"""What can go wrong, as sentences that may be shown to a user.

    ChatError                   str(error) is safe to show: no key, no path, no traceback, no provider text
    ├── SettingError            a setting that cannot be right; stops the start
    ├── InvalidRequest          the request itself is wrong
    ├── NotFound                no such thing, or not yours: the two look the same
    │   └── TemporaryOver       a temporary conversation that this process does not keep, or not any more
    ├── NotAllowed              a log-in or a token is needed
    ├── Stopping                the server stops, and starts no more answers
    ├── Refused                 a limit was reached; says which, and when to try again
    ├── NoModel                 nobody there who could answer, yet or at all
    ├── Interrupted             the server stopped while it wrote an answer
    ├── AnswerTooLong           it grew past a limit and was cut; another try would be too
    ├── Unreachable             the answer is written by another replica, which cannot be reached now
    ├── AttachmentError         a file that cannot be used
    │   ├── UnsupportedFile     no reader for what it holds
    │   ├── EmptyFile           nothing in it
    │   ├── FileTooLarge        more bytes than MAX_UPLOAD_MB
    │   ├── PasswordRequired    encrypted, and no password or a wrong one was given
    │   ├── UnreadableFile      damaged, or reading it broke a limit of time or memory
    │   └── NoReader            none can be started now, whatever the file
    ├── ContextOverflow         the last message alone does not fit the model's context window
    ├── HistoryUnavailable      the database cannot be read or written now; the chat goes on without it
    └── ProviderError           the model's endpoint failed; `type` says how

`type` is the stable name on the wire and the key of the page's translations; `details` are its values.
Before a generation exists errors are raised; after, they are events in its log. Knows no HTTP but the status
that fits each error, so that the routes need no table of their own.
"""

from __future__ import annotations

from chat.request_id import REQUEST_ID


class ChatError(Exception):
    """A failure with a sentence for the user. `retry_after` is in seconds."""

    type = "internal_error"
    status = 500
    retryable = False
    retry_after: float | None = None

    def __init__(self, message: str, **details: str | int | float) -> None:
        super().__init__(message)
        self.details = details

    def body(self) -> dict[str, object]:
        """Return the JSON body that every failing route and every error frame carries."""
        error: dict[str, object] = {"message": str(self), "type": self.type, "retryable": self.retryable}
        if self.retry_after is not None:
            error["retry_after"] = round(self.retry_after, 3)
        if self.details:
            error["details"] = self.details
        if REQUEST_ID.get():
            error["request_id"] = REQUEST_ID.get()
        return {"error": error}


class SettingError(ChatError):
    type = "setting"


class InvalidRequest(ChatError):
    type = "invalid_request"
    status = 422


class NotFound(ChatError):
    type = "not_found"
    status = 404


class TemporaryOver(NotFound):
    type = "temporary_over"


class NotAllowed(ChatError):
    type = "not_allowed"
    status = 401


class Stopping(ChatError):
    type = "stopping"
    status = 503
    retryable = True
    retry_after = 5.0


class Refused(ChatError):
    """A limit was reached. `type` names the limit; `retry_after` is in seconds."""

    status = 429
    retryable = True

    def __init__(
        self, message: str, *, type: str = "busy", retry_after: float, **details: str | int | float
    ) -> None:
        super().__init__(message, **details)
        self.type = type
        self.retry_after = retry_after


class NoModel(ChatError):
    """`quotes` alone is there, and it answers about files only."""

    type = "no_model"
    status = 503
    retryable = True
    retry_after = 3


class Interrupted(ChatError):
    type = "interrupted"
    status = 503
    retryable = True


class AnswerTooLong(ChatError):
    type = "answer_too_long"


class Unreachable(ChatError):
    type = "unreachable"
    status = 503
    retryable = True
    retry_after = 2.0

    def __init__(self, message: str = "This answer cannot be reached now. Try again in a moment.") -> None:
        super().__init__(message)


class AttachmentError(ChatError):
    """`details["name"]` is the file's name as the user gave it."""

    type = "attachment"
    status = 422


class UnsupportedFile(AttachmentError):
    type = "unsupported_file"
    status = 415


class EmptyFile(AttachmentError):
    type = "empty_file"


class FileTooLarge(AttachmentError):
    type = "file_too_large"
    status = 413


class PasswordRequired(AttachmentError):
    """`details["wrong"]` is 1 where a password was given and does not open the file."""

    type = "password_required"


class UnreadableFile(AttachmentError):
    type = "unreadable_file"


class NoReader(AttachmentError):
    type = "no_reader"
    status = 503
    retryable = True
    retry_after = 5.0


class ContextOverflow(ChatError):
    type = "context_overflow"
    status = 413


class HistoryUnavailable(ChatError):
    type = "history_unavailable"
    status = 503
    retryable = True


class ProviderError(ChatError):
    """The endpoint failed. `type` is one of the kinds in chat.completions; `retry_after` in seconds."""

    status = 502

    def __init__(
        self,
        message: str,
        *,
        type: str,
        retryable: bool = False,
        retry_after: float | None = None,
        **details: str | int | float,
    ) -> None:
        super().__init__(message, **details)
        self.type = type
        self.retryable = retryable
        self.retry_after = retry_after
