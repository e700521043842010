"""Messages between the accepting process and a worker, as JSON.

No pickles: workers decode media of untrusted peers, and an attacker who controls a worker must not be able to run code
in the process that holds tokens and private keys.
"""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from acutance.server.errors import RequestError
from acutance.server.signalling import requests as asked
from acutance.server.workers.report import Report

_REQUESTS: dict[str, type[asked.Request[Any]]] = {
    kind.__name__: kind
    for kind in (
        asked.OfferSession,
        asked.PublishStream,
        asked.WatchStream,
        asked.FindSession,
        asked.PatchSession,
        asked.EndSession,
        asked.ForgetFrames,
        asked.DeleteLearned,
        asked.ListStreams,
        asked.BeginForward,
        asked.ListForwards,
        asked.EndForward,
        asked.ListNodes,
        asked.ClaimStream,
        asked.Drain,
        asked.ReadHealth,
        asked.ReadMetrics,
    )
}


class Question(BaseModel):
    """A request to the worker; ``number`` is repeated in the response."""

    kind: Literal["question"] = "question"
    number: int
    request: str
    fields: str

    @classmethod
    def of(cls, number: int, request: asked.Request[Any]) -> "Question":
        """Return the message with this request."""
        return cls(number=number, request=type(request).__name__, fields=request.model_dump_json())

    def read(self) -> asked.Request[Any]:
        """Return the request."""
        return _REQUESTS[self.request].model_validate_json(self.fields)


class Stop(BaseModel):
    """The worker is to end all sessions and itself."""

    kind: Literal["stop"] = "stop"


class Response(BaseModel):
    """The reply to a request, as JSON of its type."""

    kind: Literal["response"] = "response"
    number: int
    reply: str

    @classmethod
    def of(cls, number: int, request: asked.Request[Any], reply: object) -> "Response":
        """Return the message with this reply."""
        return cls(number=number, reply=_reply_type(type(request)).dump_json(reply).decode())

    def read(self, request: asked.Request[Any]) -> Any:
        """Return the reply to ``request``."""
        return _reply_type(type(request)).validate_json(self.reply)


class Refusal(BaseModel):
    """The `RequestError` with which the worker refuses a request."""

    kind: Literal["refusal"] = "refusal"
    number: int
    status: int
    code: str
    message: str
    headers: dict[str, str]

    @classmethod
    def of(cls, number: int, error: RequestError) -> "Refusal":
        """Return the message with this error."""
        return cls(number=number, status=error.status, code=error.code, message=str(error), headers=error.headers)

    def read(self) -> RequestError:
        """Return the error."""
        return RequestError(self.status, self.code, self.message, self.headers)


class Ready(BaseModel):
    """The worker has opened its students and takes requests.

    Attributes:
        measured: what it measured at its start, for other workers; JSON of `measured.Measured`.
    """

    kind: Literal["ready"] = "ready"
    measured: str


class Failed(BaseModel):
    """The worker cannot start; the message says why and what to do."""

    kind: Literal["failed"] = "failed"
    message: str


class Reported(BaseModel):
    """The state of the worker, after each change and each second."""

    kind: Literal["reported"] = "reported"
    report: Report


type ToWorker = Annotated[Question | Stop, Field(discriminator="kind")]
type FromWorker = Annotated[Response | Refusal | Ready | Failed | Reported, Field(discriminator="kind")]

_TO_WORKER: TypeAdapter[ToWorker] = TypeAdapter(ToWorker)
_FROM_WORKER: TypeAdapter[FromWorker] = TypeAdapter(FromWorker)


def read_question(message: bytes) -> ToWorker:
    """Return a message of the accepting process."""
    return _TO_WORKER.validate_json(message)


def read_answer(message: bytes) -> FromWorker:
    """Return a message of a worker; raises pydantic's ``ValidationError`` for anything else."""
    return _FROM_WORKER.validate_json(message)


@cache
def _reply_type(request: type[asked.Request[Any]]) -> TypeAdapter[Any]:
    (reply,) = request.__mro__[1].__pydantic_generic_metadata__["args"]  # type: ignore[attr-defined]
    return TypeAdapter(reply)
