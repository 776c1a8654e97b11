# ruff: noqa: E501 - the bodies are quoted as they come
"""Bodies with which providers refuse or fail: the table that recognition is held against.

A status of 200 stands for an error object in a stream. Sources: issues and pull requests as
owner/repository#number, a file of a server's own source, or the page of the provider's documentation.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Body(NamedTuple):
    """A refusal. type: of the fault. retries: whether trying again can help."""

    provider: str
    source: str
    status: int
    body: Any
    type: str
    retries: bool = False


def _error(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


TOO_LONG, QUOTA, KEY, RATE, CONTENT = (
    "context_too_long", "quota_exceeded", "unauthorized", "rate_limited", "content_filter",
)  # fmt: skip
MODEL, FORBIDDEN, BUSY, BAD, SERVER = (
    "model_not_found",
    "forbidden",
    "overloaded",
    "bad_request",
    "server_error",
)

BODIES = (
    # --- OpenAI, Azure ---
    Body("OpenAI", "platform.openai.com/docs/guides/error-codes", 401, _error("Incorrect API key provided: sk-ab**cd. You can find your API key at https://platform.openai.com/account/api-keys.", type="invalid_request_error", param=None, code="invalid_api_key"), KEY),
    Body("OpenAI", "platform.openai.com/docs/guides/error-codes", 429, _error("You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.", type="insufficient_quota", param=None, code="insufficient_quota"), QUOTA),
    Body("OpenAI", "platform.openai.com/docs/guides/rate-limits", 429, _error("Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s. Visit https://platform.openai.com/account/rate-limits to learn more.", type="tokens", param=None, code="rate_limit_exceeded"), RATE, True),
    Body("OpenAI", "prcore/assistant#1", 400, _error("This model's maximum context length is 4097 tokens. However, your messages resulted in 5613 tokens. Please reduce the length of the messages.", type="invalid_request_error", param="messages", code="context_length_exceeded"), TOO_LONG),
    Body("OpenAI", "platform.openai.com/docs/guides/error-codes", 404, _error("The model `gpt-5-nano-x` does not exist or you do not have access to it.", type="invalid_request_error", param=None, code="model_not_found"), MODEL),
    Body("OpenAI", "platform.openai.com/docs/guides/error-codes", 403, _error("Country, region, or territory not supported", code="unsupported_country_region_territory", type="request_forbidden"), FORBIDDEN),
    Body("OpenAI", "platform.openai.com/docs/guides/error-codes", 503, _error("The engine is currently overloaded, please try again later", type="server_error", code=None), BUSY, True),
    Body("OpenAI", "platform.openai.com/docs/guides/error-codes", 500, _error("The server had an error while processing your request. Sorry about that!", type="server_error", param=None, code=None), SERVER, True),
    Body("OpenAI", "openai/openai-python", 400, _error("Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt.", type="invalid_request_error", code="invalid_prompt"), CONTENT),
    Body("OpenAI", "platform.openai.com/docs/guides/error-codes", 429, _error("Billing hard limit has been reached", type="invalid_request_error", code="billing_hard_limit_reached"), QUOTA),
    Body("Azure", "learn.microsoft.com: content filtering", 400, _error("The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.", type=None, param="prompt", code="content_filter", status=400, innererror={"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"jailbreak": {"filtered": True, "detected": True}}}), CONTENT),
    Body("Azure", "learn.microsoft.com: troubleshooting", 401, {"statusCode": 401, "message": "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired."}, KEY),
    Body("Azure", "learn.microsoft.com: troubleshooting", 404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."}}, MODEL),
    Body("Azure", "learn.microsoft.com: quotas", 429, {"error": {"code": "429", "message": "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-06-01 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 27 seconds."}}, RATE, True),
    # --- Anthropic, Gemini ---
    Body("Anthropic", "docs.anthropic.com/en/api/errors", 529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, BUSY, True),
    Body("Anthropic", "docs.anthropic.com/en/api/errors", 401, {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}, KEY),
    Body("Anthropic", "docs.anthropic.com/en/api/errors", 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."}}, QUOTA),
    Body("Anthropic", "docs.anthropic.com/en/api/errors", 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"}}, TOO_LONG),
    Body("Anthropic", "docs.anthropic.com/en/api/rate-limits", 429, {"type": "error", "error": {"type": "rate_limit_error", "message": "This request would exceed your organization's rate limit of 40,000 input tokens per minute."}}, RATE, True),
    Body("Gemini", "ai.google.dev/gemini-api/docs/troubleshooting", 400, [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT", "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]}}], KEY),
    Body("Gemini", "ai.google.dev/gemini-api/docs/rate-limits", 429, [{"error": {"code": 429, "message": "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 15\nPlease retry in 31.5s.", "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "31s"}]}}], RATE, True),
    Body("Gemini", "google-gemini/gemini-cli#4692", 400, [{"error": {"code": 400, "message": "The input token count (2845475) exceeds the maximum number of tokens allowed (1048576).", "status": "INVALID_ARGUMENT"}}], TOO_LONG),
    Body("Gemini", "ai.google.dev/gemini-api/docs/troubleshooting", 503, [{"error": {"code": 503, "message": "The model is overloaded. Please try again later.", "status": "UNAVAILABLE"}}], BUSY, True),
    Body("Gemini", "ai.google.dev/gemini-api/docs/troubleshooting", 404, [{"error": {"code": 404, "message": "models/gemini-9 is not found for API version v1main, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.", "status": "NOT_FOUND"}}], MODEL),
    Body("Gemini", "ai.google.dev/gemini-api/docs/available-regions", 400, [{"error": {"code": 400, "message": "User location is not supported for the API use.", "status": "FAILED_PRECONDITION"}}], FORBIDDEN),
    # --- DeepSeek, Moonshot, Zhipu, DashScope, MiniMax ---
    Body("DeepSeek", "Aider-AI/aider#4851", 402, _error("Insufficient Balance", type="unknown_error", param=None, code="invalid_request_error"), QUOTA),
    Body("DeepSeek", "api-docs.deepseek.com/quick_start/error_codes", 401, _error("Authentication Fails, Your api key: ****abcd is invalid", type="authentication_error", param=None, code="invalid_request_error"), KEY),
    Body("DeepSeek", "api-docs.deepseek.com/quick_start/error_codes", 400, _error("Content Exists Risk", type="invalid_request_error", param=None, code="invalid_request_error"), CONTENT),
    Body("DeepSeek", "api-docs.deepseek.com/quick_start/error_codes", 400, _error("Model Not Exist", type="invalid_request_error", param=None, code="invalid_request_error"), MODEL),
    Body("DeepSeek", "api-docs.deepseek.com/quick_start/error_codes", 400, _error("This model's maximum context length is 65536 tokens. However, you requested 80000 tokens (76000 in the messages, 4000 in the completion). Please reduce the length of the messages or completion.", type="invalid_request_error", param=None, code="invalid_request_error"), TOO_LONG),
    Body("DeepSeek", "api-docs.deepseek.com/quick_start/error_codes", 503, _error("Service is too busy. We advise users to temporarily switch to alternative LLM API service providers.", type="service_unavailable_error", code="unavailable"), "unavailable", True),
    Body("DeepSeek", "deepseek-ai/DeepSeek-V3", 400, _error("Failed to deserialize the JSON body into the target type: messages[1]: unknown variant `image_url`, expected `text` at line 1 column 40", type="invalid_request_error", code="invalid_request_error"), BAD),
    Body("Moonshot", "MoonshotAI/kimi-cli#2011", 400, _error("Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)", type="invalid_request_error"), TOO_LONG),
    Body("Moonshot", "MoonshotAI/MoonshotAI-Cookbook#18", 400, _error("model max length exceeded, max length:8192", type="invalid_request_error"), TOO_LONG),
    Body("Moonshot", "platform.moonshot.cn/docs/api/errors", 429, _error("Your account org-x<ak-y> is suspended, please check your plan and billing details", type="exceeded_current_quota_error"), QUOTA),
    Body("Moonshot", "platform.moonshot.cn/docs/api/errors", 429, _error("Your account org-x<ak-y> request reached max request: 3, please try again after 1 seconds", type="rate_limit_reached_error"), RATE, True),
    Body("Moonshot", "platform.moonshot.cn/docs/api/errors", 400, _error("The request was rejected because it was considered high risk", type="content_filter"), CONTENT),
    Body("Moonshot", "platform.moonshot.cn/docs/api/errors", 401, _error("Invalid Authentication", type="invalid_authentication_error"), KEY),
    Body("Moonshot", "platform.moonshot.cn/docs/api/errors", 429, _error("The engine is currently overloaded, please try again later", type="engine_overloaded_error"), BUSY, True),
    Body("Moonshot", "platform.moonshot.cn/docs/api/errors", 404, _error("Not found the model kimi-x or Permission denied", type="resource_not_found_error"), MODEL),
    Body("Zhipu", "agentscope-ai/QwenPaw#202", 429, _error("余额不足或无可用资源包,请充值。", code="1113"), QUOTA),
    Body("Zhipu", "langgenius/dify#5850", 429, _error("您的账户已欠费，请充值后重试。", code="1113"), QUOTA),
    Body("Z.ai", "7836246/cursor2api#30", 429, {"error": {"code": "1113", "message": "Insufficient balance or no resource package. Please recharge."}, "request_id": "2026"}, QUOTA),
    Body("Zhipu", "docs.bigmodel.cn: error codes", 429, _error("您当前使用该API的并发数过高，请降低并发，或联系客服增加限额", code="1302"), RATE, True),
    Body("Zhipu", "docs.bigmodel.cn: error codes", 429, _error("该模型当前访问量过大，请您稍后再试", code="1305"), RATE, True),
    Body("Zhipu", "docs.bigmodel.cn: error codes", 400, {"contentFilter": [{"level": 1, "role": "user"}], "error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容，请您避免输入易产生敏感内容的提示语，感谢您的配合。"}}, CONTENT),
    Body("Zhipu", "docs.bigmodel.cn: error codes", 400, _error("Prompt 超长", code="1261"), TOO_LONG),
    Body("Zhipu", "docs.bigmodel.cn: error codes", 401, _error("令牌已过期或验证不正确", code="1000"), KEY),
    Body("Zhipu", "docs.bigmodel.cn: error codes", 400, _error("模型不存在，请检查模型代码。", code="1211"), MODEL),
    Body("DashScope", "help.aliyun.com/zh/dashscope/return-status-code-description", 400, _error("Access denied, please make sure your account is in good standing.", type="Arrearage", param=None, code="Arrearage"), QUOTA),
    Body("DashScope", "alibabacloud.com/help/en/model-studio/error-code", 400, _error("<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]", type="invalid_request_error", param=None, code="invalid_parameter_error"), TOO_LONG),
    Body("DashScope", "alibabacloud.com/help/en/model-studio/error-code", 400, _error("<400> InternalError.Algo.DataInspectionFailed: Input data may contain inappropriate content.", type="data_inspection_failed", param=None, code="data_inspection_failed"), CONTENT),
    Body("DashScope", "alibabacloud.com/help/en/model-studio/error-code", 429, _error("Allocated quota exceeded, please increase your quota limit.", type="insufficient_quota", param=None, code="insufficient_quota"), RATE, True),
    Body("DashScope", "alibabacloud.com/help/en/model-studio/error-code", 401, _error("Incorrect API key provided. ", type="invalid_request_error", param=None, code="invalid_api_key"), KEY),
    Body("DashScope", "alibabacloud.com/help/en/model-studio/error-code", 404, _error("The model `qwen-x` does not exist or you do not have access to it.", type="invalid_request_error", param=None, code="model_not_found"), MODEL),
    Body("DashScope", "alibabacloud.com/help/en/model-studio/error-code", 429, {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded, please try again later.", "request_id": "x"}, RATE, True),
    Body("MiniMax", "platform.minimax.io/docs/api-reference/errorcode", 200, {"id": "x", "choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, QUOTA),
    Body("MiniMax", "platform.minimax.io/docs/api-reference/errorcode", 200, {"choices": None, "base_resp": {"status_code": 1004, "status_msg": "login fail: Please carry the API secret key in the 'Authorization' field of the request header"}}, KEY),
    Body("MiniMax", "platform.minimax.io/docs/api-reference/errorcode", 200, {"choices": None, "base_resp": {"status_code": 1026, "status_msg": "input new_sensitive"}}, CONTENT),
    Body("MiniMax", "platform.minimax.io/docs/api-reference/errorcode", 200, {"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit exceeded(RPM)"}}, RATE, True),
    Body("MiniMax", "platform.minimax.io/docs/api-reference/errorcode", 200, {"choices": None, "base_resp": {"status_code": 2013, "status_msg": "invalid params, context window exceeds limit"}}, TOO_LONG),
    # --- more clouds ---
    Body("SiliconFlow", "FoundationAgents/OpenManus#438", 403, {"code": 30011, "message": "The selected model requires paid balance. Your paid balance is insufficient. Please top up and try again.", "data": None}, QUOTA),
    Body("SiliconFlow", "docs.siliconflow.cn: error codes", 400, {"code": 20015, "message": "length of prompt_tokens (40000) must be less than max_seq_len (32768).", "data": None}, TOO_LONG),
    Body("SiliconFlow", "docs.siliconflow.cn: error codes", 400, {"code": 20012, "message": "Model does not exist. Please check it carefully.", "data": None}, MODEL),
    Body("Volcengine", "volcengine.com: Ark error codes", 403, _error("The request failed because your account has an overdue balance. Request id: x", code="AccountOverdueError", param="", type="Forbidden"), QUOTA),
    Body("Volcengine", "volcengine.com: Ark error codes", 400, _error("The request failed because the input text may contain sensitive information. Request id: x", code="InputTextSensitiveContentDetected", param="", type="BadRequest"), CONTENT),
    Body("Volcengine", "volcengine.com: Ark error codes", 400, _error("Total tokens of image and text exceed max message tokens. Request id: x", code="InvalidParameter", param="", type="BadRequest"), TOO_LONG),
    Body("Volcengine", "volcengine.com: Ark error codes", 404, _error("The model or endpoint ep-x does not exist or you do not have access to it. Request id: x", code="InvalidEndpointOrModel.NotFound", param="", type="NotFound"), MODEL),
    Body("Baidu", "cloud.baidu.com: Qianfan error codes", 200, {"error_code": 18, "error_msg": "Open api qps request limit reached"}, RATE, True),
    Body("Baidu", "cloud.baidu.com: Qianfan error codes", 200, {"error_code": 336103, "error_msg": "Prompt tokens too long"}, TOO_LONG),
    Body("Baidu", "cloud.baidu.com: Qianfan error codes", 401, _error("invalid_iam_token", code="invalid_iam_token", type="invalid_request_error"), KEY),
    Body("Spark", "xfyun.cn: error codes", 200, {"error": {"message": "AppIdNoAuthError:(11200)", "type": "api_error", "param": None, "code": "11200"}}, QUOTA),
    Body("Spark", "xfyun.cn: error codes", 200, {"code": 10013, "message": "输入内容审核不通过，涉嫌违规，请重新调整输入内容", "sid": "x"}, CONTENT),
    Body("Tencent", "cloud.tencent.com: Hunyuan error codes", 400, _error("资源包余量已用尽，请购买资源包或开通后付费", code="FailedOperation.ResourcePackExhausted", type="invalid_request_error"), QUOTA),
    Body("OpenRouter", "openrouter.ai/docs/api-reference/errors", 402, _error("This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 1000.", code=402), QUOTA),
    Body("OpenRouter", "openrouter.ai/docs/api-reference/errors", 401, _error("No auth credentials found", code=401), KEY),
    Body("OpenRouter", "openrouter.ai/docs/api-reference/errors", 429, _error("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day", code=429), RATE, True),
    Body("OpenRouter", "openrouter.ai/docs/api-reference/errors", 400, _error("x/y is not a valid model ID", code=400), MODEL),
    Body("OpenRouter", "openrouter.ai/docs/api-reference/errors", 404, _error("No endpoints found that support image input", code=404), BAD),
    Body("OpenRouter", "openrouter.ai/docs/api-reference/errors", 400, _error("Provider returned error", code=400, metadata={"raw": "{\"message\": \"Input is too long for requested model.\"}", "provider_name": "Amazon Bedrock"}), TOO_LONG),
    Body("Groq", "cline/cline#4971", 413, _error("Request too large for model `moonshotai/kimi-k2-instruct` in organization `org_01` service tier `on_demand` on tokens per minute (TPM): Limit 10000, Requested 15088, please reduce your message size and try again. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing", type="tokens", code="rate_limit_exceeded"), TOO_LONG),
    Body("Groq", "console.groq.com/docs/errors", 429, _error("Rate limit reached for model `llama-3` in organization `org_01` on requests per minute (RPM): Limit 30, Used 30, Requested 1. Please try again in 2m7.5s.", type="requests", code="rate_limit_exceeded"), RATE, True),
    Body("Groq", "console.groq.com/docs/deprecations", 400, _error("The model `mixtral-8x7b-32768` has been decommissioned and is no longer supported. Please refer to https://console.groq.com/docs/deprecations for a recommendation on which model to use instead.", type="invalid_request_error", code="model_decommissioned"), MODEL),
    Body("Mistral", "docs.mistral.ai", 401, {"message": "Unauthorized", "request_id": "x"}, KEY),
    Body("Mistral", "docs.mistral.ai", 400, {"object": "error", "message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length", "type": "invalid_request_prompt", "param": None, "code": "3051"}, TOO_LONG),
    Body("Mistral", "docs.mistral.ai", 400, {"object": "error", "message": "Invalid model: mistral-x", "type": "invalid_model", "param": None, "code": "1500"}, MODEL),
    Body("Mistral", "docs.mistral.ai", 429, {"object": "error", "message": "Service tier capacity exceeded for this model.", "type": "service_tier_capacity_exceeded", "param": None, "code": "3505"}, BUSY, True),
    Body("xAI", "docs.x.ai", 400, {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xa***zz. You can obtain an API key from https://console.x.ai."}, KEY),
    Body("xAI", "docs.x.ai", 400, {"code": "Client specified an invalid argument", "error": "This model's maximum prompt length is 131072 but the request contains 200000 tokens."}, TOO_LONG),
    Body("xAI", "docs.x.ai", 429, {"code": "The caller does not have permission to execute the specified operation", "error": "Your team has either used all available credits or reached its monthly spending limit."}, QUOTA),
    Body("Cohere", "docs.cohere.com/reference/errors", 400, {"id": "x", "message": "too many tokens: size limit exceeded by 5000 tokens. Try using shorter or fewer inputs."}, TOO_LONG),
    Body("Cohere", "docs.cohere.com/reference/errors", 429, {"message": "You are using a Trial key, which is limited to 10 API calls / minute. You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits."}, RATE, True),
    Body("Bedrock", "charmbracelet/crush#946", 400, {"message": "Input is too long for requested model."}, TOO_LONG),
    Body("Together", "docs.together.ai/docs/error-codes", 422, _error("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 512 `max_new_tokens`", type="invalid_request_error", param="max_tokens", code=None), TOO_LONG),
    Body("Fireworks", "docs.fireworks.ai", 400, _error("The prompt is too long: 5000, model maximum context length: 4095", object="error", type="invalid_request_error", code="invalid_request_error"), TOO_LONG),
    Body("Cerebras", "inference-docs.cerebras.ai", 400, {"message": "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192", "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}, TOO_LONG),
    Body("GitHub", "docs.github.com: GitHub Models", 413, _error("Request body too large for gpt-4o model. Max size: 8000 tokens.", code="tokens_limit_reached", details="Request body too large for gpt-4o model. Max size: 8000 tokens."), "request_too_large"),
    Body("Hugging Face", "huggingface/llm-vscode#94", 422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3474 `inputs` tokens and 60 `max_new_tokens`", "error_type": "validation"}, TOO_LONG),
    Body("Hugging Face", "huggingface.co/docs/inference-providers", 402, {"error": "You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits."}, QUOTA),
    Body("Hugging Face", "huggingface.co/docs/api-inference", 503, {"error": "Model meta-llama/x is currently loading", "estimated_time": 20.0}, BUSY, True),
    Body("Cloudflare", "developers.cloudflare.com: 524", 524, "<!DOCTYPE html><title>api.example.org | 524: A timeout occurred</title>", "gateway_timeout", True),
    Body("nginx", "nginx.org", 413, "<html><head><title>413 Request Entity Too Large</title></head></html>", "request_too_large"),
    Body("nginx", "nginx.org", 502, "<html><head><title>502 Bad Gateway</title></head></html>", "bad_gateway", True),
    # --- servers of one's own ---
    Body("vLLM", "vllm-project/vllm: protocol.py", 400, _error("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion). Please reduce the length of the messages or completion.", type="BadRequestError", param=None, code=400), TOO_LONG),
    Body("vLLM", "vllm-project/vllm: serving_engine.py", 404, {"object": "error", "message": "The model `x` does not exist.", "type": "NotFoundError", "param": None, "code": 404}, MODEL),
    Body("vLLM", "vllm-project/vllm: api_server.py", 401, {"error": "Unauthorized"}, KEY),
    Body("vLLM", "vllm-project/vllm: chat_utils.py", 400, _error("Qwen/Qwen2.5-7B is not a multimodal model", type="BadRequestError", code=400), BAD),
    Body("SGLang", "sgl-project/sglang: tokenizer_manager.py", 400, {"object": "error", "message": "The input (5000 tokens) is longer than the model's context length (4096 tokens).", "type": "BadRequestError", "param": None, "code": 400}, TOO_LONG),
    Body("llama.cpp", "ggml-org/llama.cpp: server", 400, {"error": {"code": 400, "message": "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it", "type": "exceed_context_size_error", "n_prompt_tokens": 5000, "n_ctx": 4096}}, TOO_LONG),
    Body("llama.cpp", "ggml-org/llama.cpp: server", 503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, BUSY, True),
    Body("llama.cpp", "ggml-org/llama.cpp: server", 500, {"error": {"code": 500, "message": "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj", "type": "server_error"}}, BAD),
    Body("llama.cpp", "ggml-org/llama.cpp: server", 401, {"error": {"code": 401, "message": "Invalid API Key", "type": "authentication_error"}}, KEY),
    Body("LM Studio", "Gitlawb/openclaude#353", 400, {"error": "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 13055>= n_ctx: 4096). Try to load the model with a larger context length, or provide a shorter input."}, TOO_LONG),
    Body("LM Studio", "lmstudio-ai/lmstudio-bug-tracker#546", 400, {"error": "Trying to keep the first 111490 tokens when context the overflows. However, the model is loaded with context length of only 32768 tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input."}, TOO_LONG),
    Body("Ollama", "ollama/ollama: openai.go", 404, _error("model 'llama9' not found", type="not_found_error", param=None, code=None), MODEL),
    Body("Ollama", "ollama/ollama: routes.go", 400, _error("prompt too long; exceeded max context length by 300 tokens", type="api_error", param=None, code=None), TOO_LONG),
    Body("Ollama", "ollama/ollama: runner", 500, _error("input length exceeds the context length", type="api_error", param=None, code=None), TOO_LONG),
    Body("Ollama", "ollama/ollama: sched.go", 503, _error("server busy, please try again. maximum pending requests exceeded", type="api_error", code=None), BUSY, True),
    Body("LiteLLM", "BerriAI/litellm: exceptions", 400, _error("litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: OpenAIException - Error code: 400", type=None, param=None, code="400"), TOO_LONG),
    Body("LiteLLM", "BerriAI/litellm: budgets", 400, _error("Budget has been exceeded! Current cost: 10.1, Max budget: 10.0", type="budget_exceeded", param=None, code="400"), QUOTA),
    Body("LiteLLM", "BerriAI/litellm: auth", 401, _error("Authentication Error, Invalid proxy server token passed. Received API Key = sk-...abcd, Key Hash (Token) =x. Unable to find token in cache or `LiteLLM_VerificationTokenTable`", type="token_not_found_in_db", param="key", code="401"), KEY),
    Body("LiteLLM", "its proxy 1.108.7, asked with a wrong key", 400, _error("No connected db.", type="no_db_connection", param=None, code="400"), KEY),
    Body("one-api", "songquanpeng/one-api", 429, _error("当前分组上游负载已饱和，请稍后再试 (request id: x)", type="one_api_error"), BUSY, True),
    Body("new-api", "QuantumNous/new-api", 403, _error("用户额度不足, 剩余额度: ¥0.000000 (request id: x)", type="new_api_error", code="insufficient_user_quota"), QUOTA),
    Body("new-api", "QuantumNous/new-api", 401, _error("无效的令牌 (request id: x)", type="new_api_error"), KEY),
    Body("FastAPI", "fastapi.tiangolo.com", 422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted", "input": {}}]}, BAD),
    # --- more of each class ---
    Body("OpenRouter", "openrouter.ai/docs: errors", 403, _error("google/gemma requires moderation on Together. Your input was flagged for \"sexual\". No credits were charged.", code=403, metadata={"reasons": ["sexual"]}), CONTENT),
    Body("OpenRouter", "openrouter.ai/docs: errors", 403, _error("Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys", code=403), QUOTA),
    Body("OpenRouter", "openrouter.ai/docs: errors", 400, _error("Provider returned error", code=400, metadata={"raw": "{\"error\":{\"message\":\"Input token count exceeds the maximum\"}}"}), TOO_LONG),
    Body("OpenRouter", "openrouter.ai/docs: limits", 429, _error("Provider returned error", code=429, metadata={"raw": "deepseek/deepseek-r1:free is temporarily rate-limited upstream. Please retry shortly, or add your own key", "provider_name": "Chutes"}), RATE, True),
    Body("Gemini", "cloud.google.com/docs: authentication", 403, [{"error": {"code": 403, "message": "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.", "status": "PERMISSION_DENIED"}}], KEY),
    Body("Gemini", "ai.google.dev/gemini-api/docs/troubleshooting", 400, [{"error": {"code": 400, "message": "API key expired. Please renew the API key.", "status": "INVALID_ARGUMENT"}}], KEY),
    Body("Anthropic", "docs.anthropic.com/en/api/errors", 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again"}}, TOO_LONG),
    Body("DashScope", "alibabacloud.com/help/en/model-studio/error-code", 403, {"code": "AllocationQuota.FreeTierOnly", "message": "The free tier of the model has been exhausted. If you wish to continue access the model on a paid basis, please disable the \"use free tier only\" mode in the management console."}, QUOTA),
    Body("DashScope", "alibabacloud.com/help/en/model-studio/error-code", 403, {"code": "AccessDenied.Unpurchased", "message": "Access to model denied. Please make sure you are eligible for using the model."}, FORBIDDEN),
    Body("Volcengine", "volcengine.com/docs/82379: error codes", 429, {"error": {"code": "SetLimitExceeded", "message": "Your account [2100] has reached the set inference limit for the [doubao] model, and the model service has been paused.", "type": "TooManyRequests"}}, QUOTA),
    Body("Volcengine", "volcengine.com/docs/82379: error codes", 400, {"error": {"code": "InputTextSensitiveContentDetected", "message": "The request failed because the input text may contain sensitive information.", "type": "BadRequest"}}, CONTENT),
    Body("Baidu", "cloud.baidu.com/doc/WENXINWORKSHOP: error codes", 200, {"error_code": 336003, "error_msg": "the max length of current question is 5000"}, TOO_LONG),
    Body("Together", "docs.together.ai/docs/error-codes", 400, _error("Unable to access model foo. Please visit https://api.together.ai/models to see the list of supported models.", type="invalid_request_error", code="model_not_available"), MODEL),
    Body("Bedrock", "docs.aws.amazon.com/bedrock: troubleshooting", 429, {"message": "Too many tokens, please wait before trying again."}, RATE, True),
    Body("Bedrock", "docs.aws.amazon.com/bedrock: troubleshooting", 403, {"message": "The security token included in the request is invalid."}, KEY),
    Body("Azure", "learn.microsoft.com: troubleshooting", 401, {"error": {"code": "401", "message": "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}, KEY),
    Body("Azure", "learn.microsoft.com: troubleshooting", 400, {"error": {"code": "OperationNotSupported", "message": "The chatCompletion operation does not work with the specified model, text-embedding-3-large. Please choose different model and try again."}}, MODEL),
    Body("xAI", "docs.x.ai", 403, {"error": "Your newly created team doesn't have any credits or licenses yet. You can purchase those on https://console.x.ai.", "code": "The caller does not have permission to execute the specified operation"}, QUOTA),
    Body("xAI", "docs.x.ai", 403, {"code": "The caller does not have permission to execute the specified operation", "error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}, CONTENT),
    Body("vLLM", "vllm-project/vllm: sampling_params.py", 400, _error("max_tokens must be at least 1, got -46771. (parameter=max_tokens, value=-46771)", type="BadRequestError", param="max_tokens", code=400), TOO_LONG),
    Body("llama.cpp", "ggml-org/llama.cpp: server, update_slots", 500, {"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}}, TOO_LONG),
    Body("LiteLLM", "BerriAI/litellm: get_llm_provider", 400, _error("litellm.BadRequestError: LLM Provider NOT provided. Pass in the LLM provider you are trying to call. You passed model=foo", code="400"), MODEL),
    Body("one-api", "songquanpeng/one-api", 503, _error("当前分组 default 下对于模型 gpt-4o 无可用渠道 (request id: x)", type="one_api_error"), BUSY, True),
    Body("one-api", "songquanpeng/one-api", 403, _error("该令牌额度已用尽 (request id: x)", type="one_api_error"), QUOTA),
    Body("Cloudflare", "developers.cloudflare.com: 521", 521, "<html><title>521: Web server is down</title></html>", "unavailable", True),
    Body("nginx", "nginx.org", 405, "<html><title>405 Not Allowed</title></html>", MODEL),
)  # fmt: skip
