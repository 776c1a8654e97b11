from __future__ import annotations

import pytest

from chat.grounding.retrieval.questions import asks_for_a_number, is_about_the_whole, weigh_terms


@pytest.mark.parametrize(
    "question",
    [
        "Summarize this document",
        "What is this paper about?",
        "Give me the key points, please",
        "tl;dr",
        "Translate the whole file into Chinese",
        "总结一下这篇文章",
        "这份文件讲了什么？",
        "请把这份文件翻译成中文",
        "请概括主要内容",
        "要約",
        "?",
        "",
    ],
)
def test_questions_about_the_whole_name_nothing_to_look_for(question: str) -> None:
    assert is_about_the_whole(question)


@pytest.mark.parametrize(
    "question",
    [
        "What is the main cause of infection?",
        "Summarize the findings on placenta tissue",
        "总结一下第三季度的销售额",
        "黑豹队的防守丢了多少分？",
        "Who is Chan?",
        "合同什么时候到期",
    ],
)
def test_questions_with_a_subject_are_searched(question: str) -> None:
    assert not is_about_the_whole(question)


def test_words_that_only_ask_weigh_little() -> None:
    assert weigh_terms("How many sacks?") == {"sacks": 1.0, "how": 0.3, "many": 0.3}


def test_chinese_pairs_do_not_reach_into_the_asking_words() -> None:
    weights = weigh_terms("草地有多少块")
    assert weights["草地"] == 1.0
    assert weights["草"] == 0.4
    assert weights["多少"] == 0.3


def test_the_previous_question_weighs_a_quarter() -> None:
    weights = weigh_terms("And in Zimbabwe?", "How many children?")
    assert (weights["zimbab"], weights["childr"]) == (1.0, 0.25)


def test_years_are_searched_as_texts_write_them() -> None:
    assert {"2018", "2019"} <= weigh_terms("sales of FY2018 and FY'19").keys()


def test_how_to_answer_weighs_little() -> None:
    weights = weigh_terms("Which segment shrank most? Answer in USD millions, rounded.")
    assert weights["segmen"] > 2 * weights["millio"]
    assert weigh_terms("Give the names of all directors")["direct"] == 1.0


def test_common_words_of_a_long_question_weigh_less() -> None:
    question = "In a country with many people, which company is said to have the highest capex turnover?"
    weights = weigh_terms(question)
    assert weights["compan"] < weights["capex"]
    assert weigh_terms("Which company?")["compan"] == 1.0


def test_numbers_are_asked_for_in_three_languages() -> None:
    assert asks_for_a_number("How many points?")
    assert asks_for_a_number("哪年成立的？")
    assert asks_for_a_number("¿Cuántos puntos?")
    assert not asks_for_a_number("Who won?")
