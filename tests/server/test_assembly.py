"""The objects of the server are built from its options."""

from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from acutance.model.engine.catalog import MEMORY
from acutance.model.engine.engine import Engine
from acutance.model.memory.opening import with_gate
from acutance.server.assembly import http_parts, learning, memory, session_parts
from acutance.server.assembly.http_parts import AssemblyError
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.options.server import ServeOptions
from acutance.server.security.credentials import Credentials
from acutance.server.security.quota import Quota
from acutance.server.security.tokens import Caller
from acutance.server.students.ladder import Ladder
from acutance.server.students.rungs import PASS
from acutance.server.telemetry.load import Load

SECRET = "correct-horse-battery"


def _options(**options: Any) -> ServeOptions:
    return ServeOptions.model_validate(options)


def test_a_host_that_others_can_reach_needs_authentication_or_open() -> None:
    with pytest.raises(AssemblyError, match="can be reached from other machines"):
        http_parts.http_parts(_options(host="0.0.0.0"))
    for options in (_options(), _options(host="0.0.0.0", open=True)):
        assert not http_parts.http_parts(options).guard.access.required
    assert http_parts.http_parts(_options(host="0.0.0.0", token=SECRET)).guard.access.required


def test_tokens_are_read_from_options_and_file(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("berta:another-horse-battery\n")
    access = http_parts.access(_options(token=f"anna:{SECRET}", token_file=tmp_path / "tokens"), "localhost")
    assert access.tokens.caller(SECRET) == Caller("anna")
    assert access.tokens.caller("another-horse-battery") == Caller("berta")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"token": "short"}, "token 1: a secret has at least 16"),
        ({"token_file": "nowhere"}, "the token file nowhere cannot be read"),
        ({"origin": "example.org"}, "--origin: 'example.org' is not an origin"),
        ({"embed": "example.org/x"}, "--embed: 'example.org/x' is not an origin"),
        ({"tls_cert": "nowhere.pem", "tls_key": "nowhere.pem"}, "nowhere.pem"),
    ],
)
def test_options_that_cannot_be_used_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(AssemblyError, match=message):
        http_parts.http_parts(_options(**options))


def test_only_a_server_for_its_own_host_checks_the_host_header() -> None:
    assert not http_parts.origins(_options(), "127.0.0.1").serves_host("evil.example")
    for options in (_options(open=True), _options(token=SECRET)):
        assert http_parts.origins(options, "127.0.0.1").serves_host("acutance.example")


def test_secrets_reach_what_needs_them() -> None:
    options = _options(
        turn="turn:t",
        turn_username="user",
        turn_password=SECRET,
        forward_whip="https://sfu.example/whip/{stream}",
        forward_token=SECRET,
    )
    assert session_parts.network(options).turn_password == SECRET
    ingest = session_parts.ingest(options)
    assert ingest is not None
    assert (ingest.url, ingest.token) == ("https://sfu.example/whip/{stream}", SECRET)
    assert session_parts.ingest(_options()) is None
    for built in (session_parts.network(options), ingest, Credentials.for_endpoint(URL(ingest.url), ingest.token)):
        assert SECRET not in repr(built)


def test_operators_are_checked_only_if_clients_have_tokens() -> None:
    options = _options(forward_host="sfu.example", forward_operator="ops")
    assert http_parts.forward_rules(options, authenticated=True).operators == frozenset({"ops"})
    rules = http_parts.forward_rules(options, authenticated=False)
    assert rules.operators is None
    assert rules.allow(URL("https://sfu.example/whip"))
    assert not rules.allow(URL("https://other.example/whip"))


def test_the_host_has_the_limits_of_the_options(ladder: Ladder) -> None:
    options = _options(max_sessions=7, max_sessions_per_address=2, admission=False, max_bitrate=1_000_000)
    host = session_parts.host(options, ladder, EncoderChoice())
    assert host.context.limits == options.limits
    assert (host.admission.limits.max_sessions, host.admission.limits.check_load) == (7, False)
    assert host.admission.limits.quota == Quota(per_address=2, handshakes=16)


def test_without_opencv_calls_are_not_remembered_and_the_log_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert memory.available(True)
    assert not memory.available(False)
    monkeypatch.setattr(memory, "installed", lambda: False)
    assert not memory.available(False)
    assert not caplog.records
    assert not memory.available(True)
    assert "install acutance[memory]" in caplog.text


def test_each_session_has_a_memory_of_its_own_if_the_server_has_a_student_for_it(ladder: Ladder) -> None:
    remembers = Ladder.of(ladder.best, memory=with_gate(Engine.open(MEMORY, provider="cpu", threads=1)))
    one, other = memory.make_enhancer(remembers), memory.make_enhancer(remembers)
    assert one.recall is not None
    assert one.recall is not other.recall
    assert memory.make_enhancer(ladder).recall is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learn": True, "learn_python": "/nowhere/python"}, "/nowhere/python cannot be run"),
        ({"learn": True, "learn_python": "/bin/false"}, "/bin/false has not what training needs .*--learn-python"),
    ],
)
def test_an_environment_without_training_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(AssemblyError, match=message):
        learning.check(_options(**options))


def test_learning_is_made_only_if_it_is_wanted(ladder: Ladder, tmp_path: Path) -> None:
    learning.check(_options())
    assert learning.make_learning(_options(), ladder) is None
    remembered = {"remember": "live", "remember_folder": tmp_path, "remember_key": SECRET}
    make = learning.make_learning(_options(learn=True, **remembered), ladder)
    assert make is not None
    made = make(Load())
    assert made.learned_rung(PASS) == made.learned_rung("small") == "small"
    assert made.students("small") == ["small"]
    assert not made.delete("live")


@pytest.mark.parametrize(
    "options",
    [
        {"remember": "live"},
        {"remember": "live", "learn": True},
        {"remember_folder": "kept", "learn": True},
        {"remember_key": "short"},
        {"learn_python": "python"},
    ],
)
def test_options_of_learning_that_need_others_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"--remember|--learn|16 characters"):
        _options(**options)
