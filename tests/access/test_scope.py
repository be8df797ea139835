"""Whose rows are meant must be said; and what a subtree is."""

from collections.abc import Callable
from typing import Any

import pytest

from fusion.access.actor import system_actor
from fusion.access.visibility import UnscopedQuery, under
from fusion.accounts.models import Member
from fusion.clients.models import ApiClient
from fusion.tenancy.models import Organization, Subscription
from tests.world import World, make_organization


@pytest.mark.parametrize(
    "query",
    [
        Organization.objects.all,
        lambda: Organization.objects.get(name="x"),
        lambda: Subscription.objects.filter(name="x"),
        Subscription.objects.count,
        Member.objects.first,
        lambda: ApiClient.objects.filter(name="x"),
        ApiClient.objects.all,
        ApiClient.scoped.all,
        lambda: Organization.objects.create(name="x"),
        lambda: Organization.objects.unscoped(""),
    ],
)
def test_a_query_says_whose_rows_it_means(query: Callable[[], Any]) -> None:
    with pytest.raises(UnscopedQuery):
        query()


@pytest.mark.parametrize("kind", ["group", "distributor", "reseller", "tenant"])
def test_each_sees_its_subtree(world: World, kind: str) -> None:
    World()
    beside = make_organization("distributor", world.group)
    branch = [world.group, world.distributor, world.reseller, world.tenant]
    own: Organization = getattr(world, kind)
    expected = {o.id for o in branch[branch.index(own) :]}
    if own == world.group:
        expected.add(beside.id)
    seen = Organization.objects.visible_to(world.actor(kind))
    assert set(seen.values_list("id", flat=True)) == expected
    assert Subscription.objects.visible_to(world.actor(kind)).count() == 1


def test_under_selects_exactly_the_subtree(world: World) -> None:
    rows = Organization.objects.unscoped("test")
    paths = set(rows.filter(under(world.distributor.path)).values_list("path", flat=True))
    everything = set(rows.values_list("path", flat=True))
    assert paths == {path for path in everything if path.startswith(world.distributor.path)}


def test_the_system_acts_for_a_whole_group(world: World) -> None:
    actor = system_actor(world.group.id, "system:test")
    assert actor.path == world.group.path
    assert actor.is_above(world.tenant.path)
    assert actor.has_scope("catalogue:write")
    assert Subscription.objects.visible_to(actor).get().id == world.subscription.id
