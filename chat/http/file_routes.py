"""The route of files: an upload is read at once, and questions name it by its `file_id`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import anyio
from fastapi import File, Form, UploadFile

from chat.errors import FileTooLarge
from chat.http.ai_router import create_ai_router
from chat.http.caller import StartingCaller, TheEngine
from chat.http.schemas import FileRead, ReadingProblem

COPY_BYTES = 1 << 20

router = create_ai_router("files")


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
        document = attachment.document
    problems = [
        ReadingProblem(kind=one.kind, pages=list(one.pages), note=one.note) for one in document.problems
    ]
    return FileRead(
        file_id=attachment.id,
        name=document.name,
        media_type=document.media_type,
        bytes=document.size,
        characters=len(document.text),
        pages=document.page_count,
        problems=problems,
    )


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
