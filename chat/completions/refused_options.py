"""A refusal -> the form in which the endpoint takes the request: options left out, renamed or made smaller.

Nothing has been paid for when a request is refused, so that it is sent again. Knows no client.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
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
_PARTS = {"stream_options": ("include_usage",)}
_REFUSALS = frozenset({400, 404, 415, 422, 501})
_NO_SYSTEM = re.compile(
    r"system (role|message|prompt|instruction)s?\b[^.]{0,40}(not|un)\s?(support|enabled|allow|permit|valid)"
    r"|(not|n't) (support|allow|accept|permit)[^.]{0,30}system|role['\"\]`]* does not support 'system'"
    r"|developer instruction is not enabled"
    r"|(invalid|unknown|unsupported|unexpected)( message)? role:? ['\"]?system"
    r"|input should be ['\"]?user['\"]?,? (or )?['\"]?assistant(?!.{0,80}system)|不支持\W{0,3}system"
    r"|roles must alternate|first (message|role) must be|only ['\"]?user['\"]? (and|or)[^.]{0,30}roles"
    r"|'?role'? must be (one of|in)(?!.{0,80}system)",
    re.IGNORECASE,
)
# In words too: `does not support tools`, `tool choice requires --enable-auto-tool-choice`.
_TOOLS = re.compile(r"\btools?\b|\btool[_ ](choice|use|call)|function[_ -]?call", re.IGNORECASE)
_NO_TOOLS = re.compile(
    r"(not|n't|un)\W?(support|enabled|allow|permit|accept)[^.]{0,40}(\btools?\b|function[_ -]?call)"
    r"|(\btools?\b|function[_ -]?call)[^.]{0,40}((not|n't|un)\W?(support|enabled|allow|permit)|requires?\b)",
    re.IGNORECASE,
)
_UNKNOWN_NAME = re.compile(
    r"unsupported|unrecogni[sz]ed|unknown|unexpected|extra|not (support|permit|allow)", re.IGNORECASE
)
_TOO_LARGE = re.compile(
    r"too (large|high|big|long)|at most|less than|range|exceed|<=|maximum|between|limit|范围|最大|超过|超出",
    re.IGNORECASE,
)
_LONGEST = re.compile(
    r"max_(?:completion_)?tokens\W+(?:must be |should be )?(?:less than or equal to|at most|<=) ['\"`]?"
    r"(\d{1,7})",
    re.IGNORECASE,
)
SAID_CHARACTERS = 2_000  # that are read of a refusal
_UNSUPPORTED = re.compile(
    r"unsupported|(not|only|n't) (currently )?(support|permit|allow|accept|tak)|unrecogni[sz]ed|unknown"
    r"|unexpected|extra (inputs?|fields?)|only \S+ is (allowed|supported)|invalid (field|parameter|argument)",
    re.IGNORECASE,
)
# Not a picture that is refused for itself: `unsupported image format`, `does not support image/tiff`.
_NO_PICTURES = re.compile(
    r"(not|n't|un)\W?support(s|ed)? (the )?(images?|vision|multi-?modal)\b(?!\s*(/|format|type|of\b|size))"
    r"|(images?|image_url|vision|multi-?modal)( input| content)?s?['\"`]? (is|are) (not|only) supported"
    r"|no endpoints found that support image|not a (vision|multi-?modal)|at most 0 image"
    r"|missing data required for image|unknown variant ['\"`]?image_url|content must be a string",
    re.IGNORECASE,
)
_OF_PROMPT = re.compile(r"prompt|input|messages", re.IGNORECASE)
_PROMPT = re.compile(r"context|prompt|input", re.IGNORECASE)


@dataclass(frozen=True)
class AcceptedForm:
    """What a model is known to take. longest: of the answer, in tokens; 0: not known.

    is_told_to_continue: an answer that broke off is continued for an instruction only.
    """

    dropped: tuple[str, ...] = ()
    budget: str = _BUDGETS[0]
    longest: int = 0
    has_system: bool = True
    has_tools: bool = True
    is_told_to_continue: bool = False

    def shape(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of a request in the form that the model takes."""
        shaped = {name: value for name, value in options.items() if name not in self.dropped}
        asked = shaped.pop(_BUDGETS[0], None)
        if asked is not None:
            shaped[self.budget] = min(asked, self.longest) if self.longest else asked
        if not self.has_tools:
            shaped.pop("tools", None)
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
    if form.has_tools and sent.get("tools") and _refuses_tools(status, said):
        return replace(form, has_tools=False)
    if status not in _REFUSALS:
        return None
    if form.budget in sent and (changed := _change_budget(form, said, sent)):
        return changed
    dropped = next((name for name in _DROPPED if name in sent and _names(said, name)), None)
    return replace(form, dropped=(*form.dropped, dropped)) if dropped else None


def _names(said: str, option: str) -> bool:
    """Tell whether a text names an option, or a part of it. A Chinese character ends a name too."""
    names = "|".join((option, *_PARTS.get(option, ())))
    return bool(re.search(rf"(?<![\w-])({names})(?![A-Za-z0-9_])", said))


def is_of_model(before: AcceptedForm, after: AcceptedForm, said: str) -> bool:
    """Tell whether a refusal says what the model takes, and not only that this request's value was wrong."""
    if after.longest != before.longest:
        return not _OF_PROMPT.search(said)  # else what was left beside this prompt
    is_named = after.budget != before.budget or after.has_system != before.has_system
    is_named = is_named or after.has_tools != before.has_tools
    return is_named or bool(_UNSUPPORTED.search(said))


def refuses_pictures(said: str) -> bool:
    """Tell whether a refusal says that the model takes no pictures, and not that one of them is wrong."""
    return bool(_NO_PICTURES.search(said))


def _refuses_tools(status: int, said: str) -> bool:
    """Tell whether a refusal of a request with tools names them: they are well formed, so it refuses all."""
    return bool(_NO_TOOLS.search(said)) or (status in _REFUSALS and bool(_TOOLS.search(said)))


def without_messages(said: str, messages: Sequence[Mapping[str, Any]]) -> str:
    """Return a refusal without what it repeats of the messages, which a visitor wrote."""
    for text in (text for one in messages for text in _texts(one.get("content"))):
        for form in (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
            said = said.replace(form, "")
    return said[:SAID_CHARACTERS]


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield from filter(None, [content])
    elif isinstance(content, list):
        yield from (part["text"] for part in content if part.get("type") == "text" and part["text"])


def _change_budget(form: AcceptedForm, said: str, sent: Mapping[str, Any]) -> AcceptedForm | None:
    """Return the form with the answer's length under its other name, or smaller."""
    if not _names(said, form.budget):
        return None
    said = re.sub(r"(?<=\d),(?=\d{3}\b)", "", said)
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
