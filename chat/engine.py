"""The one door that the page and the routes share: start, follow, stop, forget, close. Stub of the interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chat.documents import Document
from chat.generations import Generation
from chat.settings import Settings
from chat.turns import Options, Turn, Visitor


class Attachment:
    """A file that a visitor sent: its record and, while it is read, the reading (chat/attachments.py)."""

    id: str
    owner: str
    name: str
    document: Document  # a new value as it grows; .is_complete, .problems, .pages, .page_count
    is_image: bool


class Engine:
    settings: Settings
    notice: str  # a sentence to show on the page, such as "The Hub cannot be reached; set ...", or empty
    is_demo: bool  # only the tiny embedded model answers

    async def start(self, turn: Turn, visitor: Visitor) -> Generation:
        """Start answering a turn (or return the generation that its request_id names). Raises ChatError."""

    async def retry(self, message_id: str, visitor: Visitor, options: Options) -> Generation:
        """Answer the same user message again, as a sibling of the assistant message `message_id`."""

    async def resume_answer(self, message_id: str, visitor: Visitor, options: Options) -> Generation:
        """Continue a broken or stopped answer from its partial text (a new generation; same message grows)."""

    def find(self, generation_id: str, owner: str) -> Generation:
        """Return a generation to follow. Raises NotFound."""

    async def stop(self, generation_id: str, owner: str) -> Generation:
        """Stop it and return when its ending is in the log. Idempotent. Raises NotFound."""

    async def models(self) -> Sequence[str]:
        """Names for the picker, the default first, `quotes` always among them."""

    async def attach(self, path: Path, name: str, owner: str, password: str | None = None) -> Attachment:
        """Read a file; returns when its kind is known and the first text is there. Raises AttachmentError."""

    async def attachment(self, id: str, owner: str) -> Attachment: ...

    async def detach(self, id: str, owner: str) -> None: ...

    # History, owner-scoped, ready to show (waits for what is still being saved): self.history has
    # conversations(owner, query=...), rename, pin, delete, siblings, select_branch, like, export_*, import_json.
    async def branch(self, conversation_id: str, owner: str) -> Sequence[object]:
        """The shown branch of a conversation: chat.history.Message values, root first. A message whose
        finish_reason is None is being written by its generation_id."""

    async def aclose(self) -> None: ...
