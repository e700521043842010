"""The commands of `acutance bench`."""

from pydantic import BaseModel, Field
from pydantic_settings import CliApp, CliSubCommand

from acutance.server.bench.cluster.cells import CellsOptions, cells
from acutance.server.bench.cluster.placing import ClusterOptions, cluster
from acutance.server.bench.model import ModelOptions, model
from acutance.server.bench.report import ReportOptions, report
from acutance.server.bench.stream import StreamOptions, stream
from acutance.server.bench.viewers import ViewersOptions, viewers
from acutance.server.gpu_check.command import GpuOptions, check_gpu


class Stream(StreamOptions):
    """Measure round trips: frame rate, drops, latency, drift, and SSIM and PSNR of uplink and returned video."""

    def cli_cmd(self) -> None:
        """Run it."""
        stream(self)


class Model(ModelOptions):
    """Measure each student: milliseconds and frames/s by size, provider and threads, beside the host's limits."""

    def cli_cmd(self) -> None:
        """Run it."""
        model(self)


class Report(ReportOptions):
    """Print the runs of one or more logs as Markdown tables, one row for each run, with the hosts below."""

    def cli_cmd(self) -> None:
        """Run it."""
        report(self)


class Viewers(ViewersOptions):
    """Measure the cost of each further viewer of a stream."""

    def cli_cmd(self) -> None:
        """Run it."""
        viewers(self)


class Cluster(ClusterOptions):
    """Measure how fast a running cluster places sessions, and how evenly."""

    def cli_cmd(self) -> None:
        """Run it."""
        cluster(self)


class Cells(CellsOptions):
    """Simulate which share of sessions a cluster of thousands of nodes refuses."""

    def cli_cmd(self) -> None:
        """Run it."""
        cells(self)


class Gpu(GpuOptions):
    """Check an NVIDIA GPU in twelve steps, from the driver to a kernel that traps, and stop at the first failure."""

    def cli_cmd(self) -> None:
        """Run it."""
        check_gpu(self)


class Bench(BaseModel):
    """Measure this host."""

    stream: CliSubCommand[Stream] = Field(description="round trips over WebRTC")
    model: CliSubCommand[Model] = Field(description="time of each student per frame, beside the host's limits")
    gpu: CliSubCommand[Gpu] = Field(description="a GPU in twelve steps, with a report")
    viewers: CliSubCommand[Viewers] = Field(description="cost of each further viewer of a stream")
    cluster: CliSubCommand[Cluster] = Field(description="placing of sessions on a running cluster")
    cells: CliSubCommand[Cells] = Field(description="a cluster of thousands of nodes, simulated")
    report: CliSubCommand[Report] = Field(description="logs of benchmarks as Markdown tables and a plot")

    def cli_cmd(self) -> None:
        """Run the benchmark."""
        CliApp.run_subcommand(self)
