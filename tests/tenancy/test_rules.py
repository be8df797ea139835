"""The rules of the tree, by property."""

from hypothesis import given
from hypothesis import strategies as some

from fusion.access.actor import KINDS
from fusion.tenancy.rules import misplaced

kinds = some.sampled_from(KINDS)


@given(kinds, kinds)
def test_a_kind_stands_only_under_a_higher_one(kind: str, parent: str) -> None:
    allowed = not misplaced(kind, parent)
    higher = KINDS.index(parent) < KINDS.index(kind)
    assert allowed == higher


def test_why_it_may_not_stand_there() -> None:
    assert set(misplaced("group", "group")) == {"kind"}
    assert misplaced("reseller", "tenant") == {
        "parent_id": "is a tenant, but the parent of a reseller must be a group or distributor"
    }
