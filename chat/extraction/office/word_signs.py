"""Signs of Word that are no letters in its file: tick boxes, symbols of special fonts, choices in forms."""

from __future__ import annotations

from xml.etree.ElementTree import Element

TICKED, OPEN = "☒", "☐"
OFF = ("0", "false", "off", "none")
WINGDINGS = {
    0x6F: OPEN, 0x70: OPEN, 0x71: OPEN, 0x72: OPEN, 0xA8: OPEN, 0x78: TICKED, 0xFD: TICKED, 0xFE: TICKED,
    0x52: TICKED, 0x54: TICKED, 0x53: TICKED, 0xFC: "✓", 0xFB: "✗", 0x50: "✓", 0x4F: "✗",
    0xE0: "→", 0xDF: "←", 0xE8: "→", 0xE7: "←", 0xF0: "→", 0x28: "☎", 0x2A: "✉", 0x21: "✏",
    0x6C: "●", 0x6E: "■", 0x75: "◆", 0x76: "❖", 0xA7: "▪", 0x9F: "•", 0xD8: "➢",
}  # fmt: skip
GREEK = dict(zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)) | dict(
    zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)
)
SYMBOL = GREEK | {
    0xA3: "≤", 0xA5: "∞", 0xA7: "♣", 0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°",
    0xB1: "±", 0xB2: "″", 0xB3: "≥", 0xB4: "×", 0xB5: "∝", 0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠",
    0xBA: "≡", 0xBB: "≈", 0xBC: "…", 0xC6: "∅", 0xC7: "∩", 0xC8: "∪", 0xC9: "⊃", 0xCC: "⊂", 0xCE: "∈",
    0xD0: "∠", 0xD1: "∇", 0xD2: "®", 0xD3: "©", 0xD4: "™", 0xD5: "∏", 0xD6: "√", 0xD7: "·", 0xDB: "⇔",
    0xDE: "⇒", 0xE5: "∑", 0xF2: "∫", 0x22: "∀", 0x24: "∃", 0x2D: "−",
}  # fmt: skip


def symbol(run: Element) -> str:
    """Return the character that a `sym` shows; U+FFFD where its font is not known."""
    code, font = run.get("char", ""), run.get("font", "").lower()
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    place = number & 0xFF if 0xF000 <= number <= 0xF0FF or number < 0x100 else 0
    if place and "wingdings" in font:
        return WINGDINGS.get(place, "•")
    if place and font == "symbol":
        return SYMBOL.get(place, chr(place) if 0x20 < place < 0x7F else "\ufffd")
    return "\ufffd" if 0xE000 <= number < 0xF900 or number > 0x10FFFF else chr(number)


def form_field(field: Element) -> str:
    """Return the state of a tick box, or the choice of a list, of an old form; empty for other fields."""
    box, choice = field.find("ffData/checkBox"), field.find("ffData/ddList")
    if box is not None:
        state = box.find("checked")
        state = box.find("default") if state is None else state
        return OPEN if state is None or state.get("val", "1") in OFF else TICKED
    if choice is not None:
        chosen = choice.find("result")
        place = "0" if chosen is None else chosen.get("val", "0")
        entries = [entry.get("val", "") for entry in choice.findall("listEntry")]
        return entries[int(place)] if place.isdigit() and int(place) < len(entries) else ""
    return ""
