"""Hashing of the secrets of API clients."""

import hashlib
import secrets
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher, mask_hash
from django.utils.crypto import constant_time_compare


class SecretHasher(BasePasswordHasher):
    """One salted SHA-256: for secrets of 256 random bits, never for passwords.

    Password hashers are slow to hinder the guessing of short secrets. Nobody can guess 256 random
    bits, and a token must be issued in milliseconds.
    """

    algorithm = "client_secret_sha256"

    def encode(self, password: str, salt: str) -> str:
        """`algorithm$salt$digest`."""
        digest = hashlib.sha256(f"{salt}${password}".encode()).hexdigest()
        return f"{self.algorithm}${salt}${digest}"

    def decode(self, encoded: str) -> dict[str, Any]:
        """The parts of an encoded secret."""
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": digest}

    def verify(self, password: str, encoded: str) -> bool:
        """Whether `encoded` is the hash of this secret."""
        made = self.encode(password, self.decode(encoded)["salt"])
        return constant_time_compare(encoded, made)

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """The parts of a stored secret that may be shown."""
        parts = self.decode(encoded)
        return {"algorithm": self.algorithm, "hash": mask_hash(parts["hash"])}

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Does nothing: there are no rounds to equalize."""


def new_secret() -> str:
    """A new client secret: 256 random bits as 43 characters that never need quoting."""
    return secrets.token_urlsafe(32)
