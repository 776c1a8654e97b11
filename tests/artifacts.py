"""What a failing test leaves in `test-artifacts/`, which CI keeps: a folder for each test.

`report-call.txt` has the failure with the output and log of the test's own process, `tab-N.png`, `tab-N.html`
and `tab-N.console.txt` show an open tab, `server-N.log` the output of an application in a process of its own.
conftest.py says which test runs. Tabs and processes add theirs when a failure passes them, or when they close
after one.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "test-artifacts"
NAME_CHARACTERS_MAX = 150


class Artifacts:
    """The files of the test that runs."""

    def __init__(self) -> None:
        self.folder = FOLDER
        self.has_failed = False
        self._test = "no-test"
        self._count = 0

    def begin(self, test: str) -> None:
        """A test starts, by its node id."""
        self._test, self._count, self.has_failed = test, 0, False

    def path(self, name: str) -> Path:
        """Return where a file of this test goes. Its folder is there then."""
        folder = self.folder / re.sub(r"[^\w.-]+", "-", self._test)[-NAME_CHARACTERS_MAX:]
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def number(self) -> int:
        """Return the next number for a tab or a server of this test."""
        self._count += 1
        return self._count

    def write(self, name: str, text: str) -> None:
        self.path(name).write_text(text, "utf-8")


ARTIFACTS = Artifacts()
