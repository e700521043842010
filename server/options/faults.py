"""Error messages for wrong options. They name the command and the option, and never contain a secret."""

import re
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from acutance.server.options.values import SecretWords

_UNRECOGNIZED = "unrecognized arguments: "
_PARSING = "error parsing CLI: "
_CHOICE = re.compile(r"argument \S*: invalid choice: .*? \((?=choose from)", re.DOTALL)
_FLAG = re.compile(r"--[a-z][a-z-]{0,40}(=|$)")
_LONGEST_VALUE = 100


def describe(error: ValidationError, commands: type[BaseModel], program: str = "acutance") -> list[str]:
    """Return one line for each wrong option.

    Args:
        error: the error from reading the command line, the environment or acutance.toml.
        commands: the model of the command line; a field that is a model is a command.
        program: the words before the command.
    """
    return [_line(fault["loc"], _message(fault), fault["input"], commands, program) for fault in error.errors()]


def describe_arguments(message: str) -> str:
    """Return argparse's message without the values of unrecognized arguments and commands, which may be secrets."""
    message = _CHOICE.sub("unknown command (", message.removeprefix(_PARSING))
    if not message.startswith(_UNRECOGNIZED):
        return message
    words = message.removeprefix(_UNRECOGNIZED).split(" ")
    flags = [word.partition("=")[0] for word in words if _FLAG.match(word)]
    return _UNRECOGNIZED + (" ".join(flags) or f"{len(words)} that are not options") + "; --help lists the options"


def _line(location: Iterable[int | str], message: str, value: object, commands: type[BaseModel], program: str) -> str:
    named, model = [program], commands
    option = None
    shown = False
    for part in location:
        field = next((field for name, field in model.model_fields.items() if part in (name, field.alias)), None)
        nested = [kind for kind in get_args(field.annotation) if _is_model(kind)] if field is not None else []
        if nested:
            named.append(str(part))
            model = nested[0]
            continue
        option = str(part)
        # An unknown option may be the misspelt name of a secret option.
        shown = field is not None and not _is_secret(field.annotation)
        break
    start = " ".join(named) + (f": --{option.replace('_', '-')}" if option is not None else "")
    return f"{start}: {message}" + (f" (got {_shortened(value)})" if shown else "")


def _message(fault: Any) -> str:
    # pydantic writes "Value error, " before the message of a ValueError.
    return str(fault["ctx"]["error"]) if fault["type"] == "value_error" else str(fault["msg"])


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_secret(annotation: object) -> bool:
    return any(kind in (SecretStr, SecretWords) for kind in (annotation, *get_args(annotation)))


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"
