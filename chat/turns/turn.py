"""What a visitor asks for, as values. Knows neither where it came from nor how it is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Options:
    """What a visitor may choose for a turn; empty or None leaves it to the owner's settings.

    max_tokens: tokens of the answer. file_characters: budget for files, characters. reads_whole: read the
    files whole, part by part, before answering. shows_scans: show the model pages without text as pictures.
    explains: without a model, answer how to connect one instead of raising an error.
    """

    model: str = ""
    system_prompt: str = ""
    temperature: float | None = None
    max_tokens: int | None = None
    file_characters: int | None = None
    reads_whole: bool = False
    shows_scans: bool = False
    explains: bool = False

    def capped(self, tokens: int) -> Options:
        """Return them with at most so many tokens of an answer; 0: as they are."""
        return replace(self, max_tokens=min(self.max_tokens or tokens, tokens)) if tokens else self


@dataclass(frozen=True)
class Turn:
    """A user's message. parent_id: the message it follows; None: the shown branch's end; empty: a new root.

    file_content: text sent along as a file. request_id: the client's; the same one never starts twice.
    wants_title: let the model write the conversation's title later, when it is idle.
    """

    user_message: str
    file_content: str = ""
    file_ids: tuple[str, ...] = ()
    conversation_id: str = ""
    request_id: str = ""
    parent_id: str | None = None
    options: Options = Options()
    is_temporary: bool = False
    wants_title: bool = False
