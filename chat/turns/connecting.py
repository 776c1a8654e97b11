"""The answer to a plain question where no model can give one: why, and how to connect a model.

Knows no model and no setting: the caller says why.
"""

from __future__ import annotations

import re

NO_MODEL, NOT_IN_CHINESE = "no_model", "not_in_chinese"
_WHY = {
    ("en", NO_MODEL): "No language model is connected yet, so a question of this kind has no answer here.",
    ("zh", NO_MODEL): "现在还没有连接语言模型，所以这样的问题暂时无法回答。",
    ("zh", NOT_IN_CHINESE): "这里只有一个很小的英文演示模型，它写不好中文，所以没有让它回答。",
}
_HOW = {
    "en": "Attach a file and ask about it: its own sentences answer, word for word, without any model. "
    "To connect a model, start the app with one of these lines:",
    "zh": "可以添加一个文件再提问：不需要模型，也会用文件里的原句回答。要连接模型，请用下面任意一行启动：",
}
_LINES = """```bash
OPENAI_API_KEY=sk-... python app.py
OPENAI_BASE_URL=http://localhost:11434/v1 python app.py
LOCAL_MODEL=/path/to/model.gguf python app.py
```"""


def language_of(text: str) -> str:
    """Return `zh` for a text with Chinese characters, else `en`."""
    return "zh" if re.search("[\u3400-\u9fff]", text) else "en"


def explain_missing_model(question: str, reason: str) -> str:
    """Return three sentences and three lines to copy, in the question's language."""
    language = language_of(question)
    gap = "" if language == "zh" else " "
    return f"{_WHY[language, reason]}{gap}{_HOW[language]}\n\n{_LINES}\n"


def explain_quotes_only() -> str:
    """Return the sentence above quotes that a visitor asked the demo model for in Chinese."""
    return f"{_WHY['zh', NOT_IN_CHINESE]}下面是文件里的原句。\n\n"
