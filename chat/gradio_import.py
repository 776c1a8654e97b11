"""Import Gradio without the stubs that it writes for editors beside its own files, at each import.

For that it parses the source of every component: two fifths of the time of `import gradio`. Installed by
`chat` itself, so before any module here imports Gradio. Checked against Gradio 6.31, as
chat/gradio_internals.py is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

MODULE, STUB_WRITER = "gradio.component_meta", "create_or_modify_pyi"


class StublessLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        vars(module)[STUB_WRITER] = write_no_stub


class StublessFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname == MODULE else None
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = StublessLoader(spec.loader.name, spec.loader.path)
        return spec


def write_no_stub(*_: object) -> None:
    """Stand where Gradio's own function writes the stub of a component."""


def install() -> None:
    sys.meta_path.insert(0, StublessFinder())
