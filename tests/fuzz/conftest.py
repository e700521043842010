from collections.abc import Iterator

import pytest

from tests.fuzz import tally
from tests.fuzz.identity import Identity
from tests.fuzz.served import Served, served


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Identity(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="session")
def server(identity: Identity) -> Iterator[Served]:
    """One server for all tests: a fault may depend on much earlier input."""
    with served(identity.file) as server:
        yield server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if tally.TALLY:
        terminalreporter.section("inputs by door")
        for line in (*tally.table(), *tally.memory(), *tally.REPORTS):
            terminalreporter.write_line(line)
