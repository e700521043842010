"""Certificates from real files in real handshakes."""

import asyncio
import datetime
import os
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from acutance.server.security.self_signed import self_signed
from acutance.server.security.tls import Certificate, PemFiles, TlsError


@dataclass(frozen=True)
class Served:
    """A server on this host and its certificate."""

    certificate: Certificate
    files: PemFiles
    port: int

    async def shown(self, trusted: Path, name: str | None = None) -> str:
        """Connect as a client that trusts only one certificate; return the fingerprint of the server's certificate.

        Args:
            trusted: PEM file.
            name: sent as the server name (SNI); None for none.
        """
        return await asyncio.to_thread(self._shown, trusted, name)

    def _shown(self, trusted: Path, name: str | None) -> str:
        context = ssl.create_default_context(cafile=str(trusted))
        context.check_hostname = name is not None
        with (
            socket.create_connection(("127.0.0.1", self.port), 5) as connection,
            context.wrap_socket(connection, server_hostname=name) as tls,
        ):
            certificate = tls.getpeercert(True)
        assert certificate is not None
        return x509.load_der_x509_certificate(certificate).fingerprint(hashes.SHA256()).hex(":").upper()


def _pem(folder: Path) -> PemFiles:
    """Make a certificate in a folder."""
    self_signed(folder)
    return PemFiles(folder / "certificate.pem", folder / "key.pem")


def _replace(files: PemFiles, others: PemFiles, stamp: int) -> None:
    for old, new in ((files.chain, others.chain), (files.key, others.key)):
        old.write_bytes(new.read_bytes())
        os.utime(old, ns=(stamp, stamp))


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    files = _pem(tmp_path / "kept")
    certificate = Certificate(files)
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate.context).start()
    yield Served(certificate, files, runner.addresses[0][1])
    await runner.cleanup()


@pytest.mark.parametrize("name", [None, "localhost"])
async def test_a_self_signed_certificate_is_valid_for_this_host_and_kept(served: Served, name: str | None) -> None:
    certificate = served.certificate
    assert await served.shown(served.files.chain, name) == certificate.fingerprint
    again = self_signed(served.files.chain.parent)
    assert again.fingerprint == certificate.fingerprint, "a browser's exception stays valid"
    assert served.files.key.stat().st_mode & 0o077 == 0, "nobody else can read the key"
    assert certificate.expires > datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=300)


def test_a_key_that_others_could_read_is_not_reused_for_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "key.pem").touch(mode=0o644)
    assert _pem(tmp_path).key.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", [None, "localhost"])
async def test_new_files_are_served_from_the_next_connection_on(
    served: Served, tmp_path: Path, name: str | None
) -> None:
    assert not served.certificate.reload(), "nothing has changed"
    before = served.certificate.fingerprint
    others = _pem(tmp_path / "other")
    _replace(served.files, others, 1)
    assert served.certificate.reload()
    assert before != served.certificate.fingerprint
    assert await served.shown(others.chain, name) == served.certificate.fingerprint


async def test_a_certificate_and_key_that_do_not_match_are_not_loaded(served: Served, tmp_path: Path) -> None:
    before = served.certificate.fingerprint
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(served.files.chain.read_bytes())
    served.files.chain.write_bytes(_pem(tmp_path / "other").chain.read_bytes())
    os.utime(served.files.chain, ns=(1, 1))
    with pytest.raises(TlsError, match="belong together"):
        served.certificate.reload()
    assert await served.shown(trusted) == before


def test_an_unusable_file_is_named(tmp_path: Path) -> None:
    good = _pem(tmp_path / "good")
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    for chain, key in ((tmp_path / "none.pem", good.key), (empty, good.key), (good.chain, empty)):
        with pytest.raises(TlsError, match=str(chain.name)):
            Certificate(PemFiles(chain, key))


def test_an_encrypted_key_is_refused_without_a_prompt(tmp_path: Path) -> None:
    good = _pem(tmp_path / "good")
    key = serialization.load_pem_private_key(good.key.read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"secret")
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, secret)
    )
    with pytest.raises(TlsError, match="cannot be used"):
        Certificate(PemFiles(good.chain, locked))


async def test_a_tls_context_in_use_is_never_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handshake on the event loop would see a certificate without its key while another thread loads them."""
    loaded: list[ssl.SSLContext] = []

    load = ssl.SSLContext.load_cert_chain

    def recorded(context: ssl.SSLContext, *files: Any) -> None:
        loaded.append(context)
        load(context, *files)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", recorded)
    files = _pem(tmp_path)
    certificate = Certificate(files)
    for number in (1, 2):
        _replace(files, _pem(tmp_path / str(number)), number)
        assert certificate.reload()
    assert len(loaded) == len({id(context) for context in loaded})
    assert certificate.context not in loaded


async def test_files_that_change_are_followed(served: Served, tmp_path: Path) -> None:
    others = _pem(tmp_path / "other")
    wanted = Certificate(others).fingerprint
    _replace(served.files, others, 1)
    watching = asyncio.create_task(served.certificate.watch(every=0.01))
    async with asyncio.timeout(10):
        while served.certificate.fingerprint != wanted:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0.01)
    watching.cancel()
    assert await served.shown(others.chain) == wanted


def test_a_temporary_certificate_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    certificate = self_signed()
    assert list(tmp_path.iterdir()) == []
    assert certificate.expires > datetime.datetime.now(datetime.UTC)
    assert not certificate.reload()
