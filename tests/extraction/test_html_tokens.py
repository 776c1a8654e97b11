"""HTML is divided as the standard does, in one pass."""

from __future__ import annotations

import pytest

from chat.extraction.text.html_tokens import EndTag, StartTag, StyleSheet, read_tokens
from chat.extraction.text.markup import text_of_html


def shown(html: str) -> list[str]:
    """Return texts as they are, and tags in angle brackets."""
    told = []
    for token in read_tokens(html):
        match token:
            case StartTag(name, attributes, is_closed):
                values = "".join(f" {key}={value}" for key, value in attributes.items())
                told.append(f"<{name}{values}{'/' if is_closed else ''}>")
            case EndTag(name):
                told.append(f"</{name}>")
            case StyleSheet(text):
                told.append(text)
            case _:
                told.append(token)
    return told


@pytest.mark.parametrize(
    ("html", "tokens"),
    [
        ("a &lt; b", ["a < b"]),
        ("a < b", ["a <", " b"]),
        ("<P Class='x y' ID=z hidden>t</p >", ["<p class=x y id=z hidden=None>", "t", "</p>"]),
        ('<a title="1 > 0" title=second>', ["<a title=1 > 0>"]),
        ("<a b = c/>", ["<a b=c/>"]),
        ("<br/>", ["<br/>"]),
        ("a<!-- <b> -->c", ["a", "c"]),
        ("a<!-->b<!--->c", ["a", "b", "c"]),
        ("a<!-- no end <b>", ["a"]),
        ("a<!DOCTYPE html><?xml x?></ >b", ["a", "b"]),
        ("<script>if (a<b) '</p>'</SCRIPT >b", ["<script>", "</script>", "b"]),
        ("<style>no end <p>", ["<style>", "no end <p>", "</style>"]),
        ('a<b c="no end > <p>', ["a"]),
        ("a<b", ["a"]),
        ("<", ["<"]),
    ],
)
def test_tokens_are_those_of_the_standard(html: str, tokens: list[str]) -> None:
    assert shown(html) == tokens


def test_text_outside_of_markup_is_kept() -> None:
    html = "<title>T</title><p>one <b>two</b><script>x</script> three<br>four<img alt='five'><td>six"
    assert text_of_html(html) == ("T\none two three\nfour five\nsix", "T")
