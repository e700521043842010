"""The requests of the page, checked."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acutance.server.errors import RequestError

type _Millis = Annotated[float, Field(ge=0, le=86_400_000)]
type _Count = Annotated[int, Field(ge=0, le=1_000_000)]
type _Pixels = Annotated[float, Field(ge=0, le=100_000)]
type _Test = Literal["acuity", "colour", "brightness"]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Enrolment(_Message):
    """A person who has read the instructions and agrees."""

    consent: Literal[True]
    language: Literal["en", "de"]


class Screen(_Message):
    """What the page knows of the screen, in CSS pixels, and how many screen pixels each has."""

    width: _Pixels
    height: _Pixels
    window_width: _Pixels
    window_height: _Pixels
    pixel_ratio: Annotated[float, Field(gt=0, le=20)]
    colour_depth: _Count
    fits: bool


class Vision(_Message):
    """The outcome of the vision check: right answers and questions of each test, and whether it is passed."""

    right: dict[_Test, _Count]
    asked: dict[_Test, _Count]
    passed: dict[_Test, bool]


class Timing(_Message):
    """How a trial went: milliseconds from its start to the vote, plays, and frames that the browser did not show."""

    shown_ms: _Millis
    vote_ms: _Millis
    plays: _Count
    skipped_frames: _Count
    changes: _Count


class VoteMessage(_Message):
    """A vote on a trial."""

    position: _Count
    vote: Annotated[int, Field(ge=-3, le=5)]
    timing: Timing


def parse[M: BaseModel](kind: type[M], body: bytes) -> M:
    """Check the body of a request.

    Raises:
        RequestError: 400 if it is not such a message.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise RequestError(400, "bad_message", f"{where}: {fault['msg']}" if where else fault["msg"]) from error
