"""What the requirements bring along: known weaknesses, and licences.

    python -m tests.audit

Ends with status 1 where a requirement has a known weakness, or a licence under which the app could not be
passed on. What the database of weaknesses cannot be asked about, it names, and goes on.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.hosting.test_space import installed_by_requirements

ROOT = Path(__file__).resolve().parent.parent
NOT_PASSED_ON = ("AGPL", "AFFERO", "SSPL", "GPL-2.0-ONLY", "PROPRIETARY")
SECONDS = 300


def ask_database(requirements: Path) -> dict[str, Any]:
    """Return what pip-audit says of them and of what they bring along; nothing where it does not answer."""
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--format", "json"]
    try:
        done = subprocess.run(
            [*command, "--requirement", requirements],
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        return dict(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return {"dependencies": []}


def read_weaknesses(answer: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each known weakness."""
    return [
        f"{one['name']} {one['version']}: {weak['id']}, mended in {', '.join(weak['fix_versions']) or '-'}"
        for one in answer["dependencies"]
        for weak in one.get("vulns", ())
    ]


def count_asked(answer: Mapping[str, Any]) -> str:
    """Say how many could be asked about: to know of no weakness is worth nothing where nobody was asked."""
    unasked = [one["name"] for one in answer["dependencies"] if "skip_reason" in one]
    asked = len(answer["dependencies"]) - len(unasked)
    return f"{asked} asked about" + (f", and not: {', '.join(unasked)}" if unasked else "")


def read_licence(metadata: Mapping[str, Any], classifiers: Iterable[str] = ()) -> str:
    """Return the licence that a distribution names, as an expression, a classifier, or a text."""
    named = [line.rpartition("::")[2].strip() for line in classifiers if line.startswith("License ::")]
    text = str(metadata.get("License") or "").strip().partition("\n")[0][:60]
    return str(metadata.get("License-Expression") or "; ".join(named) or text or "(not named)")


def list_licences(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the distributions by licence; those that are not installed are left out."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        try:
            metadata = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found[read_licence(metadata, metadata.get_all("Classifier") or ())].append(name)  # type: ignore[arg-type]
    return dict(found)


def main() -> int:
    answer = ask_database(ROOT / "requirements.txt")
    weaknesses = read_weaknesses(answer)
    print(f"Known weaknesses: {len(weaknesses)} ({count_asked(answer)})", *weaknesses, sep="\n  ")
    licences = list_licences(installed_by_requirements())
    for licence, names in sorted(licences.items()):
        print(f"{licence}: {', '.join(names)}")
    refused = [name for name in licences if any(part in name.upper() for part in NOT_PASSED_ON)]
    print(*(f"NOT TO BE PASSED ON: {name}: {', '.join(licences[name])}" for name in refused), sep="\n")
    return int(bool(weaknesses or refused))


if __name__ == "__main__":
    sys.exit(main())
