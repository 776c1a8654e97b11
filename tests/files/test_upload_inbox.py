"""Uploads between Gradio and the event that reads them."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

import pytest

from chat.errors import NotFound, Refused
from chat.files.upload_inbox import INODE_BYTES, KEPT_SECONDS, UploadInbox, cost_of
from chat.shares import Limit
from chat.visitors import Guest, Visitor


def put(inbox: UploadInbox, path: Path) -> Path:
    return inbox.put(path, secrets.token_hex(8))


def write(path: Path, text: str = "text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_an_upload_moves_under_a_path_of_its_own(tmp_path: Path) -> None:
    inbox = UploadInbox(tmp_path / "inbox")
    first = put(inbox, write(tmp_path / "hash" / "notes.txt"))
    second = put(inbox, write(tmp_path / "hash" / "notes.txt"))
    assert first != second
    assert first.name == "notes.txt"
    assert not (tmp_path / "hash" / "notes.txt").exists()
    assert inbox.take(str(first)) == first
    inbox.discard(first)
    with pytest.raises(NotFound):
        inbox.take(str(first))
    assert inbox.take(str(second)).read_text() == "text"


def test_two_simultaneous_uploads_of_one_content_are_both_kept(tmp_path: Path) -> None:
    inbox = UploadInbox(tmp_path / "inbox")
    shared = write(tmp_path / "hash" / "notes.txt")
    kept = [put(inbox, shared), put(inbox, shared)]
    inbox.discard(kept[0])
    assert kept[1].read_text() == "text"
    with pytest.raises(NotFound):
        put(inbox, tmp_path / "never" / "there.txt")


@pytest.mark.parametrize("path", ["/etc/passwd", "", "inbox/../../secret.txt", "a/b"])
def test_no_other_path_is_taken(tmp_path: Path, path: str) -> None:
    write(tmp_path / "secret.txt")
    with pytest.raises(NotFound):
        UploadInbox(tmp_path / "inbox").take(path)


def test_links_and_parent_folders_are_refused(tmp_path: Path) -> None:
    inbox, secret = UploadInbox(tmp_path / "inbox"), write(tmp_path / "secret.txt")
    kept = put(inbox, write(tmp_path / "mine.txt"))
    (kept.parent / "link").symlink_to(secret)
    for path in (
        kept.parent / "link",
        kept.parent / ".." / ".." / "secret.txt",
        tmp_path / "inbox" / ".." / "..",
    ):
        with pytest.raises(NotFound):
            inbox.take(str(path))


def test_uploads_that_no_event_reads_are_deleted(tmp_path: Path) -> None:
    inbox = UploadInbox(tmp_path / "inbox")
    old = put(inbox, write(tmp_path / "old.txt"))
    long_ago = time.time() - KEPT_SECONDS - 1
    os.utime(old.parent, (long_ago, long_ago))
    new = put(inbox, write(tmp_path / "new.txt"))
    assert [entry.name for entry in (tmp_path / "inbox").iterdir()] == [new.parent.name]


def test_past_a_share_the_visitors_own_oldest_is_deleted_and_no_other(tmp_path: Path) -> None:
    cost = cost_of(write(tmp_path / "one.txt"))
    assert cost >= 3 * INODE_BYTES  # one byte takes a block and two inodes
    inbox = UploadInbox(tmp_path / "inbox", Limit(of_visitor=2 * cost, total=4 * cost))
    mine, other = Visitor(Guest.of("mine")), Visitor(Guest.of("other"))
    kept = [
        inbox.put(write(tmp_path / f"{n}.txt"), secrets.token_hex(8), visitor)
        for n, visitor in enumerate((other, mine, mine, mine))
    ]
    assert [path.exists() for path in kept] == [True, False, True, True]
    assert inbox.shares.total == 3 * cost
    large = write(tmp_path / "large.txt", "x" * 3 * cost)
    with pytest.raises(Refused):
        inbox.put(large, secrets.token_hex(8), mine)
    assert not large.exists()
    inbox.discard(kept[0])
    assert inbox.shares.total == 0
