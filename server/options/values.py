"""Types of values that several groups of options share."""

from typing import Annotated

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    """Split text, or each item of a list, at blanks and commas; return other values unchanged."""
    if isinstance(value, str):
        return value.replace(",", " ").split()
    if isinstance(value, list):
        return [word for item in value for word in str(item).replace(",", " ").split()]
    return value


type Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
type SecretWords = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]


def revealed(secret: SecretStr | None) -> str | None:
    """Return the text of a secret; None without one."""
    return None if secret is None else secret.get_secret_value()
