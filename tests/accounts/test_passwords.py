"""How much work it is to try a password."""

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils.module_loading import import_string

import fusion.settings as product


def test_passwords_are_hashed_at_full_cost() -> None:
    """By Argon2id with the library's parameters; the tests' own process hashes more cheaply."""
    hasher = import_string(product.PASSWORD_HASHERS[0])
    assert hasher is Argon2PasswordHasher
    _, variant, _, cost, *_ = hasher().encode("a password", "a salt of its own").split("$")
    assert (variant, cost) == ("argon2id", "m=102400,t=2,p=8")
