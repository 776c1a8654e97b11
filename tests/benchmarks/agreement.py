"""How much two texts agree: the measures of the extraction benchmark. Knows no file.

Tokens: NFKC, lower case, words of letters and digits, Chinese and Japanese characters singly.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
RTL = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
    r"|[^\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)
FEWEST_TOKENS = 10


def tokens(text: str) -> Counter[str]:
    """Return how often each token stands in the text."""
    return Counter(TOKEN.findall(unicodedata.normalize("NFKC", text).lower()))


def token_f1(text: str, reference: str) -> float:
    """Return the F1 of the two bags of tokens."""
    ours, theirs = tokens(text), tokens(reference)
    common = (ours & theirs).total()
    return 2 * common / (ours.total() + theirs.total()) if ours or theirs else 1.0


def token_recall(text: str, reference: str) -> float:
    """Return the share of the reference's bag of tokens that is in the text's."""
    wanted = tokens(reference)
    return (tokens(text) & wanted).total() / wanted.total() if wanted else 1.0


def group(reference: str) -> str:
    """Return `CJK`, `RTL` or `Latin` (which is all the rest); empty where there is too little to judge by."""
    if tokens(reference).total() < FEWEST_TOKENS:
        return ""
    letters = max(1, sum(character.isalpha() for character in reference))
    if len(RTL.findall(reference)) > letters * 0.3:
        return "RTL"
    return "CJK" if len(CJK.findall(reference)) > letters * 0.3 else "Latin"
