"""Who a request of the page comes from, as far as a log-in says so, and with which key he pays.

Three ways in: Gradio's own form (USERS, PASSWORD), Hugging Face on a Space (Gradio's LoginButton keeps it in
a signed cookie), or none. A key lives in the event that brought it and in the answer that it pays for;
nothing writes it down.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping
from typing import Any

import gradio as gr

from chat.engine import Engine
from chat.gradio_internals import hub_session_of, scope_of
from chat.settings import Settings
from chat.ui.visits import read_key
from chat.visitors import User

HUB_ROUTER = (
    "https://router.huggingface.co/v1"  # takes a signed-in visitor's token: his own inference credits
)
NEEDED = ("authlib", "itsdangerous")  # what Gradio's sign-in is made with


def can_sign_in(settings: Settings) -> bool:
    """Tell whether the page can offer Hugging Face's sign-in: on a Space with hf_oauth, and installed."""
    return settings.has_hub_sign_in and all(importlib.util.find_spec(name) for name in NEEDED)


def signed_in(engine: Engine, request: gr.Request) -> User | None:
    """Return the user that a log-in proves; None: no log-in, or all share one password."""
    profile = _hub_session(engine, request).get("userinfo")
    name = profile.get("preferred_username") if isinstance(profile, Mapping) else None
    return User(f"hf:{name}") if name else engine.access.page_user(getattr(request, "username", None))


def key_of(engine: Engine, data: object, request: gr.Request) -> str:
    """Return the key with which this visitor pays himself, where the owner allows it; else nothing.

    His own for the owner's endpoint, or his Hugging Face token, which is sent to Hugging Face alone.
    """
    settings = engine.settings
    if not (settings.visitor_keys and settings.has_endpoint):
        return ""
    token = _hub_session(engine, request).get("access_token") if settings.base_url == HUB_ROUTER else None
    return read_key(data) or str(token or "")


def request_id_of(request: gr.Request) -> str:
    """Return the id that the request for this event was given."""
    return str((scope_of(request).get("state") or {}).get("request_id", ""))


def _hub_session(engine: Engine, request: gr.Request) -> Mapping[str, Any]:
    """Return what Gradio keeps of a sign-in with Hugging Face, while it is valid."""
    found = hub_session_of(request) if can_sign_in(engine.settings) else {}
    return found if float(found.get("expires_at") or 0) > time.time() else {}
