"""The rules of scopes, by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fusion.access.actor import GROUP, KINDS, SCOPES, including_reads
from fusion.access.rules import grantable, in_order

pytestmark = pytest.mark.pure

kinds = some.sampled_from(KINDS)
scopes = some.lists(some.sampled_from(SCOPES))


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
