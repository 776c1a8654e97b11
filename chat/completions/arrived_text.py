"""The text of one answer as it arrived, for telling a repetition from what is new.

Some endpoints send the whole text so far where an increment should be: in each delta, in the last one, or as
a message beside them. Knows no chunk.
"""

from __future__ import annotations


class ArrivedText:
    """The texts that have arrived, for those that repeat them."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._whole = ""  # the last delta, where each holds the whole text so far
        self.may_repeat = False  # the next delta could hold the whole text so far: the second one shows it

    def append(self, text: str) -> None:
        """Add a text that is new."""
        self.parts.append(text)
        self.may_repeat = len(self.parts) == 1 or bool(self._whole)

    def rest_of_delta(self, text: str) -> str:
        """Return what a delta adds: not all of it where the endpoint sends the whole text each time.

        A second delta that begins with the first, and has other letters too, is such a text: nothing but
        digits, spaces and laughter begins twice with the same letters.
        """
        before = self._whole or self.parts[0]
        if not self._whole and not _goes_on(before, text):
            return text
        if before.startswith(text):
            return ""
        self._whole = text if text.startswith(before) else ""
        self.may_repeat = len(self.parts) == 1 or bool(self._whole)
        return text[len(before) :] if self._whole else text

    def rest_of(self, whole: str) -> str:
        """Return what a snapshot has behind the text so far; nothing where it begins otherwise."""
        so_far = "".join(self.parts)
        self.parts = [so_far] if so_far else []
        self.may_repeat = bool(so_far)
        return whole[len(so_far) :] if whole.startswith(so_far) else ""

    def continues_without(self, text: str) -> bool:
        """Whether a text has nothing of the one so far: neither begins with the other."""
        so_far = "".join(self.parts)
        return bool(so_far and text) and not (text.startswith(so_far) or so_far.startswith(text))

    def is_all(self, text: str) -> bool:
        """Whether a text repeats all that came before in more than one piece."""
        at = 0  # the parts are not joined: each long delta of an answer of megabytes asks
        for part in self.parts:
            if not text.startswith(part, at):
                return False
            at += len(part)
        return at == len(text) and len(self.parts) > 1


def _goes_on(before: str, text: str) -> bool:
    """Whether `text` begins with `before`, which has letters, and has other characters too."""
    is_longer = len(text) > len(before) and text.startswith(before) and set(text) > set(before)
    return is_longer and sum(map(str.isalpha, before)) > 1
