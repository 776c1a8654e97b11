"""The security headers: nothing foreign but what the owner names, and nothing the owner names opens more."""

from __future__ import annotations

import pytest

from chat.http.middleware.content_policy import content_policy, security_headers


def directives(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (part.split() for part in policy.split("; "))}


def test_no_foreign_source_is_allowed_but_the_frames_of_spaces() -> None:
    assert directives(content_policy())["frame-ancestors"] == ["'self'"]
    found = directives(content_policy(is_space=True))
    foreign = {name: [s for s in sources if "//" in s or s == "*"] for name, sources in found.items()}
    assert {name: sources for name, sources in foreign.items() if sources} == {
        "frame-ancestors": ["https://huggingface.co", "https://*.hf.space"]
    }
    assert found["default-src"] == ["'none'"]


def test_pictures_of_the_owners_hosts_are_allowed_and_nothing_else_of_them() -> None:
    found = directives(content_policy(["pictures.example"]))
    allowed = {
        name for name, sources in found.items() if any("pictures.example" in source for source in sources)
    }
    assert allowed == {"img-src"}
    assert found["img-src"][-2:] == ["https://pictures.example", "https://*.pictures.example"]


@pytest.mark.parametrize("host", ["*", "a; script-src *", "https://a.example", "a b", "", "'unsafe-inline'"])
def test_what_is_not_a_host_cannot_open_the_policy(host: str) -> None:
    with pytest.raises(ValueError, match="is not a host"):
        content_policy([host])


def test_the_other_headers_are_there() -> None:
    assert {
        name: value for name, value in security_headers().items() if name != "content-security-policy"
    } == {
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
