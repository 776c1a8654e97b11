"""Quotes against a document: what is forgiven, what is not, and what layout puts between."""

from __future__ import annotations

import pytest

from chat.grounding.evidence import Evidence
from chat.grounding.quote_gaps import find_with_gaps
from chat.grounding.quote_matching import find_altered, find_exact, find_stitched
from chat.grounding.quoted_words import QuotedWords
from chat.grounding.text_windows import Match
from tests.made_documents import make_document

EVIDENCE = Evidence.prepare(
    make_document(
        "The trial enrolled 14,110 pairs of mothers and\nchildren in Harare. It ended in 2000.\n"
        "The tenant is not required to pay the fee in full.\n"
        "Some 12,553 people [6] came with 4.2 MB of data.3"
        " It was hot and p > q holds. The plant gives 42 MW at most.",
        "The Mother-to-\nchild transmission is the main cause of trans-\nport losses, and the number of\n\n"
        "1 A note that explains the word.\nStatistics of Owls 12",
        "Statistics of Owls\ncases grew by 10² in Köln. Er könnte kommen."
        " Net income was $5,007 million, up 15.6%.",
        "试验共招募了一万四千对母子，地点在哈拉雷。甲方不得转让本合同项下的权利。乙方应当支付租金。",
    )
)


def look_up(text: str, before: str = "") -> Match | None:
    quote = QuotedWords(text, before=before)
    exact = next(find_exact(quote, EVIDENCE), None)
    return (
        exact
        or find_with_gaps(quote, EVIDENCE)
        or find_stitched(quote, EVIDENCE)
        or find_altered(quote, EVIDENCE)
    )


@pytest.mark.parametrize(
    "text",
    [
        "enrolled 14,110 pairs of mothers and children",
        "enrolled 14110 pairs",
        "enrolled 14 110 pairs",
        "some 12,553 people came with 4.2MB",
        "Some 12,553 people [6] came",
        "4.2 MB of data. It was hot",
        "p > q holds",
        "Net income was 5,007 million",
        "main cause of transport losses",
        "and the number of cases grew by 10² in Köln",
        "the number of cases grew by 10^2",
        "…enrolled 14,110 pairs…",
        "[T]he tenant is not required",
        "共招募了一万四千对母子,地点",
        "甲方不得转让本合同项下的权利",
    ],
)
def test_what_stands_there_is_found(text: str) -> None:
    match = look_up(text)
    assert match is not None
    assert match.status == "found"


@pytest.mark.parametrize(
    "text",
    [
        "2,553 people",
        "enrolled 4,110 pairs of mothers",
        "came with 42 MB of data",
        "p < q holds",
        "required to pay the fee in full",
        "cases grew by 102 in Köln",
        "cases grew by 10 in Köln",
        "Er konnte kommen",
        "Net income was €5,007 million",
        "Net income was $5.007 million",
        "Net income was $5,007",
        "Net income was -5,007 million",
        "million, up 15.6",
        "The plant gives 42 mW at most",
        "port losses, and the number",
        "tenant is … required to pay",
        "trial enrolled … in full",
        "转让本合同项下的权利",
        "甲方得转让本合同项下的权利",
        "number of mothers and children in Harare",
    ],
)
def test_what_does_not_stand_there_is_never_confirmed(text: str) -> None:
    match = look_up(text)
    assert match is None or match.status in ("altered", "two_places")


def test_a_negation_before_the_quote_may_stand_in_the_answer() -> None:
    match = look_up("required to pay the fee in full", before="The tenant is not ")
    assert match is not None
    assert match.status == "found"


def test_an_ellipsis_joins_pieces_near_one_another() -> None:
    match = look_up("The trial enrolled … children in Harare")
    assert match is not None
    assert match.status == "omission"
    assert EVIDENCE.document.text[match.start : match.end].endswith("children in Harare")


def test_far_pieces_are_two_places() -> None:
    match = look_up("Some 12,553 people came with 4.2MB of data. Net income was $5,007 million")
    assert match is not None
    assert match.status == "two_places"


def test_a_difference_names_both_sides() -> None:
    match = look_up("Net income was $6,007 million")
    assert match is not None
    assert match.difference is not None
    assert (match.difference.said, match.difference.stands) == ("6,007", "5,007")


@pytest.mark.parametrize(
    ("file", "quote"),
    [
        (
            "It is not the case that the tenant may end the contract early.",
            "the tenant may end the contract early",
        ),
        ("The supplier denies that the parts were faulty on arrival.", "the parts were faulty on arrival"),
        (
            "Wir haben nicht bestätigt, dass die Anlage sicher betrieben wird.",
            "die Anlage sicher betrieben wird",
        ),
        ("The treaty binds US companies in every year.", "binds us companies in every year"),
        ("The dose is 5 mg per day and person.", "The dose is 5 Mg per day and person"),
    ],
)
def test_what_the_sentence_around_it_turns_round_is_altered(file: str, quote: str) -> None:
    matches = [*find_exact(QuotedWords(quote), Evidence.prepare(make_document(file)))]
    assert [match.status for match in matches] == ["altered"]


def test_a_heading_in_capitals_has_the_same_words() -> None:
    evidence = Evidence.prepare(make_document("TELL US WHO IS RESPONSIBLE FOR IT"))
    [match] = find_exact(QuotedWords("Tell us who is responsible for it"), evidence)
    assert match.status == "found"


CHART = "0\n0.2\nnumber of firms by size\n1996\nFigure 7.1 Concentration Curves"
MERGERS = "Since the estimates refer to the year before, they will not reflect the effects of mergers in"


@pytest.mark.parametrize(
    ("between", "is_found"),
    [
        (CHART, True),
        (
            f"Italy or in any of the member states that joined the union in later years, and not in\n{CHART}",
            False,
        ),
        (f"Italy and never in\n{CHART}", False),
    ],
)
def test_a_chart_with_a_caption_may_stand_between_two_pages(between: str, is_found: bool) -> None:
    document = make_document(f"It is so.\n{MERGERS}\n{between}", "64\nSpain, Portugal and the Netherlands.")
    quote = QuotedWords("they will not reflect the effects of mergers in Spain, Portugal and the Netherlands")
    match = find_with_gaps(quote, Evidence.prepare(document))
    assert (match is not None and match.status == "found") is is_found


@pytest.mark.parametrize(
    ("file", "quote", "status"),
    [
        ("It is one of the biggest (338 000 km2).", "one of the biggest (338 000 km²)", "found"),
        ("It is one of the biggest (338 000 km²).", "one of the biggest (338 000 km2)", "found"),
        ("It is one of the biggest (338 000 km2).", "one of the biggest (338 000 km³)", ""),
        ("It is one of the biggest (338 000 km2).", "one of the biggest (338 000 km)", ""),
        ("The number of cases was 102 in May.", "The number of cases was 10² in May", ""),
        ("of the family Coronaviridae (1, 2) . It is an", "of the family Coronaviridae. It is an", "found"),
        ("they had a deficit of (12). It was large", "a deficit of 12. It was large", "altered"),
        ("they had a deficit of (12). It was large", "they had a deficit of. It was large", ""),
        ("perhaps the first modern[vague] statement", "perhaps the first modern statement", "found"),
        ("perhaps the first[citation needed] statement of it", "the first statement of it", "found"),
        ("this is the first [not second] statement of it", "the first statement of it", ""),
        (
            "la tierra estaba vacía[a], y el abismo[b] era oscuro",
            "la tierra estaba vacía, y el abismo era",
            "found",
        ),
        ("Restructuring charges (a) | (36) | (27)", "Restructuring charges (36) (27)", "found"),
        ("Restructuring charges (a) | (36) | (27)", "Restructuring charges (a) (36) (27)", "found"),
        ("Pension charge | 183 |  | — |  | 222", "Pension charge 183 — 222", "found"),
        ("Pension charge | 183 |  | — |  | 222", "Pension charge | 183 | — | 222", "found"),
        ("Pension charge | 183 |  | — |  | 222", "Pension charge 183 222", "found"),
        ("They play from 20:15 - | 20:55 | (40min)", "They play from 20:15 - 20:55 (40min)", "found"),
        ("They play in 2019-2020 | 5", "They play in 2019 2020 5", ""),
        ("Symptoms | Weekly | Rarely/Never\nHeadache | 239 | 119", "Headache 239 119", "found"),
        ("Substance | Never\nCannabis and other drugs | 80.1%", "Cannabis and other drugs 80.1%", "found"),
        ("It is said that they were not\nreported to the agency", "reported to the agency", "altered"),
        ("as paragraph (a) allows it to them all", "as paragraph allows it to them all", ""),
        ("The loss narrowed to $(1.2) million in May", "The loss narrowed to $1.2 million in May", "altered"),
    ],
)
def test_a_lost_power_and_an_editors_mark_change_no_words(file: str, quote: str, status: str) -> None:
    match = next(find_exact(QuotedWords(quote), Evidence.prepare(make_document(file))), None)
    assert (match.status if match else "") == status


@pytest.mark.parametrize(
    ("file", "status"),
    [
        ("Wir prüfen, bevor wir ihnen Konten zuweisen\nund diese Pakete hochladen können.", "omission"),
        ("Wir prüfen, bevor wir ihnen Konten zuweisen. Alles folgt, weil wir können.", ""),
        ("Wir prüfen, bevor wir ihnen Konten zuweisen, was alle anderen können.", ""),
        ("Wir prüfen, bevor wir ihnen Konten zuweisen und alle können es lesen.", ""),
        ("Wir prüfen, bevor wir ihnen Konten zuweisen und Pakete nicht hochladen können.", "altered"),
    ],
)
def test_a_short_verb_may_end_the_clause_behind_an_ellipsis(file: str, status: str) -> None:
    quote = QuotedWords("bevor wir ihnen Konten zuweisen […] können")
    match = find_with_gaps(quote, Evidence.prepare(make_document(file)))
    assert (match.status if match else "") == status


@pytest.mark.parametrize(
    ("file", "status"),
    [
        ("Die Sicherheit darf in der Regel höchstens drei Mieten betragen.", "omission"),
        ("Die Sicherheit darf nicht höchstens drei Mieten betragen.", ""),
        ("Die Sicherheit darf nicht in der Regel höchstens drei Mieten betragen.", "altered"),
        ("Man darf. Die Sicherheit soll höchstens drei Mieten betragen.", ""),
    ],
)
def test_a_short_verb_may_begin_the_clause_before_an_ellipsis(file: str, status: str) -> None:
    quote = QuotedWords("darf […] höchstens drei Mieten betragen")
    match = find_with_gaps(quote, Evidence.prepare(make_document(file)))
    assert (match.status if match else "") == status


@pytest.mark.parametrize(
    ("file", "quote", "status"),
    [
        (
            "The cost was 18.4 million EUR in the last year.",
            "The cost was 18.4 million € in the last year",
            "found",
        ),
        (
            "Die Kosten lagen bei −18,4 Mio. EUR im Jahr.",
            "Die Kosten lagen bei −18,4 Mio. € im Jahr",
            "found",
        ),
        (
            "Die Kosten lagen bei −18,4 Mio. EUR im Jahr.",
            "Die Kosten lagen bei −18,4 Mio. USD im Jahr",
            "altered",
        ),
        ("The cost was EUR 500 in the last year.", "The cost was $500 in the last year", "altered"),
        (
            "They traded the pair EUR against USD that day.",
            "They traded the pair USD against EUR that day",
            "",
        ),
    ],
)
def test_a_currency_may_be_its_code(file: str, quote: str, status: str) -> None:
    evidence = Evidence.prepare(make_document(file))
    decimal_comma = "," in quote
    match = next(find_exact(QuotedWords(quote, decimal_comma), evidence), None)
    assert (match.status if match else "") == status


def test_a_bracket_is_no_omission_of_all_but_a_number() -> None:
    evidence = Evidence.prepare(make_document("1. Owls hunt voles at night by ear alone."))
    assert find_with_gaps(QuotedWords("[Owls hunt at day by their eyes alone] 1."), evidence) is None


@pytest.mark.parametrize(
    ("quote", "status"),
    [
        ("words in brackets [arg] must be given", ""),  # the next line has the end
        ("words in brackets [the first kind] are optional", "omission"),
        ("words in brackets [arg] are optional […] must be given", "omission"),
        ("words in brackets [arg ...] must be given", "omission"),  # not the file's bracket
    ],
)
def test_a_bracket_of_the_file_is_no_omission(quote: str, status: str) -> None:
    file = "Here words in brackets [arg] are optional.\nHere words in marks <arg> must be given.\n"
    match = find_with_gaps(QuotedWords(quote), Evidence.prepare(make_document(file)))
    assert (match.status if match else "") == status


def status_of(file: str, quote: str) -> str:
    match = next(find_exact(QuotedWords(quote), Evidence.prepare(make_document(file))), None)
    return match.status if match else ""


@pytest.mark.parametrize(
    ("file", "quote", "status"),
    [
        ("Der Preis liegt bei 1.250 € im Jahr.", "Der Preis liegt bei 1250 Euro im Jahr", "found"),
        ("The fund paid 3.4 million euros to it.", "The fund paid €3.4 million to it", "found"),
        ("The fund paid 3.4 million euros to it.", "The fund paid $3.4 million to it", ""),
        ("The fund paid $3.4 million to it.", "The fund paid 3.4 million dollars to it", "found"),
        ("The fund paid $3.4 million to it.", "The fund paid 3.4 million euros to it", "altered"),
        ("The fund paid 3.4 million to it.", "The fund paid 3.4 million euros to it", "altered"),
        ("Der Preis liegt bei 1.250 Euro.", "Der Preis liegt bei 1.250 $", "altered"),
        ("Der Preis liegt bei 3 Mio. Euro.", "Der Preis liegt bei 3 Mio. €", "found"),
        ("公司投资3.4亿美元建厂。", "公司投资¥3.4亿", "altered"),
        ("公司投资3.4亿元建厂。", "公司投资¥3.4亿", "found"),
        ("Fees are 12 € a day, 30 € a week.", "Fees are 12 euros a day, 30 euros a week", "found"),
        ("Its result was (697) thousand\ndollars. So.", "Its result was (697) thousand dollars", "found"),
        ("Its result was (697) thousand\ndollars. So.", "Its result was (697) dollars", "altered"),
        ("Its result was (697) thousand dollars.", "Its result was (697) thousand euros", "altered"),
        ("Its result was 697 thousand dollars.", "Its result was 697 dollars", "altered"),
        ("Its result was (697) € then.", "Its result was (697) euros", "found"),
        ("Heat it to 85～95 degrees at once.", "Heat it to 85-95 degrees at once", "found"),
        ("加热到85℃~95℃后保温。", "加热到85℃-95℃后保温", "found"),
        ("Heat it to 85～95 degrees at once.", "Heat it to 85 95 degrees at once", ""),
        ("It takes 5 ~10 days of them all.", "It takes 5-10 days of them all", ""),
        ("夜间气温下降到-5℃左右。", "夜间气温下降到5℃左右", "altered"),
        ("夜间气温下降到5℃左右。", "夜间气温下降到-5℃左右", "altered"),
        ("载人飞船神舟-12于六月发射。", "载人飞船神舟12于六月发射", "found"),
        ("It fell in group A.\n\nFew users reported it.", "A few users reported it", "altered"),
        ("It fell in group A\n\nFew users reported it.", "It fell in group A. Few users", "found"),
        ("The law required a seal on it.", "The law require[d] a seal on it", "found"),
        ("Sie haftet wegen des Vertrag nicht.", "haftet wegen des Vertrag[s]", "altered"),
        ("Sie haftet wegen des Vertrag immer.", "haftet wegen des Vertrag[s]", "found"),
        ("The act is lawful in all states.", "The act is [un]lawful in all states", ""),
    ],
)
def test_currencies_ranges_and_brackets(file: str, quote: str, status: str) -> None:
    assert status_of(file, quote) == status


@pytest.mark.parametrize(
    ("file", "quote", "status"),
    [
        (
            "Der Vermieter haftet für Schäden aus Feuchtigkeit nicht.",
            "Der Vermieter haftet für Schäden",
            "altered",
        ),
        ("Die Kosten werden vom Amt im Regelfall nicht erstattet.", "Die Kosten werden vom Amt", "altered"),
        ("Der Mieter haftet für Schäden und der Vermieter nicht.", "Der Mieter haftet für Schäden", "found"),
        ("Der Mieter haftet für Schäden, wenn er nicht zahlt.", "Der Mieter haftet für Schäden", "found"),
        ("Laut Satzung wird die Frist am Ende nicht verlängert.", "wird die Frist am Ende", "altered"),
        ("Im Haus wird die Frist heute noch nicht verlängert.", "die Frist heute", "found"),
        ("No, price increases are due soon.", "No price increases are due soon", "altered"),
        ("No price increases are due soon.", "No, price increases are due soon", "altered"),
        ("Man soll ihn hängen, nicht laufen lassen.", "soll ihn hängen nicht, laufen lassen", "altered"),
        ("他说不，同意转让该房屋。", "他说不同意转让该房屋", "altered"),
        ("He did not, however, pay for\nit.", "He did not, however, pay for it", "found"),
        ("Dogs are not allowed in the park.", "allowed", "altered"),
        ("Dogs are not currently allowed there.", "allowed there", "altered"),
        ("The fee may not be refunded later.", "refunded later", "altered"),
        ("He failed to sign the second lease.", "sign the second lease", "altered"),
        ("The plan is anything but cheap to run.", "cheap to run", "altered"),
        ("Instead of paying the full amount they left.", "paying the full amount", "altered"),
        ("Anstatt die Miete zu zahlen, zog er aus.", "die Miete zu zahlen", "altered"),
        ("It can hardly affect the result at all.", "affect the result at all", "altered"),
        ("Er ist keineswegs zur Zahlung verpflichtet.", "zur Zahlung verpflichtet", "altered"),
        ("Sie muss nicht unbedingt zustimmen.", "zustimmen", "altered"),
        ("本品无需冷藏保存。", "冷藏保存", "altered"),
        ("双方不再承担责任。", "承担责任", "altered"),
        ("南非总统访问了北京。", "总统访问了北京", "found"),
        ("There is no right of first refusal.", "refusal", "found"),
        ("There is no refund of the fee paid.", "refund of the fee paid", "altered"),
        ("It may be sold without consent of the bank.", "consent of the bank", "altered"),
        ("It may not be sold without the consent of the bank.", "consent of the bank", "found"),
        ("A sale without the consent of the bank is void.", "consent of the bank", "found"),
        ("Ohne vorherige Zustimmung ist der Verkauf unwirksam.", "vorherige Zustimmung", "found"),
        ("Der Verkauf ist ohne vorherige Zustimmung erlaubt.", "vorherige Zustimmung", "altered"),
        ("The key is no longer supported by the team.", "supported by the team", "altered"),
        ("It is less likely to ask for a key now.", "likely to ask for a key", "altered"),
        ("Less depreciation of the older plants | 5", "depreciation of the older plants | 5", "found"),
        ("Members refrain from sharing their keys.", "sharing their keys", "altered"),
        ("Es ist unter keinen Umständen für draußen geeignet.", "für draußen geeignet", "altered"),
        ("Der Mieter darf die Räume keinesfalls teilen.", "Der Mieter darf die Räume", "altered"),
        ("Il n’est pas possible de donner des valeurs.", "possible de donner des valeurs", "altered"),
        ("Le module n’est plus pris en charge ici.", "pris en charge ici", "altered"),
        ("Il est plus sûr que les autres systèmes.", "sûr que les autres systèmes", "found"),
        ("El módulo tampoco admite los adaptadores.", "admite los adaptadores", "altered"),
        ("Il pacchetto non è più disponibile qui.", "è più disponibile qui", "altered"),
        ("O pacote não é compatível com versões antigas.", "é compatível com versões antigas", "altered"),
        ("Пакет нельзя ставить на рабочий сервер.", "ставить на рабочий сервер", "altered"),
        ("これは公式にサポートされていません。", "これは公式にサポートされてい", "altered"),
        ("接続にはケーブルが必要ではない。", "接続にはケーブルが必要", "altered"),
        ("接続に必要なケーブルです。", "接続に必要", "found"),
        ("无法确定出资比例的，由合伙人平均分担。", "确定出资比例的，由合伙人平均分担", "altered"),
        ("لا يدعم النظام الأجهزة القديمة.", "يدعم النظام الأجهزة القديمة", "altered"),
        ("The board rejected a proposal to sell the old depot.", "sell the old depot", "altered"),
        ("The board rejected the revised budget for 2024.", "the revised budget for 2024", "found"),
        ("She withdrew her motion that the road be closed.", "the road be closed", "altered"),
        ("They declined to extend the lease by a year.", "to extend the lease by a year", "altered"),
        ("It would be premature to say that it works well.", "that it works well", "altered"),
        ("Few members saw a need to lower the limit.", "a need to lower the limit", "altered"),
        ("In a few towns buses run on Sundays too.", "buses run on Sundays too", "found"),
        ("The bridge lacks a path for cyclists.", "a path for cyclists", "altered"),
        ("There is insufficient evidence of a lasting effect.", "evidence of a lasting effect", "altered"),
        ("No payments were made to the former owner.", "made to the former owner", "altered"),
        ("It may include, but is not limited to, the use of cranes.", "the use of cranes", "found"),
        ("The motion to close the old depot was rejected.", "The motion to close the old depot", "altered"),
        (
            "Der Rat lehnt den Antrag ab, das alte Depot zu schließen.",
            "das alte Depot zu schließen",
            "altered",
        ),
        ("Es ist ausgeschlossen, dass die Halle fertig wird.", "dass die Halle fertig wird", "altered"),
        ("Der Rat lehnt den Antrag ab, weil das Depot alt ist.", "weil das Depot alt ist", "found"),
        ("Von einer offenen Bauweise wird abgeraten.", "einer offenen Bauweise", "altered"),
        ("Zu keinem Zeitpunkt war das Werk gefährdet.", "war das Werk gefährdet", "altered"),
        ("Le conseil a rejeté la proposition de fermer la cantine.", "fermer la cantine", "altered"),
        ("Il est peu probable que la subvention augmente.", "la subvention augmente", "altered"),
        ("La empresa carece de un manual aprobado.", "un manual aprobado", "altered"),
        ("No hemos encontrado indicios de fraude.", "indicios de fraude", "altered"),
        ("L'assemblea respinge la proposta di vendere il garage.", "vendere il garage", "altered"),
        ("Совещание отклонило предложение перенести склад.", "перенести склад", "altered"),
        ("Участники не смогли согласовать график.", "согласовать график", "altered"),
        ("没有证据表明交易价格有失公允。", "交易价格有失公允", "altered"),
        ("董事会否决了派发红利的提案。", "派发红利的提案", "altered"),
        ("取締役会は工場を閉鎖する案を否決した。", "工場を閉鎖する案", "altered"),
        ("Investiert wurden 2.380 T€ im Werk.", "Investiert wurden 2.380 T$ im Werk", "altered"),
        ("The minister ruled out raising the pension age.", "raising the pension age", "altered"),
        ("We have no current plans to open a plant here.", "to open a plant here", "altered"),
        ("The panel was unable to confirm that the seal held.", "that the seal held", "altered"),
        ("It would be a mistake to assume that prices fall.", "that prices fall", "altered"),
        ("There is little doubt that the harvest grows.", "the harvest grows", "found"),
        ("It is not uncommon for a lease to run on.", "for a lease to run on", "found"),
        ("Der Rat wies den Antrag zurück, das Depot zu schließen.", "das Depot zu schließen", "altered"),
        ("Es fehlt nicht an Bewerbern, die Stelle zu besetzen.", "die Stelle zu besetzen", "found"),
        ("Aucun des membres n'a approuvé le budget.", "approuvé le budget", "altered"),
        ("No hay duda de que el puente resiste.", "el puente resiste", "found"),
        ("Нет сомнений в том, что мост выдержит.", "мост выдержит", "found"),
        ("Non risulta che il contratto sia firmato.", "il contratto sia firmato", "altered"),
        ("Нет доказательств того, что груз был повреждён.", "груз был повреждён", "altered"),
        ("委员会没有批准延长工期的申请。", "延长工期的申请", "altered"),
        ("裁判所は契約が無効であるとは認めなかった。", "契約が無効である", "altered"),
    ],
)
def test_what_denies_the_words_from_outside_of_the_quote(file: str, quote: str, status: str) -> None:
    assert status_of(file, quote) == status


LISTS = Evidence.prepare(
    make_document(
        "Do not enter the hall\n• when the lamp is red,\n• when the gate\nis shut,\n• during a drill.\n"
        "Enter the hall\n• when called,\n• at noon,\nNever enter the hall\n• at night alone.\n"
        "The board refused on Monday to approve the budget. The fee is payable only in cash at the desk."
    )
)


@pytest.mark.parametrize(
    ("quote", "status"),
    [
        ("Do not enter the hall […] during a drill", "omission"),
        ("when the lamp is red […] during a drill", "omission"),
        ("Enter the hall […] at night alone", "altered"),
        ("The board […] approve the budget", "altered"),
        ("The fee is payable […] at the desk", "altered"),
    ],
)
def test_an_ellipsis_over_items_of_a_list_and_over_words_that_deny(quote: str, status: str) -> None:
    match = find_with_gaps(QuotedWords(quote), LISTS)
    assert (match.status if match else "") == status


@pytest.mark.parametrize(
    ("file", "quote", "status"),
    [
        ("Take 5 mg/kg of it each day.", "Take 5 mg", "altered"),
        ("It takes 3-5 days in May.", "5 days in May", "altered"),
        ("It takes up to 3–5 days in May.", "It takes up to 3", "altered"),
        ("Add 3/4 cup of milk to it.", "4 cup of milk", "altered"),
        ("It began at 10:30 on a Monday.", "It began at 10", "altered"),
        ("The COVID-19 cases of that year rose.", "19 cases of that year", "altered"),
        ("It costs $5/month for all of them.", "It costs $5", "altered"),
        ("It takes 12 months and/or a year.", "It takes 12 months", "found"),
        ("He was 5 in 2019, 6 in 2020.", "6 in 2020", "found"),
        ("They are part-time employees of it.", "time employees of it", ""),
        ("The debt is rated BBB- by both of them.", "rated BBB by both of them", ""),
        ("The debt is rated BBB− | Stable", "rated BBB- Stable", "found"),
        ("The debt is AAA- and AA-rated now.", "AAA and AA-rated", "found"),
        ("It covers 12 metres² of the floor.", "It covers 12 metres of the floor", ""),
        ("面积为12米²的房间。", "面积为12米的房间", ""),
        ("Here (a + b)² is nine in all.", "Here (a + b) is nine in all", ""),
        ("They reported² (see above)³ all of it.", "They reported (see above) all of it", "found"),
        ("It used 3 MWh of power then.", "It used 3 mWh of power then", "altered"),
    ],
)
def test_what_an_edge_takes_off_a_number_and_a_dash_or_a_power_that_counts(
    file: str, quote: str, status: str
) -> None:
    assert status_of(file, quote) == status


TALK = (
    "[00:11] Ada: We are at the Lucern Hotel, just down the street\n[00:16] Ada: from the museum of owls.\n"
    "[00:18] Bo: Owls are not heard.\n[01:00:20] They fly low\n[01:00:22] and hunt voles."
    "\n[01:00:25] Ada: Always?"
)


@pytest.mark.parametrize(
    ("quote", "status"),
    [
        ("just down the street from the museum of owls", "found"),
        ("[00:11] Ada: We are at the Lucern Hotel, just down the street", "found"),
        ("Ada: from the museum of owls.", "found"),
        ("Owls are not heard. They fly low and hunt voles.", "found"),
        ("from the museum of owls. Owls are not heard", "altered"),  # another speaker
        ("from the museum of owls. Bo: Owls are not heard", ""),
        ("[00:16] Ada: from the museum of owls.\n[00:18] Bo: Owls are not heard.", "found"),
        ("They fly low and hunt voles. Always", "altered"),
        ("[00:12] Ada: We are at the Lucern Hotel", ""),
    ],
)
def test_a_quote_of_a_transcript_may_leave_out_times_and_the_same_speaker(quote: str, status: str) -> None:
    assert status_of(TALK, quote) == status


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Presentation of Findings\n_______\n97", "found"),
        ("97\nPresentation of Findings", "found"),
        ("No Findings\n97", "altered"),
        ("Presentation of Findings shows. It\n97", "altered"),
    ],
)
def test_another_title_may_head_the_facing_page(head: str, status: str) -> None:
    file = Evidence.prepare(
        make_document(
            "Healthy Lives\n96\nMost of them hunt at night. The test of owls",
            f"{head}\nreveals that mice are rare.",
        )
    )
    found = find_with_gaps(QuotedWords("The test of owls reveals that mice are rare"), file)
    assert (found.status if found else "altered") == status


def test_two_hyphens_are_a_dash() -> None:
    assert status_of("Owls won a 2 -- 0 victory over the voles.", "a 2–0 victory over the voles") == "found"
    assert status_of("Owls won a 2 -- 0 victory over the voles.", "a 2 0 victory over the voles") == ""
    assert status_of("Owls won by -20 points over the voles.", "by --20 points over the voles") != "found"
