"""Options of `acutance cluster`, beside those of `acutance serve`."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, CliPositionalArg, SettingsConfigDict

from acutance.server.options.server import ServeOptions

# Of Ray's head.
_PORT = 6379
# Characters of a token that Ray accepts for authentication.
_LEAST = 32


class MachineOptions(ServeOptions):
    """A machine of a cluster."""

    cluster_token: Annotated[
        SecretStr | None,
        Field(
            min_length=_LEAST,
            description="Token of the cluster, the same on all machines; whoever has it can run programs on them. Give "
            "it in the environment (ACUTANCE_CLUSTER_TOKEN)",
        ),
    ] = None
    cluster_port: Annotated[int, Field(ge=1024, le=65535, description="TCP port of the cluster's head")] = _PORT
    address: Annotated[
        str | None, Field(description="IP address of this machine on the private network; none: it is found")
    ] = None
    firewalled: Annotated[
        bool, Field(description="A firewall closes the ports of Ray on the public addresses of this machine")
    ] = False
    carry: Annotated[bool, Field(description="Carry sessions on this machine, too, not only their signalling")] = True


class HeadOptions(MachineOptions):
    """Start the first machine of a cluster."""


class JoinOptions(MachineOptions):
    """Add this machine to a cluster."""

    head: CliPositionalArg[Annotated[str, Field(description="private address of the cluster's head")]]


class DoorOptions(ServeOptions):
    """Run one more door of a cluster, without Ray on this machine."""

    head: CliPositionalArg[Annotated[str, Field(description="address of the cluster's head")]]
    cluster_token: Annotated[SecretStr | None, Field(min_length=_LEAST, description="Token of the cluster")] = None
    cluster_port: Annotated[int, Field(ge=1024, le=65535, description="TCP port of the cluster's head")] = _PORT


class DemoOptions(ServeOptions):
    """Start a cluster on this machine alone."""

    nodes: Annotated[int, Field(ge=1, le=16, description="Number of nodes, each as if it was a machine")] = 3
    cluster_token: Annotated[
        SecretStr | None, Field(min_length=_LEAST, description="Token of the cluster; none: a random one")
    ] = None
    firewalled: Annotated[
        bool, Field(description="A firewall closes the ports of Ray on the public addresses of this machine")
    ] = False
    cluster_port: Annotated[int, Field(ge=1024, le=65535, description="TCP port of the cluster's head")] = _PORT


class AskOptions(BaseSettings):
    """Options of the commands that ask a door of the cluster."""

    model_config = SettingsConfigDict(env_prefix="ACUTANCE_", cli_kebab_case=True)

    url: Annotated[str, Field(description="URL of a door of the cluster")] = "http://localhost:8080"
    token: Annotated[SecretStr | None, Field(description="A token of its clients, if it needs one")] = None
    insecure: Annotated[bool, Field(description="Accept any TLS certificate of the door")] = False


class DrainOptions(AskOptions):
    """Drain the machine of a node."""

    node: CliPositionalArg[Annotated[str, Field(description="name of the node, see status")]]
    cluster_token: Annotated[SecretStr | None, Field(description="Token of the cluster")] = None
    head: Annotated[str | None, Field(description="Private address of the head; none: as the node says")] = None
    cluster_port: Annotated[int, Field(ge=1024, le=65535, description="TCP port of the head, with --head")] = _PORT
    drain: Annotated[float, Field(ge=0, le=86_400, description="Seconds that calls may continue")] = 20
