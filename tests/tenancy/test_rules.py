"""The rules of the tree, by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fusion.access.actor import KINDS
from fusion.tenancy.rules import misplaced

pytestmark = pytest.mark.pure

kinds = some.sampled_from(KINDS)


@given(kinds, kinds)
def test_the_parent_of_an_organization_has_a_higher_kind(kind: str, parent: str) -> None:
    allowed = not misplaced(kind, parent)
    higher = KINDS.index(parent) < KINDS.index(kind)
    assert allowed == higher


def test_why_an_organization_cannot_have_that_parent() -> None:
    assert set(misplaced("group", "group")) == {"kind"}
    assert misplaced("reseller", "tenant") == {
        "parent_id": "is a tenant, but the parent of a reseller must be a group or distributor"
    }
