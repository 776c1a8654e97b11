"""Pieces of HTML for the parts of the page that are not Markdown: every value escaped, buttons that name an
action.

Knows no message and no language. The script hears the buttons (`data-do`) that are outside of model text.
"""

from __future__ import annotations

from html import escape
from typing import Any


def tag(name: str, /, *children: str, **attributes: object) -> str:
    """Return an element. Children are HTML; attributes are escaped, `_` is `-`, `cls` is class; None leaves
    out.
    """
    pairs = ((_name(key), value) for key, value in attributes.items() if value not in (None, False))
    written = "".join(
        f" {key}" if value is True else f' {key}="{escape(str(value))}"' for key, value in pairs
    )
    return f"<{name}{written}>{''.join(children)}</{name}>"


def plain(value: object) -> str:
    """Return text as HTML."""
    return escape(str(value))


def button(
    action: str,
    label: str,
    *,
    id: str = "",
    lane: str = "show",
    value: str = "",
    icon: bool = True,
    **more: Any,
) -> str:
    """Return a button that the script sends as `action` in `lane`. icon: the label is only spoken, style.css
    draws it.
    """
    return tag(
        "button",
        "" if icon else plain(label),
        type="button",
        cls=f"do do-{action}" + (" icon" if icon else ""),
        data_do=action,
        data_lane=lane,
        data_id=id or None,
        data_value=value or None,
        **({"title": label, "aria_label": label} if icon else {}),
        **more,
    )


def _name(key: str) -> str:
    return "class" if key == "cls" else key.rstrip("_").replace("_", "-")
