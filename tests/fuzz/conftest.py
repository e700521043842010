from collections.abc import Iterator

import pytest
from schemathesis.pytest.plugin import SchemathesisFunction

from tests.fuzz import tally
from tests.fuzz.identity import Identity
from tests.fuzz.served import Served, served


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # pytest 9.2 takes no parameters from a name, so the tests of all operations had one id, and pytest-xdist ran one.
    for item in items:
        if isinstance(item, SchemathesisFunction) and item.parent is not None:
            item._id = item.parent.id.child(item.originalname).with_params(item.operation_label)


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Identity(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="session")
def served_for_all(identity: Identity) -> Iterator[Served]:
    """One server for all tests: a fault may depend on much earlier input."""
    with served(identity.file) as server:
        yield server


@pytest.fixture(scope="module")
def server(served_for_all: Served) -> Iterator[Served]:
    """Return the server for all tests; each module must have ended its sessions."""
    yield served_for_all
    after = served_for_all.quiet()
    assert (after.sessions, after.peers) == (0, 0), "sessions of this module have not ended"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if tally.TALLY:
        terminalreporter.section("inputs by door")
        for line in (*tally.table(), *tally.memory(), *tally.REPORTS):
            terminalreporter.write_line(line)
