"""Claim words: the words around a quotation that introduce it as a file's, deny it, or say whose it is.

In English, German and Chinese. Knows no file, no mark and no quotation.
"""

from __future__ import annotations

import re
from functools import lru_cache

_FILES = (
    r"(?:documents?|files?|reports?|contracts?|agreements?|papers?|articles?|filings?|studies|study|pdf|text|book"
    r"|manual|policy|law|act|statute|code|minutes|transcript|spreadsheet|table|letter|memo|10-[KQ]|passage"
    r"|extract)"
)
_FILES_DE = (
    r"(?:\w*(?:bericht|dokument|vertrag|datei|studie|gesetz|abkommen|handbuch|beilage|vereinbarung|verordnung|satzung"
    r"|protokoll|urteil|bescheid|broschüre|richtlinie|anleitung|bedingungen|gebrauchsinformation|vorschrift)"
    r"|text|artikel|anhang)(?:e?s)?"
)
_PARTS = (
    r"(?:sheets?|workbook|slides?|deck|presentation|release|datasheet|guide|survey|standard|regulation|brochure"
    r"|statement|notice|appendix|footnote|chapter|section|page|summary|author|authors|publication|prospectus"
    r"|review|leaflet|insert|lease|receipt|invoice|instructions|procedure|bylaws|charter|ruling|judgment|order|form|label"
    r"|record|log|readme|documentation|specification|abstract|introduction|caption|e-?mail|handbook|guidelines?"
    r"|application|patent|communiqué|bulletin|faq|help|deed|treaty|resolution|catalogue|terms|conditions|subtitles?|captions?|credits)"
)
_SAYS = (
    r"(?:says?|said|notes?|warns?|warned|explains?|adds?|records?|shows?|lists?|puts?|writes?|wrote|concludes?"
    r"|remarks?|claims?|mentions?|describes?|defines?|calls?|gives?|reports?|requires?)"
)
_PARTS_DE = (
    r"(?:(?:tabellen)?blatt|tabelle|folie|leitfaden|referenz|mitteilung|norm|fußnote|abschnitt|prospekt|autoren|seite"
    r"|kapitel|faq|hilfe|(?:\w*ordnung)|rechnung|quittung|beleg|merkblatt|formular|untertitel)"
)
_SAYS_DE = (
    r"(?:sag(?:t|en)|schreib(?:t|en)|nenn(?:t|en)|erklärt|führt|vermerkt|stellt|bestimmt|verlangt|rät|warn(?:t|en)"
    r"|zeig(?:t|en)"
    r"|gibt|fordert|meldet)"
)
_FILES_ZH = (
    r"(?:文件|报告|手册|论文|文章|公告|年报|判决书?|说明书|幻灯片|表格|材料|教材|合同|协议|规定|规程|章程|通知|条例|办法"
    r"|制度|标准|细则|方案|备忘录|纪要|发票|清单|字幕|帮助(?=[中里还也])|帮助(?:文档|页面))"
)
_SAYS_ZH = r"(?:还|也)?(?:称|说|写|指出|要求|认为|显示|表示|强调|介绍|载|记载|提醒|警告)"
_INTRODUCTION = re.compile(
    r"\b(?:according to|as (?:stated|written|defined)"
    rf"|(?:the|this|your|attached|uploaded)\s+(?:\w+\s+){{0,2}}{_FILES}\b"
    r"|quot(?:e|es|ed|ing|ation)|verbatim|word for word|wording|reads\b|states?\b|stating|stipulates?"
    r"|provides that)"
    r"|\b(?:laut|gemäß|zufolge|wörtlich|im wortlaut|zitat|zitiert|heißt es|steht|lautet|besagt"
    rf"|(?:dem|der|das|die|im|den|diese[mrs]?)\s+(?:\w+\s+)?{_FILES_DE})\b"
    rf"|(?:the|this|its)\s+(?:\w+\s+){{0,2}}{_PARTS}\s+(?:also\s+)?{_SAYS}\b"
    rf"|(?:says|notes|warns|explains|writes) the (?:{_FILES}|{_PARTS})\b"
    rf"|(?:sagt|schreibt|erklärt|warnt) (?:das|die|der) {_PARTS_DE}\b"
    rf"|(?:das|die|der|dem|im|in der)\s+(?:\w+\s+)?{_PARTS_DE}\s+{_SAYS_DE}\b"
    rf"|据(?:该|此|本)?(?:文|{_FILES_ZH})|{_FILES_ZH}(?:中|里|上|内)?{_SAYS_ZH}"
    r"|\b(?:selon|d['’]après|(?:le (?:rapport|document|texte|contrat|règlement|bail|guide|manuel|fichier)"
    r"|la (?:notice|loi|convention))|l['’]article"
    r"|(?:précise|indique|stipule|dispose|déclare|affirme|mentionne)(?:nt)?)\b"
    r"|\b(?:según|(?:el (?:informe|documento|texto|contrato|art[íi]culo|archivo|manual|convenio)"
    r"|la (?:ley|guía|póliza))"
    r"|(?:dice|indica|establece|señala|afirma|diz|dizem|estabelece)n?)\b"
    r"|\b(?:secondo|segundo|de acordo com|(?:il|o) (?:verbale|rapporto|documento|testo|contratto|regolamento"
    r"|manuale|contrato|relatório|texto|regulamento|manual)|l['’]articolo"
    r"|(?:spiega|precisa|stabilisce|dichiara)(?:no)?)\b"
    r"|\b(?:согласно|в (?:отч[её]те|документе|договоре|тексте|статье|файле)"
    r"|(?:сказано|указано|говорится|написано|сообщает))\b"
    r"|によれば|によると|とある|と(?:記載|規定|書かれ|述べ)|[条項章]には"
    r"|\|\s*(?:clauses?|sections?|articles?|pages?|sources?|seiten?|abschnitt|artikel|(?:fund)?stelle|quelle|beleg"
    r"|条款|页码|出处|依据|来源)\s*\|"
    r"|原文|写道|写明|指出|规定|載明|载明|明确|提到|根据|按照|依据|文件[中里称说]|报告[中里称说]|合同[中里约规]"
    r"|文中|文档[中里]|表述为|条文|引用",
    re.IGNORECASE,
)
_NO_CLAIM = re.compile(
    r"\b(?:you (?:asked|said|wrote|mentioned|mean)"
    r"|your (?:question|query|message|words|phrase|request)|proverb|saying|motto|slogan|adage"
    r"|so-called|known as|called|titled|entitled|term|phrase|word|named|for example|e\.g\.|draft|suggest\w*"
    r"|(?:could|would|might|[a-z]+['’]d|(?:you|we|one|i) can) (?:\w+ )?"
    r"(?:write|say|call|answer|reply|respond)"
    r"|(?:some|many|people|critics|others) (?:\w+ )?(?:say|call|speak)|(?:speaks?|talks?) of"
    r"|my (?:own )?(?:summary|words|title|headline|reading|gloss)"
    r"|mein(?:e|en)? (?:fazit|worte|zusammenfassung)"
    r"|(?:spricht|sprechen) (?:\w+ ){0,2}vo[nm]"
    r"|(?:manche|viele|einige|andere|kritiker|man) (?:\w+ ){0,2}(?:sagt|sagen|nennt|nennen|spottet|spotten)"
    r"|(?:sagt|sagen|nennt|nennen) (?:man|manche|viele|einige)"
    r"|(?:könnte|würde)(?:n|st)?\b[^.;\n]{0,60}\b(?:sagen|schreiben|antworten|nennen|entgegnen)"
    r"|translat\w+ as|from memory|aus dem gedächtnis"
    r"|sie (?:fragten|fragen|schrieben|meinten)|ihre? (?:frage|anfrage)|du (?:fragst|fragtest)|deine? frage"
    r"|sprichwort|redensart|devise|entwurf|vorschlag"
    r"|sogenannt\w*|so genannt\w*|genannt|namens|begriff\w*|titel|betitelt|wort|ausdruck"
    r"|zum beispiel|z\. ?b\.|proverbe|dicton|vous (?:demandez|parlez|écrivez)|terme|intitulée?|par exemple"
    r"|proverbio|refrán|usted (?:pregunta|escribe|menciona)|término|titulad[oa]|por ejemplo"
    r"|пословиц\w*|поговорк\w*|вы (?:спрашиваете|пишете)|термин\w*|так называем\w*|например)\b"
    r"|ことわざ|諺|という(?:言葉|用語)|いわゆる|例えば"
    r"|您?你?(?:问|提问|说的|提到的|所说)|(?:您|你)的(?:问题|提问)|谚语|俗话|成语|所谓|称为|名为|标题|题为|术语"
    r"|草稿|草拟|一词|比如|例如|口号|常言|凭记忆|戏称|比作|(?<![所持拥占没])有些?人[会可能也许]{0,4}(?:说|称|把|将|叫)"
    r"|可以?(?:这样)?(?:回答|回复|写成)|我的(?:概括|总结)|用我的话",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:(?:does|do|did|is|are|was|were)(?: not|n['’]t) (?:\w+ )?(?:say|state|contain|mention|include|use"
    r"|appear|have|quote|write|found|mentioned|contained|stated|there)"
    r"|no (?:sentence|passage|mention|clause|wording|such|place|page|text)"
    r"|never (?:\w+ )?(?:says?|states?|mentions?|uses?|appears?)|nowhere|cannot find|can['’]t find"
    r"|not (?:find|found|mentioned|contained|stated|in the)"
    r"|nicht (?:erwähnt|enthalten|gesagt|genannt|zu finden)"
    r"|kein(?:e[nr]?)? (?:satz|stelle|hinweis|erwähnung|passage|aussage)|nirgends"
    r"|ne (?:mentionne|contient|dit|parle)(?:nt)? pas|no (?:l[oa]s? )?(?:menciona|contiene|dice)n?"
    r"|не (?:упомина|содерж|говор)\w*)\b"
    r"|(?:没有?|并未|未)(?:提到|提及|写|说|规定|出现|找到|包含|载明|使用)|找不到|不存在",
    re.IGNORECASE,
)
_NOT_THIS = re.compile(
    r"(?:\bnot?|\bnicht|\brather than|\binstead of|\bkeine?|并非|不是|而非|而不是)\s*[“\"„«»「‘']?$",
    re.IGNORECASE,
)
_TRANSLATED = re.compile(r"\b(?:translat\w+|übersetz\w*)\b|翻译|译[文为成]|意为", re.IGNORECASE)
_LANGUAGE_NAME = re.compile(
    r"\b(?:english|german|chinese|englisch\w*|deutsch\w*|chinesisch\w*)\b|[英德中][文语]|汉语", re.IGNORECASE
)
_ASKED_BEFORE = re.compile(
    r"\b(?:you (?:asked|wrote|said)|sie (?:fragten|schrieben)|du (?:fragst|fragtest))"
    r"(?:\s+[^\W\d]+){0,3}\s*[:,]?\s*$"
    r"|\b(?:your|ihrer?|deiner?) (?:question|query|request|message|frage|anfrage)(?:\s+[^\W\d]+){0,3}\s*$"
    r"|(?:您|你)(?:问|说|提到|写)(?:的|到|了|道)?\s*[:：]?\s*$",
    re.IGNORECASE,
)
_TITLED = re.compile(
    r"\b(?:book|article|paper|report|essay|novel|film|magazine|song|buch|aufsatz|artikel|roman)\s*[,:]?\s*$",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\b(?:asks?|asked|asking|wonders?|fragt|fragen|fragte|frage)\s*[:,]?\s*[“\"„«»]?$|[问問](?:道|：|:)?[“「]?$",
    re.IGNORECASE,
)
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
FEWEST_TITLE_WORDS = 2
KEPT_WORDS = 64  # around quotations: each is asked for several times


@lru_cache(maxsize=KEPT_WORDS)
def introduces(words: str) -> bool:
    """Do the words around a quotation say that a file has it?"""
    return bool(_INTRODUCTION.search(words))


@lru_cache(maxsize=KEPT_WORDS)
def denies(words: str) -> bool:
    """Do the words say that no file has it?"""
    return bool(_DENIED.search(words))


@lru_cache(maxsize=KEPT_WORDS)
def claims_nothing(words: str) -> bool:
    """Do the words make it a term, a title, a proverb, a draft or the user's own?"""
    return bool(_NO_CLAIM.search(words))


def is_translation(words: str) -> bool:
    return bool(_TRANSLATED.search(words))


def names_language(words: str) -> bool:
    """Do words name a language, as "the English part says" does?"""
    return bool(_LANGUAGE_NAME.search(words))


def is_excluded(before: str, text: str) -> bool:
    """Do the words directly before it make it what the file does not say, what was asked, or a title?"""
    is_question = text.rstrip().endswith(("?", "？")) and bool(_ASKING.search(before))
    is_other = bool(_NOT_THIS.search(before) or _ASKED_BEFORE.search(before))
    return is_question or is_other or _is_title(before, text)


def _is_title(before: str, text: str) -> bool:
    """Does a quotation behind "the book" have the capitals of a title?"""
    long_words = _LONG_WORD.findall(text)
    return (
        bool(_TITLED.search(before))
        and len(long_words) >= FEWEST_TITLE_WORDS
        and all(word[0].isupper() for word in long_words)
        and not text.rstrip().endswith((".", "!", "?"))
    )
