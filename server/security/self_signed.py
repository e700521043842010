"""A self-signed certificate for the names and addresses of this host, for a local network."""

import ipaddress
import socket
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from acutance.server.security.tls import Certificate, PemFiles, TlsError, read_certificate

# Apple's systems refuse certificates that are valid for longer than 825 days, even private ones.
_LIFETIME = timedelta(days=365)
_LEAST_LEFT = timedelta(days=1)


def self_signed(folder: Path | None = None) -> Certificate:
    """Make a certificate for this host, or read the one that an earlier start wrote to a folder.

    Args:
        folder: where `certificate.pem` and `key.pem` are kept, so that exceptions in browsers remain valid after a
            restart; None to keep the certificate and its key in memory only.

    Raises:
        TlsError: the folder cannot be written, or its files cannot be used.
    """
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            files = _files(folder)
            if not _usable(files):
                _write(files)
            return Certificate(files)
        # OpenSSL reads keys only from files; this one is deleted as soon as it has been read.
        with tempfile.TemporaryDirectory(prefix="acutance-") as temporary:
            files = _files(Path(temporary))
            _write(files)
            return Certificate(files, follow=False)
    except OSError as error:
        where = folder or tempfile.gettempdir()
        raise TlsError(f"no certificate can be written to {where} ({error.strerror or error})") from error


def _files(folder: Path) -> PemFiles:
    return PemFiles(folder / "certificate.pem", folder / "key.pem")


def _usable(files: PemFiles) -> bool:
    if not (files.chain.exists() and files.key.exists()):
        return False
    return read_certificate(files.chain).not_valid_after_utc > datetime.now(UTC) + _LEAST_LEFT


def _write(files: PemFiles) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"acutance on {socket.gethostname()}"[:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks differ
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_names()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files.key.unlink(missing_ok=True)  # others may be allowed to read an older file
    files.key.touch(mode=0o600, exist_ok=False)
    files.key.write_bytes(pem)
    files.chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _names() -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.DNSName(socket.gethostname())]
    for addresses in psutil.net_if_addrs().values():
        for address in addresses:
            if address.family in (socket.AF_INET, socket.AF_INET6):
                names.append(x509.IPAddress(ipaddress.ip_address(address.address.partition("%")[0])))
    return names
