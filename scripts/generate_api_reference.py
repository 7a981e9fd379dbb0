"""Writes docs/reference/api.md from the API's own description. Run it after a change of that."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_server_proxy.api.openapi import document

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "reference" / "api.md"
HEAD = """# REST API

<!-- Written by scripts/generate_api_reference.py from api/openapi.py and api/schemas.py. -->

All paths follow `server-proxy/api` below the base URL of the Jupyter server, where
`GET /openapi.json` has this page for programs (OpenAPI 3.1). How to use it, with examples, is on
[its own page](../user/rest-api.md).

"""


def reference() -> str:
    """The whole page."""
    described = document()
    parts = [HEAD + described["info"]["description"], "## Requests"]
    for path, item in described["paths"].items():
        verbs = [verb for verb in ("get", "post", "delete") if verb in item]
        parts += ["\n\n".join(_operation(path, verb, item)) for verb in verbs]
    parts.append("## Objects")
    schemas = described["components"]["schemas"]
    parts += ["\n\n".join(_object(name, schema)) for name, schema in schemas.items()]
    return "\n\n".join(parts) + "\n"


def _operation(path: str, verb: str, item: dict[str, Any]) -> Iterator[str]:
    operation = item[verb]
    yield f"### `{verb.upper()} {path}`"
    yield operation["summary"] + "."
    if "description" in operation:
        yield operation["description"]
    body = operation.get("requestBody")
    if body is not None:
        (content,) = body["content"].values()
        yield f"The body is {_type(content['schema'])}."
    parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
    if parameters:
        rows = [(f"`{p['name']}`", _type(p["schema"]), p["description"]) for p in parameters]
        yield _table(("parameter", "type", "meaning"), rows)
    yield _table(("status", "answer", "when"), list(_answers(operation["responses"])))


def _answers(responses: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for status, response in responses.items():
        content = response.get("content", {})
        kinds = [_answer(kind, part["schema"]) for kind, part in content.items()]
        yield status, " or ".join(kinds), response["description"]


def _answer(kind: str, schema: dict[str, Any]) -> str:
    return "`text/event-stream`" if kind == "text/event-stream" else _type(schema)


def _object(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}"
    yield schema["description"] + "."
    own = [part for part in schema.get("allOf", [schema]) if "properties" in part]
    for part in schema.get("allOf", ()):
        if "$ref" in part:
            yield f"Everything of {_type(part)}, and:"
    for part in own:
        required = part.get("required", ())
        rows = [
            (f"`{key}`" + ("" if key in required else " (optional)"), _type(value), _meaning(value))
            for key, value in part["properties"].items()
        ]
        yield _table(("key", "type", "meaning"), rows)


def _meaning(schema: dict[str, Any]) -> str:
    words = ", ".join(f"`{word}`" for word in schema.get("enum", ()) if word is not None)
    return schema.get("description", "") + (f": {words}" if words else "")


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    types = schema.get("type", "any")
    return " or ".join(types) if isinstance(types, list) else str(types)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)} written\n")
