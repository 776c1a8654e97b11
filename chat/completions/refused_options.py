"""A refusal -> the form in which the endpoint takes the request: options left out, renamed or made smaller.

Nothing has been paid for when a request is refused, so that it is sent again. Knows no client.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

_BUDGETS = ("max_tokens", "max_completion_tokens")
_DROPPED = (
    "stream_options",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repeat_penalty",
    "repetition_penalty",
)
_REFUSALS = frozenset({400, 404, 415, 422, 501})
_NO_SYSTEM = re.compile(
    r"system (role|message|prompt|instruction)s?\b[^.]{0,40}(not|un)\s?(support|enabled|allow|permit|valid)"
    r"|(not|n't) (support|allow|accept|permit)[^.]{0,30}system|role['\"\]`]* does not support 'system'"
    r"|developer instruction is not enabled|(invalid|unknown|unsupported|unexpected) role:? ['\"]?system"
    r"|roles must alternate|first (message|role) must be|only ['\"]?user['\"]? (and|or)[^.]{0,30}roles"
    r"|'?role'? must be (one of|in)(?!.{0,80}system)",
    re.IGNORECASE,
)
_UNKNOWN_NAME = re.compile(
    r"unsupported|unrecogni[sz]ed|unknown|unexpected|extra|not (support|permit|allow)", re.IGNORECASE
)
_TOO_LARGE = re.compile(
    r"too (large|high|big|long)|at most|less than|range|exceed|<=|maximum|between|limit", re.IGNORECASE
)
_LONGEST = re.compile(
    r"max_(?:completion_)?tokens\W+(?:must be |should be )?(?:less than or equal to|at most|<=) (\d{1,7})",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"context|prompt|input", re.IGNORECASE)


@dataclass(frozen=True)
class AcceptedForm:
    """What a model is known to take. longest: of the answer, in tokens; 0: not known."""

    dropped: tuple[str, ...] = ()
    budget: str = _BUDGETS[0]
    longest: int = 0
    has_system: bool = True

    def shape(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of a request in the form that the model takes."""
        shaped = {name: value for name, value in options.items() if name not in self.dropped}
        asked = shaped.pop(_BUDGETS[0], None)
        if asked is not None:
            shaped[self.budget] = min(asked, self.longest) if self.longest else asked
        if not self.has_system:
            shaped["messages"] = fold_system(shaped["messages"])
        return shaped


def learn(form: AcceptedForm, status: int, said: str, sent: Mapping[str, Any]) -> AcceptedForm | None:
    """Return the form that the endpoint may take after a refusal, or None where another one does not help.

    sent: the options as they were refused. said: the body of the refusal.
    """
    if (
        form.has_system
        and _NO_SYSTEM.search(said)
        and any(one["role"] == "system" for one in sent["messages"])
    ):
        return replace(form, has_system=False)
    if status not in _REFUSALS:
        return None
    if form.budget in sent and (changed := _change_budget(form, said, sent)):
        return changed
    dropped = next((name for name in _DROPPED if name in sent and re.search(rf"\b{name}\b", said)), None)
    return replace(form, dropped=(*form.dropped, dropped)) if dropped else None


def _change_budget(form: AcceptedForm, said: str, sent: Mapping[str, Any]) -> AcceptedForm | None:
    """Return the form with the answer's length under its other name, or smaller."""
    if not re.search(rf"\b{form.budget}\b", said):
        return None
    asked = int(sent[form.budget])
    named = _LONGEST.search(said)
    if named and not form.longest and 0 < int(named[1]) < asked:
        return replace(form, longest=int(named[1]))
    smaller = [int(number) for number in re.findall(r"\b\d{1,7}\b", said) if 1 < int(number) < asked]
    if smaller and not form.longest and _TOO_LARGE.search(said) and not _PROMPT.search(said):
        return replace(form, longest=max(smaller))
    other = _BUDGETS[1 - _BUDGETS.index(form.budget)]
    if (
        form.budget == _BUDGETS[0]
        and (other in said or _UNKNOWN_NAME.search(said))
        and not _PROMPT.search(said)
    ):
        return replace(form, budget=other)
    return None


def fold_system(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the messages with what the system says before the user's first words."""
    said = "\n\n".join(str(one["content"]) for one in messages if one["role"] == "system")
    talk = [one for one in messages if one["role"] != "system"]
    if not said or not talk or talk[0]["role"] != "user":
        return talk
    content = talk[0]["content"]
    content = (
        [{"type": "text", "text": said}, *content] if isinstance(content, list) else f"{said}\n\n{content}"
    )
    return [{**talk[0], "content": content}, *talk[1:]]
