"""The secrets of API clients, by property."""

from hypothesis import given
from hypothesis import strategies as some

from fusion.clients.hashers import SecretHasher, new_secret


@given(some.text(min_size=1, max_size=40, alphabet=some.characters(codec="utf-8")))
def test_secrets_are_salted(secret: str) -> None:
    hasher = SecretHasher()
    first, second = (hasher.encode(secret, hasher.salt()) for _ in range(2))
    assert first != second
    assert secret == "$" or len(secret) < 8 or secret not in first
    assert hasher.verify(secret, first)
    assert hasher.verify(secret, second)
    assert not hasher.verify(secret + "x", first)
    assert hasher.safe_summary(first)["algorithm"] == hasher.algorithm


def test_secrets_are_long_and_differ() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) == 43
