"""Working copies: the least lately used ones leave the disk, those that are being read stay."""

from __future__ import annotations

from pathlib import Path

from chat.files.working_copies import Load, WorkingCopies


def loads(data: bytes | None, calls: list[int] | None = None) -> Load:
    async def load() -> bytes | None:
        if calls is not None:
            calls.append(1)
        return data

    return load


async def test_the_least_lately_used_copy_makes_room_and_is_restored_when_it_is_needed(
    tmp_path: Path,
) -> None:
    copies, calls = WorkingCopies(tmp_path / "copies", 20), list[int]()
    for id in ("a", "b", "a", "c"):
        path = await copies.get(id, loads(id.encode() * 10, calls))
        assert path is not None
        assert path.read_bytes() == id.encode() * 10
    assert len(calls) == 3
    assert [copies.path(id).exists() for id in "abc"] == [True, False, True]
    await copies.get("b", loads(b"b" * 10, calls))
    assert (len(calls), copies.bytes) == (4, 20)
    assert await copies.get("none", loads(None)) is None


async def test_a_copy_that_is_being_read_stays(tmp_path: Path) -> None:
    copies = WorkingCopies(tmp_path / "copies", 5)
    (tmp_path / "upload").write_bytes(b"0123456789")
    held = await copies.hold("held", tmp_path / "upload")
    await copies.get("other", loads(b"123"))
    assert held.exists()
    copies.release("held")
    assert not held.exists()
    copies.remove("other")
    assert copies.bytes == 0
