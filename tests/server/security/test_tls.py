"""Certificates as they are served: real files, a real handshake."""

import asyncio
import datetime
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from acutance.server.security.tls import Certificate, TlsError, self_signed


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[Certificate, str]]:
    certificate = self_signed(tmp_path / "kept")
    app = web.Application()

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate.context).start()
    yield certificate, f"https://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def _fingerprint(url: str, trusted: Path) -> str:
    """Connect as a client that trusts this certificate alone; return the SHA-256 of what it is shown."""
    _, _, address = url.rstrip("/").rpartition("/")
    host, port = address.split(":")
    shown = await asyncio.to_thread(ssl.get_server_certificate, (host, int(port)), ca_certs=str(trusted))
    return x509.load_pem_x509_certificate(shown.encode()).fingerprint(hashes.SHA256()).hex().upper()


async def test_a_certificate_made_here_is_good_for_this_machine_and_kept(served: tuple[Certificate, str]) -> None:
    certificate, url = served
    assert await _fingerprint(url, certificate.chain) == certificate.fingerprint.replace(":", "")
    again = self_signed(certificate.chain.parent)
    assert again.fingerprint == certificate.fingerprint, "a browser's exception stays good"
    assert certificate.key.stat().st_mode & 0o077 == 0, "nobody else reads the key"
    assert certificate.expires > datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=300)


async def test_new_files_are_served_from_the_next_connection_on(
    served: tuple[Certificate, str], tmp_path: Path
) -> None:
    certificate, url = served
    assert not certificate.reload(), "nothing has changed"
    before = certificate.fingerprint
    other = self_signed(tmp_path / "other")
    for old, new in ((certificate.chain, other.chain), (certificate.key, other.key)):
        old.write_bytes(new.read_bytes())
        os.utime(old, ns=(1, 1))
    assert certificate.reload()
    assert before != certificate.fingerprint
    assert await _fingerprint(url, other.chain) == other.fingerprint.replace(":", "")


async def test_files_that_do_not_belong_together_change_nothing(
    served: tuple[Certificate, str], tmp_path: Path
) -> None:
    certificate, url = served
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(certificate.chain.read_bytes())
    certificate.chain.write_bytes(self_signed(tmp_path / "other").chain.read_bytes())
    os.utime(certificate.chain, ns=(1, 1))
    with pytest.raises(TlsError, match="belong together"):
        certificate.reload()
    await _fingerprint(url, trusted)


def test_what_cannot_be_used_is_said_with_its_file(tmp_path: Path) -> None:
    good = self_signed(tmp_path / "good")
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    for chain, key in ((tmp_path / "none.pem", good.key), (empty, good.key), (good.chain, empty)):
        with pytest.raises(TlsError, match=str(chain.name)):
            Certificate.of(chain, key)


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(tmp_path: Path) -> None:
    good = self_signed(tmp_path / "good")
    key = serialization.load_pem_private_key(good.key.read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"secret")
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, secret)
    )
    with pytest.raises(TlsError, match="cannot be used"):
        Certificate.of(good.chain, locked)
