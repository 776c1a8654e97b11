"""The codes and words with which providers name a fault, by its type. tests/error_bodies.py has real bodies.

A status alone says little: Gemini answers a bad key with 400, Zhipu an empty account with 429.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

CODES_BY_TYPE: Mapping[str, str] = {
    "unauthorized": "invalid_api_key authentication_error api_key_invalid invalid_authentication_error"
    " 1000 1001 1002 1003 1004"  # Zhipu
    " base_resp_1004 base_resp_2049"  # MiniMax, whose numbers mean something else than Zhipu's
    " 110 111"  # Baidu
    " no_db_connection",  # LiteLLM, of any key but its own where it has no database
    "forbidden": "permission_error 1110 1111 1112 1220 1311 base_resp_2061",
    "quota_exceeded": "insufficient_quota billing_hard_limit_reached exceeded_current_quota_error"
    " arrearage accountoverdueerror setlimitexceeded allocationquota.freetieronly"
    " 1113 1309 base_resp_1008 base_resp_1028 base_resp_1030 11200",
    "model_not_found": "model_not_found model_not_available operationnotsupported"
    " resource_not_found_error 1211 1212 1221 1222",
    "context_too_long": "context_length_exceeded exceed_context_size_error 1261 10907 336003 336007 336103",
    "content_filter": "content_filter content_policy_violation data_inspection_failed"
    " 1300 1301 base_resp_1026 base_resp_1027 10013 10014 10019 336104",  # the last: Spark, Baidu
    "rate_limited": "rate_limit_error rate_limit_exceeded 1302 1303 1304 1305 1308 1310 1313"
    " base_resp_1002 base_resp_1039 11201 11202 17 18 19",
    "overloaded": "overloaded_error engine_overloaded_error serveroverloaded 1312",
    "server_error": "server_error 1230 1234 base_resp_1000 base_resp_1013 base_resp_1024",
    "gateway_timeout": "base_resp_1001",
}
CODES = {code: type for type, codes in CODES_BY_TYPE.items() for code in codes.split()}

_CREDENTIAL = (
    r"(api[ _-]?key|subscription key|authentication|auth(orization)?|(access|security)[ _-]token"
    r"|credentials?)"
)
_MODEL_SIZE = (
    r"(context|number of tokens|max_model_len|(message |model )?token limit|prompt length|max length)"
)
# In this order: the first type that is found decides.
_WORDS: Mapping[str, tuple[str, ...]] = {
    # Pictures that a model does not take: a bad request, which is mended by leaving them out.
    "bad_request": (
        r"(image|vision|multi-?modal|图片|图像)[^.]{0,60}(not support|unsupport|not (a|available|enabled))",
        r"(support|unknown variant|not a)[^.]{0,40}(image|vision|multi-?modal)",
    ),
    "context_too_long": (
        r"context_length_exceeded|exceed_context_size|string_above_max_length|contextwindowexceeded",
        r"prompt_tokens_too_long|too many tokens(?!, please wait)|context window|greater than the context",
        r"context (size|length|limit)[^.]{0,20} exceeded|max_tokens must be at least 1, got -",
        r"context (the )?overflow|max message tokens",
        r"(maximum|max|model'?s?)[ _](context|sequence|prompt|input|seq)[ _]?(len(gth)?|size|window)",
        rf"exceed(s|ed|ing)? (the |your )?(available |maximum |max |model'?s? )*{_MODEL_SIZE}",
        r"(prompt|input|messages?|conversation|context)( text| tokens)? ?(is|are|was)? too (long|large)",
        r"(token count|input tokens?|prompt[ _]tokens?|(input|prompt) length)[^.]{0,60}(exceed|must be less)",
        r"longer than the (model|max(imum)?\b)|range of input length|inputs` (tokens \+|must have less)",
        r"(shorter|reduce)( the)? (length of |size of )?(your )?(the )?(messages?|prompt|input)",
        r"request too large for model|max length (exceeded|of (the )?(current )?question)",
        r"(max(imum)?|exceed\w*)[^.]{0,20}prompt length",
        r"超长|(token|长度|上下文).{0,12}(超过|超出|超限)",
    ),
    "rate_limited": (  # not by the names of exceptions: LiteLLM calls an empty account one of them
        r"allocated quota exceeded|please (retry|try again) in \d|retrydelay",
        r"(per|/)[ -]?(min|sec|minute|second|hour|day)\b|\b[rtq]p[msd]\b",
        r"requests? (rate|limit)|rate[ _-]?limit(?!error)|too many (requests|tokens)",
        r"throttl(?!ing_error)|concurren",
        r"速率|频率|并发|限流|请求(过于频繁|数|次数)",
    ),
    "quota_exceeded": (
        r"insufficient[ _-]?(account )?(balance|quota|fund|credit)|arrear|overdue|billing|payment required",
        r"exceeded your current quota|credit balance|balance is|budget has been exceeded",
        r"(no|any|more|enough|out of|buy|purchase|add|remaining) credits?\b(?! were)",
        r"resource_?pack_?exhausted|not[ _]enough[ _](balance|credit|quota|fund)|payment method|credit card",
        r"(daily|today'?s?|monthly) (free )?(allocation|quota)|over budget|budget_?exceeded|exceeded_?budget",
        r"key limit exceeded|reached the set inference limit|free (tier|trial|quota)[^.]{0,40}exhausted",
        r"(spend(ing)?|usage|budget|credit|quota)[ _](limit|cap)|quota (is |was )?(exceeded|exhausted)",
        r"exceed(ed)? (your |the )?(\w+ )?(quota|budget)",
        r"欠费|余额|充值|额度|资源包",
    ),
    "unauthorized": (
        rf"{_CREDENTIAL}\b[^.]{{0,60}}(not valid|invalid|incorrect|wrong|fail|missing|required|expired)",
        rf"{_CREDENTIAL}\b[^.]{{0,60}}(not (found|provided)|disabled|revoked|leaked)",
        rf"(invalid|incorrect|wrong|missing|expired|unknown|no|valid) (\w+ )?{_CREDENTIAL}\b",
        r"(invalid|expired)[ _]iam[ _]token|unauthori[sz]ed|authentication[ _]error|user not found",
        r"unregistered callers",
        r"(令牌|密钥|鉴权|身份验证|认证).{0,12}(失败|错误|无效|过期|不正确|不存在)",
    ),
    "content_filter": (
        r"content[ _-]?(filter|management policy|exists risk|policy|risk|moderation)|inappropriate",
        r"data_?inspection|(?<!case[ -])sensitive|high risk|responsibleai|moderation|flagged|unsafe",
        r"safety[ _](system|filter|polic|check)|prohibited|usage (polic|guideline)",
        r"censor|敏感|违规|不安全|审核",
    ),
    "model_not_found": (
        r"model_?not_?(found|exist|open)|model not (found|exist)|try pulling it|not a valid model",
        r"llm provider not provided|unable to access model|not work with the specified model",
        r"\b(invalid|unknown|no such|unsupported) model\b|no endpoints found",
        r"\bmodels?\b[^.]{0,20}[^ ]{1,80} (was |is |could )?not (be )?(found|exist|available|supported)",
        r"\bmodels?\b[^.]{0,20}[^ ]{1,80} (has been |is )?(does not exist|decommissioned|deprecated)",
        r"does not exist or you do not have access|notfound\b.{0,40}(model|endpoint)",
        r"\bmodel (identifier|id)\b([^.]|\.\S){0,80}(invalid|n.t supported)",
        r"\bmodels? (is |are )?(disabled|unloaded|not loaded|retired)",
        r"模型.{0,20}(不存在|未找到|已下线)",
    ),
    "forbidden": (
        r"location is not supported|country, region|permission_?denied|not (allowed|permitted) to",
        r"access denied|no permission|must be verified|terms acceptance|accept the terms|not activated",
        r"(organi[sz]ation|account|project|team|user) (has been|was|is) (disabled|suspended|terminated)",
        r"无权|没有权限|未开通",
    ),
    "overloaded": (
        r"overload|at capacity|over capacity|capacity (temporarily )?exceeded|high demand",
        r"(server|model)( is)? busy",
        r"loading model|currently loading|model is loading|no available (server|worker|channel|capacity)",
        r"过载|繁忙|访问量过大|负载|无可用渠道",
    ),
}
_SEARCHES = {type: re.compile("|".join(words), re.IGNORECASE | re.DOTALL) for type, words in _WORDS.items()}
_WAIT = re.compile(
    r"(?:retry in|try again in|please wait) (?:(\d+)m)?\s?(\d+(?:\.\d+)?) ?(ms|s)"
    r"|retryDelay\W+(\d+(?:\.\d+)?)s",
    re.IGNORECASE,
)


def find_type_by_words(said: str) -> str | None:
    """Return the type of fault that the words name, or None."""
    return next((type for type, words in _SEARCHES.items() if words.search(said)), None)


def find_wait(said: str) -> float | None:
    """Return the seconds after which the text says to try again, or None."""
    found = _WAIT.search(said)
    if not found:
        return None
    minutes, seconds, unit, delay = found.groups()
    return float(delay) if delay else int(minutes or 0) * 60 + float(seconds) * (0.001 if unit == "ms" else 1)
