"""The marks between which models write their reasoning where it comes as text: the one table of pairs.

Knows no stream. Each pair is an opening, a closing, and whether the closing alone says that all before it was
reasoning, since some chat templates write the opening into the prompt.
"""

from __future__ import annotations

from typing import NamedTuple


class Pair(NamedTuple):
    opening: str
    closing: str
    may_be_unopened: bool = False


THINK = Pair("<think>", "</think>", True)  # DeepSeek, Qwen, GLM, MiniMax, and most others
PAIRS = (
    THINK,
    Pair("<thinking>", "</thinking>"),
    Pair("<thought>", "</thought>"),  # Gemini over the OpenAI route, EXAONE
    Pair("<thoughts>", "</thoughts>"),
    Pair("<reasoning>", "</reasoning>"),
    Pair("[THINK]", "[/THINK]"),  # Magistral
    Pair("<|channel>thought", "<channel|>", True),  # Gemma 4
    Pair("<seed:think>", "</seed:think>", True),  # Seed-OSS
    Pair("<|START_THINKING|>", "<|END_THINKING|>", True),  # Command A Reasoning
    Pair("<|begin_of_thought|>", "<|end_of_thought|>", True),  # OpenThinker, Sky-T1
    Pair("<|thinking_start|>", "<|thinking_end|>", True),
    Pair("◁think▷", "◁/think▷", True),  # Kimi-VL
    Pair("[unused16]", "[unused17]", True),  # openPangu
    Pair("<longcat_think>", "</longcat_think>", True),  # LongCat
    Pair("<|inner_prefix|>", "<|inner_suffix|>", True),  # Apertus
    Pair("<|think|>", "<|end|><|begin|>assistant<|content|>", True),  # Solar Open
)
# What some models put around the answer that follows their reasoning: Hunyuan, ERNIE, Command A Reasoning.
WRAPPERS = {
    "<answer>": "</answer>",
    "<response>": "</response>",
    "<|START_RESPONSE|>": "<|END_RESPONSE|>",
}
UNOPENED = tuple(pair.closing for pair in PAIRS if pair.may_be_unopened)
# Harmony (gpt-oss) has channels in the place of a pair; a message begins with one of these.
HARMONY = ("<|channel|>", "<|start|>")
# The same where a server leaves its special tokens out: `analysisWe need to…assistantfinalHello`.
BARE_ANALYSIS, BARE_FINAL = "analysis", "assistantfinal"


def find_partial(text: str, marks: tuple[str, ...]) -> int:
    """Return where the end of the text could be the start of a mark; its length where it could not."""
    starts = [_partial_start(text, mark) for mark in marks]
    return min(starts, default=len(text))


def _partial_start(text: str, mark: str) -> int:
    at = text.find(mark[0], max(0, len(text) - len(mark) + 1))
    while at >= 0 and not mark.startswith(text[at:]):
        at = text.find(mark[0], at + 1)
    return at if at >= 0 else len(text)
