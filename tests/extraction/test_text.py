"""Encodings, tidying, and the judgement of what a page of text can be."""

from __future__ import annotations

import pytest

from chat.documents.document import Problem
from chat.extraction.legibility import Judgement, better, is_right_to_left, judge
from chat.extraction.pdf.bidirectional import arrange
from chat.extraction.pdf.glyphs import (
    Glyph,
    has_doubtful_spaces,
    is_overprinted,
    is_spread,
    mend_spaces,
    print_once,
)
from chat.extraction.text import encodings
from chat.extraction.text.plain import judge as judge_decoded
from chat.extraction.tidy import tidy

CHINESE = (
    "格利泽是一颗围绕红矮星运转的太阳系外行星。该行星由法国和瑞士天文学家组成的团队发现，并于二零零五年公布。"
    * 4
)
JAPANESE = (
    "中国丹霞は中華人民共和国の世界遺産の一つである。丹霞は中国南部に残る赤い堆積岩が織り成す地形である。" * 4
)
RUSSIAN = "В начале века сеть запустила рекламную кампанию, в центре которой был её круглый логотип. " * 4
GERMAN = "Die größte Stadt der Schweiz ist Zürich; über vierhunderttausend Menschen wohnen dort. " * 4
THAI = "สถานีโทรทัศน์ปล่อยแคมเปญจ์โปรโมททางเว็บไซต์ซึ่งให้ความสำคัญกับโลโก้รูปวงกลมของทางสถานี " * 4
TABLE = "Quarter Profit\n" + "\n".join(f"-{n},{n + 3}50.25 +{n}.5% ({n}0.00)" for n in range(40))
ARABIC = "أطلقت شبكة حملة ترويجية على شبكة الإنترنت تتمحور حول شعارها الدائري الذي يطلق عليه النقطة. " * 4


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CHINESE, "gb18030"),
        (CHINESE, "big5"),
        (CHINESE, "utf-8"),
        (CHINESE, "utf-8-sig"),
        (CHINESE, "utf-16"),
        (CHINESE, "utf-16-le"),
        (CHINESE, "utf-16-be"),
        (CHINESE, "utf-32-le"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "utf-16-be"),
        (GERMAN, "cp1252"),
        (GERMAN, "utf-16-le"),
        (THAI, "cp874"),
        (THAI, "utf-16-le"),
        (ARABIC, "cp1256"),
    ],
)
def test_encoding_is_found(text: str, encoding: str) -> None:
    known = text.encode(encoding, "ignore").decode(encoding)
    assert encodings.decode(known.encode(encoding))[0] == known


def test_one_broken_byte_does_not_change_the_encoding() -> None:
    data = RUSSIAN.encode() + b"\xff" + RUSSIAN.encode()
    assert encodings.decode(data) == (f"{RUSSIAN}\ufffd{RUSSIAN}", "utf-8")


def test_declared_encoding_decides_where_the_bytes_allow_it() -> None:
    assert encodings.decode("naïve".encode("cp1250", "ignore") + b"\xb9", "windows-1250")[0] == "nave\u0105"


def test_encoding_that_does_not_exist_is_not_believed() -> None:
    assert encodings.decode(GERMAN.encode("cp1252"), "no-such-thing")[0] == GERMAN


def test_tidy_text_has_one_kind_of_break_and_no_half_characters() -> None:
    text = "a\r\nb\rc\x0cd\u2028e  \n\x00f\ufffe di\u2010\nvi\xadde\ud83d\ude00\ud83d\xa0g\n\n\n\n\nh"
    assert tidy(text) == "a\nb\nc\nd\ne\nf divide\U0001f600\ufffd g\n\n\nh"


@pytest.mark.parametrize("text", [CHINESE, JAPANESE, RUSSIAN, GERMAN, THAI, ARABIC, "1 2 3 4.5 %", "", TABLE])
def test_real_text_is_legible(text: str) -> None:
    assert judge(text).is_legible


@pytest.mark.parametrize(
    "text",
    [
        "\ue001\ue002\ue003\ue004\ue005 \ue006\ue007\ue008\ue009",  # private code points
        "㈉䗂ᜯ䜫石ᄹ㈉ⰰẍو䆀ى✛䮨䊒ǍǙ˄㨉ᒒᓧ⸗ع⪖ⵇ䯎ںⴑ⥲䫑",  # codes of a font taken for Unicode
        "thewordsofthispagehavelosttheirspacesandstandinonelongrowthatnobodycanread",
        "Page nineteen\n" + "#$%&'()*+,-.#!&'(*)+,-. " * 9,  # codes of a font taken for ASCII
        "ซึ่งซึ่ให้คห้ วามเว็บว็ ที่ร ให้ห้",  # letters and marks twice
        "ن ی گی د ب ا ت ک خ ه ز ان اف ش و م ر ل س ج",  # letters taken for words
        "ةكبش ىلع ةلمح ةيجيورت ةطقنلا ةقرو ةسردم",  # reversed
    ],
)
def test_what_no_author_wrote_is_not_legible(text: str) -> None:
    assert not judge(text).is_legible


def test_script_that_few_pages_have_is_legible_when_it_is_the_page() -> None:
    assert judge("ᎠᎡᎢᎣᎤᎥᎦᎧᎨᎩ ᎪᎫᎬᎭᎮᎯᎰᎱᎲᎳ").is_legible


def test_judgement_counts_letters_and_not_figures() -> None:
    assert judge("ab 12 – c") == Judgement(3, 1.0)


def test_better_reading_is_the_more_plausible_one_unless_it_lacks_most() -> None:
    garbage = "㈉䗂ᜯ䜫石ᄹ㈉ⰰẍ䆀✛䮨䊒ǍǙ˄㨉ᒒᓧ⸗⪖ⵇ䯎ⴑ⥲䫑"
    assert better(garbage, CHINESE) == CHINESE
    assert better(CHINESE, garbage) == CHINESE
    assert better(CHINESE, CHINESE[:20]) == CHINESE


def test_direction_is_told_by_a_tenth_of_the_letters() -> None:
    assert (is_right_to_left(ARABIC), is_right_to_left(GERMAN)) == (True, False)


def glyphs(text: str, places: list[float]) -> list[Glyph]:
    return [Glyph(character, x, 0.0) for character, x in zip(text, places, strict=True)]


def test_word_drawn_from_the_right_stays() -> None:
    assert arrange(glyphs("שלום", [40, 30, 20, 10])) == "שלום"


def test_word_drawn_from_the_left_is_turned_and_its_mark_stays_at_its_end() -> None:
    # shin, lamed drawn from the left; then a point under the letter that ends the stretch.
    assert arrange(glyphs("לש\u05b8", [10, 20, 10])) == "של\u05b8"


def test_lam_and_alef_in_one_place_are_a_ligature() -> None:
    assert arrange(glyphs("\u0627\u0623\u0644\u0646", [40, 30, 30, 20])) == "\u0627\u0644\u0623\u0646"


def test_letter_drawn_apart_for_its_mark_belongs_to_the_word_before_the_blank() -> None:
    assert arrange(glyphs("\u0646\u0645 \u0627\u064b\u0645", [40, 30, 20, 20, 20, 10])) == (
        "\u0646\u0645\u0627\u064b \u0645"
    )


def test_spread_letters_are_told_from_rows_of_figures() -> None:
    assert is_spread("in A N N U A L R E P O R T 2025")
    assert not is_spread("1 2 3 4 5 6 7 8 9 10 11 12 13")
    assert not is_spread("H e l l o")


def test_latin_word_in_arabic_is_parted_and_not_turned() -> None:
    assert arrange(glyphs("وabc", [50, 10, 20, 30])) == "و abc"


def test_words_in_different_places_are_no_overprint() -> None:
    twice = [Glyph(character, x * 6.0, 0.0) for x, character in enumerate("1000.0 1000.0")]
    assert is_overprinted("a\n1000.0 1000.0")
    assert print_once(twice) == twice
    assert not is_overprinted("no no\nAnnual report")


def row(words: str, step: float = 0.0) -> list[Glyph]:
    """Letters of a line, 5 wide and 10 high. A `_` is a gap of 1.2 that no space fills."""
    found, at = list[Glyph](), 0.0
    for letter in words:
        if letter == "_":
            at += 1.2
            continue
        found.append(Glyph(letter, at, 0.0, at + 5, 10))
        at += 5 + step
    return found


def test_gap_that_is_wider_than_those_within_words_parts_two() -> None:
    text = "SamuelCleveland has goneaway, hiswife,Bobbie"
    drawn = row("Samuel_Cleveland_has_gone_away,_his_wife,_Bobbie")
    assert has_doubtful_spaces(text)
    assert mend_spaces(text, drawn) == "Samuel Cleveland has gone away, his wife, Bobbie"
    assert mend_spaces("another line", drawn) == "another line"


def test_space_that_is_drawn_inside_a_ligature_parts_no_word() -> None:
    head, tail = row("das Infl"), row("uenza ab")
    space = Glyph(" ", 37.0, 0.0, 40.0, 10)
    moved = [Glyph(g.character, g.left + 40, 0.0, g.right + 40, 10) for g in tail]
    assert has_doubtful_spaces("das Infl uenza ab")
    assert mend_spaces("das Infl uenza ab", [*head, space, *moved]) == "das Influenza ab"


def test_line_of_spaces_alone_stays_empty() -> None:
    newline = Glyph("\n", 0.0, 0.0, 0.0, 10)
    space = Glyph(" ", 37.0, 0.0, 40.0, 10)
    drawn = [*row("goneaway,_hiswife,_Bobbie"), newline, space]
    assert mend_spaces("goneaway, hiswife, Bobbie\n ", drawn) == "goneaway, hiswife, Bobbie\n"


def test_ordinary_text_needs_no_look_at_its_letters() -> None:
    assert not has_doubtful_spaces("The officer is off duty, at McDonald's; wi-fi 3.5 is here.")


def test_text_whose_encoding_is_not_certain_is_told() -> None:
    wrong = "".join(chr(0x2C00 + 37 * n) if n % 3 else chr(0x1400 + 53 * n) for n in range(60))
    assert [found.kind for found in judge_decoded(wrong, "cp949") if isinstance(found, Problem)] == [
        "garbled"
    ]
    assert list(judge_decoded("회의는 내일 오전에 열립니다.", "cp949")) == []
    assert list(judge_decoded(wrong, "utf-8")) == []
