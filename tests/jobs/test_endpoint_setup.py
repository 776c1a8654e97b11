"""Where completions come from, while the embedded model is still being downloaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import constants

from chat.jobs import endpoint_discovery, endpoint_setup
from chat.settings import Settings
from chat.turns.models import Models
from tests.model_hub import point_at, serve_hub


async def test_a_download_begins_where_there_is_no_model_and_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_discovery, "MODEL_SERVERS", ())
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    settings = Settings.from_env({"LOCAL_MODEL": "owner/repo:large.gguf"})
    models = Models(settings)
    with serve_hub({"owner/repo/large.gguf": bytes(3_000_000)}) as hub:
        hub.allow(0)
        point_at(hub.url, monkeypatch)
        async with endpoint_setup.connect(settings, models):
            await models.names()  # returns as soon as it is known that a model takes long
            assert models.download is not None
            assert (models.download.state, models.download.name) == ("running", "large")
        assert models.download.state == "paused"
