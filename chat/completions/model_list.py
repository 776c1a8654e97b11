"""What an endpoint says of its models -> those that can chat.

Reads OpenAI's list and the forms of those that are compatible with it: names alone, entries without an id, a
list under another name. Knows no connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LISTS = ("data", "models", "result", "items")
_NAMES = ("id", "name", "model", "model_name", "key")
_KINDS = ("type", "task", "mode", "object_type", "model_type", "pipeline_tag", "category", "sub_type")
# Words in names of models that do something else than to chat, between the marks that divide a name.
_OTHER_NAMES = re.compile(
    r"(^|[-_/.:\s])(embed\w*|text-?embedding\w*|bge|bce|gte|e5|m3e|colbert|\w*clip|siglip|re-?rank\w*|reranker|whisper\w*"
    r"|minilm\w*|paraphrase|sentence-transformers|stella|voyage|parakeet|canary|orpheus|elevenlabs|vidu|kling|jimeng"
    r"|wan\d*|[ti]2[iv]|\w*tts\w*|speech|audio|voice|voxtral-tts|transcri\w*|asr|sensevoice\w*|cosyvoice\w*|paraformer\w*|dall-?e\w*|image\w*"
    r"|imagen\w*|stable-?diffusion\w*|sdxl?\w*|flux\w*|kolors|wanx\w*|cogview\w*|cogvideo\w*|seedream\w*|seedance\w*"
    r"|hunyuanvideo|video|veo|sora\w*|realtime|moderation\w*|guard\w*|shieldgemma|babbage|davinci|ocr|kokoro"
    r"|deepgram|stt|chirp\w*|sonic|live|ranker|stability|sd3\w*|upscale|outpaint|canvas|nano-?banana\w*|r2v"
    r"|music\w*|lyria\w*|aqa|gpt-3\.5-turbo-instruct)($|[-_/.:\s\d])",
    re.IGNORECASE,
)
# Models that answer by another API alone (OpenAI's), or after minutes: last, so that none is the default.
_LAST_NAMES = re.compile(
    r"(^|[-_/.:\s])(deep-?research|codex|o\d-pro|gpt-\d[\w.]*-pro)($|[-_/.:\s])", re.IGNORECASE
)
_CHAT_KINDS = re.compile(
    r"chat|llm|vlm|language|generat|completion|text|instruct|model|responses", re.IGNORECASE
)
_OTHER_KINDS = re.compile(
    r"embed|rerank|image|audio|speech|video|moderation|transcri|classif|asr|tts|feature-extraction|similarity",
    re.IGNORECASE,
)
_OUTPUTS = ("output_modalities", "supported_output_modalities")
_USES = ("capabilities", "supportedGenerationMethods", "supported_endpoint_types", "endpoints")
_CHAT_USES = re.compile(
    r"chat|completion|generateContent|openai|anthropic|gemini|responses|tool", re.IGNORECASE
)
_ENDED = frozenset({"shutdown", "retired", "archived"})


@dataclass(frozen=True)
class ListedModel:
    """A model of an endpoint's list. owner: as the endpoint names it."""

    name: str
    owner: str = ""
    can_chat: bool = True


def read_models(value: object) -> list[ListedModel] | None:
    """Return the models in the endpoint's order, or None for no list of models.

    Bad entries are left out; models that are no default come last.
    """
    listed = value
    if isinstance(value, Mapping):
        named = [value[name] for name in _LISTS if name in value]
        if not named:
            return None
        listed = next((one for one in named if one), [])
        if isinstance(listed, Mapping) and any(isinstance(listed.get(name), list) for name in _LISTS):
            return read_models(listed)
        if isinstance(listed, Mapping):  # by name
            listed = [
                {"id": name, **(one if isinstance(one, Mapping) else {})} for name, one in listed.items()
            ]
    if not isinstance(listed, list):
        return None
    models = dict[str, ListedModel]()
    for model in filter(None, map(_read_model, listed)):
        models.setdefault(model.name, model)
    return sorted(models.values(), key=lambda model: bool(_LAST_NAMES.search(model.name)))


def _read_model(entry: object) -> ListedModel | None:
    if isinstance(entry, str):
        entry = {"id": entry}
    if not isinstance(entry, Mapping):
        return None
    names = (entry.get(name) for name in _NAMES)
    name = next((one.strip() for one in names if isinstance(one, str) and one.strip()), "")
    owner = entry.get("owned_by")
    return (
        ListedModel(name, owner if isinstance(owner, str) else "", _can_chat(name, entry)) if name else None
    )


def _can_chat(name: str, entry: Mapping[str, Any]) -> bool:
    """Whether a model chats: as the endpoint says, or else by its name."""
    capabilities = entry.get("capabilities")
    if isinstance(capabilities, Mapping) and isinstance(capabilities.get("completion_chat"), bool):
        return bool(capabilities["completion_chat"])  # Mistral
    if entry.get("active") is False or str(entry.get("status")).lower() in _ENDED:  # Groq, Volcengine
        return False
    if (by_lists := _can_chat_by_lists(entry)) is not None:
        return by_lists
    for key in _KINDS:
        kind = entry.get(key)
        if isinstance(kind, str) and _OTHER_KINDS.search(kind):
            return False
        if isinstance(kind, str) and key != "object_type" and _CHAT_KINDS.search(kind):
            return True
    return not _OTHER_NAMES.search(name)


def _can_chat_by_lists(entry: Mapping[str, Any]) -> bool | None:
    """Whether a model chats by the lists of what it writes and what it is for; None: they do not say."""
    architecture = entry.get("architecture")  # OpenRouter
    holders = [entry, *([architecture] if isinstance(architecture, Mapping) else [])]
    for outputs in (holder.get(name) for holder in holders for name in _OUTPUTS):
        if isinstance(outputs, list) and outputs:
            return "text" in [str(one).lower() for one in outputs]
    for uses in map(entry.get, _USES):  # Ollama, Gemini, new-api, Cohere
        named = [one for one in uses if isinstance(one, str)] if isinstance(uses, list) else []
        if any(map(_CHAT_USES.search, named)):
            return True
        if any(map(_OTHER_KINDS.search, named)):
            return False
    return None
