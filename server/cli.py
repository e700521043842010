"""`acutance`: the command line. The options of `serve` are declared in the package `options`."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import CliApp, CliSubCommand, SettingsError

from acutance.model.engine.engine import EngineError
from acutance.server.assembly.http_parts import AssemblyError
from acutance.server.bench.commands import Bench
from acutance.server.bench.errors import BenchError
from acutance.server.client.peer.command import PeerOptions, peer
from acutance.server.client.peer.connections import CallError
from acutance.server.client.peer.recording import RecordingError
from acutance.server.client.peer.source import SourceError
from acutance.server.client.whip import SignallingError
from acutance.server.cluster.errors import ClusterError
from acutance.server.doctor import doctor
from acutance.server.gpu_check.command import GpuCheckError
from acutance.server.options import faults
from acutance.server.options.server import ServeOptions
from acutance.server.serve import ServeError, run
from acutance.server.study.errors import StudyError
from acutance.server.study.prepare.command import PrepareOptions, prepare
from acutance.server.study.report.command import StudyReportOptions
from acutance.server.study.report.command import report as report_study
from acutance.server.study.serve.command import StudyServeOptions
from acutance.server.study.serve.command import serve as serve_study


class Serve(ServeOptions):
    """Start the server: the page at /, signalling at /offer, WHIP at /whip, its state at /health."""

    def cli_cmd(self) -> None:
        """Run it."""
        run(self)


class Peer(PeerOptions):
    """Send a file, camera, screen or test pattern to a server, and measure and record the returned video."""

    def cli_cmd(self) -> None:
        """Run it."""
        peer(self)


class Doctor(ServeOptions):
    """Check whether `acutance serve` would work with these options; exit with 1 if it would fail."""

    as_json: Annotated[bool, Field(alias="json", description="Print one JSON object")] = False

    def cli_cmd(self) -> None:
        """Run it."""
        if not doctor(self, self.as_json):
            raise SystemExit(1)


class Prepare(PrepareOptions):
    """Make the clips that raters see, from the source clips, connections and students of a study."""

    def cli_cmd(self) -> None:
        """Run it."""
        prepare(self)


class StudyServe(StudyServeOptions):
    """Serve the page of a study, and keep the votes."""

    def cli_cmd(self) -> None:
        """Run it."""
        serve_study(self)


class StudyReport(StudyReportOptions):
    """Screen the raters and compute opinion scores, their intervals, and the votes still needed."""

    def cli_cmd(self) -> None:
        """Run it."""
        report_study(self)


class Study(BaseModel):
    """Ask people: an opinion study after ITU-T P.910."""

    prepare: CliSubCommand[Prepare] = Field(description="make the clips that raters see")
    serve: CliSubCommand[StudyServe] = Field(description="serve the page for raters, and keep their votes")
    report: CliSubCommand[StudyReport] = Field(description="opinion scores with intervals, and the votes still needed")

    def cli_cmd(self) -> None:
        """Run the command."""
        CliApp.run_subcommand(self)


class Cluster(BaseModel):
    """Carry sessions on many machines. Its commands are in `cluster.commands`, which other commands need not load."""


class Acutance(BaseModel):
    """Acutance sharpens live video."""

    serve: CliSubCommand[Serve] = Field(description="start the server")
    cluster: CliSubCommand[Cluster] = Field(description="carry sessions on many machines")
    peer: CliSubCommand[Peer] = Field(description="call a server from the command line")
    bench: CliSubCommand[Bench] = Field(description="measure this host")
    study: CliSubCommand[Study] = Field(description="ask people: an opinion study after ITU-T P.910")
    doctor: CliSubCommand[Doctor] = Field(description="check whether serve would work on this host")

    def cli_cmd(self) -> None:
        """Run the command."""
        CliApp.run_subcommand(self)


_USER_ERRORS = (
    AssemblyError,
    BenchError,
    CallError,
    ClusterError,
    EngineError,
    GpuCheckError,
    RecordingError,
    ServeError,
    SignallingError,
    SourceError,
    StudyError,
)


_CLUSTER = "cluster"
# The exit code of a shell for a program that SIGINT ended.
_INTERRUPTED = 128 + signal.SIGINT
# That of one that SIGPIPE (13) ended; Windows has no such signal.
_CLOSED = 128 + 13


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the name of the program; None for those of the process.

    Returns:
        The exit code: 0, 130 after SIGINT, 141 if the reader of the output (such as ``head``) closed it early, or 2
        after an error, which is described on stderr.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands: type[BaseModel] = Acutance
    program = "acutance"
    if given[:1] == [_CLUSTER]:
        from acutance.server.cluster import commands as of_cluster

        commands, program, given = of_cluster.Cluster, of_cluster.PROGRAM, given[1:]
    try:
        CliApp.run(commands, cli_args=given or ["--help"], cli_exit_on_error=False)
        sys.stdout.flush()
    except ValidationError as error:
        for line in faults.describe(error, commands, program):
            print(line, file=sys.stderr)
        return 2
    except SettingsError as error:
        print(f"acutance: {faults.describe_arguments(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return _INTERRUPTED
    except _USER_ERRORS as error:
        print(f"acutance: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The interpreter flushes stdout at its exit: what is left of the output goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLOSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
