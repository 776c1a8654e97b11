"""Names of fields that a request misspells: `file_ids`, `fileId`, `conversationid`. Knows no field itself.

Fields that no route knows are ignored, so that clients can send those of other protocols. One that is nearly
a field of ours is refused: a file or a conversation would be left out of the question without a word.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

LIKENESS = 0.82  # of two names, as difflib measures it: a letter too many, or two exchanged
SHORTEST = 5  # letters: of shorter names others are as near
MEANT = {"file": "file_id", "files": "file_id"}
MOST_FIELDS, LONGEST_NAME = 100, 40


class MisnamedField(ValueError):
    """A field of a request that is misspelled. field: as it was sent."""

    def __init__(self, field: str, meant: str) -> None:
        super().__init__(f"There is no field “{field}”: {meant} is its name.")
        self.field = field


def find_misnamed(given: Mapping[str, object], known: Collection[str]) -> tuple[str, str] | None:
    """Return the first field that is misspelled, and the known one that is meant; None where there is none.

    A field without a value loses nothing, and is none.
    """
    unknown = [name for name, value in given.items() if name not in known and value]
    names = {_squeeze(name): name for name in known} if unknown else {}
    for name in unknown[:MOST_FIELDS]:
        if meant := _find_meant(name, names):
            return name, meant
    return None


def _find_meant(name: str, names: Mapping[str, str]) -> str:
    squeezed = _squeeze(name)
    if name.casefold() in MEANT:
        return MEANT[name.casefold()]
    if not SHORTEST <= len(squeezed) <= LONGEST_NAME:
        return ""
    near = get_close_matches(squeezed, names, n=1, cutoff=LIKENESS)
    return names[near[0]] if near else ""


def _squeeze(name: str) -> str:
    return "".join(filter(str.isalnum, name[: 2 * LONGEST_NAME])).casefold()
