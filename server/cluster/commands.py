"""The commands of `acutance cluster`."""

from typing import Annotated

from pydantic import BaseModel, Field
from pydantic_settings import CliApp, CliSubCommand, SettingsConfigDict

from acutance.server.cluster import machine, status
from acutance.server.cluster.settings import (
    AskOptions,
    DemoOptions,
    DoorOptions,
    DrainOptions,
    HeadOptions,
    JoinOptions,
)

PROGRAM = "acutance cluster"


class Head(HeadOptions):
    """Start the first machine of a cluster, and print how to add others."""

    def cli_cmd(self) -> None:
        """Run it."""
        machine.head(self)


class Join(JoinOptions):
    """Add this machine to a cluster, until a signal."""

    def cli_cmd(self) -> None:
        """Run it."""
        machine.join(self)


class Door(DoorOptions):
    """Run one more door of a cluster on a machine without nodes, for example in Kubernetes."""

    def cli_cmd(self) -> None:
        """Run it."""
        machine.door(self)


class Demo(DemoOptions):
    """Start a cluster of several nodes on this machine alone, to try it."""

    def cli_cmd(self) -> None:
        """Run it."""
        machine.demo(self)


class Status(AskOptions):
    """Show the nodes of a cluster, their sessions and their load."""

    as_json: Annotated[bool, Field(alias="json", description="Print one JSON object")] = False

    def cli_cmd(self) -> None:
        """Run it."""
        status.status(self, self.as_json)


class Drain(DrainOptions):
    """Drain the machine of a node: its calls may continue for some seconds, new ones go elsewhere."""

    def cli_cmd(self) -> None:
        """Run it."""
        status.drain(self)


class Cluster(BaseModel):
    """Carry sessions on many machines, with Ray: acutance[cluster]."""

    model_config = SettingsConfigDict(cli_prog_name=PROGRAM)

    demo: CliSubCommand[Demo] = Field(description="try a cluster on this machine alone")
    head: CliSubCommand[Head] = Field(description="start the first machine of a cluster")
    join: CliSubCommand[Join] = Field(description="add this machine to a cluster")

    door: CliSubCommand[Door] = Field(description="run one more door, without a node")
    status: CliSubCommand[Status] = Field(description="show its nodes, sessions and load")
    drain: CliSubCommand[Drain] = Field(description="send new sessions elsewhere than to a machine")

    def cli_cmd(self) -> None:
        """Run the command."""
        CliApp.run_subcommand(self)
