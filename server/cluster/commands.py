"""The commands of `acutance cluster`."""

from pydantic import BaseModel, Field
from pydantic_settings import CliApp, CliSubCommand

from acutance.server.cluster import machine
from acutance.server.cluster.settings import DemoOptions, HeadOptions, JoinOptions


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


class Demo(DemoOptions):
    """Start a cluster of several nodes on this machine alone, to try it."""

    def cli_cmd(self) -> None:
        """Run it."""
        machine.demo(self)


class Cluster(BaseModel):
    """Carry sessions on many machines, with Ray: acutance[cluster]."""

    demo: CliSubCommand[Demo] = Field(description="try a cluster on this machine alone")
    head: CliSubCommand[Head] = Field(description="start the first machine of a cluster")
    join: CliSubCommand[Join] = Field(description="add this machine to a cluster")

    def cli_cmd(self) -> None:
        """Run the command."""
        CliApp.run_subcommand(self)
