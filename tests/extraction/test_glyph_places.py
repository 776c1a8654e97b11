"""Where the characters of a text stand among the glyphs of a page, and which boxes that makes."""

from __future__ import annotations

from chat.documents.page_boxes import PageBoxes
from chat.extraction.pdf.glyph_places import PageGlyph, pack_boxes, place_characters


def draw(*lines: tuple[float, float, str]) -> list[PageGlyph]:
    """Return glyphs of lines, each from its left and top: a hundredth of the page wide, two high."""
    glyphs = []
    for left, top, line in lines:
        for at, character in enumerate(line):
            x = left + at / 100
            glyphs.append(PageGlyph(character, (x, top, x + 0.01, top + 0.02)))
    return glyphs


def boxes(text: str, glyphs: list[PageGlyph]) -> PageBoxes:
    return PageBoxes(pack_boxes(place_characters(text, glyphs), glyphs), 1.0)


def inside(text: str, glyphs: list[PageGlyph], quote: str) -> list[str]:
    start = text.index(quote)
    spans = boxes(text, glyphs).spans(start, start + len(quote))
    return [
        "".join(one.character for one in glyphs if span[2] <= one.box[0] + 0.005 <= span[4] and
                span[3] <= one.box[1] + 0.01 <= span[5]).strip()
        for span in spans
    ]  # fmt: skip


def test_a_quote_over_two_columns_has_a_box_in_each() -> None:
    glyphs = draw((0.1, 0.8, "the left column ends"), (0.6, 0.1, "and the right begins"))
    text = "the left column ends\nand the right begins"
    assert inside(text, glyphs, "column ends\nand the") == ["column ends", "and the"]


def test_words_that_another_reader_mended_are_found() -> None:
    glyphs = draw((0.1, 0.1, "T he of\ufb01ce well\x02"), (0.1, 0.2, "known  to all"))
    assert inside("The office well-known to all", glyphs, "office well-known") == [
        "of\ufb01ce well",
        "known",
    ]


def test_a_row_of_a_table_is_found_though_its_cells_are_drawn_in_another_order() -> None:
    glyphs = draw((0.1, 0.1, "Ship"), (0.1, 0.2, "Boat"), (0.5, 0.1, "12"), (0.5, 0.2, "12"), (0.8, 0.2, "9"))
    text = "Ship | 12 |\nBoat | 12 | 9"
    assert inside(text, glyphs, "Boat | 12 | 9") == ["Boat", "12", "9"]


def test_a_sentence_that_the_page_repeats_is_found_in_its_own_place() -> None:
    glyphs = draw((0.1, 0.1, "see note one"), (0.1, 0.5, "total of all"), (0.1, 0.9, "see note one"))
    text = "see note one\ntotal of all\nsee note one"
    start = text.rindex("see")
    assert [round(span.top, 2) for span in boxes(text, glyphs).spans(start, start + 12)] == [0.9]


def test_what_is_not_drawn_has_no_box_and_this_is_known() -> None:
    glyphs = draw((0.1, 0.1, "drawn words"))
    text = "drawn words\n<https://example.org>"
    found = boxes(text, glyphs)
    assert found.is_known(text, 0, 11)
    assert not found.is_known(text, 12, len(text))
    assert found.spans(12, len(text)) == []


def test_slanted_lines_do_not_grow_into_one_box() -> None:
    slanted = [PageGlyph("a", (at / 60, at / 90, at / 60 + 0.015, at / 90 + 0.03)) for at in range(50)]
    heights = [span.bottom - span.top for span in boxes("a" * 50, slanted).spans(0, 50)]
    assert max(heights) < 0.06


def test_boxes_of_words_become_boxes_of_their_characters() -> None:
    text = "two words"
    found = PageBoxes.of_words([(0, 3, 0.1, 0.1, 0.4, 0.2), (4, 9, 0.5, 0.1, 1.0, 0.2)], len(text), 1.0)
    (span,) = found.spans(4, 6)
    assert (round(span.left, 2), round(span.right, 2)) == (0.5, 0.7)
    assert found.is_known(text, 0, len(text))


def test_a_text_that_is_read_as_it_is_drawn_is_placed_as_any_other_is() -> None:
    glyphs = draw((0.1, 0.1, "A well- "), (0.1, 0.2, "known  fox 12 (a)"))
    text = "A well-\nknown fox 12 (a)"
    places = place_characters(text, glyphs)
    assert [
        glyphs[place].character for place, one in zip(places, text, strict=True) if not one.isspace()
    ] == list("Awell-knownfox12(a)")
    assert place_characters(f"{text}\nunseen", glyphs)[: len(text)] == places
