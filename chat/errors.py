"""The exception tree. Every message is a sentence that may be shown to a user.

    ChatError                   str(error) is safe to show: no key, no path, no traceback, no provider text
    ├── SettingError            a setting with an invalid value; stops the start
    ├── InvalidRequest          the request itself is wrong
    ├── NotFound                no such thing, or one of another visitor: the two look the same
    │   └── TemporaryOver       a temporary conversation that no process keeps any more
    ├── NotAllowed              a log-in or a token is required
    ├── OtherSite               another web site, or another name of this server, asks for it
    ├── Stopping                the server is stopping and starts no more answers
    ├── Refused                 a limit is reached; names it, and the time of the next try
    ├── NoModel                 no model is available, yet or at all
    ├── NoChatModel             the endpoint lists models, and none that chats
    ├── Interrupted             the server stopped during an answer
    ├── AnswerTooLong           the answer exceeded a limit; a retry would, too
    ├── Unreachable             the answer is on another replica, which cannot be reached now
    ├── AttachmentError         a file that cannot be used
    │   ├── UnsupportedFile     no reader for its content
    │   ├── EmptyFile           no content
    │   ├── FileTooLarge        more bytes than MAX_UPLOAD_MB
    │   ├── PasswordRequired    encrypted, and the password is missing or wrong
    │   ├── UnreadableFile      damaged, or reading exceeded a limit of time or memory
    │   └── NoReader            no reader process can start now
    ├── ContextOverflow         the last message alone exceeds the context window of the model
    ├── HistoryUnavailable      the database cannot be read or written now; the chat goes on
    └── ProviderError           the model's endpoint failed; `type` says how

`type` is the stable name on the wire and the key of the page's translations; `details` are their values.
Before a generation exists, errors are raised; afterwards they are events in its log. Of HTTP this module
knows only the status of each error, so that the routes need no table of their own.
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
        """Return the JSON body of every failing route and every error frame."""
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


class SilentBody(ChatError):
    """The rest of a request did not come in time."""

    type = "silent"
    status = 408
    retryable = True


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


class OtherSite(ChatError):
    type = "other_site"
    status = 403


class Stopping(ChatError):
    type = "stopping"
    status = 503
    retryable = True
    retry_after = 5.0


class Refused(ChatError):
    """A limit is reached. `type` names the limit; `retry_after` is in seconds."""

    status = 429
    retryable = True

    def __init__(
        self, message: str, *, type: str = "busy", retry_after: float, **details: str | int | float
    ) -> None:
        super().__init__(message, **details)
        self.type = type
        self.retry_after = retry_after


class NoModel(ChatError):
    """Only `quotes` is available, which answers questions about files only."""

    type = "no_model"
    status = 503
    retryable = True
    retry_after = 3


class NoChatModel(ChatError):
    type = "no_chat_model"
    status = 502


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
    """`details["name"]` is the name of the uploaded file."""

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
    """`details["wrong"]` is 1 if a password was given and does not open the file."""

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
        self.refuses_pictures = False  # whether the endpoint says that the model takes none
