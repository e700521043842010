"""Options for learning of running calls, and for weights that are kept between calls."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from acutance.server.options.values import Words

_SHORTEST_KEY = 16


class LearningOptions(BaseModel):
    """Learning of running calls."""

    learn: Annotated[
        bool,
        Field(
            description="Fit the student to each call while it runs, in a process of low priority, one call at a time; "
            "needs acutance[train]"
        ),
    ] = False
    learn_python: Annotated[
        Path | None,
        Field(description="Python interpreter of an environment with acutance[train]; none: that of the server"),
    ] = None
    remember: Annotated[
        Words,
        Field(
            description="Name of a stream for which the weights that --learn has fitted are kept for its next call; "
            "never pictures; repeatable"
        ),
    ] = ()
    remember_folder: Annotated[Path | None, Field(description="Folder that keeps the weights of --remember")] = None
    remember_key: Annotated[
        SecretStr | None,
        Field(
            description="Secret of at least 16 characters with which these weights are encrypted; none: not encrypted"
        ),
    ] = None

    @field_validator("remember_key")
    @classmethod
    def _check_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < _SHORTEST_KEY:
            raise ValueError("a key has at least 16 characters (openssl rand -base64 24 makes one)")
        return key

    @model_validator(mode="after")
    def _check_learning(self) -> "LearningOptions":
        if self.learn_python is not None and not self.learn:
            raise ValueError("--learn-python needs --learn")
        if self.remember and not (self.learn and self.remember_folder is not None):
            raise ValueError("--remember needs --learn and --remember-folder")
        if not self.remember and (self.remember_folder is not None or self.remember_key is not None):
            raise ValueError("--remember-folder and --remember-key need --remember, which names the streams")
        return self
