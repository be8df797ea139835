"""Passwords that are cheap to hash and to try: one of full cost takes a fifth of a second."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class CheapArgon2(Argon2PasswordHasher):
    """The product's algorithm with the least work, for the process of the tests.

    Servers that the tests start hash at full cost; `test_passwords.py` holds the product's setting.
    """

    time_cost, memory_cost, parallelism = 1, 8, 1
