"""Questions: the words a question is searched by, and the questions that no word can find.

Knows no document. Weights are relative: 1 for a word of the question itself.
"""

from __future__ import annotations

import re

from chat.grounding.retrieval.common_words import find_rareness
from chat.grounding.retrieval.dates import find_dated_terms, spell_years
from chat.grounding.retrieval.terms import split_terms

LONG_QUESTION_WORDS = 10
PREVIOUS_WEIGHT = 0.25  # more drags a change of subject back to the old one
ASKING_WEIGHT = 0.3
DATE_WEIGHT = 2.0  # of a date in any notation, for its three words
WRITTEN_DATE_WEIGHT = 0.4  # of each word that the question writes it with
CHARACTER_WEIGHT = 0.4  # of one Chinese character, beside the pairs

# What is asked of any text: these say what to do with it, never where to look.
_TASK = re.compile(
    r"总结|總結|概括|概述|摘要|归纳|歸納|提炼|主要内容|主要內容|主要观点|主要讲|讲了什么|讲的是什么|讲什么|说了什么|说的是什么|写了什么|写的是什么"
    r"|講了什麼|說了什麼|大意|要点|要點|重点|翻译|翻譯|全文|简述|介绍一下|梳理|列出|是什么内容|要約|まとめ|概要|翻訳"
    r"|\b(?:summar\w*|tl;?dr|overview|outline|gist|abstract|recap|synops\w*|translat\w*"
    r"|key (?:points?|takeaways?|findings?)"
    r"|main (?:points?|ideas?|topics?|arguments?|findings?|content)|takeaways?|bullet points?"
    r"|what (?:is|are|does) (?:this|the|these|it)\b[^?.,]{0,24}?\b(?:about|say|contain|cover|discuss)"
    r"|resum\w*|résum\w*|zusammenfass\w*|übersetz\w*|traduc\w*|traduis\w*|riassum\w*)\b",
    re.IGNORECASE,
)
# The same, but words that may also be what is looked for: they weigh as any other where others are there.
_DEED = re.compile(
    r"对比|對比|比较|比較|区别|異同|异同|差异|相同点|不同点|不同之处|解释|解釋|讲解|说明|显示|分析|润色|改写|校对|评价|朗读|提取"
    r"|\b(?:compar\w*|contrast|differ|differences?|similarities|explain|describe|analy[sz]e|review|proofread|rewrite|simplify"
    r"|critique|extract|quote|read)\b",
    re.IGNORECASE,
)
_COMPARING = re.compile(
    r"对比|對比|比较|比較|区别|區別|差异|異同|异同|相同|不同|各[个份家自]|每[个份一家]|分别|分別"
    r"|\b(?:compar\w*|contrast\w*|differ\w*|versus|vs|each|every|both|respective\w*|vergleich\w*|unterschied\w*|jeweils?)\b",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"全文|全书|整[篇个本份]|文件|文章|文档|文檔|论文|論文|报告|報告"
    r"|\b(?:whole|entire|all|documents?|files?|papers?|articles?|reports?|books?|pdfs?)\b",
    re.IGNORECASE,
)
_PART = re.compile(r"部分|章节|章節|小节|一[章节節]|\b(?:section|part|chapter|paragraph)\b", re.IGNORECASE)
_THING = re.compile(
    r"[这這]?[两兩][篇份个個]|这[篇份个本些]|這[篇份個本些]|之间|部分|章节|章節|小节|一[章节節]|[的是和与了]|该|本文|文章|文件|文档|文檔|论文|論文|报告|報告|附件|内容|內容|资料|資料|书|一下|请|請|把|将|將|成|中文|英文|日文|帮我|幫我|给我|用中文|用英文|成中文|成英文|什么|什麼|主要"
    r"|\b(?:what's|who's|this|that|these|those|the|a|an|of|it|me|please|can|could|you|would|give|write|make|show|tell|say|says|about|on|in|into|to|for|from|and|between|both|how|do|does|is|are|what"
    r"|document|documents|file|files|paper|papers|article|text|pdf|page|pages|book|report|attachment|content|contents|short|brief|briefly|detailed|main|whole|entire"
    r"|english|chinese|sentences?|words?|paragraphs?|points?|with|its|your|own|one|two|three|five|section|part|chapter|thing|things|all|everything)\b",
    re.IGNORECASE,
)
# Words that ask. In a text they are rare, and so would look like the most telling words of the question.
_ASKING = re.compile(
    r"为什么|为何|什么时候|什么样|什么|甚么|哪一[个年种位]|哪[个些里儿年种位位家座]|何时|何地|何种|何人|多少|几[个年次]|怎么样|怎么|怎样|如何|是否|是谁|有没有|请问|吗|呢"
    r"|為什麼|為何|什麼|甚麼|哪[個裡些種]|幾[個年次]|怎麼|怎樣|嗎"
    r"|何年|何人|いつ|どこ|どの|どのような|なぜ|誰|何"
    r"|\b(?:what|which|who|whom|whose|when|where|why|how|did|does|do|was|were|is|are|many|much|the|of|in|a|an|to)\b"
    r"|\b(?:qué|cuál|cuáles|quién|quiénes|cuándo|dónde|cómo|cuánto|cuántos|cuánta|cuántas)\b",
    re.IGNORECASE,
)


_LATIN_WORD = re.compile(r"[A-Za-zÀ-ÿ]+")
# How to answer, never where to look: whole sentences, and clauses at the end of one.
_INSTRUCTION = re.compile(
    r"(?:(?<=[.?!:;])|^)\s*(?:please\s+)?(?:answer|round|respond|reply|give|provide|state|express|use"
    r"|base your|calculate|make sure|assume|if (?:\w+[\s,]+){1,14}?(?:please|then|state|explain))\b"
    r"[^.?!\n]*[.?!]?"
    r"|\((?:in|round|answer)\b[^()]{0,60}\)"
    r"|[，,。；;]?\s*请(?:给出|注明|指出|用|以|按|列出|写出|附上)[^，。；？！\n]*",
    re.IGNORECASE,
)

_NUMBER = re.compile(
    r"多少|几|幾|哪一?年|何时|何時|何年|什么时候|哪个月|哪天|多[大长高远久重]"
    r"|\bhow (?:many|much|long|old|far|large|big|high|often)\b|\bwhen\b"
    r"|\bwhat (?:year|date|percent|number|age|day|month)"
    r"|\b(?:percentage|rate|proportion|prevalence)\b|cuánt|cuándo|qué año|porcentaje",
    re.IGNORECASE,
)
_DIGITS = re.compile(
    r"\d|[一二三四五六七八九十百千万两]+[年月日个次人名座]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|half|twice)\b"
)


def asks_for_a_number(question: str) -> bool:
    """Tell whether the answer to `question` must hold a number or a date."""
    return bool(_NUMBER.search(question))


def has_number(text: str) -> bool:
    """Tell whether `text` holds a number, in figures or in the commonest words."""
    return bool(_DIGITS.search(text))


def is_about_the_whole(question: str) -> bool:
    """Tell whether `question` asks for a summary, a translation or the like and names nothing to look for."""
    return not split_terms(strip_task(question))


def compares(question: str) -> bool:
    """Tell whether `question` asks how things differ, or for each of several."""
    return bool(_COMPARING.search(question))


def names_the_whole(question: str) -> bool:
    """Tell whether `question` says that it means a file, and not what was spoken of last."""
    return bool(_WHOLE.search(question))


def strip_task(question: str) -> str:
    """Return `question` without what is to be done, and to which kind of thing: what is left is a subject."""
    return _THING.sub(" ", _DEED.sub(" ", _TASK.sub(" ", question)))


def names_a_part(question: str) -> bool:
    """Tell whether the subject of `question` may be the heading of what it asks for."""
    return any(words.search(question) for words in (_TASK, _DEED, _PART))


def weigh_terms(question: str, previous_question: str = "") -> dict[str, float]:
    """Return the terms to search by with their weights; words that only ask weigh little."""
    weights: dict[str, float] = {}
    for text, weight in ((question, 1.0), (previous_question, PREVIOUS_WEIGHT)):
        text = spell_years(text)
        for term, share in weigh_dates(text).items():
            weights.setdefault(term, weight * share)
        subject = strip_instructions(text)
        for term in split_terms(strip_asking(subject)):
            weights.setdefault(term, weight * (CHARACTER_WEIGHT if is_character(term) else 1))
        for term in split_terms(text):
            weights.setdefault(term, weight * ASKING_WEIGHT)
    return weigh_by_frequency(weights, question)


def strip_instructions(question: str) -> str:
    """Return `question` without how it is to be answered, as in "Round it." Whole where nothing is left."""
    subject = _INSTRUCTION.sub(" ", question)
    return subject if split_terms(_ASKING.sub(" ", subject)) else question


def weigh_words(words: str) -> dict[str, float]:
    """Return the terms of a model's search words; all count, single characters less."""
    text = spell_years(words)
    weights = {term: CHARACTER_WEIGHT if is_character(term) else 1.0 for term in split_terms(text)}
    return {**weights, **weigh_dates(text)}


def weigh_dates(text: str) -> dict[str, float]:
    """Return the terms of the dates of a text, and the words that they are written with, which weigh less."""
    found = list(find_dated_terms(text))
    words = {term: WRITTEN_DATE_WEIGHT for start, end, *_ in found for term in split_terms(text[start:end])}
    return {**words, **{term: DATE_WEIGHT for *_, term, _ in found}}


def weigh_by_frequency(weights: dict[str, float], question: str) -> dict[str, float]:
    """Return the weights with those of common words lowered, where a long Latin question has many of them."""
    if len(_LATIN_WORD.findall(question)) < LONG_QUESTION_WORDS:
        return weights
    return {term: weight * find_rareness(term) for term, weight in weights.items()}


def strip_asking(question: str) -> str:
    """Return `question` without the words that only ask."""
    return _ASKING.sub(" ", _TASK.sub(" ", question))


def is_character(term: str) -> bool:
    """Tell whether `term` is a single character of a script without spaces."""
    return len(term) == 1 and term >= "\u0e00"
