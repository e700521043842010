"""`acutance bench cells`: which share of sessions a large cluster refuses, by the way doors choose nodes. Simulated."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from acutance.server.bench.cluster.simulation import (
    Cell,
    Outcome,
    Policy,
    Storm,
    any_one,
    better_of_two,
    least,
    simulate,
)
from acutance.server.markdown import table

_POLICIES: dict[str, Policy] = {
    "one with the fewest sessions": least,
    "the better of two random ones": better_of_two,
    "any one": any_one,
}
_LOADS, _REPORTS_S = (0.7, 0.9), (0.2, 1.0, 5.0)
_SECONDS, _BEFORE_STORM_S = 300.0, 30.0
# Share of the nodes of a cell that are lost at once: a rack.
_RACK = 0.05


class CellsOptions(BaseModel):
    """Simulate one of the cells of a large cluster, and print a table; takes seconds."""

    model_config = ConfigDict(extra="forbid")

    cells: Annotated[int, Field(ge=2, le=1000, description="Number of cells, among which clients choose by DNS")] = 20
    nodes: Annotated[int, Field(ge=20, le=5000, description="Number of nodes of a cell")] = 500
    room: Annotated[int, Field(ge=1, le=1000, description="Number of sessions that a node admits")] = 30
    doors: Annotated[int, Field(ge=1, le=5000, description="Number of doors of a cell")] = 20
    seed: Annotated[int, Field(ge=0, description="Seed of the random numbers")] = 1


def cells(options: CellsOptions) -> None:
    """Print the table."""
    print(_table(options))


def _table(options: CellsOptions) -> str:
    head = (
        "load",
        "reports",
        "a door chooses",
        "steady",
        "a cell is lost",
        "5 % of its nodes are lost",
        "tries",
        "at once",
    )
    return table(head, _rows(options))


def _rows(options: CellsOptions) -> Iterator[tuple[str, ...]]:
    for load in _LOADS:
        for report_s in _REPORTS_S:
            cell = Cell(options.nodes, options.room, options.doors, report_s, load)
            # The clients of the lost cell spread over all others.
            moved = round(cell.nodes * cell.room * load / (options.cells - 1))
            lost = round(_RACK * cell.nodes)
            storms = (Storm(moved), Storm(round(lost * cell.room * load), lost_nodes=lost))
            for name, policy in _POLICIES.items():
                steady = simulate(cell, policy, _SECONDS, seed=options.seed)
                others = [simulate(cell, policy, _BEFORE_STORM_S, storm, options.seed) for storm in storms]
                shown = [_percent(each) for each in (steady, *others)]
                tries, peak = max(map(_tries, others)), max(each.peak for each in others)
                yield f"{load:.0%}", f"every {report_s:g} s", name, *shown, f"{tries:.2f}", str(peak)


def _percent(outcome: Outcome) -> str:
    return f"{100 * outcome.refused_share:.2f} %"


def _tries(outcome: Outcome) -> float:
    return outcome.tries / max(1, outcome.begun)
