"""What words may call the columns of a table by: whole names, the last of several rows, and parts of them.

Pure functions over titles, and names in SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations

from chat.unicode_forms import normalize

MOST_PARTS = 3  # of a name over several rows
Named = Sequence[tuple[str, str]]  # the name in SQL and the title of each column
NameIndex = Mapping[str, Sequence[int]]  # the numbers of the columns that a name fits


def fold_name(name: str) -> str:
    """Return a name as it is compared: in small letters, with single spaces."""
    return " ".join(normalize("NFKC", name).casefold().split())


def index_names(columns: Named) -> tuple[NameIndex, NameIndex, NameIndex]:
    """Return the names of columns: the whole ones, the last rows, and parts in any order."""
    found = tuple(dict[str, list[int]]() for _ in range(3))
    for number, (name, title) in enumerate(columns):
        folded = fold_name(title)
        parts = [fold_name(part) for part in title.split(" | ")]
        bare = [_without_unit(part) for part in parts]
        last, joined = (parts[-1], bare[-1]), (*_join(parts), *_join(bare))
        for index, names in zip(found, (_whole(name, folded), last, joined), strict=True):
            for one in set(names) - {""}:
                index.setdefault(one, []).append(number)
    return found[0], found[1], found[2]


def _whole(name: str, title: str) -> Iterable[str]:
    return (
        title,
        _without_unit(title),
        title.replace(" ", ""),
        title.replace("_", " "),
        name,
        name.replace("_", " "),
    )


def _without_unit(title: str) -> str:
    return re.sub(r"\s*[(\[（【][^()\[\]（）【】]*[)\]）】]$", "", title)


def _join(parts: Sequence[str]) -> Iterable[str]:
    """Return the names of `2023 | Revenue | € thousand`: `revenue`, `2023 revenue`, `revenue 2023`."""
    if len(parts) < 2:
        return ()
    parts = parts[:MOST_PARTS]
    chosen = [one for count in range(1, len(parts) + 1) for one in permutations(parts, count)]
    return [sign.join(one) for one in chosen for sign in (" ", "")]
