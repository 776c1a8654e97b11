"""Named parts: the statements, notes, schedules and appendices that a question needs, found by their titles.

A table of contents has the same words: a statement is where figures follow. Knows no budget and no ranking.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice, zip_longest

from chat.documents.document import Document
from chat.documents.tables import Span
from chat.numerals import spell

TITLE_CHARACTERS = 120  # of a line that names a part
LOOKED_AT = 1_500  # behind a title
FEWEST_FIGURES = 12  # there, of a statement
MOST_CHARACTERS = 6_000  # of a part whose end is not seen
MOST_PARTS = 12  # of one kind

_KINDS = (
    r"balance sheets?|statements? of (?:consolidated )?financial (?:position|condition)"
    r"|资产负债表|資產負債表|bilanz",
    r"income statements?|p ?& ?l\b|profit and loss"
    r"|statements? of (?:consolidated )?(?:income|operations|earnings|profit)"
    r"|利润表|損益表|损益表|gewinn-? und verlustrechnung",
    r"cash ?flows? statements?|statements? of (?:consolidated )?cash ?flows?"
    r"|现金流量表|現金流量表|kapitalflussrechnung",
    r"statements? of (?:changes in )?(?:stockholders|shareholders)['’]? ?equity"
    r"|所有者权益变动表|股东权益变动表",
)
_STATEMENTS = [re.compile(kind, re.IGNORECASE) for kind in _KINDS]
_LINE_ITEMS = [  # of each statement: a question about one of them needs it
    re.compile(items, re.IGNORECASE)
    for items in (
        r"\b(?:working capital|(?:quick|current|liquidity|debt)[- ]ratio|total (?:assets|liabilities)|pp&?e"
        r"|(?:current|fixed|non-current) assets?|property,? plant|inventor(?:y|ies)|days payable|dpo"
        r"|accounts (?:payable|receivable)|return on (?:assets|equity)|roa|roe|goodwill|net debt)\b"
        r"|流动资产|总资产|流动比率|速动比率|存货|应收账款|应付账款|负债率",
        r"\b(?:(?:gross|operating|net|profit|ebitda?) (?:margin|income|profit)s?|revenues?|net sales|cogs"
        r"|cost of (?:goods|sales)|ebitda?|earnings per share|eps|effective tax rate|turnover"
        r"|interest coverage)\b|营业收入|净利润|毛利率|净利率|每股收益|营业成本",
        r"\b(?:cap(?:ital )?ex(?:penditures?)?|cash ?flows? from|(?:operating|free) cash ?flow|depreciation"
        r"|dividends? paid|share repurchases?|acquisitions? of property)\b"
        r"|经营活动|投资活动|筹资活动|现金流量净额",
    )
]
_FIGURE = re.compile(r"\d{1,3}(?:,\d{3})+|\d+\.\d|\b\d{3,}\b")
_NUMBERED = re.compile(
    r"\b(note|schedule|exhibit|appendix|annex|anhang|anlage|form|item|part)\s+(\d{1,2}[a-z]?|[ivx]{1,5}|[a-z])\b"
    r"|(附表|附录|附錄|附件|附注|附註)\s*([\d一二三四五六七八九十]{1,3})",
    re.IGNORECASE,
)


def list_kinds(question: str) -> list[int]:
    """Return the numbers of the statements that `question` names, or that have what it asks for."""
    pairs = enumerate(zip_longest(_STATEMENTS, _LINE_ITEMS))
    return [
        kind
        for kind, (statement, items) in pairs
        if statement.search(question) or (items and items.search(question))
    ]


def find_statements(document: Document) -> list[list[Span]]:
    """Return where the statements of each kind stand: some 0.1 s for a million characters."""
    return [list(islice(_statements(title, document), MOST_PARTS)) for title in _STATEMENTS]


def find_numbered(question: str, document: Document) -> list[Span]:
    """Return the notes, schedules and appendices whose number `question` names."""
    found = (_numbered(one, document) for one in _NUMBERED.finditer(question))
    return [span for spans in found for span in islice(spans, MOST_PARTS)]


def _statements(title: re.Pattern[str], document: Document) -> Iterator[Span]:
    text = document.text
    for found in title.finditer(text):
        start = text.rfind("\n", 0, found.start()) + 1
        end = text.find("\n", found.end())
        if (end if end >= 0 else len(text)) - start > TITLE_CHARACTERS:
            continue  # a sentence that speaks of it
        figures = _FIGURE.findall(text, found.end(), found.end() + LOOKED_AT)
        if len(figures) >= FEWEST_FIGURES:
            yield start, _page_end(document, start)


def _numbered(found: re.Match[str], document: Document) -> Iterator[Span]:
    kind, number = found[1] or found[3], found[2] or found[4]
    ways = spell(int(number)) if number.isdigit() else [number]
    forms = "|".join(re.escape(way) for way in ways)
    heading = re.compile(
        rf"^[^\w\n]*{kind}\s*(?:{forms})(?![\w])[^\n]{{0,{TITLE_CHARACTERS}}}$", re.IGNORECASE | re.MULTILINE
    )
    for title in heading.finditer(document.text):
        yield title.start(), _page_end(document, title.start())


def _page_end(document: Document, start: int) -> int:
    page = bisect_right(document.page_starts, start)
    end = document.page_starts[page] if page < len(document.page_starts) else len(document.text)
    return min(end, start + MOST_CHARACTERS)
