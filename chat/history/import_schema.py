"""The schema of what an export holds beside its texts: receipts, citations, errors, figures, documents.

The page reads these values as this program wrote them, so that a conversation with others could never be
shown. What is not named here is kept as it stands: a newer version may have added it. Knows no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from chat.documents.document import Document

Count = Annotated[int, Field(ge=0, le=10**12)]
Cell = str | int | float | bool | None  # of a result
Number = Annotated[float, Field(ge=0, le=1e12)]


class _Checked(BaseModel):
    """Values are checked and not converted: what is kept is what stands in the file."""

    model_config = ConfigDict(extra="allow", strict=True)


class _Problem(_Checked):
    kind: str
    pages: list[str] = []
    note: str = ""


class _Passage(_Checked):
    pages: list[str]
    start: Count
    end: Count


class _File(_Checked):
    name: str
    unit: str
    pages: Count
    pages_sent: Count
    characters: Count
    used: Count
    mode: str
    passages: list[_Passage] = []
    unread: list[_Problem] = []
    is_complete: bool = True


class _Table(_Checked):
    place: str
    rows: Count
    covered: Count
    titles: dict[str, str] = {}
    empty: dict[str, Count] = {}
    untyped: dict[str, Count] = {}
    left_out: dict[str, Count] = {}
    remark: str = ""


class _ResultColumn(_Checked):
    name: str
    kind: str


class _Rows(_Checked):
    columns: list[_ResultColumn] = []
    rows: list[list[Cell]] = []

    @model_validator(mode="after")
    def _is_even(self) -> Self:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("a row has more or fewer cells than there are columns")
        return self


class _Order(_Checked):
    by: str
    descending: bool


class _Outline(_Checked):
    columns: list[str] = []
    where: str = ""
    groups: list[str] = []
    having: str = ""
    orders: list[_Order] = []
    limit: str = ""


class _Computation(_Rows):
    sql: str
    row_count: Count = 0
    tables: list[_Table] = []
    behind: _Rows | None = None
    outline: _Outline | None = None


class _Receipt(_Checked):
    budget: Count
    characters: Count
    files: list[_File] = []
    omitted_messages: Count = 0
    notes: list[str] = []
    search_terms: str = ""
    excluded: list[str] = []
    computation: _Computation | None = None


class _Citation(_Checked):
    status: str
    text: str
    name: str
    kind: str = ""
    cited_page: str = ""
    page: str = ""
    printed: str = ""
    unit: str = ""
    said: str = ""
    stands: str = ""
    passage: str = ""
    passage_start: Count = 0
    passage_end: Count = 0
    confidence: Number = 0.0
    condition: str = ""


class _Error(_Checked):
    type: str
    message: str = ""
    retry_after: Number | None = None
    request_id: str = ""
    details: dict[str, str | Number | bool] = {}


class _Usage(_Checked):
    total_tokens: Count | None = None
    completion_tokens: Count | None = None


_SCHEMAS: Mapping[str, TypeAdapter[Any]] = {
    "receipt": TypeAdapter(_Receipt | None),
    "citations": TypeAdapter(list[_Citation] | None),
    "error": TypeAdapter(_Error | None),
    "usage": TypeAdapter(_Usage | None),
    "timings": TypeAdapter(dict[str, Number | None] | None),
    "finish_reason": TypeAdapter(Annotated[str, Field(max_length=100)] | None),
    "liked": TypeAdapter(bool | None),
}
_DOCUMENT = TypeAdapter(Document)


def check_field(name: str, value: object) -> Any:
    """Return a field of an exported message. Raises ValueError for a value that the page cannot show."""
    _SCHEMAS[name].validate_python(value, strict=True)
    return value


def check_document(value: object) -> Document:
    """Return the document of an exported file. Raises ValueError."""
    document: Document = _DOCUMENT.validate_python(value)
    return document
