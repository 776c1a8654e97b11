"""Formulas as LaTeX, from Office's form of them (OMML) and from MathML. Knows no file.

A formula without any structure (E=mc) stays the text that it is; others are set between dollar signs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

DEEPEST = 60
ACCENTS = {
    "\u0302": "hat", "^": "hat", "\u0303": "tilde", "~": "tilde", "\u0304": "bar", "\u0305": "bar",
    "¯": "bar", "\u0307": "dot", "˙": "dot", "\u0308": "ddot", "¨": "ddot", "\u20d7": "vec", "→": "vec",
    "\u030c": "check", "\u0332": "underline", "_": "underline", "⏞": "overbrace", "⏟": "underbrace",
}  # fmt: skip
BRACKETS = {"{": r"\{", "}": r"\}", "〈": r"\langle ", "〉": r"\rangle ", "⟨": r"\langle ", "⟩": r"\rangle "}
OPERATORS = {"∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∬": r"\iint", "∭": r"\iiint", "∮": r"\oint"}
FUNCTIONS = re.compile(r"(?:arc)?(?:sin|cos|tan|cot)h?|log|ln|exp|lim|max|min|sup|inf|det|gcd|mod")
STRUCTURE = re.compile(r"[\\^_]")
UNREAD = frozenset({"rPr", "ctrlPr", "annotation", "annotation-xml", "instrText", "delText", "del"})


def from_omml(formula: Element) -> str:
    """Return a formula of Office (an `oMath`)."""
    return _dollars(_inner(formula, _OMML, 0))


def from_mathml(formula: Element) -> str:
    """Return a formula of HTML or OpenDocument (a `math`)."""
    return _dollars(_inner(formula, _MATHML, 0))


def _dollars(latex: str) -> str:
    text = " ".join(latex.split())
    return f"${text}$" if STRUCTURE.search(text) else text


Rule = Callable[[list[str], Element], str]
Rules = dict[str, tuple[tuple[str, ...], Rule]]


def _inner(element: Element, rules: Rules, depth: int) -> str:
    return "".join(_one(child, rules, depth + 1) for child in element)


def _one(element: Element, rules: Rules, depth: int) -> str:
    if depth > DEEPEST or element.tag in UNREAD:
        return ""
    if element.tag in ("t", "mi", "mn", "mo", "mtext", "ms"):
        return _letters(element.tag, element.text or "")
    if element.tag not in rules:
        return _inner(element, rules, depth)
    names, rule = rules[element.tag]
    if names:  # of the children, which OMML names
        parts = [_one(one, rules, depth) for name in names for one in _named(element, name)]
    else:  # which MathML tells by their order
        parts = [_one(child, rules, depth + 1) for child in element]
    return rule(parts, element)


def _named(element: Element, name: str) -> list[Element]:
    found = element.findall(name.removesuffix("*"))
    return found if name.endswith("*") else (found or [Element("none")])[:1]


def _letters(tag: str, text: str) -> str:
    text = text.strip() if tag != "t" else text
    return "".join({"{": r"\{", "}": r"\}", "\\": r"\backslash "}.get(sign, sign) for sign in text)


def _property(element: Element, path: str, default: str = "") -> str:
    found = element.find(path)
    return default if found is None else found.get("val", default)


def _script(base: str, sign: str, script: str) -> str:
    return f"{base}{sign}{{{script.strip()}}}" if script.strip() else base


def _fraction(parts: list[str], element: Element) -> str:
    above, below = (*parts, "", "")[:2]
    kind = _property(element, "fPr/type")
    if kind == "noBar" or element.get("linethickness") in ("0", "0pt", "0px"):
        return rf"\binom{{{above}}}{{{below}}}"
    return f"{above}/{below}" if kind in ("lin", "skw") else rf"\frac{{{above}}}{{{below}}}"


def _root(parts: list[str], _: Element) -> str:
    base, degree = (*parts, "", "")[:2]
    return rf"\sqrt[{degree}]{{{base}}}" if degree.strip() else rf"\sqrt{{{base}}}"


def _both(parts: list[str], _: Element) -> str:
    base, below, above = (*parts, "", "", "")[:3]
    name = OPERATORS.get(base.strip(), base)
    return _script(_script(name, "_", below), "^", above)


def _operator(parts: list[str], element: Element) -> str:
    below, above, body = parts
    sign = _property(element, "naryPr/chr", "∫")
    return f"{_both([sign, below, above], element)} {body}"


def _delimited(parts: list[str], element: Element) -> str:
    first, last = _property(element, "dPr/begChr", "("), _property(element, "dPr/endChr", ")")
    if len(parts) == 1 and parts[0].startswith(r"\binom{") and (first, last) == ("(", ")"):
        return parts[0]  # which has its own
    inside = _property(element, "dPr/sepChr", "|").join(parts)
    return f"{BRACKETS.get(first, first)}{inside}{BRACKETS.get(last, last)}"


def _function(parts: list[str], _: Element) -> str:
    name, argument = parts
    sign = "\\" if FUNCTIONS.match(name.strip()) else ""
    return f"{sign}{name.strip()} {argument}"


def _accent(parts: list[str], element: Element) -> str:
    sign = _property(element, f"{element.tag}Pr/chr", "\u0302" if element.tag == "acc" else "⏟")
    return rf"\{ACCENTS.get(sign, 'overline')}{{{parts[0]}}}"


def _bar(parts: list[str], element: Element) -> str:
    name = "overline" if _property(element, "barPr/pos") == "top" else "underline"
    return rf"\{name}{{{parts[0]}}}"


def _over(parts: list[str], element: Element) -> str:
    base, mark = (*parts, "", "")[:2]
    if base.strip() in OPERATORS or mark.strip() not in ACCENTS:
        return _script(OPERATORS.get(base.strip(), base), "_" if element.tag == "munder" else "^", mark)
    return rf"\{ACCENTS[mark.strip()]}{{{base}}}"


def _rows(parts: list[str], _: Element) -> str:
    rows = r" \\ ".join(parts)
    return rf"\begin{{matrix}}{rows}\end{{matrix}}"


def _row(parts: list[str], _: Element) -> str:
    return " & ".join(parts)


def _fenced(parts: list[str], element: Element) -> str:
    first, last = element.get("open", "("), element.get("close", ")")
    return f"{BRACKETS.get(first, first)}{','.join(parts)}{BRACKETS.get(last, last)}"


_OMML: Rules = {
    "f": (("num", "den"), _fraction),
    "rad": (("e", "deg"), _root),
    "sSup": (("e", "sup"), lambda parts, _: _script(parts[0], "^", parts[1])),
    "sSub": (("e", "sub"), lambda parts, _: _script(parts[0], "_", parts[1])),
    "sSubSup": (("e", "sub", "sup"), _both),
    "sPre": (("e", "sub", "sup"), lambda parts, e: f"{_both(['{}', *parts[1:]], e)}{parts[0]}"),
    "nary": (("sub", "sup", "e"), _operator),
    "d": (("e*",), _delimited),
    "func": (("fName", "e"), _function),
    "acc": (("e",), _accent),
    "groupChr": (("e",), _accent),
    "bar": (("e",), _bar),
    "limLow": (("e", "lim"), lambda parts, _: _script(parts[0], "_", parts[1])),
    "limUpp": (("e", "lim"), lambda parts, _: _script(parts[0], "^", parts[1])),
    "m": (("mr*",), _rows),
    "mr": (("e*",), _row),
    "eqArr": (("e*",), _rows),
}
_MATHML: Rules = {
    "mfrac": ((), _fraction),
    "msqrt": ((), lambda parts, e: _root(["".join(parts)], e)),
    "mroot": ((), _root),
    "msup": ((), lambda parts, _: _script((*parts, "", "")[0], "^", (*parts, "", "")[1])),
    "msub": (
        (),
        lambda parts, _: _script(
            OPERATORS.get(parts[0].strip(), parts[0]) if parts else "", "_", (*parts, "", "")[1]
        ),
    ),
    "msubsup": ((), _both),
    "munderover": ((), _both),
    "munder": ((), _over),
    "mover": ((), _over),
    "mtable": ((), _rows),
    "mtr": ((), _row),
    "mfenced": ((), _fenced),
}
