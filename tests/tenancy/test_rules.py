"""The rules of tenancy, by property."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fusion.tenancy.actor import GROUP, KINDS, SCOPES, including_reads
from fusion.tenancy.hashers import SecretHasher, new_secret
from fusion.tenancy.rules import (
    MAX_EMAIL,
    MIN_PASSWORD,
    grantable,
    in_order,
    misplaced,
    normal_email,
)

kinds = some.sampled_from(KINDS)
scopes = some.lists(some.sampled_from(SCOPES))


@given(kinds, kinds)
def test_a_kind_stands_only_under_a_higher_one(kind: str, parent: str) -> None:
    allowed = not misplaced(kind, parent)
    higher = KINDS.index(parent) < KINDS.index(kind)
    assert allowed == higher


def test_limits() -> None:
    assert (MAX_EMAIL, MIN_PASSWORD) == (254, 12)


def test_why_it_may_not_stand_there() -> None:
    assert set(misplaced("group", "group")) == {"kind"}
    assert misplaced("reseller", "tenant") == {
        "parent_id": "is a tenant, but the parent of a reseller must be a group or distributor"
    }


def test_the_longest_email() -> None:
    assert normal_email(" A@Example.com ") == "a@example.com"
    label = "a" * 61
    domain = ".".join([label] * 3) + ".example"
    longest = "x" * (MAX_EMAIL - len(domain) - 1) + "@" + domain
    assert normal_email(longest) == longest
    with pytest.raises(ValueError, match="254"):
        normal_email("x" + longest)


@given(kinds)
def test_only_groups_write_the_catalogue(kind: str) -> None:
    assert set(SCOPES) - set(grantable(kind)) == (set() if kind == GROUP else {"catalogue:write"})


@given(scopes)
def test_in_order_keeps_the_known_scopes(held: list[str]) -> None:
    assert set(in_order(held)) == set(held)
    assert in_order(held) == [scope for scope in SCOPES if scope in held]
    assert in_order(in_order(held)) == in_order(held)


@given(scopes)
def test_writing_includes_reading_and_nothing_else(held: list[str]) -> None:
    more = including_reads(held) - set(held)
    assert all(scope.endswith(":read") for scope in more)
    assert all(scope.replace(":read", ":write") in held for scope in more)


@settings(max_examples=30, deadline=None)
@given(some.emails(), some.text(" \t", max_size=3))
def test_one_spelling_of_an_email(email: str, space: str) -> None:
    try:
        normal = normal_email(email)
    except ValueError:
        return
    assert normal == normal_email(space + email.upper() + space) == normal_email(normal)


@given(some.text(max_size=40))
def test_invalid_emails_are_refused(text: str) -> None:
    if "@" not in text:
        with pytest.raises(ValueError, match="e-mail"):
            normal_email(text)


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
