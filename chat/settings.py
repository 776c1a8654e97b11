"""One frozen, validated Settings: the only reader of the environment and .env.

Knows no use of the settings. An invalid value raises SettingError with one line that names the variable,
the value and what is accepted. A test compares docs/settings.md with this file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from chat.errors import SettingError

DEFAULT_BASE_URL = "https://api.openai.com/v1"
ASSISTANT_NAME = "小加"
SYSTEM_PROMPT = (
    "You are {name}, a helpful and honest assistant. Answer in the language of the question, in Markdown. "
    "When you do not know something, say so."
)

HUB_SIGN_IN = ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL")

NAMED_ORIGINS = ("*", "auto", "local", "null")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
VISITORS_OF_AN_ADDRESS = 8  # that may all use their share at the same time

# Only the proxies of the Hub reach a Space. Their addresses are in these networks.
SPACE_PROXIES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1")

Parse = Callable[[str], Any]


NO_ENDPOINT = "none"  # as a value of OPENAI_BASE_URL
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


def _text(value: str) -> str:
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that cannot be
        is_url = False
    if not is_url:
        raise ValueError("an http:// or https:// URL")
    return value.rstrip("/")


def _endpoint(value: str) -> str:
    return NO_ENDPOINT if value.lower() == NO_ENDPOINT else _url(value)


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _whole(low: int, high: int) -> Parse:
    def parse(value: str) -> int:
        if not re.fullmatch(r"\d{1,12}", value) or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return parse


def _number(low: float, high: float) -> Parse:
    def parse(value: str) -> float:
        if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value) or not low <= float(value) <= high:
            raise ValueError(f"a number from {low:.12g} to {high:.12g}")
        return float(value)

    return parse


def _one_of(*names: str) -> Parse:
    def parse(value: str) -> str:
        if value.lower() not in names:
            raise ValueError("one of " + ", ".join(name or "(empty)" for name in names))
        return value.lower()

    return parse


def _switch(value: str) -> bool:
    if value.lower() not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
        raise ValueError("true or false")
    return value.lower() in ("1", "true", "yes", "on")


def _rate(value: str) -> str:
    if not re.fullmatch(r"\d{1,6}\s*/\s*(\d+\s*)?(second|minute|hour|day)s?", value):
        raise ValueError("a count per time such as 30/minute or 500/day")
    return value


def _origins(value: str) -> tuple[str, ...]:
    origins = _names(value)
    for origin in origins:
        parts = urlsplit(origin)
        is_url = parts.scheme in ("http", "https") and parts.netloc and not parts.path
        if origin not in NAMED_ORIGINS and not is_url:
            raise ValueError("* or a list of origins such as https://example.org")
    return origins


def _hosts(value: str) -> tuple[str, ...]:
    hosts = _names(value.lower())
    if not all(re.fullmatch(r"\*|(\*\.)?[\w.-]+(:\d+)?|\[[0-9a-f:]+\](:\d+)?", host) for host in hosts):
        raise ValueError("* or a list of host names such as chat.example.org")
    return hosts


def _database(value: str) -> str:
    if not re.match(r"(sqlite|postgres(ql)?)(\+\w+)?://", value):
        raise ValueError("a sqlite:/// or postgresql:// URL")
    if not value.startswith("sqlite"):
        _check_authority(value)
    return value


def _redis(value: str) -> str:
    if not re.match(r"(rediss?(\+cluster)?|unix)://", value):
        raise ValueError("a redis:// or rediss:// URL, or redis+cluster://host:port,host:port")
    if not value.startswith("unix"):
        _check_authority(value)
    return value


def _check_authority(url: str) -> None:
    """Raise ValueError unless user, password, hosts and ports of a URL are where a URL has them.

    A character of a password that is not encoded moves them: a part of the password becomes a host or a port.
    """
    rest = url.partition("://")[2]
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    login, at, hosts = authority.rpartition("@")
    path = rest[len(authority) :].partition("?")[0]
    is_divided = "@" not in path and (at or "@" not in rest or not authority)
    is_encoded = re.fullmatch(
        r"([^@:/?#\[\]%\s]|%[0-9A-Fa-f]{2})*(:([^@:/?#\[\]%\s]|%[0-9A-Fa-f]{2})*)?", login
    )
    are_hosts = all(
        re.fullmatch(r"([\w.%-]*|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?", host) for host in hosts.split(",")
    )
    if not (is_divided and is_encoded and are_hosts):
        raise ValueError(
            "a URL such as scheme://user:password@host:port/name, in which each @ : / ? # [ ] % of user and "
            "password is percent-encoded (%40 for @)"
        )


def _redis_prefix(value: str) -> str:
    if not re.fullmatch(r"[\w.:-]{1,64}", value, re.ASCII):
        raise ValueError("1 to 64 letters, digits and _ . : -")
    return value


def _users(value: str) -> tuple[tuple[str, str], ...]:
    pairs = [pair.partition(":") for pair in _names(value)]
    if not all(name and password for name, _, password in pairs):
        raise ValueError("pairs such as anna:secret1,ben:secret2")
    return tuple((name, password) for name, _, password in pairs)


def _path_prefix(value: str) -> str:
    if not re.fullmatch(r"/[\w\-./]*|https?://[^\s]+", value):
        raise ValueError("a path such as /chat")
    return value.rstrip("/")


def _setting(env: str, default: Any, parse: Parse, about: str, *, secret: bool = False) -> Any:
    """Declare a setting: its variable, default, parser and a one-line description, as in .env.example."""
    metadata = {"env": env, "parse": parse, "about": about, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Every setting. Units are in the descriptions; empty means not set."""

    api_key: str = _setting("OPENAI_API_KEY", "", _text, "Key of the endpoint", secret=True)
    base_url: str = _setting(
        "OPENAI_BASE_URL",
        "",
        _endpoint,
        "An OpenAI-compatible endpoint; `none`: no endpoint, and none is looked for on this machine",
    )
    models: tuple[str, ...] = _setting(
        "OPENAI_MODEL",
        (),
        _names,
        "Model names, divided by commas; the first is the default. Empty: the endpoint's list",
    )
    system_prompt: str = _setting(
        "SYSTEM_PROMPT", "", _text, "System prompt; empty: one that names the assistant"
    )
    assistant_name: str = _setting("ASSISTANT_NAME", ASSISTANT_NAME, _text, "The assistant's name")
    local_model: str = _setting(
        "LOCAL_MODEL", "", _text, "Embedded model: path of a GGUF file, or owner/repo:file on the Hub"
    )
    embedding_model: str = _setting(
        "EMBEDDING_MODEL",
        "",
        _text,
        "Model for embeddings, with which long files are searched by meaning too; empty: by words alone",
    )
    embedding_base_url: str = _setting(
        "EMBEDDING_BASE_URL", "", _url, "Its OpenAI-compatible endpoint. Empty: that of the answers"
    )
    embedding_api_key: str = _setting(
        "EMBEDDING_API_KEY",
        "",
        _text,
        "Its key. Empty: OPENAI_API_KEY where the host is the same, else none",
        secret=True,
    )
    file_context_characters: int = _setting(
        "FILE_CONTEXT_CHARACTERS",
        0,
        _whole(200, 4_000_000),
        "Characters of files sent with a question. Empty: 20000, or 5000 with the embedded model",
    )
    context_window: int = _setting(
        "CONTEXT_WINDOW",
        0,
        _whole(512, 10_000_000),
        "Context window of the model in tokens. Empty: as the endpoint reports it, else 32768",
    )
    max_output_tokens: int = _setting(
        "MAX_OUTPUT_TOKENS",
        0,
        _whole(1, 1_000_000),
        "Longest answer in tokens, also the largest value of a request. Empty: the endpoint's",
    )
    vision: str = _setting(
        "VISION",
        "auto",
        _one_of("auto", "true", "false"),
        "Whether the models accept pictures. auto: try, and remember a refusal",
    )
    max_upload_mb: float = _setting("MAX_UPLOAD_MB", 25.0, _number(0.01, 2000), "Largest file in megabytes")
    max_document_characters: int = _setting(
        "MAX_DOCUMENT_CHARACTERS", 3_000_000, _whole(1000, 50_000_000), "Characters read of one file"
    )
    reader_processes: int = _setting(
        "READER_PROCESSES", 2, _whole(1, 64), "Child processes that read files, and as many that draw pages"
    )
    reader_seconds: float = _setting(
        "READER_SECONDS", 30.0, _number(1, 600), "Seconds that reading one file may take"
    )
    reader_memory_mb: int = _setting(
        "READER_MEMORY_MB", 1024, _whole(128, 65536), "Memory of one child process in megabytes"
    )
    ocr: str = _setting(
        "OCR", "auto", _one_of("auto", "off"), "Whether scans and pictures are read on this machine"
    )
    ocr_processes: int = _setting("OCR_PROCESSES", 2, _whole(1, 64), "Scanned pages read at the same time")
    ocr_pages: int = _setting("OCR_PAGES", 200, _whole(1, 100_000), "Scanned pages read of one file")
    ocr_seconds: float = _setting(
        "OCR_SECONDS", 90.0, _number(1, 3600), "CPU seconds that reading one scanned page may take"
    )
    ocr_memory_mb: int = _setting(
        "OCR_MEMORY_MB",
        2048,
        _whole(512, 65536),
        "Memory of one process that reads scanned pages, in megabytes",
    )
    file_retention: float = _setting(
        "FILE_RETENTION",
        2_592_000.0,
        _number(60, 31_536_000),
        "Seconds until an unused file is deleted",
    )
    stored_files_mb: float = _setting(
        "STORED_FILES_MB",
        4_000.0,
        _number(0, 10_000_000),
        "Megabytes of files kept to show their pages; a visitor has half of what others leave",
    )
    data_dir: str = _setting(
        "DATA_DIR",
        "",
        _text,
        "Folder of history and files. Empty: /data if it can be written, else ./data",
    )
    database_url: str = _setting(
        "DATABASE_URL", "", _database, "Database of the history. Empty: SQLite in DATA_DIR", secret=True
    )
    redis_url: str = _setting(
        "REDIS_URL",
        "",
        _redis,
        "Redis to share streams and limits between replicas; redis+cluster://host:port for a cluster",
        secret=True,
    )
    redis_prefix: str = _setting(
        "REDIS_PREFIX",
        "",
        _redis_prefix,
        "Prefix of names in Redis, for all replicas. Empty: xiaojia, with PostgreSQL also its database id",
    )
    rate_limit: str = _setting(
        "RATE_LIMIT",
        "",
        _rate,
        "Messages, and as many files, for each visitor and each address, such as 30/minute. Empty: no limit",
    )
    daily_tokens: int = _setting(
        "DAILY_TOKENS", 0, _whole(1, 10**12), "Tokens per day in total. Empty: no limit"
    )
    daily_tokens_per_visitor: int = _setting(
        "DAILY_TOKENS_PER_VISITOR", 0, _whole(1, 10**12), "Tokens per day for each visitor. Empty: no limit"
    )
    max_generations: int = _setting(
        "MAX_GENERATIONS", 1000, _whole(1, 1_000_000), "Answers in progress at the same time, of all replicas"
    )
    max_generations_per_visitor: int = _setting(
        "MAX_GENERATIONS_PER_VISITOR",
        8,
        _whole(1, 1_000_000),
        "Answers in progress at the same time for each visitor",
    )
    max_generations_per_address: int = _setting(
        "MAX_GENERATIONS_PER_ADDRESS",
        0,
        _whole(1, 1_000_000),
        "Answers in progress at the same time for each address. Empty: eight times as many as for a visitor",
    )
    max_generation_events: int = _setting(
        "MAX_GENERATION_EVENTS", 200_000, _whole(10, 10_000_000), "Events of one answer"
    )
    max_generation_mb: float = _setting(
        "MAX_GENERATION_MB", 64.0, _number(0.01, 10_000), "Memory of one answer in megabytes"
    )
    generation_retention: float = _setting(
        "GENERATION_RETENTION",
        600.0,
        _number(0, 86_400),
        "Seconds that the stream of a finished answer can still be resumed",
    )
    abandoned_after: float = _setting(
        "ABANDONED_AFTER",
        600.0,
        _number(0, 86_400),
        "Seconds without a subscriber until an answer is stopped; 0: never",
    )
    shutdown_grace: float = _setting(
        "SHUTDOWN_GRACE",
        0.0,
        _number(0, 3600),
        "Seconds that running answers may continue after the signal to stop; other replicas accept new ones",
    )
    first_token_timeout: float = _setting(
        "FIRST_TOKEN_TIMEOUT",
        300.0,
        _number(0.05, 86_400),
        "Seconds until the first token of an answer: reading a long prompt takes minutes on a CPU",
    )
    upstream_idle_timeout: float = _setting(
        "UPSTREAM_IDLE_TIMEOUT",
        60.0,
        _number(0.05, 86_400),
        "Seconds without a byte of an answer that has begun until it counts as stalled",
    )
    cors_origins: tuple[str, ...] = _setting(
        "CORS_ORIGINS",
        ("auto",),
        _origins,
        "Origins that may call the routes: *, a list, local (pages of this machine), or empty for none. "
        "auto: local where ALLOWED_HOSTS names only this machine, else *",
    )
    allowed_hosts: tuple[str, ...] = _setting(
        "ALLOWED_HOSTS",
        (),
        _hosts,
        "Host names that requests may ask for; * for any. Empty: names of this machine where the server "
        "listens on loopback, else any",
    )
    api_token: str = _setting(
        "API_TOKEN", "", _text, "If set, the routes require it as a bearer token", secret=True
    )
    password: str = _setting(
        "PASSWORD", "", _text, "One shared password for the page and the routes", secret=True
    )
    users: tuple[tuple[str, str], ...] = _setting(
        "USERS", (), _users, "Users with passwords, such as anna:secret1,ben:secret2", secret=True
    )
    public_docs: bool = _setting(
        "PUBLIC_DOCS",
        True,
        _switch,
        "Whether /docs, /metrics and /healthz are open on a server with a log-in",
    )
    visitor_keys: bool = _setting(
        "VISITOR_KEYS", False, _switch, "Whether visitors may use their own key for the endpoint"
    )
    image_hosts: tuple[str, ...] = _setting(
        "IMAGE_HOSTS", (), _names, "Foreign hosts whose pictures may appear in answers"
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "TRUSTED_PROXIES",
        ("127.0.0.1", "::1"),
        _names,
        "Addresses or networks whose X-Forwarded-For is trusted; *: all. On a Space: private networks",
    )
    site_url: str = _setting("SITE_URL", "", _url, "Sent to the endpoint as HTTP-Referer")
    titles: str = _setting(
        "TITLES",
        "model",
        _one_of("model", "words"),
        "Source of conversation titles: model (when it is idle), or words (the first words)",
    )
    log_format: str = _setting(
        "LOG_FORMAT", "text", _one_of("text", "json"), "text, or json for one object per line"
    )
    log_prompts: bool = _setting("LOG_PROMPTS", False, _switch, "Write prompts and answers to the log")
    otlp_endpoint: str = _setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT", "", _url, "Collector for one trace per turn, over HTTP. Empty: none"
    )
    host: str = _setting("GRADIO_SERVER_NAME", "127.0.0.1", _text, "Address to listen on")
    port: int = _setting("GRADIO_SERVER_PORT", 7860, _whole(0, 65535), "Port to listen on; 0: any free port")
    root_path: str = _setting("GRADIO_ROOT_PATH", "", _path_prefix, "Path prefix behind a proxy")
    is_space: bool = field(default=False)
    is_zero_gpu: bool = field(default=False)  # a Space with hardware for its GPU functions only
    has_hub_sign_in: bool = field(default=False)  # a Space with hf_oauth: the Hub sets these variables

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Settings:
        """Read the environment over .env. Raises SettingError for the first invalid value."""
        given: dict[str, str] = {}
        if dotenv and dotenv.is_file():
            given |= {name: value for name, value in dotenv_values(dotenv).items() if value is not None}
        given |= os.environ if environ is None else environ
        values = {item.name: _read(item, given) for item in fields(cls) if "env" in item.metadata}
        is_space = bool(given.get("SPACE_ID"))
        if is_space and not given.get("GRADIO_SERVER_NAME"):
            values["host"] = "0.0.0.0"  # noqa: S104 - a Space's container is reached from outside it
        if is_space and not given.get("TRUSTED_PROXIES"):
            values["trusted_proxies"] = SPACE_PROXIES
        values["allowed_hosts"] = values["allowed_hosts"] or (
            LOCAL_HOSTS if values["host"] in LOOPBACK and not is_space else ("*",)
        )
        if "auto" in values["cors_origins"]:
            is_local = set(values["allowed_hosts"]) <= set(LOCAL_HOSTS)
            values["cors_origins"] = ("local",) if is_local else ("*",)
        is_zero_gpu = given.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")
        has_hub_sign_in = given.get("SYSTEM") == "spaces" and all(given.get(name) for name in HUB_SIGN_IN)
        settings = cls(**values, is_space=is_space, is_zero_gpu=is_zero_gpu, has_hub_sign_in=has_hub_sign_in)
        if settings.embedding_model and not (settings.embedding_base_url or settings.has_endpoint):
            raise SettingError(
                f"EMBEDDING_MODEL={settings.embedding_model!r} is not accepted: without OPENAI_BASE_URL or"
                " OPENAI_API_KEY it needs EMBEDDING_BASE_URL."
            )
        return settings

    @property
    def has_endpoint(self) -> bool:
        """Whether an endpoint is configured, so that no embedded model is needed."""
        return bool(self.api_key or self.base_url) and self.base_url != NO_ENDPOINT

    @property
    def is_local(self) -> bool:
        """Whether the server listens on loopback alone, so that every visitor is on this machine."""
        return self.host in LOOPBACK_HOSTS

    @property
    def finds_endpoint(self) -> bool:
        """Whether a model server of this machine may be used: elsewhere strangers would use the owner's."""
        return self.is_local and not (self.api_key or self.base_url or self.local_model or self.is_space)

    @property
    def offers_download(self) -> bool:
        """Whether a visitor may download the default weights with one click: elsewhere strangers would."""
        return self.is_local and not (self.has_endpoint or self.local_model or self.is_space)

    @property
    def needs_login(self) -> bool:
        return bool(self.password or self.users)

    @property
    def most_generations_of_an_address(self) -> int:
        """Answers in progress at the same time for one address, whatever visitors it has."""
        return self.max_generations_per_address or VISITORS_OF_AN_ADDRESS * self.max_generations_per_visitor

    @property
    def max_upload_bytes(self) -> int:
        return int(self.max_upload_mb * 1_000_000)

    def open_spending(self) -> str:
        """Return one line where any caller can spend the owner's key without a limit; else nothing."""
        is_open_to_others = not set(self.allowed_hosts) <= set(LOCAL_HOSTS) or self.host not in LOOPBACK
        has_limits = self.daily_tokens or (self.daily_tokens_per_visitor and self.rate_limit)
        if not (self.api_key and is_open_to_others) or self.needs_login or has_limits:
            return ""
        closed = "API_TOKEN closes the routes, not the page. " if self.api_token else ""
        return (
            f"Warning: whoever reaches this server spends OPENAI_API_KEY without a limit. {closed}"
            "Set DAILY_TOKENS and RATE_LIMIT, or PASSWORD or USERS."
        )

    def secrets(self) -> tuple[str, ...]:
        """Return every value that no log may contain."""
        named = [getattr(self, item.name) for item in fields(self) if item.metadata.get("secret")]
        texts = [value for value in named if isinstance(value, str)]
        return (*texts, *(password for _, password in self.users))

    def prompt(self) -> str:
        """Return the system prompt with the name of the assistant."""
        return (self.system_prompt or SYSTEM_PROMPT).replace("{name}", self.assistant_name)

    def data_folder(self) -> Path:
        """Return the folder of history and files. It may not exist yet."""
        if self.data_dir:
            return Path(self.data_dir).expanduser()
        volume = Path("/data")
        return volume if volume.is_dir() and os.access(volume, os.W_OK) else Path("data")


def _read(item: Field[Any], given: Mapping[str, str]) -> Any:
    env, parse = item.metadata["env"], item.metadata["parse"]
    value = given.get(env, "").strip()
    if not value:
        return () if env == "CORS_ORIGINS" and env in given else item.default
    try:
        return parse(value)
    except ValueError as error:
        shown = "(hidden)" if item.metadata["secret"] else repr(value)
        raise SettingError(f"{env}={shown} is not accepted: it must be {error}.") from None
