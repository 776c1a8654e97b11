"""Names of months and weekdays in the languages that number formats of spreadsheets name. Knows no format."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGE_BITS, CALENDAR = 0x3FF, 16  # of a locale of Windows: numerals, calendar, country and language
GREGORIAN = (0, 1)


@dataclass(frozen=True)
class DateNames:
    """days: Monday first. beside_day: months as they stand beside a day, where they differ there.

    weekdays: a sign for each day, of languages whose formats have `aaa`. halves: of the day.
    """

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    beside_day: tuple[str, ...] = ()
    weekdays: str = ""
    halves: tuple[str, str] = ("AM", "PM")


def _in_words(months: str, short_months: str, days: str, short_days: str, beside_day: str = "") -> DateNames:
    return DateNames(
        tuple(months.split()),
        tuple(short_months.split()),
        tuple(days.split()),
        tuple(short_days.split()),
        tuple(beside_day.split()),
    )


def _with_signs(months: str, month: str, day: str, short_day: str, signs: str, halves: str) -> DateNames:
    """Return names that are a number or a sign in a form; `*` is its place. months: where they are words."""
    numbered = tuple(month.replace("*", str(number)) for number in range(1, 13))
    days, short_days = (tuple(form.replace("*", sign) for sign in signs) for form in (day, short_day))
    before, after = halves.split()
    return DateNames(
        tuple(months.split()) or numbered, numbered, days, short_days, (), signs, (before, after)
    )


_WORDS = {  # months, short months, days, short days, and months beside a day
    "en": (
        "January February March April May June July August September October November December",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "Mon Tue Wed Thu Fri Sat Sun",
    ),
    "de": (
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "Mo Di Mi Do Fr Sa So",
    ),
    "fr": (
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "lun. mar. mer. jeu. ven. sam. dim.",
    ),
    "es": (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "ene feb mar abr may jun jul ago sep oct nov dic",
        "lunes martes miércoles jueves viernes sábado domingo",
        "lun mar mié jue vie sáb dom",
    ),
    "it": (
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "gen feb mar apr mag giu lug ago set ott nov dic",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
        "lun mar mer gio ven sab dom",
    ),
    "pt": (
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan fev mar abr mai jun jul ago set out nov dez",
        "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
        "seg ter qua qui sex sáb dom",
    ),
    "nl": (
        "januari februari maart april mei juni juli augustus september oktober november december",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
        "ma di wo do vr za zo",
    ),
    "pl": (
        "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
        "sty lut mar kwi maj cze lip sie wrz paź lis gru",
        "poniedziałek wtorek środa czwartek piątek sobota niedziela",
        "pon. wt. śr. czw. pt. sob. niedz.",
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    ),
    "ru": (
        "Январь Февраль Март Апрель Май Июнь Июль Август Сентябрь Октябрь Ноябрь Декабрь",
        "янв фев мар апр май июн июл авг сен окт ноя дек",
        "понедельник вторник среда четверг пятница суббота воскресенье",
        "Пн Вт Ср Чт Пт Сб Вс",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    ),
}
_CHINESE_MONTHS = "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月"
_NAMES = {name: _in_words(*words) for name, words in _WORDS.items()} | {
    "zh": _with_signs(_CHINESE_MONTHS, "*月", "星期*", "周*", "一二三四五六日", "上午 下午"),
    "ja": _with_signs("", "*月", "*曜日", "*", "月火水木金土日", "午前 午後"),
    "ko": _with_signs("", "*월", "*요일", "*", "월화수목금토일", "오전 오후"),
}
ENGLISH = _NAMES["en"]
_LANGUAGES = {
    0x04: "zh", 0x07: "de", 0x09: "en", 0x0A: "es", 0x0C: "fr", 0x10: "it", 0x11: "ja", 0x12: "ko",
    0x13: "nl", 0x15: "pl", 0x16: "pt", 0x19: "ru",
}  # fmt: skip


def find_names(code: str, locale: str) -> DateNames | None:
    """Return the names that a format has; None where its language or its calendar is not known here.

    locale: a number of Windows in hexadecimal (407) or a tag (de-DE). Where it is empty, the halves of the
    day that stand in the format tell its language; else it is English.
    """
    if not locale:
        halves = (names for names in _NAMES.values() if "/".join(names.halves) in code)
        return next(halves, ENGLISH)
    try:
        number = int(locale, 16)
    except ValueError:
        return _NAMES.get(locale.lower().partition("-")[0])
    has_calendar = number >> CALENDAR & 0xFF in GREGORIAN
    return _NAMES.get(_LANGUAGES.get(number & LANGUAGE_BITS, "")) if has_calendar else None
