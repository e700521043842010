import pytest

from model.engine import Engine
from server.governor import PASS, Rung
from server.ladder import Ladder


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The student that ships, on this machine's CPU."""
    return Engine.open("small", provider="cpu")


@pytest.fixture(scope="session")
def ladder(engine: Engine) -> Ladder:
    """One student and passing through; said to be cheap, so that a busy test machine does not step down."""
    ladder = Ladder([engine])
    ladder.rungs = [Rung(engine.student.name, 1e-9), Rung(PASS)]
    return ladder
