"""What stands beside the text of a Word file: notes with their marks, comments, tracked changes.

Filled while the body is walked, in its order. Knows no layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_CHANGES = 300
CHANGE_CHARACTERS = 300


@dataclass
class Asides:
    """notes: kind and id -> number, in the order of their marks. anchors: a comment's id -> its words."""

    notes: dict[tuple[str, str], int] = field(default_factory=dict)
    anchors: dict[str, list[str]] = field(default_factory=dict)
    has_hidden: bool = False
    _open: set[str] = field(default_factory=set)
    _changes: dict[tuple[str, str, str], None] = field(default_factory=dict)

    def mark_note(self, kind: str, key: str) -> str:
        """Return the mark of a note: footnotes and endnotes are numbered together."""
        return f"[^{self.notes.setdefault((kind, key), len(self.notes) + 1)}]"

    def begin_comment(self, key: str) -> None:
        self.anchors.setdefault(key, [])
        self._open.add(key)

    def end_comment(self, key: str) -> None:
        self._open.discard(key)

    def take(self, text: str) -> str:
        """Return a text of the body; it belongs to the comments that are open."""
        for key in self._open:
            self.anchors[key].append(text)
        return text

    def change(self, author: str, what: str, text: str) -> None:
        """Record that a text was inserted or deleted."""
        words = " ".join(text.split())[:CHANGE_CHARACTERS]
        if words and len(self._changes) < MOST_CHANGES:
            self._changes[author, what, words] = None

    def change_lines(self) -> Iterator[str]:
        """Yield a line for each tracked change; the text itself stands as if all were accepted."""
        for author, what, words in self._changes:
            yield f"Tracked change{f' by {author}' if author else ''}: {what} “{words}”"

    def comment_line(self, key: str, author: str, text: str) -> str:
        """Return a comment with the words that it is about."""
        anchor = " ".join("".join(self.anchors.get(key, ())).split())[:CHANGE_CHARACTERS]
        about = f" on “{anchor}”" if anchor else ""
        return f"Comment{f' by {author}' if author else ''}{about}: {text}" if author or about else text
