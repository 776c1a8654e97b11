"""Words of a picture as text: the order of columns, tables as rows, and where each word stands."""

from __future__ import annotations

from collections.abc import Iterator

from chat.extraction.layout.rules import Rule, Rules
from chat.extraction.ocr.reading_order import compose
from chat.extraction.ocr.seen_words import SeenWord, join_runs, mean_confidence

DOTS, HEIGHT, PITCH = 200, 30, 45


def line(text: str, left: int, top: int, number: int = 0) -> Iterator[SeenWord]:
    for word in text.split():
        width = 16 * len(word)
        yield SeenWord(word, left, top, left + width, top + HEIGHT, 0.9, number)
        left += width + 12


def paragraph(lines: list[str], left: int, top: int) -> list[SeenWord]:
    return [word for at, text in enumerate(lines) for word in line(text, left, top + at * PITCH, at)]


LEFT = [
    "The tenant pays the rent on",
    "the third working day of the",
    "month to the account below",
    "without being asked.",
]
RIGHT = [
    "The landlord keeps the house",
    "in repair and answers every",
    "complaint within a week of",
    "its arrival.",
]


def test_columns_are_read_one_after_the_other_below_a_title_across_both() -> None:
    words = [*line("Agreement about the letting of the house and of the garden behind it", 100, 50)]
    words += paragraph(RIGHT, 800, 200) + paragraph(LEFT, 100, 200)
    text = compose(words, Rules(), DOTS).text
    assert text.splitlines() == [
        words[0].text + " about the letting of the house and of the garden behind it",
        *LEFT,
        *RIGHT,
    ]


def test_words_without_high_or_low_letters_stand_in_the_rows_of_the_others() -> None:
    rows = [
        ["", "Nord", "Sud", "Est"],
        ["Apfel", "12", "7", "9"],
        ["aus", "345", "10", "8"],
        ["Jagd", "6", "5", "41"],
    ]
    words = []
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            for one in line(text, 100 + 260 * column, 200 + 42 * at, at):
                top = one.top if set(text) & set("ApfldNSEJ0123456789") else one.top + 9
                words.append(
                    one._replace(top=top, bottom=one.bottom if set(text) & set("pgfJ") else one.bottom - 8)
                )
    lines = compose(words, Rules(), DOTS).text.splitlines()
    assert lines == [" | Nord | Sud | Est", "Apfel | 12 | 7 | 9", "aus | 345 | 10 | 8", "Jagd | 6 | 5 | 41"]


def test_names_and_amounts_side_by_side_stay_rows() -> None:
    names, amounts = (
        ["Bread and butter", "Milk from the farm", "Eggs, a dozen", "Apples, red"],
        ["3.20", "1.10", "2.85", "4.00"],
    )
    words = [
        word
        for at in range(4)
        for word in (*line(names[at], 100, 100 + at * PITCH), *line(amounts[at], 1200, 100 + at * PITCH))
    ]
    lines = compose(words, Rules(), DOTS).text.splitlines()
    assert [row.replace(" | ", " ") for row in lines] == [
        f"{name} {amount}" for name, amount in zip(names, amounts, strict=True)
    ]


def test_a_ruled_table_becomes_rows_of_cells_and_an_empty_cell_stays() -> None:
    cells = [["Part", "Price", "Note"], ["Lamp", "12", ""], ["Chair", "40", "oak"]]
    words = [
        word
        for row, texts in enumerate(cells)
        for column, text in enumerate(texts)
        for word in line(text, 120 + column * 300, 120 + row * 80)
    ]
    across = tuple(Rule(100 + at * 80, 100, 1000) for at in range(4))
    down = tuple(Rule(100 + at * 300, 100, 340) for at in range(4))
    found = compose(words, Rules(across, down), DOTS)
    assert found.text.splitlines() == ["Part | Price | Note", "Lamp | 12 | ", "Chair | 40 | oak"]
    assert sorted(found.text[start:end] for start, end, _ in found.places) == sorted(
        word.text for word in words
    )


def test_every_word_is_found_at_its_place_in_the_text() -> None:
    words = paragraph(LEFT, 100, 100)
    found = compose(words, Rules(), DOTS)
    assert [found.text[start:end] for start, end, _ in found.places] == [word.text for word in words]
    assert all(found.text[start:end] == word.text for start, end, word in found.places)


def test_arabic_keeps_the_order_of_its_engine() -> None:
    words = [SeenWord("أولاً", 500, 10, 600, 40, 0.9, 0), SeenWord("ثانياً", 300, 10, 400, 40, 0.9, 0)]
    assert compose(words, Rules(), DOTS).text == "أولاً ثانياً"


def test_characters_of_a_script_without_spaces_are_joined_and_words_are_not() -> None:
    seen = [
        SeenWord("合", 0, 0, 20, 20, 0.8, 0),
        SeenWord("同", 21, 0, 41, 20, 1.0, 0),
        SeenWord("编号", 90, 0, 130, 20, 1.0, 0),
        SeenWord("No.", 135, 0, 160, 20, 1.0, 0),
        SeenWord("甲", 161, 0, 180, 20, 1.0, 1),
    ]
    joined = join_runs(seen)
    assert [word.text for word in joined] == ["合同", "编号", "No.", "甲"]
    assert joined[0].confidence == 0.9
    assert mean_confidence([]) == 0.0
