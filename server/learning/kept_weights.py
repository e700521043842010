"""The weights of named streams, kept between calls in files, encrypted if a key is given. Never pictures."""

import hashlib
import os
from collections.abc import Collection
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

_PLAIN, _SEALED = b"acutance weights 1\n", b"acutance sealed weights 1\n"
_SALT, _NONCE = 16, 12
"""Bytes of the salt of scrypt, and of the nonce of AES-GCM (NIST SP 800-38D)."""
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}
"""RFC 7914's parameters for interactive use: 50 ms and 16 MB; the key is a random secret, not a password."""
_LARGEST = 4 * 1024 * 1024
"""Bytes; a student of the memory has 40 kB."""


class KeptWeightsError(RuntimeError):
    """Weights cannot be read or written; the message says which file and why."""


class KeptWeights:
    """The weights of the streams that are remembered. Thread-safe: each call is one file operation.

    Args:
        folder: Folder of the files, readable by the owner only; made if it is missing.
        streams: Names of the streams that are remembered.
        key: Secret from which the key of AES-256-GCM is derived; None to write files in the clear.
    """

    def __init__(self, folder: Path, streams: Collection[str], key: str | None = None) -> None:
        self._folder = folder
        self._streams = frozenset(streams)
        self._key = None if key is None else key.encode()

    def load(self, stream: str, student: str) -> bytes | None:
        """Return the weights of a student for a stream, an ONNX file; None if there are none.

        Raises:
            KeptWeightsError: the file cannot be read, or not with this key.
        """
        file = self._file(stream, student)
        if stream not in self._streams or not file.exists():
            return None
        try:
            with file.open("rb") as opened:
                content = opened.read(_LARGEST)
        except OSError as error:
            raise KeptWeightsError(f"{file} cannot be read: {error.strerror}") from error
        if content.startswith(_PLAIN) and self._key is None:
            return content.removeprefix(_PLAIN)
        if not content.startswith(_SEALED) or self._key is None:
            raise KeptWeightsError(f"{file} was not written with the same --remember-key: delete it, or give that key")
        sealed = content.removeprefix(_SEALED)
        salt, nonce, text = sealed[:_SALT], sealed[_SALT : _SALT + _NONCE], sealed[_SALT + _NONCE :]
        try:
            return self._cipher(salt).decrypt(nonce, text, _bound_to(stream, student))
        except (InvalidTag, ValueError):
            raise KeptWeightsError(f"{file} does not open with this --remember-key") from None

    def save(self, stream: str, student: str, weights: bytes) -> None:
        """Keep the weights of a student if the stream is one of those that are remembered; older ones are replaced.

        Raises:
            KeptWeightsError: the file cannot be written.
        """
        if stream not in self._streams:
            return
        content = _PLAIN + weights
        if self._key is not None:
            salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
            content = _SEALED + salt + nonce + self._cipher(salt).encrypt(nonce, weights, _bound_to(stream, student))
        file = self._file(stream, student)
        partial = file.with_suffix(".partial")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.touch(mode=0o600)
            partial.write_bytes(content)
            partial.replace(file)
        except OSError as error:
            raise KeptWeightsError(f"{file} cannot be written: {error.strerror}") from error

    def delete(self, stream: str) -> bool:
        """Delete all weights of a stream; return whether there were any."""
        files = list(self._folder.glob(f"{_digest(stream)}-*.weights"))
        for file in files:
            file.unlink(missing_ok=True)
        return bool(files)

    def _file(self, stream: str, student: str) -> Path:
        return self._folder / f"{_digest(stream)}-{_digest(student)}.weights"

    def _cipher(self, salt: bytes) -> AESGCM:
        assert self._key is not None
        return AESGCM(Scrypt(salt=salt, length=32, **_SCRYPT).derive(self._key))


def _digest(name: str) -> str:
    # A name may be a path; its hash cannot.
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _bound_to(stream: str, student: str) -> bytes:
    """Return the data that a file is bound to: renamed, it does not open."""
    return f"{stream}\n{student}".encode()
