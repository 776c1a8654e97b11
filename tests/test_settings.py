"""Settings: read once, refused with one line."""

from __future__ import annotations

import re
from dataclasses import fields
from io import StringIO
from pathlib import Path
from urllib.parse import quote

import pytest
from dotenv import dotenv_values

from chat.errors import SettingError
from chat.history.database import read_url
from chat.settings import Settings

ROOT = Path(__file__).parent.parent


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_env({})
    assert (settings.host, settings.port, settings.assistant_name) == ("127.0.0.1", 7860, "小加")
    assert settings.cors_origins == ("local",)
    assert settings.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    opened = Settings.from_env({"GRADIO_SERVER_NAME": "0.0.0.0"})
    assert (opened.cors_origins, opened.allowed_hosts) == (("*",), ("*",))
    named = Settings.from_env({"ALLOWED_HOSTS": "Chat.example.org"})
    assert (named.cors_origins, named.allowed_hosts) == (("*",), ("chat.example.org",))
    assert not settings.has_endpoint
    assert "小加" in settings.prompt()


@pytest.mark.parametrize(
    ("variable", "value", "accepted"),
    [
        ("OPENAI_BASE_URL", "localhost:8000/v1", "an http:// or https:// URL"),
        ("OPENAI_BASE_URL", "http://localhost:80000/v1", "an http:// or https:// URL"),
        ("OPENAI_BASE_URL", "http://[::1/v1", "an http:// or https:// URL"),
        ("OPENAI_BASE_URL", "ftp://example.org", "an http:// or https:// URL"),
        ("EMBEDDING_BASE_URL", "localhost:11434", "an http:// or https:// URL"),
        ("EMBEDDING_MODEL", "bge-m3", "it needs EMBEDDING_BASE_URL"),
        ("FILE_CONTEXT_CHARACTERS", "many", "a whole number from 200 to 4000000"),
        ("FILE_CONTEXT_CHARACTERS", "-1", "a whole number from 200 to 4000000"),
        ("GRADIO_SERVER_PORT", "99999", "a whole number from 0 to 65535"),
        ("MAX_UPLOAD_MB", "0", "a number from 0.01 to 2000"),
        ("MAX_UPLOAD_MB", "nan", "a number from 0.01 to 2000"),
        ("RATE_LIMIT", "lots", "a count per time such as 30/minute or 500/day"),
        ("ALLOWED_HOSTS", "http://example.org", "* or a list of host names such as chat.example.org"),
        ("CORS_ORIGINS", "example.org", "* or a list of origins such as https://example.org"),
        ("VISION", "perhaps", "one of auto, true, false"),
        ("LOG_PROMPTS", "2", "true or false"),
        ("REDIS_URL", "localhost", "(hidden)"),
        ("DATABASE_URL", "mysql://root:secret@db/x", "a sqlite:/// or postgresql:// URL"),
        ("USERS", "anna", "pairs such as anna:secret1,ben:secret2"),
        ("GRADIO_ROOT_PATH", "chat", "a path such as /chat"),
    ],
)
def test_a_wrong_value_is_one_line_with_variable_value_and_what_is_accepted(
    variable: str, value: str, accepted: str
) -> None:
    with pytest.raises(SettingError) as refusal:
        Settings.from_env({variable: value})
    line = str(refusal.value)
    assert line.startswith(f"{variable}=")
    assert accepted in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("environ", "warns"),
    [
        ({}, False),
        ({"GRADIO_SERVER_NAME": "0.0.0.0"}, True),
        ({"ALLOWED_HOSTS": "chat.example.org,localhost,127.0.0.1,[::1]"}, True),
        ({"SPACE_ID": "me/chat"}, True),
        ({"GRADIO_SERVER_NAME": "0.0.0.0", "API_TOKEN": "secret"}, True),
        ({"GRADIO_SERVER_NAME": "0.0.0.0", "PASSWORD": "secret"}, False),
        ({"GRADIO_SERVER_NAME": "0.0.0.0", "DAILY_TOKENS": "100000"}, False),
    ],
)
def test_an_open_server_with_a_key_and_no_limit_says_so_in_one_line(
    environ: dict[str, str], warns: bool
) -> None:
    line = Settings.from_env({"OPENAI_API_KEY": "sk-test", **environ}).open_spending()
    assert bool(line) == warns
    assert "\n" not in line
    assert ("API_TOKEN" in line) == ("API_TOKEN" in environ)
    assert not Settings.from_env(environ).open_spending()


def test_no_secret_stands_in_a_refusal_or_a_repr() -> None:
    with pytest.raises(SettingError) as refusal:
        Settings.from_env({"DATABASE_URL": "mysql://root:hunter2@db/x"})
    assert "hunter2" not in str(refusal.value)
    settings = Settings.from_env(
        {"OPENAI_API_KEY": "sk-hunter2", "PASSWORD": "hunter2", "USERS": "a:hunter2"}
    )
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL"])
@pytest.mark.parametrize(
    "password", ["a@hunter2", "a/hunter2", "a#hunter2", "a?hunter2", "a:hunter2", "a%hunter2"]
)
def test_a_password_that_is_not_encoded_is_one_line_without_a_part_of_it(
    variable: str, password: str
) -> None:
    scheme = "redis" if variable == "REDIS_URL" else "postgresql"
    with pytest.raises(SettingError) as refusal:
        Settings.from_env({variable: f"{scheme}://me:{password}@localhost:1234/0"})
    line = str(refusal.value)
    assert (line.startswith(variable), "hunter2" in line, "\n" in line) == (True, False, False)
    encoded = f"{scheme}://me:{quote(password, safe='')}@localhost:1234/0"
    assert Settings.from_env({variable: encoded})


@pytest.mark.parametrize(
    "url",
    ["postgres://me@db/x", "postgresql:///x?host=/run/pg&user=a@b", "postgresql+asyncpg://[::1]:5432/x"],
)
def test_the_usual_urls_of_postgresql_are_accepted(url: str) -> None:
    assert read_url(Settings.from_env({"DATABASE_URL": url}).database_url).database == "x"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("OPENAI_MODEL=one, two\nASSISTANT_NAME=小明\n")
    settings = Settings.from_env({"ASSISTANT_NAME": "小加"}, file)
    assert (settings.models, settings.assistant_name) == (("one", "two"), "小加")


def test_empty_values_are_not_set_but_empty_origins_are() -> None:
    settings = Settings.from_env({"OPENAI_BASE_URL": " ", "CORS_ORIGINS": ""})
    assert (settings.base_url, settings.cors_origins) == ("", ())


def test_a_space_listens_to_the_outside() -> None:
    assert Settings.from_env({"SPACE_ID": "someone/xiaojia"}).host == "0.0.0.0"


def test_every_setting_stands_in_the_documents_and_in_the_example_file() -> None:
    variables = {item.metadata["env"] for item in fields(Settings) if "env" in item.metadata}
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    table = set(re.findall(r"^\| `([A-Z_0-9]+)`", page, re.MULTILINE))
    example = set(re.findall(r"^#? ?([A-Z_0-9]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert table == variables
    assert example == variables


def test_the_example_file_has_the_description_of_each_setting() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    described = {
        name: about for about, name in re.findall(r"^# (.*)\n#? ?([A-Z_0-9]+)=", example, re.MULTILINE)
    }
    settings = [item.metadata for item in fields(Settings) if "env" in item.metadata]
    assert described == {one["env"]: one["about"] for one in settings}


def test_each_line_of_the_example_file_may_be_used_as_it_is() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    used = dotenv_values(stream=StringIO(re.sub(r"^# ([A-Z_0-9]+=)", r"\1", example, flags=re.MULTILINE)))
    assert len(used) > 40
    assert Settings.from_env({key: value or "" for key, value in used.items()}) == Settings.from_env({})


def test_the_tables_in_the_documents_have_the_defaults() -> None:
    table = (ROOT / "docs" / "settings.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_0-9]+)` \| (?:`([^`]*)`)? \|", table, re.MULTILINE))
    assert Settings.from_env(rows) == Settings.from_env({})
