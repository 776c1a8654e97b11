"""The child process that downloads one file of the Hugging Face Hub, for chat.local_model.weights_download.

It reads one line of JSON from stdin (the file), writes lines of JSON to stdout (`received` and `total` in
bytes; at the end `path` or `fault`), and ends when stdin ends. A process, because a thread cannot be ended.

huggingface_hub 2 deletes what it has of a file when it is interrupted (`hf_hub_download`). So its own
`http_get` writes to a `.part` file in the Hub's cache here, which the next download continues. It enters the
cache when its SHA-256 is that which the Hub names. Imports nothing of this project.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub import constants, get_hf_file_metadata, get_token, hf_hub_download, hf_hub_url
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from huggingface_hub.errors import RemoteEntryNotFoundError as FileNotInRepository
from huggingface_hub.file_download import http_get, repo_folder_name
from huggingface_hub.utils.tqdm import tqdm

NICENESS = 10  # the page has priority
HUB_TIMEOUT = 10.0  # seconds until a Hub that does not answer counts as unreachable
CHUNK_BYTES = 1 << 20  # between two reports; the Hub's own 10 MB are a minute on a slow line
SHA256 = re.compile(r"[0-9a-f]{64}")  # the ETag of a large file; a small one has another hash
Report = Callable[[int, int], None]


class Altered(Exception):
    """What has arrived is not the file that the Hub names."""


def main() -> None:
    """Download the file that stdin names."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
    try:
        path = download(
            job["repository"], job["file"], lambda received, total: _say(received=received, total=total)
        )
    except Exception as error:  # of the Hub's client, its HTTP library, the disk
        _say(fault=name_fault(error))
    else:
        _say(path=path)


def download(repository: str, file: str, report: Report) -> str:
    """Return the path of the file in the Hub's cache. report: called with the bytes received, and all."""
    url = hf_hub_url(repository, file)
    metadata = get_hf_file_metadata(url, timeout=HUB_TIMEOUT)
    etag, total = str(metadata.etag), int(metadata.size or 0)
    folder = find_blobs(repository)
    if not (folder / etag).exists():
        part = folder / f"{etag}.part"
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as out:
            received = out.tell()
            if shutil.disk_usage(folder).free < total - received:
                raise OSError(errno.ENOSPC, "the disk is full")
            report(received, total)
            bar: Any = type(
                "Reporter", (Reporter,), {"report": staticmethod(partial(_report_all, report, total))}
            )
            http_get(
                url, out, resume_size=received, headers=_find_headers(), expected_size=total or None,
                tqdm_class=bar,
            )  # fmt: skip
        _verify(part, etag)
        part.replace(folder / etag)
    return str(hf_hub_download(repository, file))  # which finds the blob, and gives it its name


def _find_headers() -> dict[str, str]:
    token = get_token()  # HF_TOKEN, or that of a log-in
    return {"authorization": f"Bearer {token}"} if token else {}


class Reporter(tqdm):  # type: ignore[type-arg, misc, unused-ignore]
    """A progress bar that draws nothing: each chunk is reported."""

    report: Callable[[int], None]

    def update(self, n: float | None = 1) -> bool | None:
        self.n += n or 0
        self.report(int(self.n))
        return None


def _report_all(report: Report, total: int, received: int) -> None:
    report(received, total)


def find_blobs(repository: str) -> Path:
    """Return the folder of the Hub's cache that has the files of a repository by their hash."""
    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repository, repo_type="model") / "blobs"


def _verify(part: Path, etag: str) -> None:
    """Raise Altered, and delete the file, unless its hash is the Hub's."""
    if not SHA256.fullmatch(etag):
        return
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != etag:
        part.unlink()
        raise Altered(found)


def name_fault(error: Exception) -> str:
    """Return what kind of fault it is: WeightsDownload.fault."""
    if isinstance(error, GatedRepoError):
        return "gated"
    if isinstance(error, RepositoryNotFoundError | FileNotInRepository):
        return "absent"
    if isinstance(error, Altered):
        return "altered"
    is_disk = isinstance(error, OSError) and error.errno in (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EACCES,
        errno.EROFS,
    )
    return "disk" if is_disk else "unreachable"


def _say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
