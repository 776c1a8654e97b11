"""Tables as values of a document, and as what retrieval, the prompt and receipts make of them."""

from __future__ import annotations

import itertools

from chat.documents.document import Document, Page
from chat.grounding.retrieval.passages import Index
from chat.grounding.retrieval.sentences import split_sentences
from chat.grounding.selection import choose, split_parts
from chat.turns.prompt import write_files
from chat.turns.quotes import make_quote

HEADER = "Station | Opened | North | East"


def document(*pages: str, unit: str = "page") -> Document:
    found = tuple(Page(str(number), text) for number, text in enumerate(pages, 1))
    return Document("a.pdf", "application/pdf", 1, unit, found, len(found))


def row(number: int) -> str:
    return f"Alder {number} | {1900 + number % 100} |  | {number}. and more. Of it"


def long_table(count: int, start: int = 100) -> str:
    return "\n".join(row(number) for number in range(start, start + count))


def test_a_table_has_a_name_a_header_and_rows() -> None:
    text = "Words before it.\nTable 3: Stations\n"
    text += "Region | 2023 |  | 2024\n | Q1 | Q2 | Q1\nNorth | 1 | 2 | \nAfter."
    (table,) = document(text).tables
    assert table.name == "Table 3: Stations"
    assert table.columns == ("Region", "2023 Q1", "2023 Q2", "2024 Q1")
    assert [cells for _, cells in table.rows(text)] == [["North", "1", "2", ""]]
    assert text[table.start : table.end].startswith("Region")
    assert text[table.end :] == "\nAfter."


def test_a_table_that_goes_on_keeps_its_header_and_name() -> None:
    first = f"Table 1. Stations\n{HEADER}\n{long_table(3)}\nPage 1"
    one, two, three = document(first, long_table(3, 200), f"{HEADER}\n{long_table(2, 300)}").tables
    assert (two.columns, two.header, two.name, two.continues) == (one.columns, one.header, one.name, 0)
    assert (three.name, three.continues, three.body > three.start) == ("Table 1. Stations", 1, True)


def test_another_table_on_the_next_page_is_its_own() -> None:
    first = f"{HEADER}\n{long_table(3)}"
    other = "Name | Age | Size | Colour\nLi | 30 | 4 | red"
    tables = document(first, other, "Table 2. Rooms\nHall | 3 | 4 | 5\nRoom | 1 | 2 | 3").tables
    assert [table.continues for table in tables] == [-1, -1, -1]


def test_a_line_with_a_bar_is_no_table() -> None:
    assert document("Home | About\nsome words | and | others\nend").tables == ()


def test_no_sentence_ends_inside_a_row() -> None:
    text = f"{HEADER}\n{long_table(20)}\nA sentence. Another one.\n" + "x | " + "word, " * 200
    starts = split_sentences(text)
    rows = [text[start:end] for start, end in itertools.pairwise(starts)]
    assert rows[:21] == [f"{line}\n" for line in text.split("\n")[:21]]
    assert rows[21:23] == ["A sentence. ", "Another one.\n"]
    assert len(rows) == 24


def test_a_row_is_sent_with_the_header_of_a_page_before() -> None:
    pages = document(f"Table 1. Stations\n{HEADER}\n{long_table(60)}", long_table(60, 200), "end")
    selection = choose("What is Alder 241?", "", [Index.build(pages)], 400)
    sent = write_files(selection)
    assert HEADER in sent
    assert row(241) in sent
    assert selection.used <= 400
    assert "[table continues]" in sent
    assert all(line in pages.text.split("\n") for line in sent.split("\n") if " | " in line)
    assert {name for one in selection.files[0].passages for name in one.tables} == {"Table 1. Stations"}


def test_words_of_a_header_find_rows_far_below_it() -> None:
    prose = "Something else is told here at length, of ships and of the sea.\n" * 60
    pages = document(prose + HEADER.replace("East", "Tonnage") + "\n" + long_table(200), prose)
    index = Index.build(pages)
    selection = choose("Tonnage of Alder 280", "", [index], 300)
    assert row(280) in write_files(selection)
    far = int(index.starts.searchsorted(pages.text.index(row(280))))
    assert index.headers[far][0] >= 0
    assert make_quote(index, far, far + 1).header.endswith("Tonnage")


def test_each_part_of_a_table_has_its_header() -> None:
    parts = split_parts(Index.build(document(f"{HEADER}\n{long_table(60)}")), 500)
    assert len(parts) > 5
    for part in parts:
        assert HEADER in write_files(part)
        assert part.used <= 500


def test_a_sheet_names_its_table() -> None:
    sheet = Document("a.xlsx", "", 1, "sheet", (Page("Costs", "item | sum\nscrew | 5", "Costs"),), 1)
    assert [table.name for table in sheet.tables] == ["Costs"]
