"""Signing in with Hugging Face on a Space: whose things these are, and whose credits are spent."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import time
from pathlib import Path
from typing import Any

import gradio.oauth
import itsdangerous
import orjson
import pytest

from chat.settings import HUB_SIGN_IN, Settings
from chat.ui import sign_in
from chat.visitors import hash_secret
from tests.provider import Provider
from tests.security.test_isolation import ANNA, ask
from tests.servers import RunningApp, run_app

OAUTH = {
    "SYSTEM": "spaces",
    "SPACE_ID": "someone/xiaojia",
    "OAUTH_CLIENT_ID": "client",
    "OAUTH_CLIENT_SECRET": "hub-secret",
    "OAUTH_SCOPES": "openid profile inference-api",
    "OPENID_PROVIDER_URL": "https://hub.invalid",
}
TOKEN = "hf_visitors_own_token"


@pytest.fixture
def space(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Gradio reads a Space's variables by itself: when it is imported, and when the page is made."""
    for name, value in OAUTH.items():
        monkeypatch.setenv(name, value)
    for name in HUB_SIGN_IN:
        monkeypatch.setattr(gradio.oauth, name, OAUTH[name])
    return dict(OAUTH)


def cookie(name: str, *, seconds: float = 3600, secret: str = "hub-secret") -> dict[str, str]:
    """Return the cookie that Gradio leaves in the browser of who has signed in."""
    profile = {"preferred_username": name, "name": name, "profile": "", "picture": ""}
    session = {"access_token": TOKEN, "expires_at": time.time() + seconds, "scope": "", "userinfo": profile}
    key = hashlib.sha256(f"{secret}-v4".encode()).hexdigest()
    data = base64.b64encode(orjson.dumps({"oauth_info": session}))
    return {"cookie": f"session={itsdangerous.TimestampSigner(key).sign(data).decode()}"}


async def owners(app: RunningApp, *names: str) -> dict[str, int]:
    return {name: len(await app.engine.history.conversations(name)) for name in names}


async def test_who_has_signed_in_owns_what_he_does(
    provider: Provider, tmp_path: Path, space: dict[str, str]
) -> None:
    async with run_app(tmp_path, **space, OPENAI_BASE_URL=provider.url, OPENAI_MODEL="plain") as app:
        config = (await app.client.get("/config")).json()
        assert "Sign in with Hugging Face" in [item["props"].get("value") for item in config["components"]]
        for number, headers in enumerate(
            (cookie("anna"), cookie("anna", seconds=-5), cookie("anna", secret="guessed"), {})
        ):
            app.client.headers.pop("cookie", None)
            app.client.headers.update(headers)
            await ask(app, config, {"owner": ANNA}, "Hello", f"s{number}")
        guest = hash_secret(ANNA)
        assert await owners(app, "user:hf:anna", guest) == {"user:hf:anna": 1, guest: 3}
    assert {call.headers["authorization"] for call in provider.chats} == {"Bearer none"}


@pytest.mark.parametrize(("allowed", "given"), [("1", f"Bearer {TOKEN}"), ("0", "Bearer none")])
async def test_his_token_pays_at_hugging_face_alone_and_where_the_owner_allows_it(
    provider: Provider,
    tmp_path: Path,
    space: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    allowed: str,
    given: str,
) -> None:
    monkeypatch.setattr(sign_in, "HUB_ROUTER", provider.url)
    environ = space | {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain", "VISITOR_KEYS": allowed}
    async with run_app(tmp_path, **environ) as app:
        config = (await app.client.get("/config")).json()
        app.client.headers.update(cookie("anna"))
        await ask(app, config, {"owner": ANNA}, "Hello", "s")
    assert [call.headers["authorization"] for call in provider.chats] == [given]


async def test_his_token_goes_to_no_other_endpoint(
    provider: Provider, tmp_path: Path, space: dict[str, str]
) -> None:
    environ = space | {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain", "VISITOR_KEYS": "1"}
    async with run_app(tmp_path, **environ) as app:
        config = (await app.client.get("/config")).json()
        app.client.headers.update(cookie("anna"))
        await ask(app, config, {"owner": ANNA}, "Hello", "s")
    assert [call.headers["authorization"] for call in provider.chats] == ["Bearer none"]


def test_nothing_is_offered_without_a_space_its_variables_or_the_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sign_in.can_sign_in(Settings.from_env(OAUTH))
    for name in ("SYSTEM", *HUB_SIGN_IN):
        assert not sign_in.can_sign_in(Settings.from_env({**OAUTH, name: ""})), name
    find: Any = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "authlib" else find(name))
    assert not sign_in.can_sign_in(Settings.from_env(OAUTH))
