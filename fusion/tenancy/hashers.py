"""How the secrets of API clients are stored."""

import hashlib
import secrets
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher, mask_hash
from django.utils.crypto import constant_time_compare


class SecretHasher(BasePasswordHasher):
    """One salted SHA-256: for secrets of 256 random bits, never for passwords.

    What makes a password hasher slow is the guessing of short secrets. Nobody guesses 256 random
    bits, and a token is issued in milliseconds.
    """

    algorithm = "client_secret_sha256"

    def encode(self, password: str, salt: str) -> str:
        """`algorithm$salt$digest`."""
        digest = hashlib.sha256(f"{salt}${password}".encode()).hexdigest()
        return f"{self.algorithm}${salt}${digest}"

    def decode(self, encoded: str) -> dict[str, Any]:
        """The parts of what `encode` made."""
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": digest}

    def verify(self, password: str, encoded: str) -> bool:
        """Whether `encoded` was made of this secret."""
        made = self.encode(password, self.decode(encoded)["salt"])
        return constant_time_compare(encoded, made)

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """What may be shown of a stored secret."""
        parts = self.decode(encoded)
        return {"algorithm": self.algorithm, "hash": mask_hash(parts["hash"])}

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing: there is no number of rounds to catch up with."""


def new_secret() -> str:
    """A new client secret: 256 random bits, 43 characters that need no quoting anywhere."""
    return secrets.token_urlsafe(32)
