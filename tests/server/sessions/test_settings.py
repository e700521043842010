from typing import Any

import pytest

from acutance.server.sessions.settings import SessionSettings, SettingError, read_message


def fields_of(message: str | bytes) -> dict[str, Any]:
    fields = read_message(message)
    assert fields is not None
    return fields


def test_a_message_may_ask_to_forget() -> None:
    assert read_message('{"type": "forget"}') is None


def test_omitted_settings_stay() -> None:
    settings = SessionSettings().changed(fields_of('{"type": "control", "strength": 0.5}'))
    settings = settings.changed(fields_of(b'{"type": "control", "output_height": 720, "enhance": false}'))
    assert settings == SessionSettings(strength=0.5, output_height=720, enhance=False)
    assert settings.changed({"output_height": None}).output_height is None


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("", "must be JSON"),
        ("[]", "must be JSON"),
        ('{"type": "stats"}', "must be JSON"),
        ("[" * 900, "must be JSON"),
        (b"\xff\xfe", "must be JSON"),
        ('{"type": "control", "x": "' + "y" * 2000 + '"}', "at most 1024"),
    ],
)
def test_invalid_control_messages_are_refused(message: str | bytes, part: str) -> None:
    with pytest.raises(SettingError, match=part):
        read_message(message)


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"strength": 3}, "strength"),
        ({"strength": "1"}, "strength"),
        ({"enhance": 1}, "enhance"),
        ({"output_height": 5000}, "output_height"),
        ({"max_bitrate": 1}, "max_bitrate"),
        ({"student": "x" * 100}, "student"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_setting_out_of_bounds_is_named(fields: dict[str, object], part: str) -> None:
    with pytest.raises(SettingError, match=part):
        SessionSettings().changed(fields)
