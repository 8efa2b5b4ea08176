"""Sealing (AES-256-GCM) and keyed hashing, with keys derived from the one secret.

Sealed: contacts, quarantined rows as received, staged rows, archived exports. A sealed value is
12 random nonce bytes followed by ciphertext and tag; the purpose is authenticated with it, so a
value sealed as a contact cannot be opened as something else.
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline.domain.errors import OperatorError


class SealBroken(OperatorError):
    """A sealed value was changed, or sealed with another HOTLINE_SECRET_KEY."""


class Vault:
    """``Vault(settings.secret)``. Purposes are short fixed words such as ``contact``."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(
            hashlib.blake2b(secret, person=b"hotline-seal", digest_size=32).digest()
        )
        hash_key = hashlib.blake2b(secret, person=b"hotline-hash", digest_size=32).digest()
        self._keyed = hmac.new(hash_key, digestmod=hashlib.blake2b)

    def seal(self, value: bytes, purpose: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, value, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Raises :class:`SealBroken`."""
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], purpose.encode())
        except (InvalidTag, ValueError) as error:  # the latter where not even a nonce is left
            raise SealBroken(
                f"无法解密（{purpose}）：数据被改动，或 HOTLINE_SECRET_KEY 与写入时不同。"
            ) from error

    def keyed_hash(self, value: str) -> str:
        """16 hex characters that link equal values (callers) without telling them."""
        keyed = self._keyed.copy()  # half the time of working the key in for each value
        keyed.update(value.encode())
        return keyed.hexdigest()[:16]
