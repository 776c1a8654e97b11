"""Which engines this machine has for scanned pages, in words for its owner. Loads none of them."""

from __future__ import annotations

from chat.extraction.ocr import pp_ocr, tesseract


def name_engines() -> str:
    """Return the engines, Tesseract with its languages: `tesseract (deu eng osd), pp-ocr`; or `none`."""
    languages = " ".join(sorted(tesseract.languages()))
    quick = f"{tesseract.NAME} ({languages})" if languages else ""
    thorough = pp_ocr.NAME if pp_ocr.is_installed() else ""
    return ", ".join(filter(None, (quick, thorough))) or "none"
