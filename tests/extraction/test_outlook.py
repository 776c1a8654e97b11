"""Outlook messages: headers, each form of the text, code pages, what is attached, messages inside."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from chat.documents.document import Page
from chat.extraction import worker
from chat.extraction.office.packed_rtf import html_in, unpack
from chat.extraction.source import Finding, Source
from tests.compound_files import Tree, compound

PROPERTIES = "__properties_version1.0"


def read(folder: Path, data: bytes) -> list[Finding]:
    (folder / "stored").write_bytes(data)
    return list(worker.read(Source(folder / "stored", "a.msg")))


def numbers(head_bytes: int, **values: int) -> bytes:
    """Return the table of properties of a fixed size. Names are `t` and the tag in hexadecimal."""
    rows = (struct.pack("<IIQ", int(name[1:], 16) << 16 | 3, 6, value) for name, value in values.items())
    return bytes(head_bytes) + b"".join(rows)


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def message(**more: bytes | Tree) -> dict[str, bytes | Tree]:
    return {
        PROPERTIES: numbers(32, t0039=133_700_000_000_000_000),
        "__substg1.0_0037001F": wide("Plan"),
        "__substg1.0_0C1A001F": wide("Ann"),
        "__substg1.0_5D01001F": wide("ann@example.org"),
        "__recip_version1.0_#00000000": {
            PROPERTIES: numbers(8, t0C15=1),
            "__substg1.0_3001001F": wide("Bob"),
            "__substg1.0_39FE001F": wide("bob@example.org"),
        },
        **more,
    }


HEAD = (
    "Subject: Plan\nFrom: Ann <ann@example.org>\nTo: Bob <bob@example.org>\n"
    "Date: Thu, 05 Sep 2024 08:53:20 +0000\n\n"
)


def test_message_has_headers_text_and_attached_files(tmp_path: Path) -> None:
    attached: Tree = {
        PROPERTIES: numbers(8, t3705=1),
        "__substg1.0_3707001F": wide("prices.txt"),
        "__substg1.0_37010102": b"Apples cost 3.20 euros.",
    }
    inner: Tree = {
        PROPERTIES: numbers(8, t3705=5),
        "__substg1.0_3001001F": wide("Old mail"),
        "__substg1.0_3701000D": {
            PROPERTIES: bytes(24),
            "__substg1.0_0037001F": wide("Before"),
            "__substg1.0_1000001F": wide("earlier text"),
        },
    }
    more: dict[str, bytes | Tree] = {
        "__substg1.0_1000001F": wide("See the list."),
        "__attach_version1.0_#00000000": attached,
        "__attach_version1.0_#00000001": inner,
    }
    tree = message(**more)
    pages = [found for found in read(tmp_path, compound(tree)) if isinstance(found, Page)]
    assert pages == [
        Page("", HEAD + "See the list.\nAttached message: Old mail\nSubject: Before\n\nearlier text", "Plan"),
        Page("a.msg/prices.txt", "Apples cost 3.20 euros.", "a.msg/prices.txt"),
    ]


@pytest.mark.parametrize(("page", "codec"), [(936, "gbk"), (932, "cp932"), (949, "cp949"), (1251, "cp1251")])
def test_texts_of_old_messages_are_in_their_code_page(tmp_path: Path, page: int, codec: str) -> None:
    text = {"gbk": "明天开会", "cp932": "会議は明日です", "cp949": "회의는 내일", "cp1251": "Встреча завтра"}[
        codec
    ]
    coded = text.encode(codec)
    named: Tree = {PROPERTIES: numbers(8, t0C15=2), "__substg1.0_3001001E": coded}
    tree: dict[str, bytes | Tree] = {
        PROPERTIES: numbers(32, t3FFD=page),
        "__substg1.0_0037001E": coded,
        "__substg1.0_0C1A001E": coded,
        "__recip_version1.0_#00000000": named,
        "__attach_version1.0_#00000000": {
            PROPERTIES: numbers(8, t3705=1),
            "__substg1.0_3704001E": coded + b".txt",
            "__substg1.0_37010102": b"Apples",
        },
    }
    head = f"Subject: {text}\nFrom: {text}\nCc: {text}\n\n"
    attached = f"a.msg/{text}.txt"
    bodies = {
        "1000001E": coded,
        "10130102": b"<html><p>" + coded + b"</p></html>",
        "1013001E": b"<p>" + coded,
    }
    for tag, body in bodies.items():
        pages = [
            found
            for found in read(tmp_path, compound({**tree, f"__substg1.0_{tag}": body}))
            if isinstance(found, Page)
        ]
        assert pages == [Page("", head + text, text), Page(attached, "Apples", attached)]


def test_html_goes_before_plain_text_and_rtf_is_read_where_there_is_neither(tmp_path: Path) -> None:
    html = message(
        **{"__substg1.0_10130102": b"<p>in <b>HTML</b></p>", "__substg1.0_1000001F": wide("plain")}
    )
    assert read(tmp_path, compound(html))[1] == Page("", HEAD + "in HTML", "Plan")
    rtf = rb"{\rtf1\ansi\ansicpg1252 Caf\'e9}"
    packed = struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf
    assert read(tmp_path, compound(message(**{"__substg1.0_10090102": packed})))[1] == Page(
        "", HEAD + "Café", "Plan"
    )


def test_packed_rtf_is_unpacked() -> None:
    # The example of MS-OXRTFCP, section 4.1.1.
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert unpack(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_html_inside_rtf_is_found() -> None:
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0 Arial;}}{\*\htmltag64 <p>}"
        rb"\htmlrtf {\htmlrtf0 "
        rb"Price {\*\htmltag84 <b>}5 \'80{\*\htmltag92 </b>}\htmlrtf\par}\htmlrtf0 {\*\htmltag72 </p>}}"
    )
    assert html_in(rtf) == "<p>Price <b>5 €</b></p>"
