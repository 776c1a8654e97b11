"""Denied clauses: words of a sentence that deny what a quote takes out of it, some words before or behind it.

"Rejected a proposal to …", "lacks …", "Few members saw …", "… fehlt", 否决了…. A "not" right before a quote
is in `quote_edges.py`. Knows no document: a lead and a rest are strings.
"""

from __future__ import annotations

import re

LEAD_CHARACTERS = 160  # of a sentence, looked at before a quote
REST_CHARACTERS = 60  # looked at behind it

_ENDS = re.compile(r"[.;:!?][\"”’)]*\s|[。；！？]|\n[ \t]*(?:\n|[-*•|]|\(?\d{1,2}[.)、])")
_MATTER = (  # what is rejected: a motion that …, a proposal to …
    r"(?:proposal|motion|request|plan|offer|application|suggestion|claim|allegation|assertion|argument|idea"
    r"|view|notion|theory|statement|suspicion|call|demand|bid|bill|petition|attempt|possibility|accusation"
    r"|recommendation)s?"
)
_REFUSED = (
    r"reject(?:s|ed|ing)?|refus(?:e|es|ed|ing)|declin(?:e|es|ed|ing)|den(?:y|ies|ied|ying)"
    r"|disput(?:e|es|ed|ing)|withdr(?:aw|aws|ew|awn)|oppos(?:e|es|ed)|dismiss(?:es|ed)?|rul(?:e|es|ed) out"
    r"|vot(?:e|es|ed) against|turn(?:s|ed) down|fail(?:s|ed)?|abandon(?:s|ed)?|defeat(?:s|ed)?"
    r"|(?<!no )(?<!little )(?<!without )doubt(?:ed)?|veto(?:es|ed)|decid(?:e|es|ed) against"
    r"|stop(?:s|ped) short of|(?:has|have|had) yet"
)
_FALSE = (
    r"(?:mistake|error|unclear|unknown|uncertain|questionable|premature|unlikely|impossible|improbable"
    r"|doubtful|incorrect|untrue|false|wrong|misleading)"
)
_CLAUSE = re.compile(  # and the clause begins
    rf"\b(?:(?:{_REFUSED})(?:\s+(?:\w+\s+){{0,3}}{_MATTER})?|{_FALSE}(?:\s+to\s+\w+)?"
    rf"|unable to \w+)(?P<link>\s+(?:to|that|of|whether))?\s+$"
    r"|\b(?:rejet(?:te|tent|é|ée|a)|refus(?:e|ent|é|a)|ni(?:e|ent|é|a)|conteste(?:nt)?|exclu[est]?"
    r"|improbable|impossible|renonc(?:e|ent|é|a)|peu probable|écart(?:e|ent|é|a)"
    r"|interdit)(?:\s+\w+){0,3}?(?P<link_fr>\s+(?:de|à|que)|\s+(?:d|qu)['’])?\s*$"
    r"|\b(?:(?:rechaz|desestim|deneg)(?:a|an|ó|aron|ado)|nieg(?:a|an)|neg(?:ó|aron|ado)"
    r"|descart(?:a|an|ó|aron|ado)|poco probable|improbable|imposible"
    r"|renunci(?:a|an|ó|aron))(?:\s+\w+){0,3}?(?P<link_es>\s+(?:de|que|a))?\s+$"
    r"|\b(?:bocci(?:a|ano|ò|ato)|respin(?:ge|gono|se|sero|to)|rifiut(?:a|ano|ò|ato)|neg(?:a|ano|ò|ato)"
    r"|esclu(?:de|dono|so)|improbabile|impossibile"
    r"|rinunci(?:a|ano|ò|ato))(?:\s+\w+){0,3}?(?P<link_it>\s+(?:di|che|a))?\s+$"
    r"|\b(?:rejeit(?:a|am|ou|ado)|recus(?:a|am|ou|ado)|neg(?:a|am|ou|aram)|improvável|impossível"
    r"|desist(?:e|iu))(?:\s+\w+){0,3}?(?P<link_pt>\s+(?:de|que|a))?\s+$"
    r"|\b(?:отклон\w+|отказа\w+|отказыва\w+|отверг\w*|отрица\w+|опроверг\w*|исключено|маловероятно"
    r"|запрещ\w+|запретил\w*)(?:\s+\w+){0,2}(?P<link_ru>,?\s+что)?,?\s+$",
    re.IGNORECASE,
)
_CLAUSE_BEGINS = re.compile(  # with its link or with an infinitive
    r"\w{2,}ing\b|(?:to|that|whether|de|à|que|di|che|a|что|dass)\s|d['’]|qu['’]"
    r"|\w{2,}(?:er|ir|re|ar|ere|ire|ать|ять|ить|еть|уть|ти|чь)(?:se|si|ся)?\b",
    re.IGNORECASE,
)
_CLAUSE_DE = re.compile(
    r"\b(?:(?:kein\w*|niemand|nicht)(?! (?:nur|an|zuletzt|selten)\b) \w+|zurück"
    r"|unterl(?:ieß|ässt|ässe|ießen)\w*|lehn(?:t|te|en|ten)|verw(?:irft|arf|arfen)|weiger(?:t|te|n|ten)"
    r"|verweiger\w+|verzichte\w*|davon ab|abgelehnt|ausgeschlossen|unwahrscheinlich|fraglich|falsch"
    r"|unzutreffend|unmöglich|unzulässig|untersagt|verboten|bestreite[tn]|bestritt\w*|leugne[tn]"
    r"|dementier\w+|sieh?e?t?n? davon|abgesehen|abgeraten|rät)\b[^.;:\n]{0,50},\s+(?P<that>dass\s+)?$",
    re.IGNORECASE,
)
_BEGINS_DE = re.compile(r"dass\b|.*(?:\bzu|\w{2}zu\w+)\s?\w*$", re.IGNORECASE | re.DOTALL)
_LACKS = re.compile(  # and a thing is named
    r"\b(?:lack(?:s|ed|ing)?(?: of)?|devoid of|insufficient|(?:hardly|scarcely|barely) any|absence of"
    r"|little(?= evidence| sign| reason| support)|contraindicated|mangelt es an"
    r"|fehl(?:t|te|en) (?:es an|noch|jedoch|aber)?|carec(?:e|en|ía) de|priv[oaie] di"
    r"|dépourvue?s? d(?:e|['’])|manquent? d(?:e|['’])|faute de|desprovist\w+ de|falta de|лиш[её]н\w*"
    r"|отсутству\w+)\s*$|(?:缺乏|缺少|欠缺|尚无|并无|未发现|不存在"
    r"|(?:没有|无|未见)(?:任何)?证据(?:能够?)?(?:表明|证明|显示)"
    r"|(?:否决|驳回|撤回|撤销|放弃|反对|否认|不同意|不认为|不太可能|不大可能|不可能|避免)了?|不清楚|不明确"
    r"|(?:没有|未|不|不予|从未)(?:批准|通过|同意|支持|采纳|认可|承认|接受|受理|赞成|允许|提供|发现|证明"
    r"|显示|表明|包括|包含|涉及|构成|适用|负责|承担|享有|具有|具备|存在|建议|推荐|考虑|计划|打算))$",
    re.IGNORECASE,
)
_NOT_ONE_WORD = re.compile(  # not include …, no longer expect …, не смогли …
    r"(?:\b(?:not|cannot|never|no longer|nicht|nie|não|не)|n['’]t)\s+(?!un|impossible|illegal|only|just"
    r"|merely|least|less|more|later|earlier|than|limited|restricted|confined|exceed|until|unless|because|if"
    r"|when|whether|as|so|nur|mehr|später|weniger|zuletzt"
    r"|только)[^\W\d_]+(?P<link>\s+(?:to|that|any|of|on))?\s+$",
    re.IGNORECASE,
)
_NONE_FIRST = re.compile(  # at the beginning of a sentence; in English and Spanish the same word
    r"(?:\A|\n)\s*(?:\d+[.)]\s*)?(?:no(?!\s+(?:later|more|less|fewer|earlier|doubt|hay duda|matter|wonder"
    r"|sooner|solo|sólo|obstante))|none|nobody|nothing|few|hardly any|scarcely any|kein(?:e[rs]?)?|niemand"
    r"|aucune?|personne|nessun[oa]?|ning[uú]n[oa]?|nadie|nenhum|ninguém|никто"
    r"|ни)(?:\s+[^\W\d_]+(?:['’][^\W\d_]+)?){1,4}\s+$",
    re.IGNORECASE,
)
_NO_PLAN = re.compile(  # no current plans to …, нет доказательств того, что …
    r"\bno(?! doubt| longer)(?: \w+){1,3}(?P<link>\s+to)?\s+$"
    r"|\b(?:non?|não)(?! sol[oa]| sólo| c['’]è dubbio| hay duda"
    r"| há dúvida)(?:\s+\w+){0,4}(?P<link_it>\s+(?:che|que))\s+$"
    r"|\bнет(?! сомнен)(?:\s+\w+){0,3}(?P<link_ru>,?\s+что)\s+$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\s+(?:(?:wird|werden|wurden?|ist|sind|war|waren)\s+(?:\w+\s+)?)?(?:abgeraten|ausgeschlossen|abgelehnt"
    r"|zurückgewiesen|untersagt|verboten|unzulässig|unwahrscheinlich|fehlt|fehlen|fehlte|fehlten|entfällt"
    r"|entfallen|unterbleibt)\b|\s+nimmt\s[^.;:,]{0,40}?\bAbstand\b"
    r"|\s+(?:is|are|was|were|has been|have been)\s+(?:\w+ly\s+)?(?:rejected|refused|denied|declined"
    r"|withdrawn|prohibited|forbidden|ruled out|lacking|missing|unlikely|impossible|abandoned|defeated)\b"
    r"|\s+(?:est|sont|a été|ont été|fue|fueron|è stat[oa]|foi)\s+(?:rejeté|refusé|interdit|exclu|rechazad"
    r"|descartad|respint|rejeitad)\w*|(?:提案|议案|申请|请求)?(?:未获|被否决|被驳回|被拒绝|未予)"
    r"|(?:を|は|が)(?:否決|却下|拒否|撤回|見送|否定|確認されていない|確認されなかった|認められない"
    r"|認められなかった)|と(?:は|も)?(?:認め(?:ない|なかった)|言えない|考えられない|限らない)",
    re.IGNORECASE,
)
_DENYING = re.compile(  # in an answer's own words
    rf"\b(?:{_REFUSED}|{_FALSE}|lack\w*|insufficient|few|little|hardly|against|rejection|refusal|denial"
    rf"|without|missing"
    r"|unable|yet|contraindicated|zurück\w*|unterl\w+|abstand|desestim\w+|deneg\w+|bocci\w+|débout\w+"
    r"|lehn\w+|ablehn\w*|abgelehnt|verw[ia]rf\w*|weiger\w+|verzicht\w*|ausgeschlossen|unwahrscheinlich"
    r"|fraglich|falsch|unmöglich|untersagt|verboten|bestr\w+|leugne\w*|dementier\w+|abgesehen|abgeraten"
    r"|davon ab|fehl\w+|mangel\w*|entfäll\w*|zurückgewiesen|rejet\w+|refus\w+|nie|nient|conteste\w*"
    r"|exclu\w*|improbable|impossible|renonc\w+|peu|dépourvu\w*|manqu\w+|interdit\w*|écart\w+|rechaz\w+"
    r"|nieg\w+|neg\w+|descart\w+|imposible|poco|carec\w+|falta\w*|respin\w+|rifiut\w+|esclu\w+|improbabile"
    r"|impossibile|priv[oaie]|rejeit\w+|recus\w+|отклон\w+|отказ\w+|отверг\w*|отриц\w+|опроверг\w*"
    r"|исключ\w+|маловероятно|запре\w+|лиш\w+|отсутств\w+)\b|否决|驳回|撤回|撤销|放弃|反对|否认|缺乏|缺少"
    r"|欠缺|避免|尚无|并无|否決|却下|拒否|撤回|見送|ない|ません",
    re.IGNORECASE,
)


def find_denial(text: str, first: int, last: int) -> str:
    """Return the words of a sentence that deny those from `first` to `last` of `text`; empty for none."""
    lead = _ENDS.split(text[max(0, first - LEAD_CHARACTERS) : first])[-1]
    quote, is_whole = text[first:last], first <= LEAD_CHARACTERS or len(lead) < LEAD_CHARACTERS
    lost = _LACKS.search(lead) or _find_clause(lead, quote) or _NOT_ONE_WORD.search(lead)
    if is_whole and not lost:
        lost = _NONE_FIRST.search(lead)
    lost = lost or _AFTER.match(text, last, last + REST_CHARACTERS)
    return " ".join(lost.group().split()) if lost else ""


def _find_clause(lead: str, quote: str) -> re.Match[str] | None:
    """Return the verb that denies a clause of which the quote is all or all but its link."""
    if found := _CLAUSE.search(lead):
        return found if _is_linked(found) or _CLAUSE_BEGINS.match(quote) else None
    if found := _NO_PLAN.search(lead):
        return found if _is_linked(found) or quote.startswith("to ") else None
    found = _CLAUSE_DE.search(lead)
    return found if found and (found["that"] or _BEGINS_DE.match(quote)) else None


def _is_linked(found: re.Match[str]) -> bool:
    """Does what follows the verb begin with "to" or "that"?"""
    return any(value for key, value in found.groupdict().items() if key.startswith("link"))


def is_denying(words: str) -> bool:
    """Do an answer's own words deny something?"""
    return bool(_DENYING.search(words))
