"""German questions in the words of the English forms: `Summe Betrag je Kunde` is `sum of betrag by kunde`.

Names of columns stay as they are, wherever they stand. Pure functions over the columns of a table.
"""

from __future__ import annotations

import re

from chat.documents.written_dates import MONTHS
from chat.numbers.column_names import fold_name
from chat.numbers.typed_table import TypedTable

_HELD = 0xE000  # of the private use area: a name of a column while the words around it are translated
_MONTH = "|".join(map(re.escape, MONTHS))
_GERMAN = re.compile(
    r"\b(?:wie (?:viele?|hoch)|summe|gesamt\w*|insgesamt|durchschnitt\w*|mittelwert|anzahl|welche[rsnm]?"
    r"|anteil|zeilen|(?:höchste|niedrigste|kleinste|grösste|geringste|früheste|späteste|meiste|wenigste)[rsnm]?)\b"
)
_WORDS = tuple(
    (re.compile(rf"(?<!\w)(?:{german})(?!\w)"), english)
    for german, english in (
        (
            r"wie (?:hoch|gross) (?:ist|sind|war|waren)|zeige?(?: mir)?|nenne|berechne|bitte|was ist",
            "what is",
        ),
        (r"wie viele", "how many"),
        (r"zeilen|datensätze|einträge", "rows"),
        (r"gibt es(?: insgesamt)?|sind es", "are there"),
        (r"(?:verschiedene|unterschiedliche)[rsn]?", "different"),
        (r"anzahl(?: an| von| der)?", "number of"),
        (r"(?:gesamt)?summe(?: von| der| des| aller)?", "sum of"),
        (r"gesamte?[rsnm]?", "total"),
        (r"durchschnittliche[rsnm]?", "average"),
        (r"(?:durchschnitt|mittelwert)(?: von| der| des)?", "average of"),
        (r"median (?:von|der|des)", "median of"),
        (r"(?:höchste|grösste|maximale)[rsnm]?", "highest"),
        (r"(?:niedrigste|kleinste|geringste|minimale)[rsnm]?", "lowest"),
        (r"früheste[rsnm]?", "earliest"),
        (r"(?:späteste|neueste)[rsnm]?", "latest"),
        (r"(?:den |die )?meisten", "the most"),
        (r"(?:den |die )?wenigsten", "the fewest"),
        (r"prozentuale[rs]? anteil|anteil", "share"),
        (r"an der|an den|am(?! ?\d)", "in"),
        (rf"nach(?: dem)?(?= (?:\d|{_MONTH}))", "after"),
        (rf"vor(?: dem)?(?= (?:\d|{_MONTH}))", "before"),
        (r"am", "on"),
        (r"(?:gruppiert )?nach|je|pro|für jede[nrs]?", "by"),
        (r"seit(?: dem)?|ab(?: dem)?", "since"),
        (r"zwischen(?: dem)?", "between"),
        (rf"vo[nm](?= (?:\d|{_MONTH}))", "from"),
        (r"bis(?: zum)?", "until"),
        (r"im(?: jahre?)?|in de[rmn]|in", "in"),
        (r"von", "of"),
        (r"für", "for"),
        (r"mit", "with"),
        (r"ohne|ausser", "excluding"),
        (r"wo|bei denen", "where"),
        (r"nicht", "not"),
        (r"sind", "are"),
        (r"ist", "is"),
        (r"(?:grösser|mehr|höher) als|über", "over"),
        (r"(?:kleiner|weniger|niedriger) als|unter", "below"),
        (r"mindestens", "at least"),
        (r"höchstens", "at most"),
        (r"welche[rsnm]?", "which"),
        (r"wer", "who"),
        (r"hat|haben|hatte", "has"),
        (r"der|die|das|den|dem|des", "the"),
        (r"und", "and"),
        (r" ?eine[nrms]?", ""),
        (r"monat", "month"),
        (r"quartal", "quarter"),
        (r"jahr", "year"),
    )
)
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![\d.])|(?<![\d.,])\d+,\d+(?![\d,])")
_TWO_NAMES = re.compile("[\ue000-\ue3e7] [\ue000-\ue3e7]")
_MEASURES = frozenset(("summe", "gesamtsumme", "durchschnitt", "mittelwert"))
_UMLAUTS = str.maketrans("äöü", "aou")


def translate_german(text: str, table: TypedTable) -> str:
    """Return a folded question (ss for the sharp s) with the words of English forms; others as they are."""
    names = sorted(
        {fold_name(re.sub(r"\s*[(\[].*", "", one.title)) for one in table.columns if one.title} - {""},
        key=len,
        reverse=True,
    )
    held = _hold(text, names)
    place = ord(held[0]) - _HELD if _TWO_NAMES.match(held) else len(names)
    if place < len(names) and names[place] in _MEASURES:
        held = names[place] + held[1:]  # `Summe Januar`, where a column is called `Summe`
    if not _GERMAN.search(held):
        return text
    for words, english in _WORDS:
        held = words.sub(english, held)
    held = _GROUPED.sub(lambda found: found[0].replace(".", "").replace(",", "."), held)
    held = re.sub(r"^what is (?:the )?(\S+) insgesamt(.*)$", r"total \1\2", held)
    found = "".join(
        names[ord(one) - _HELD] if _HELD <= ord(one) < _HELD + len(names) else one for one in held
    )
    return " ".join(found.split())


def _hold(text: str, names: list[str]) -> str:
    """Return a text with signs for the names of columns, also in the plural and behind `gesamt`."""
    for number, name in enumerate(names[:1_000]):
        sign = chr(_HELD + number)
        text = re.sub(rf"(?<!\w)gesamt{re.escape(name)}(?!\w)", f"gesamt {sign}", text)
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", sign, text)
    stems = {_stem(name): chr(_HELD + number) for number, name in enumerate(names[:1_000])}
    return re.sub(r"\w{4,}", lambda found: stems.get(_stem(found[0]), found[0]), text)


def _stem(word: str) -> str:
    """Return a noun without the endings and the umlaut of its plural: `Beträge`, `Kunden`."""
    return re.sub(r"(?<=\w{3})(?:en|er|e|n|s)$", "", word.translate(_UMLAUTS))
