"""The JSON bodies of the routes, as OpenAPI shows them. Knows no route and no engine."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field, field_validator, model_validator

from chat.http.field_names import MisnamedField, find_misnamed
from chat.http.sse import NAMED
from chat.turns.turn import Options, Turn

MAX_MESSAGE_CHARACTERS = 2_000_000
MAX_FILE_CHARACTERS = 50_000_000
FRAME_SCHEMA = {  # of each event in a stream; chat.http.sse writes them
    "type": "object",
    "required": ["data"],
    "properties": {
        "id": {
            "type": "string",
            "description": "<generation_id>:<n>, for Last-Event-ID. Every event of a generation has one",
        },
        "event": {"enum": ["message", "resumed", *sorted(NAMED)], "description": "Not there for `message`"},
        "data": {
            "type": "string",
            "description": "JSON: the first event's names and receipt, then the provider's chunks verbatim, "
            "citations, an error; [DONE] at the end",
        },
        "retry": {"type": "integer", "description": "Milliseconds until EventSource comes back"},
    },
}


class TurnBody(BaseModel):
    """The fields of a turn, the same for GET's query and POST's JSON."""

    user_message: str = Field(
        min_length=1,
        max_length=MAX_MESSAGE_CHARACTERS,
        description="The question",
        json_schema_extra={"pattern": r"\S"},
    )
    file_content: str = Field(
        "", max_length=MAX_FILE_CHARACTERS, description="Text of a file, put before the question"
    )
    file_id: list[str] = Field([], max_length=100, description="Files from POST /ai/files; repeatable")
    conversation_id: str = Field("", max_length=100, description="Go on with this conversation")
    model: str = Field("", max_length=200, description="One of the endpoint's models, or `quotes`")
    request_id: str = Field("", max_length=200, description="Yours; the same id never starts a second answer")
    system_prompt: str = Field("", max_length=100_000, description="In place of the owner's")
    temperature: float | None = Field(None, ge=0, le=2, description="The model's own where it is not given")
    read_whole: bool = Field(False, description="Read the files whole, part by part: one request for each")
    show_scans: bool = Field(False, description="Show pages that hold no text to the model, as pictures")
    max_tokens: int | None = Field(None, ge=1, le=1_000_000, description="Longest answer, tokens")

    @model_validator(mode="before")
    @classmethod
    def _refuse_misnamed(cls, value: object) -> object:
        found = find_misnamed(value, cls.model_fields) if isinstance(value, Mapping) else None
        if found:
            raise MisnamedField(*found)
        return value

    @field_validator("file_id", mode="before")
    @classmethod
    def _wrap(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def turn(self) -> Turn:
        """Return the turn that these fields ask for."""
        return Turn(
            user_message=self.user_message,
            file_content=self.file_content,
            file_ids=tuple(self.file_id),
            conversation_id=self.conversation_id,
            request_id=self.request_id,
            options=Options(
                model=self.model,
                system_prompt=self.system_prompt,
                temperature=self.temperature,
                max_tokens=self.max_tokens,
                reads_whole=self.read_whole,
                shows_scans=self.show_scans,
            ),
        )


class Started(BaseModel):
    """A generation that was started, and where its events are."""

    generation_id: str
    conversation_id: str
    events: str


class Ended(BaseModel):
    """How a generation ended. finish_reason: the provider's, `cancelled`, `abandoned`, or `error`."""

    generation_id: str
    finish_reason: str


class ReadingProblem(BaseModel):
    """What could not be read. pages: their labels; empty: the whole file."""

    kind: str
    pages: list[str]
    note: str


class FileRead(BaseModel):
    """What was read of a file, and what was not."""

    file_id: str
    name: str
    media_type: str
    bytes: int
    characters: int
    pages: int
    problems: list[ReadingProblem]


class FileListed(FileRead):
    """A file of a conversation. excluded: later questions are asked without it."""

    excluded: bool


class PageText(BaseModel):
    """A page's text, and where it stands on the page.

    number: of `pages`. label: the page's name, such as a sheet's; printed: what the file prints on it. start:
    offset in the file's text; None for a page that was not read. spans: lines of the text, each [start, end,
    left, top, right, bottom]: offsets into `text`, and fractions of the page. boxes: the same of the quote.
    is_known: whether each of the quote's letters on this page has a box.
    """

    number: int
    pages: int
    label: str
    printed: str
    heading: str
    start: int | None
    text: str
    has_image: bool
    spans: list[list[float]]
    boxes: list[list[float]]
    is_known: bool


class Failure(BaseModel):
    """retry_after: seconds. details: the values that the message speaks of."""

    message: str
    type: str
    retryable: bool
    retry_after: float | None = None
    details: dict[str, str | int | float] | None = None


class ErrorBody(BaseModel):
    """Every failure: a sentence, its stable type, and whether a retry can help."""

    error: Failure
