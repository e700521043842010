"""TLS for the page and signalling, with certificate files that may change while the server runs."""

import asyncio
import hashlib
import logging
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

log = logging.getLogger(__name__)

_CHECK_EVERY_S = 60.0
# Makes an encrypted key an error: without a password OpenSSL would prompt for one at the terminal.
_NO_PASSWORD = ""


class TlsError(ValueError):
    """A certificate cannot be used; the message says which file and why."""


@dataclass(frozen=True)
class PemFiles:
    """The files of a certificate.

    Attributes:
        chain: certificate chain in PEM.
        key: its private key in PEM, not encrypted.
    """

    chain: Path
    key: Path

    def stamps(self) -> tuple[int, int]:
        """Return the modification times of both files, in nanoseconds since the epoch.

        Raises:
            OSError: one of them cannot be read.
        """
        return self.chain.stat().st_mtime_ns, self.key.stat().st_mtime_ns


@dataclass(frozen=True)
class _Loaded:
    """A certificate in memory. Immutable, because connections use its context."""

    context: ssl.SSLContext
    certificate: x509.Certificate
    stamps: tuple[int, int]


class Certificate:
    """A certificate that is served, and replaced when its files change.

    Attributes:
        context: for the listening socket. Each handshake switches to the context of the current certificate, so that
            no context changes while it is in use.
    """

    def __init__(self, files: PemFiles, follow: bool = True):
        """Read the files.

        Args:
            files: certificate chain and key.
            follow: whether the files are read again when they change; False if they exist only now.

        Raises:
            TlsError: they cannot be read, do not belong together, or the certificate has expired.
        """
        self._current = _load(files)
        self._files = files if follow else None
        # This context needs no certificate. Python documents the callback for the server name (RFC 6066); OpenSSL
        # calls it for each ClientHello, also for one without a name.
        self.context = _server_context()
        self.context.sni_callback = self._switch

    def _switch(self, connection: ssl.SSLObject, server_name: str | None, context: ssl.SSLContext) -> None:
        connection.context = self._current.context

    @property
    def expires(self) -> datetime:
        """The end of the certificate's validity, in UTC."""
        return self._current.certificate.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate as browsers show it: pairs of hexadecimal digits."""
        der = self._current.certificate.public_bytes(serialization.Encoding.DER)
        digest = hashlib.sha256(der).hexdigest().upper()
        return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))

    def reload(self) -> bool:
        """Read the files if they have changed, for new connections; return whether they have changed.

        Raises:
            TlsError: the changed files cannot be used; the previous certificate is still served.
        """
        changed = self._changed()
        if changed is not None:
            self._current = changed
        return changed is not None

    def _changed(self) -> _Loaded | None:
        if self._files is None:
            return None
        try:
            unchanged = self._files.stamps() == self._current.stamps
        except OSError as error:
            raise _unusable(self._files, error) from error
        return None if unchanged else _load(self._files)

    async def watch(self, every: float = _CHECK_EVERY_S) -> None:
        """Check the files for changes until cancelled, each ``every`` seconds."""
        while self._files is not None:
            await asyncio.sleep(every)
            try:
                # Files are read in another thread, and replaced on the event loop, which runs the handshakes.
                changed = await asyncio.to_thread(self._changed)
            except TlsError as error:
                log.error("%s; the previous certificate is still served", error)
                continue
            if changed is not None:
                self._current = changed
                log.info("serving the new certificate in %s", self._files.chain)


def _load(files: PemFiles) -> _Loaded:
    try:
        stamps = files.stamps()
        context = _server_context()
        context.load_cert_chain(files.chain, files.key, _NO_PASSWORD)
        certificate = read_certificate(files.chain)
    except (OSError, ssl.SSLError) as error:
        raise _unusable(files, error) from error
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        raise TlsError(f"the certificate {files.chain} expired on {certificate.not_valid_after_utc:%Y-%m-%d}: renew it")
    return _Loaded(context, certificate, stamps)


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _unusable(files: PemFiles, error: Exception) -> TlsError:
    return TlsError(
        f"the certificate {files.chain} with the key {files.key} cannot be used ({error}): both must be PEM files "
        "that belong together"
    )


def read_certificate(chain: Path) -> x509.Certificate:
    """Return the first certificate of a PEM file.

    Raises:
        OSError: the file cannot be read.
        TlsError: it contains no certificate.
    """
    try:
        return x509.load_pem_x509_certificate(chain.read_bytes())
    except ValueError as error:
        raise TlsError(f"{chain} contains no certificate in PEM ({error})") from error
