"""Whether a page's text can be what its author wrote. Sans-IO; knows no PDF.

Readers of PDF fail without a word: a font whose codes they take for Unicode gives letters of scripts that
never stand together. A page is judged by what its characters are, not by a dictionary.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

LEGIBLE = 0.94
SCRIPTS_AT_ONCE = 4  # a page of Japanese has Han, kana, Latin and perhaps Greek
SPACED_RUN = 50  # letters without a space, in scripts that use spaces
FEWEST_LETTERS = 8
BLOCKS = (  # first code point of each block, and the script that is told apart from the others
    (0x0000, "Latin"), (0x0250, "odd"), (0x0300, "mark"), (0x0370, "Greek"), (0x0400, "Cyrillic"),
    (0x0530, "odd"), (0x0590, "Hebrew"), (0x0600, "Arabic"), (0x0700, "odd"), (0x0750, "Arabic"),
    (0x0780, "odd"), (0x08A0, "Arabic"), (0x0900, "Devanagari"), (0x0980, "Indic"), (0x0E00, "Thai"),
    (0x0E80, "Lao"), (0x0F00, "Tibetan"), (0x1000, "Burmese"), (0x10A0, "Georgian"), (0x1100, "Hangul"),
    (0x1200, "odd"), (0x1780, "Khmer"), (0x1800, "odd"), (0x1D00, "Latin"), (0x1F00, "Greek"),
    (0x2000, "sign"), (0x2C00, "odd"), (0x2E00, "sign"), (0x3040, "Kana"), (0x3100, "odd"),
    (0x3130, "Hangul"), (0x3190, "sign"), (0x31F0, "Kana"), (0x3200, "sign"), (0x3400, "rare"),
    (0x4DC0, "sign"), (0x4E00, "Han"), (0xA000, "odd"), (0xAC00, "Hangul"), (0xD7A4, "odd"),
    (0xE000, "none"), (0xF900, "Han"), (0xFB00, "Latin"), (0xFB1D, "Hebrew"), (0xFB50, "Arabic"),
    (0xFE00, "sign"), (0xFE70, "Arabic"), (0xFEFF, "none"), (0xFF00, "sign"), (0xFFF0, "none"),
    (0x10000, "odd"), (0x1D400, "sign"), (0x1D800, "odd"), (0x1F000, "sign"), (0x20000, "rare"),
    (0x30000, "none"),
)  # fmt: skip
STARTS = [start for start, _ in BLOCKS]
COMMON_CODECS = ("gb2312", "big5", "shift_jis", "euc_kr")
UNSPACED = frozenset({"Han", "Kana", "Thai", "Lao", "Khmer", "Burmese", "Tibetan", "rare"})
NUMBER_SIGNS = ".,:%+-–−/()$€£¥"
LEADERS = re.compile(r"([.·…_\-–—=*•])(?:[ \t]?\1){3,}")  # from a title to its page number
GLUED = re.compile(rf"[^\W\d_]{{{SPACED_RUN},}}")
RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# Letters that end a word and do not begin one: ta marbuta, alef maksura; the final forms of Hebrew.
ENDINGS = "\u0629\u0649\u05da\u05dd\u05df\u05e3\u05e5"
ENDED = re.compile(rf"\w[{ENDINGS}]\b")
WORD = re.compile(r"[^\W\d_]+")
FEWEST_WORDS = 20
ALONE_SHARE = 0.3  # of words that are one letter, where the reader took letters for words
MARKS = "\u0900-\u0903\u093a-\u094f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd"
MARKED = re.compile(rf"\S[{MARKS}]+")
TWICE = re.compile(rf"(?=(\S[{MARKS}]+)\S?\1)")
TWICE_SHARE = 0.1  # of letters with marks; chance makes it 0.01
REVERSED = re.compile(rf"\b[{ENDINGS}]\w")


@dataclass(frozen=True)
class Judgement:
    """letters: how many were judged. score: the share of them that is plausible, 0 to 1."""

    letters: int
    score: float

    @property
    def is_legible(self) -> bool:
        """Whether the text needs no second opinion. Too little to judge by is legible."""
        return self.letters < FEWEST_LETTERS or self.score >= LEGIBLE


@lru_cache(maxsize=8)  # a page is asked about at several places
def judge(text: str) -> Judgement:
    """Return how plausible the text is."""
    scripts: Counter[str] = Counter()
    counts = Counter(LEADERS.sub(" ", text))
    for character, count in counts.items():
        scripts[script_of(character)] += count
    scripts.pop("space", None)
    signs = scripts.pop("sign", 0)
    scripts.pop("mark", None)
    letters = scripts.total()
    if not letters:
        return Judgement(0, 1.0)
    odd = [count for name, count in scripts.items() if name.startswith("odd")]
    if max(odd, default=0) * 2 > letters:  # a page in one script that few pages are in
        odd.remove(max(odd))
    bad = scripts["none"] + scripts["rare"] + sum(odd)
    bad += max(0, signs - _signs_of_numbers(counts) - 2 * letters) // 4
    return Judgement(
        letters,
        (1 - bad / letters)
        * _mixture(scripts, letters)
        * _order(text)
        * _once(text)
        * _spacing(text, scripts),
    )


def _signs_of_numbers(counts: Counter[str]) -> int:
    """Return how many signs can belong to figures: a table may be those alone."""
    figures = sum(count for character, count in counts.items() if character.isdecimal())
    return min(figures, sum(counts[sign] for sign in NUMBER_SIGNS))


def better(first: str, second: str) -> str:
    """Return which of two readings of a page more likely is the page; `first` where neither is better."""
    one, two = judge(first), judge(second)
    most = max(one.letters, two.letters, 1)
    return second if two.score * (two.letters / most) > one.score * (one.letters / most) + 0.02 else first


def known_scripts(text: str) -> set[str]:
    """Return the scripts of a text that is known to be right, with what stands in any text."""
    scripts = {script_of(character) for character in set(text)}
    return {name for name in scripts - {"none", "rare"} if name[:3] != "odd"} | {"space", "sign", "mark"}


@lru_cache(maxsize=60_000)
def script_of(character: str) -> str:
    """Return the script of a character; `none` where it is none, `odd` and `rare` where few texts have it.

    Figures are told apart no more than spaces are.
    """
    category = unicodedata.category(character)
    if category in ("Zs", "Cf", "Nd", "No", "Nl") or character in "\n\t\r":
        return "space"
    if category in ("Cc", "Cn", "Co", "Cs") or character == "\ufffd":
        return "none"
    if category in ("Mn", "Mc", "Me"):
        return "mark"
    if category[0] != "L":
        return "sign"
    script = BLOCKS[bisect_right(STARTS, ord(character)) - 1][1]
    if script == "odd":
        return f"odd {ord(character) >> 8}"
    return "rare" if script == "Han" and not _is_common(character) else script


def is_right_to_left(text: str) -> bool:
    """Whether a tenth or more of the text is Arabic or Hebrew."""
    return len(RIGHT_TO_LEFT.findall(text)) * 10 > sum(map(str.isalpha, text))


def _is_common(character: str) -> bool:
    for codec in COMMON_CODECS:
        try:
            character.encode(codec)
        except UnicodeEncodeError:
            continue
        return True
    return False


def _mixture(scripts: Counter[str], letters: int) -> float:
    present = [name for name, count in scripts.items() if count >= max(3, letters * 0.01)]
    return 0.9 ** max(0, len(present) - SCRIPTS_AT_ONCE)


def _order(text: str) -> float:
    """Below 1 where words of Arabic or Hebrew begin with letters that only end one, or are single letters."""
    if not RIGHT_TO_LEFT.search(text):
        return 1.0
    wrong, right = len(REVERSED.findall(text)), len(ENDED.findall(text))
    words = [len(word) for word in WORD.findall(text)]
    alone = words.count(1) / max(FEWEST_WORDS, len(words))
    order = 1 - wrong / (wrong + right) if wrong > 2 else 1.0
    return order * (1 - alone) if alone > ALONE_SHARE else order


def _once(text: str) -> float:
    """Below 1 where a letter and its mark stand there again behind the next one: some Thai is read so."""
    marked, twice = len(MARKED.findall(text)), len(TWICE.findall(text))
    return 1 - min(1.0, 2 * twice / marked) if twice > marked * TWICE_SHARE else 1.0


def _spacing(text: str, scripts: Counter[str]) -> float:
    """Below 1 where the spaces between words are lost."""
    if sum(scripts[name] for name in UNSPACED) * 3 > scripts.total():
        return 1.0
    long = sum(map(len, GLUED.findall(text)))
    return 1 - long / max(1, scripts.total())
