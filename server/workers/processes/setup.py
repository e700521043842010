"""What the accepting process tells a worker before it starts: no token and no private key is among it."""

import json
from typing import Any

from pydantic import BaseModel, SecretStr

from acutance.server.forward.rules import ForwardRules
from acutance.server.options.session_options import SessionOptions
from acutance.server.workers.processes.measured import Measured


class Setup(BaseModel):
    """The setup of one worker.

    Attributes:
        name: of the worker.
        options: the options for sessions.
        forwarding: who may request forwarding, and to which hosts.
        workers: number of workers of the server.
        gpu: its GPU, as ``CUDA_VISIBLE_DEVICES`` names it; None to change nothing.
        measured: what another worker measured; None to measure.
    """

    name: str
    options: SessionOptions
    forwarding: ForwardRules
    workers: int
    gpu: str | None = None
    measured: Measured | None = None

    def to_json(self) -> bytes:
        """Return it as JSON, with the secrets that sessions need: those of TURN and of the WHIP ingest."""
        return json.dumps(self.model_dump(), default=plain).encode()


def plain(value: object) -> Any:
    """Return a value of an option as JSON has it; for the parameter ``default`` of `json.dumps`."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case frozenset():
            return list(value)
    return str(value)
