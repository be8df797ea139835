"""What the overview shows to whom."""

import pytest

from fusion.access.actor import GROUP, KINDS, ROLES, VIEWER
from fusion.kernel.ids import new_id
from fusion.reporting import rollup
from fusion.reporting.rollup import refresh
from tests.numbers.stock import assigned, entitle, stock
from tests.portal.people import make_person, signed_in
from tests.world import World, make_organization, make_subscription


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_role(world: World, kind: str, role: str) -> None:
    entitle(world, 1)
    assigned(world, *stock(world, 1))
    client = signed_in(make_person((getattr(world, kind), role)))
    page = client.get("/").content.decode()
    writes = role != VIEWER
    assert ("/orders/new" in page) == (writes and kind == GROUP)
    assert ("/order-requests/new" in page) == (writes and kind != GROUP)
    above = {"group": [], "distributor": ["group"], "reseller": ["group", "distributor"]}
    for each in above.get(kind, ["group", "distributor", "reseller"]):
        organization = getattr(world, each)
        assert organization.name not in page
        assert client.get(f"/overview/{organization.id}").status_code == 404
    assert client.get(f"/overview/{world.tenant.id}").status_code == 200


def test_nothing_of_other_organizations(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup, "LARGE", 0)
    other = World()
    beside = make_subscription(make_organization("tenant", world.group), "Quinquireme")
    for each, subscription in ((world, beside), (other, other.subscription)):
        entitle(each, 1, subscription)
        assigned(each, *stock(each, 1), subscription=subscription)
    reseller = signed_in(make_person((world.reseller, VIEWER)))
    group = signed_in(make_person((world.group, VIEWER)))
    for rolled in (False, True):
        if rolled:
            refresh(0)
        assert b"Quinquireme" not in reseller.get("/").content
        page = group.get("/").content.decode()
        assert ("as of now" in page) != rolled
        assert "Quinquireme" in page and str(other.subscription.id) not in page
    for id in (other.group.id, other.tenant.id, new_id()):
        assert group.get(f"/overview/{id}").status_code == 404


def test_invalid_query_parameters_are_refused(world: World) -> None:
    entitle(world, 1)
    client = signed_in(make_person((world.group, VIEWER)))
    refused = client.get("/", {"sku": "nothing like it <b>"})
    assert refused.status_code == 422
    assert "“nothing like it &lt;b&gt;” is not a choice" in refused.content.decode()
    assert 'id="line-title"' not in refused.content.decode()
    for name in ("cursor", "full"):
        assert client.get("/", {name: "x"}).status_code == 422
