"""`python -m acutance.server.options.page`: generates docs/06-options.md from the options."""

from pathlib import Path
from typing import Any, get_args

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from acutance.server.markdown import table
from acutance.server.options.access import AccessOptions
from acutance.server.options.forwarding import ForwardOptions
from acutance.server.options.learning import LearningOptions
from acutance.server.options.limits import LimitOptions
from acutance.server.options.network import NetworkOptions
from acutance.server.options.serving import ServingOptions, Workers
from acutance.server.options.values import SecretWords, Words

_GROUPS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("Serving", ServingOptions),
    ("Learning", LearningOptions),
    ("Access", AccessOptions),
    ("Limits", LimitOptions),
    ("Network", NetworkOptions),
    ("Forwarding", ForwardOptions),
)
_BEGINNING = """# Options of `acutance serve`

Generated from the options by `python -m acutance.server.options.page > docs/06-options.md`. `acutance serve --help`
shows them too. A flag (`--port 9000`) takes precedence over the environment (`ACUTANCE_PORT=9000`), and the environment
over `acutance.toml` in the working directory (`port = 9000`). A switch is turned off with `--no-…`. An option with
*words* takes several values, separated by blanks or commas, and may be repeated. An unknown option, or a value out of
bounds, is an error that names the option; the value of a *secret* is never printed.
"""


def page() -> str:
    """Return the page in Markdown."""
    return "\n".join([_BEGINNING, *(_table(title, group.model_fields) for title, group in _GROUPS)])


def _table(title: str, fields: dict[str, FieldInfo]) -> str:
    rows = [_row(name, field) for name, field in fields.items()]
    return f"## {title}\n\n{table(('option', 'value', 'default', 'meaning'), rows)}\n"


def _row(name: str, field: FieldInfo) -> tuple[object, ...]:
    flag = "--" + name.replace("_", "-")
    return f"`{flag}`", _takes(field), _default(field.default), field.description


def _takes(field: FieldInfo) -> str:
    choices = [str(choice) for choice in get_args(field.annotation) if isinstance(choice, str)]
    if choices:
        return ", ".join(choices)
    kinds = get_args(field.annotation) or (field.annotation,)
    kind = next((_KINDS[one] for one in kinds if one in _KINDS), "words")
    bounds = [_bound(one) for one in field.metadata]
    return " ".join([kind, *filter(None, bounds)])


_KINDS: dict[Any, str] = {
    bool: "switch",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "file",
    SecretStr: "secret",
    Words: "words",
    SecretWords: "secret words",
    Workers: "auto, or whole number",
}


def _bound(constraint: object) -> str:
    match constraint:
        case Ge(ge=least):
            return f"≥ {least}"
        case Gt(gt=least):
            return f"> {least}"
        case Le(le=most):
            return f"≤ {most}"
        case Lt(lt=most):
            return f"< {most}"
    return ""


def _default(value: object) -> str:
    if value is None or value in ((), []):
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"`{value}`"


if __name__ == "__main__":
    print(page(), end="")
