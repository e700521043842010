"""The settings that a peer may choose for its session, with the offer or later over the data channel."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acutance.server.errors import RequestError
from acutance.server.options.session_limits import MAX_BITRATE, MAX_OUTPUT_HEIGHT, MIN_BITRATE, MIN_OUTPUT_HEIGHT

# Longest message, in characters of text or bytes; a control message with every field has 170.
LONGEST_MESSAGE = 1024
# Longest name of an unknown field in an error message.
_LONGEST_NAME = 64


class SettingError(RequestError):
    """A setting cannot be read or applied; the message says which one and what is allowed."""

    def __init__(self, message: str):
        super().__init__(422, "bad_setting", message)


class SessionSettings(BaseModel):
    """Settings of a session, as the peer chose them; validated, because a peer is not trusted.

    Attributes:
        student: ``auto`` or the name of a rung of the server; the governor may still choose a cheaper one.
        strength: share of the student's correction that is added: 0 for none, 1 as trained.
        enhance: False passes every frame through.
        remember: whether detail is taken from earlier frames of the call; False also forgets them.
        memory_mask: whether the peer gets messages with the places of the frame for which something is remembered.
        output_height: shorter side of the returned frames in pixels; None for the size at the start of the call.
        max_bitrate: maximum bit rate of the returned video, in bit/s; None for the limit of the server.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    student: Annotated[str, Field(max_length=64)] = "auto"
    strength: Annotated[float, Field(ge=0, le=1.5)] = 1.0
    enhance: bool = True
    remember: bool = True
    memory_mask: bool = False
    output_height: Annotated[int, Field(ge=MIN_OUTPUT_HEIGHT, le=MAX_OUTPUT_HEIGHT)] | None = None
    max_bitrate: Annotated[int, Field(ge=MIN_BITRATE, le=MAX_BITRATE)] | None = None

    def changed(self, fields: dict[str, Any]) -> "SessionSettings":
        """Return these settings with some fields replaced.

        Raises:
            SettingError: a field is unknown, or its value has the wrong type or is out of bounds.
        """
        try:
            return SessionSettings.model_validate({**self.model_dump(), **fields})
        except ValidationError as error:
            fault = error.errors()[0]
            field = ".".join(str(part) for part in fault["loc"]) or "the message"
            raise SettingError(f"{field[:_LONGEST_NAME]}: {fault['msg']}") from error


class _Message(BaseModel):
    type: Literal["control", "forget"]


def read_message(message: str | bytes) -> dict[str, Any] | None:
    """Read a message of the data channel.

    Returns:
        The fields of a control message, ``{"type": "control", "strength": 0.5, …}``, without ``type``; None for the
        request to forget what is remembered of the call, ``{"type": "forget"}``.

    Raises:
        SettingError: it is neither, or too long.
    """
    if len(message) > LONGEST_MESSAGE:
        raise SettingError(f"a message of {len(message)} bytes: at most {LONGEST_MESSAGE} are read")
    try:
        fields = json.loads(message)
        kind = _Message.model_validate(fields).type
    except (ValueError, RecursionError):
        raise SettingError('a message must be JSON: {"type": "control", …} or {"type": "forget"}') from None
    del fields["type"]
    return fields if kind == "control" else None
