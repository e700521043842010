import pytest

from model.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The student that ships, on this machine's CPU."""
    return Engine.open(provider="cpu")
