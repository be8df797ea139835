"""The organizations to which something can be moved."""

from fusion.lifecycle.move_places import list_places
from fusion.tenancy.models import Organization
from fusion.tenancy.rules import MOVABLE
from tests.world import World, make_organization


def names(world: World, *kinds: str, text: str = "", limit: int = 10) -> list[str]:
    return [each["name"] for each in list_places(world.actor(), kinds, text, limit=limit)]


def test_active_ones_of_these_kinds_from_the_top(world: World) -> None:
    World()
    deleted = make_organization("reseller", world.group, "Deleted")
    Organization.objects.unscoped("test").filter(id=deleted.id).update(status="deleted")
    tree = [world.group.name, world.distributor.name, world.reseller.name, world.tenant.name]
    assert names(world, "group", "distributor", "reseller", "tenant") == tree
    assert names(world, "group", "reseller") == [tree[0], tree[2]]
    assert names(world, "tenant") == [tree[3]]
    assert names(world, "reseller", text="deleted") == []
    (group,) = list_places(world.actor(), ["group"], "", limit=1)
    assert (group["id"], group["kind"], group["parent_name"]) == (world.group.id, "group", None)


def test_matches_by_name(world: World) -> None:
    for name, reference in (("Berg", None), ("Alpha Berg", None), ("berlin", "ref-bergen")):
        make_organization("tenant", world.distributor, name, reference)
    assert names(world, "tenant", text="berg") == ["Alpha Berg", "Berg", "berlin"]
    assert names(world, "tenant", text="berg", limit=2) == ["Alpha Berg", "Berg"]
    assert names(world, "reseller", text="berg") == []
    assert names(world, "tenant", text="b") == []
    (found,) = list_places(world.actor(), ["tenant"], "bergen", limit=1)
    assert found["external_reference"] == "ref-bergen"
    assert found["parent_name"] == world.distributor.name


def test_only_these_kinds_can_move() -> None:
    assert MOVABLE == ("reseller", "tenant")
