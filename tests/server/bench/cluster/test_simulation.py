"""The simulation of a cell, on cases whose result is known."""

import pytest

from acutance.server.bench.cluster.cells import CellsOptions, cells
from acutance.server.bench.cluster.simulation import Cell, Storm, any_one, better_of_two, least, simulate


def test_an_empty_cell_refuses_nothing() -> None:
    outcome = simulate(Cell(nodes=50, load=0.1), least, 60)
    assert outcome.begun > 0
    assert outcome.refused == 0


def test_as_many_as_there_is_room_for_are_admitted_with_fresh_figures() -> None:
    cell = Cell(nodes=20, room=10, doors=1, load=0.5)
    storm = Storm(sessions=400, within_s=0.5)
    outcome = simulate(cell, better_of_two, 10, storm)
    begun_before = 20 * 10 - outcome.begun
    assert 50 < begun_before < 150
    assert outcome.begun + outcome.refused == 400


def test_nothing_begins_on_lost_nodes() -> None:
    cell = Cell(nodes=40, room=10, doors=1, load=0.5)
    outcome = simulate(cell, better_of_two, 10, Storm(sessions=1000, lost_nodes=20))
    assert outcome.begun <= 20 * 10


def test_doors_with_old_figures_choose_the_same_node_unless_they_choose_from_two() -> None:
    cell = Cell(nodes=100, report_s=5, load=0.9)
    herd, two = (simulate(cell, policy, 60) for policy in (least, better_of_two))
    assert herd.peak > 2 * two.peak
    assert two.refused_share <= simulate(cell, any_one, 60).refused_share


def test_the_table_has_a_row_for_each_case(capsys: pytest.CaptureFixture[str]) -> None:
    cells(CellsOptions(cells=4, nodes=20, room=4, doors=3))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 2 * 3 * 3
    assert all(line.count("|") == 9 for line in lines[2:])
