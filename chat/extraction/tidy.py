"""Text as every later step may trust it: one kind of line break, no control or half characters."""

from __future__ import annotations

import re

BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]")
# Colours of a terminal go with all that sets them.
UNWANTED = re.compile(
    r"\x1b\[[0-9;:?]*[A-Za-z]|[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\xad\ufeff\ufdd0-\ufdef\ufffe\uffff]"
)
# A word that is divided at the end of a line, by a sign that stands for nothing else.
HYPHENS = re.compile(r"(?<=[^\W\d_])[\u2010\xad]\r?\n(?=[^\W\d_A-Z])")
LONE_SURROGATES = re.compile(r"[\ud800-\udfff]+")
# A blank after the last bar of a table row stays: it is the row's last, empty cell.
BLANKS_AT_END = re.compile(r"(?<![ \t|])[ \t]+(?=\n|$)")
# What any of these patterns changes, but for blanks and empty lines: most texts have none of it.
ODD = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u2010\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
EMPTY_LINES = re.compile(r"\n{4,}")


def tidy(text: str) -> str:
    """Return the text with \\n for every break; code points that are no characters are left out."""
    if ODD.search(text):
        if "\u2010" in text or "\xad" in text:
            text = HYPHENS.sub("", text)
        text = UNWANTED.sub("", BREAKS.sub("\n", text)).replace("\xa0", " ")
        text = LONE_SURROGATES.sub(_pair, text)
    if " \n" in text or "\t\n" in text or text.endswith((" ", "\t")):  # else each blank would be tried
        text = BLANKS_AT_END.sub("", text)
    return EMPTY_LINES.sub("\n\n\n", text) if "\n\n\n\n" in text else text


def _pair(match: re.Match[str]) -> str:
    # Some readers give UTF-16 units: pairs become one character, what is left over is shown as missing.
    return match.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
