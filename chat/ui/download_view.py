"""The banner of a model that can be downloaded: its size before the click, how far it is, and what stops it.

Knows no event: the script sends its buttons in the lane `look`.
"""

from __future__ import annotations

from chat.local_model.weights_download import WeightsDownload
from chat.ui.html import button, plain, tag
from chat.ui.texts import text

ACTIONS = {"offered": "download", "running": "pause", "paused": "resume", "failed": "again"}
MEGABYTE, GIGABYTE = 1_000_000, 1_000_000_000


def show_download(download: WeightsDownload, language: str, *, may_start: bool, is_used: bool) -> str:
    """Return the banner. may_start: this visitor may click. is_used: the model has been loaded."""
    state = download.state
    if state == "done" and is_used:
        sentence, close = text(language, "download.used", name=download.name), _close(language)
        return tag("p", tag("span", plain(sentence)), close, data_dismissable="")
    if state == "offered" and not may_start:
        return ""
    sentence = describe_download(download, language)
    children = [tag("span", plain(sentence))]
    if state in ("running", "paused") and download.total:
        children.append(tag("progress", max=download.total, value=download.received, aria_label=sentence))
    if may_start and state in ACTIONS:
        name = ACTIONS[state]
        label = text(language, f"download.{name}", size=describe_bytes(download.total))
        children.append(button(name, label, lane="look", icon=False))
    if state in ("offered", "failed"):
        children.append(_close(language))
    return tag("p", *children, cls=f"download {state}", data_dismissable="")


def describe_download(download: WeightsDownload, language: str) -> str:
    """Return the sentence of its state."""
    key = (
        f"download.fault.{download.fault}"
        if download.state == "failed"
        else f"download.state.{download.state}"
    )
    if download.state == "running" and download.received >= download.total > 0:
        key = "download.state.verifying"
    return text(
        language,
        key,
        name=download.name,
        received=describe_bytes(download.received),
        total=describe_bytes(download.total),
    )


def describe_bytes(count: int) -> str:
    """Return a size as stores write it: decimal units."""
    if count >= GIGABYTE:
        return f"{count / GIGABYTE:.2f} GB"
    return f"{count / MEGABYTE:.0f} MB" if count >= 10 * MEGABYTE else f"{count / MEGABYTE:.1f} MB"


def _close(language: str) -> str:
    return button("dismiss", text(language, "page.dismiss"), lane="none")
