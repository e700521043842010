"""`python -m acutance.server.http.api_page`: writes docs/07-http-api.md from the OpenAPI file that is served."""

import json
from pathlib import Path
from typing import Any

_OPENAPI = Path(__file__).parent / "openapi.json"
_METHODS = ("get", "post", "patch", "put", "delete")  # HEAD and OPTIONS are as HTTP has them
_BEGINNING = """# HTTP API

Written by `python -m acutance.server.http.api_page > docs/07-http-api.md` from
[openapi.json](../server/http/openapi.json), which the server serves at `/openapi.json`; a test compares
that file with the routes and their answers. How to use it is in [connect](03-connect.md).

Where the server was started with tokens, every request but those marked *public* carries `Authorization: Bearer TOKEN`.
Every refusal has its true status and the body `{"error": code, "message": text}`; what to do about them is in
[it does not connect](02-it-does-not-connect.md). HEAD is answered where GET is, OPTIONS where WHIP asks for it.
"""


def page() -> str:
    """Return the page in Markdown."""
    said: dict[str, Any] = json.loads(_OPENAPI.read_text("utf-8"))
    parts = [_BEGINNING, _overview(said["paths"])]
    for path, operations in said["paths"].items():
        parts += [_operation(method, path, operations[method]) for method in _METHODS if method in operations]
    parts.append(_errors(said["components"]["schemas"]["Error"]))
    return "\n".join(parts)


def _overview(paths: dict[str, Any]) -> str:
    rows = [
        f"| [`{method.upper()} {path}`](#{_anchor(method, path)}) | {operations[method]['summary']} |"
        for path, operations in paths.items()
        for method in _METHODS
        if method in operations
    ]
    return "\n".join(["| request | what it does |", "|---|---|", *rows, ""])


def _anchor(method: str, path: str) -> str:
    # As GitHub makes them of a heading: letters, digits, hyphens and underscores stay.
    kept = (each for each in f"{method} {path}" if each.isalnum() or each in " -_")
    return "".join(kept).lower().replace(" ", "-")


def _operation(method: str, path: str, said: dict[str, Any]) -> str:
    public = said.get("security") == []
    lines = [f"## {method.upper()} {path}", "", said["summary"] + (" *Public.*" if public else ""), ""]
    for parameter in said.get("parameters", ()):
        if "name" in parameter:
            lines.append(
                f"- `{parameter['name']}` ({parameter['in']}): {parameter.get('description', '')}".rstrip(": ")
            )
    for kind, content in said.get("requestBody", {}).get("content", {}).items():
        lines += [f"Takes `{kind}`{_of(content.get('schema', {}))}", ""]
    lines += ["", "| status | meaning |", "|---|---|"]
    lines += [f"| {status} | {_meaning(answer)} |" for status, answer in sorted(said["responses"].items())]
    return "\n".join([*lines, ""]).replace("\n\n\n", "\n\n")


def _of(schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    return f" (`{name}` of the OpenAPI file)." if name else "."


def _meaning(answer: dict[str, Any]) -> str:
    headers = ", ".join(f"`{name}`" for name in answer.get("headers", {}))
    return f"{answer['description']}{f' Headers: {headers}.' if headers else ''}"


def _errors(schema: dict[str, Any]) -> str:
    codes = ", ".join(f"`{code}`" for code in schema["properties"]["error"]["enum"])
    return f"## Error codes\n\n{codes}.\n"


if __name__ == "__main__":
    print(page(), end="")
