"""The page /docs: every route in a table, generated from the OpenAPI document. Pure: no HTTP, no script.

The usual viewers load their script from a foreign host, which the Content-Security-Policy refuses and a
server without internet access cannot reach. This page loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

Json = Mapping[str, Any]


def write_reference(template: str, document: Json) -> str:
    """Return the page. template: HTML with `{routes}` and `{version}` in their places."""
    routes = "".join(
        _operation(method, path, operation, document)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    )
    version = escape(document["info"]["version"])
    return template.replace("{version}", version).replace("{routes}", routes)


def _operation(method: str, path: str, operation: Json, document: Json) -> str:
    description = operation.get("description") or operation.get("summary") or ""
    rows = [*_parameters(operation, document), *_fields(operation, document)]
    head = f"<h2><b>{escape(method.upper())}</b> <code>{escape(path)}</code></h2><p>{escape(description)}</p>"
    answers = ", ".join(f"{status} {_first_line(one)}" for status, one in operation["responses"].items())
    return head + _table(rows) + f"<p>Answers: {escape(answers)}</p>"


def _parameters(operation: Json, document: Json) -> Iterator[Sequence[str]]:
    for one in operation.get("parameters", ()):
        description = one.get("description") or one.get("schema", {}).get("description", "")
        yield one["name"], one["in"], _type(one.get("schema", {})), _need(one.get("required")), description


def _fields(operation: Json, document: Json) -> Iterator[Sequence[str]]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolve(content.get("schema", {}), document)
        for name, field in schema.get("properties", {}).items():
            need = _need(name in schema.get("required", ()))
            yield name, media_type, _type(field), need, field.get("description", "")


def _resolve(schema: Json, document: Json) -> Json:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: Json = document.get("components", {}).get("schemas", {}).get(name, schema)
    return found


def _type(schema: Json) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "object"))


def _need(is_required: object) -> str:
    return "required" if is_required else ""


def _first_line(answer: Json) -> str:
    return str(answer.get("description", "")).partition("\n")[0]


def _table(rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    head = "<tr><th>name</th><th>in</th><th>type</th><th></th><th></th></tr>"
    return f"<table>{head}{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
