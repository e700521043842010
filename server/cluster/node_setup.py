"""What a node needs to know before it starts, in the environment of Ray's processes on its machine."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from acutance.server.cluster.errors import ClusterError
from acutance.server.options.server import ServeOptions
from acutance.server.options.session_options import SessionOptions
from acutance.server.workers.processes.setup import plain

_VARIABLE = "ACUTANCE_CLUSTER_NODE"


class NodeSetup(BaseModel):
    """The setup of one node.

    Attributes:
        options: the options for sessions: no token of clients and no private key is among them.
        address: private address on which it listens for doors; None for the one that Ray uses.
    """

    options: SessionOptions
    address: str | None = None

    @classmethod
    def of(cls, options: ServeOptions, address: str | None) -> "NodeSetup":
        """Return the setup of a node with these options."""
        chosen = {name: getattr(options, name) for name in SessionOptions.model_fields}
        return cls(options=SessionOptions.model_validate(chosen), address=address)

    def variables(self) -> dict[str, str]:
        """Return the environment variables that `of_environment` reads."""
        return {_VARIABLE: json.dumps(self.model_dump(), default=plain)}

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "NodeSetup":
        """Return the setup from `variables`, or else, as in Kubernetes, from the options of `acutance serve`."""
        if _VARIABLE in environment:
            return cls.model_validate_json(environment[_VARIABLE])
        return cls.of(ServeOptions(), None)


def cluster_token(environment: Mapping[str, str] = os.environ) -> str:
    """Return the cluster's token, which Ray's processes have in their environment.

    Raises:
        ClusterError: Ray runs without a token: whoever reached its ports could run programs on the machine.
    """
    path = environment.get("RAY_AUTH_TOKEN_PATH")
    token = environment.get("RAY_AUTH_TOKEN") or (Path(path).read_text("utf-8").strip() if path else "")
    if environment.get("RAY_AUTH_MODE") != "token" or not token:
        raise ClusterError("Ray runs without a token: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN for all of its nodes")
    return token
