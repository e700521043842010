import pytest

from acutance.server.client.messages import parse_message


@pytest.mark.parametrize("message", ["[]", "7", "{", b"\xff", "[" * 100_000, ""])
def test_a_message_without_an_object_has_no_fields(message: str | bytes) -> None:
    assert parse_message(message) == {}


def test_an_object_is_read() -> None:
    assert parse_message('{"type": "stats", "frames": {}}') == {"type": "stats", "frames": {}}
