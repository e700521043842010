"""Authentication and TLS of `acutance serve`: its exit code and its log."""

import json
import signal
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from acutance.server.bench.server import free_port
from acutance.server.cli import main
from tests.server.processes import FAST_START, Start, health

SECRET = "correct-horse-battery"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--host", "0.0.0.0"), "--host 0.0.0.0 can be reached from other machines: give a --token"),
        (("--token", "short"), "token 1: a secret has at least 16 characters"),
        (("--token", SECRET, "--open"), "--open cannot be combined with tokens"),
        (("--origin", "example.org"), "'example.org' is not an origin"),
        (("--tls-cert", "chain.pem"), "--tls-cert and --tls-key are needed together"),
        (("--jwt-issuer", "https://example.org"), "--jwt-issuer and --jwt-audience are needed together"),
        (("--trusted-proxy", "somewhere"), "--trusted-proxy"),
        (("--token-file", "nowhere"), "the token file nowhere cannot be read"),
    ],
)
def test_contradictory_or_unsafe_options_are_refused(
    arguments: tuple[str, ...],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["serve", *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert SECRET not in error


def test_tokens_are_read_from_environment_and_file_and_a_certificate_is_made(start: Start, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "tokens").write_text("carl:third-horse-battery\n")
    process = start(
        *("--host", "0.0.0.0", "--port", str(port), *FAST_START, "--token-file", "tokens"),
        *("--self-signed", "--self-signed-folder", "kept", "--log-format", "json"),
        ACUTANCE_TOKEN=f"anna:{SECRET}, berta:another-horse-battery",
    )
    unchecked = ssl._create_unverified_context()
    url = f"https://127.0.0.1:{port}"
    health(url, unchecked)
    trusted = ssl.create_default_context(cafile=str(tmp_path / "kept" / "certificate.pem"))
    for secret, status in ((SECRET, 200), ("another-horse-battery", 200), ("third-horse-battery", 200), ("wrong", 401)):
        request = urllib.request.Request(f"{url}/metrics", headers={"Authorization": f"Bearer {secret}"})
        try:
            answered = urllib.request.urlopen(request, context=trusted, timeout=5).status
        except urllib.error.HTTPError as error:
            answered = error.code
        assert answered == status
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=10)
    assert process.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert any("SHA-256" in line["message"] for line in lines)
    assert SECRET not in log


def test_sigterm_without_sessions_does_not_wait(start: Start) -> None:
    port = free_port()
    process = start("--port", str(port), *FAST_START, "--drain", "60")
    health(f"http://127.0.0.1:{port}")
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert time.monotonic() - begun < 15
