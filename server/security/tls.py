"""TLS for the page and signalling: from files that may change while the server runs, or made for a LAN."""

import asyncio
import datetime
import hashlib
import ipaddress
import logging
import socket
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 60.0
# For an encrypted key, which is refused so: OpenSSL would ask at the terminal, and the server wait for it.
_NO_PASSWORD = ""
# Apple's systems refuse certificates that are valid for longer than 825 days, home-made ones too.
_LIFETIME = datetime.timedelta(days=365)


class TlsError(ValueError):
    """A certificate that cannot be used; the message says which file and why."""


@dataclass
class Certificate:
    """A certificate and its key in PEM files, and the context that serves them.

    Attributes:
        chain, key: the files.
        context: follows the files when `reload` is called.
    """

    chain: Path
    key: Path
    context: ssl.SSLContext
    _stamps: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, chain: Path, key: Path) -> "Certificate":
        """Read the files.

        Raises:
            TlsError: they cannot be read, do not belong together, or the certificate's time is over.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        certificate = cls(chain, key, context)
        certificate.reload()
        return certificate

    def reload(self) -> bool:
        """Take the files again if they changed; return whether they did. What is connected stays connected.

        Raises:
            TlsError: they changed for the worse; the ones before are still served.
        """
        try:
            stamps = (self.chain.stat().st_mtime_ns, self.key.stat().st_mtime_ns)
            if stamps == self._stamps:
                return False
            # In a context of its own first: a chain without its key would leave the served one broken.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.chain, self.key, _NO_PASSWORD)
            if self.expires <= datetime.datetime.now(datetime.UTC):
                raise TlsError(f"the certificate {self.chain} expired on {self.expires:%Y-%m-%d}: renew it")
            self.context.load_cert_chain(self.chain, self.key, _NO_PASSWORD)
        except (OSError, ssl.SSLError) as error:
            raise TlsError(
                f"the certificate {self.chain} with the key {self.key} cannot be used ({error}): both must be PEM "
                "files that belong together"
            ) from error
        self._stamps = stamps
        return True

    @property
    def expires(self) -> datetime.datetime:
        """When the certificate's time is over."""
        return _read(self.chain).not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate as browsers show it: pairs of hexadecimal digits."""
        digest = hashlib.sha256(_read(self.chain).public_bytes(serialization.Encoding.DER)).hexdigest().upper()
        return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))

    async def watch(self) -> None:
        """Follow the files until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                if await asyncio.to_thread(self.reload):
                    log.info("serving the certificate that %s holds now", self.chain)
            except TlsError as error:
                log.error("%s; the one before is still served", error)


def self_signed(folder: Path | None = None) -> Certificate:
    """Make a certificate for this machine's names and addresses, for a LAN.

    Args:
        folder: where its two files are kept for the next start, so that a browser's exception stays good; None for a
            temporary one.

    Raises:
        TlsError: the folder cannot be written.
    """
    try:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="acutance-"))
        folder.mkdir(parents=True, exist_ok=True)
        chain, key = folder / "certificate.pem", folder / "key.pem"
        if not (chain.exists() and key.exists()) or _read(chain).not_valid_after_utc <= _tomorrow():
            _write(chain, key)
    except OSError as error:
        raise TlsError(f"no certificate can be written to {folder} ({error.strerror or error})") from error
    return Certificate.of(chain, key)


def _tomorrow() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)


def _write(chain: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"acutance on {socket.gethostname()}"[:64])])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # clocks differ
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_names()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    key.touch(mode=0o600)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _names() -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.DNSName(socket.gethostname())]
    for addresses in psutil.net_if_addrs().values():
        for address in addresses:
            if address.family in (socket.AF_INET, socket.AF_INET6):
                names.append(x509.IPAddress(ipaddress.ip_address(address.address.partition("%")[0])))
    return names


def _read(chain: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(chain.read_bytes())
    except ValueError as error:
        raise TlsError(f"{chain} holds no certificate in PEM ({error})") from error
