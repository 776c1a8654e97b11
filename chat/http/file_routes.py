"""The routes of files: an upload is read at once, and questions name it by its `file_id`.

A conversation lists its files. One that is excluded there stays, but later questions are asked without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import anyio
from fastapi import Body, File, Form, UploadFile
from fastapi import Path as PathParameter

from chat.errors import FileTooLarge
from chat.files.attachment import Attachment
from chat.files.conversation_files import ConversationFile
from chat.http.ai_router import create_ai_router
from chat.http.caller import Caller, StartingCaller, TheEngine
from chat.http.schemas import FileListed, FileRead, ReadingProblem

COPY_BYTES = 1 << 20

router = create_ai_router("files")
ConversationId = Annotated[str, PathParameter(description="As the first event of an answer names it")]
FileOfConversation = Annotated[str, PathParameter(description="One of the conversation's files")]


@router.post("/files", status_code=201)
async def read_file(
    engine: TheEngine,
    caller: StartingCaller,
    file: Annotated[UploadFile, File(description="The file")],
    password: Annotated[str, Form(description="Opens an encrypted file")] = "",
) -> FileRead:
    """Read a file, for questions with its `file_id`. `problems` lists the parts that could not be read."""
    with engine.inbox.scratch() as folder:
        path = await _save(file, folder / "upload", engine.settings.max_upload_bytes)
        attachment = await engine.attach(path, file.filename or "file", caller, password or None)
        await attachment.finish()
        await attachment.is_known.wait()
        return FileRead.model_validate(_describe(attachment))


@router.get("/conversations/{conversation_id}/files")
async def list_files(engine: TheEngine, caller: Caller, conversation_id: ConversationId) -> list[FileListed]:
    """Return the files of a conversation, the first one first."""
    return _list(await engine.conversation_files(conversation_id, caller.owner))


@router.post("/conversations/{conversation_id}/files/{file_id}")
async def use_file(
    engine: TheEngine,
    caller: Caller,
    conversation_id: ConversationId,
    file_id: FileOfConversation,
    excluded: Annotated[bool, Body(embed=True, description="Ask later questions without the file")],
) -> list[FileListed]:
    """Exclude a file from a conversation's later questions, or include it again; return all its files."""
    files = await engine.use_file(conversation_id, file_id, caller.owner, is_excluded=excluded)
    return _list(files)


def _list(files: Sequence[ConversationFile]) -> list[FileListed]:
    return [
        FileListed.model_validate({**_describe(one.attachment), "excluded": one.is_excluded}) for one in files
    ]


def _describe(attachment: Attachment) -> dict[str, object]:
    document = attachment.document
    problems = [
        ReadingProblem(kind=one.kind, pages=list(one.pages), note=one.note) for one in document.problems
    ]
    return {
        "file_id": attachment.id,
        "name": document.name,
        "media_type": document.media_type,
        "bytes": document.size,
        "characters": len(document.text),
        "pages": document.page_count,
        "problems": problems,
    }


async def _save(file: UploadFile, path: Path, limit: int) -> Path:
    """Write an upload to disk. Raises FileTooLarge past `limit` bytes."""
    size = 0
    async with await anyio.open_file(path, "wb") as target:
        while block := await file.read(COPY_BYTES):
            size += len(block)
            if size > limit:
                raise FileTooLarge(
                    f"{file.filename or 'The file'} is larger than {limit / 1e6:g} MB, which is the limit.",
                    name=file.filename or "",
                    limit_mb=limit / 1e6,
                )
            await target.write(block)
    return path
