"""The folder of the page's static files: style, scripts, icons, samples.

In a source tree it stands beside the package, as `assets`. A wheel has it inside the package (setup.py).
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "assets"
ASSETS = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "assets"
