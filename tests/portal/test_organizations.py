"""Who may do what on the pages of customers, and what of the tree they show."""

import pytest

from fusion.access.actor import ADMINISTRATOR, GROUP, KINDS, ROLES, TENANT, VIEWER
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization
from tests.portal.furnished import post, text
from tests.portal.people import make_person, signed_in
from tests.world import World, make_organization

NAMES = {"name": "Forced", "external_reference": ""}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_role(world: World, kind: str, role: str) -> None:
    client = signed_in(make_person((getattr(world, kind), role)))
    administers = role == ADMINISTRATOR
    above = administers and kind != TENANT
    tenant, subscription = world.tenant.id, world.subscription.id
    page = client.get(f"/customers/{tenant}").content.decode()
    assert (f"/customers/{tenant}/edit" in page) == above
    assert (f"/customers/{tenant}/delete" in page) == above
    assert ("/subscriptions/new" in page) == administers
    own = client.get(f"/customers/{getattr(world, kind).id}").content.decode()
    assert ("/edit" in own) == (administers and kind == GROUP)
    assert ("/customers/new" in client.get("/customers").content.decode()) == above
    own_states = client.get(f"/subscriptions/{subscription}").content.decode()
    assert ("/terminate" in own_states) == (administers and kind == GROUP)
    assert ("/suspend" in own_states) == (role != VIEWER and kind == GROUP)
    assert (f"/subscriptions/{subscription}/edit" in own_states) == administers

    forced = {
        "/customers/new": above,
        f"/customers/{tenant}/edit": above,
        f"/customers/{tenant}/delete": above,
        f"/subscriptions/new?organization={tenant}": administers,
        f"/subscriptions/{subscription}/edit": administers,
        f"/subscriptions/{subscription}/suspend": role != VIEWER and kind == GROUP,
        f"/subscriptions/{subscription}/resume": role != VIEWER and kind == GROUP,
        f"/subscriptions/{subscription}/terminate": administers and kind == GROUP,
    }
    before = world.fingerprint()
    fields = {**NAMES, "kind": "tenant", "typed": world.subscription.name}
    for path, may in forced.items():
        if not may:
            assert client.post(path, fields).status_code == 403, path
    assert world.fingerprint() == before


def test_invisible_organizations_are_404(world: World) -> None:
    other = World()
    client = signed_in(make_person((world.reseller, ADMINISTRATOR)))
    group = signed_in(make_person((world.group, ADMINISTRATOR)))
    before = (world.fingerprint(), other.fingerprint())
    unseen = (world.group.id, world.distributor.id, other.tenant.id, new_id())
    for id in unseen:
        for path in ("", "/below", "/edit"):
            assert client.get(f"/customers/{id}{path}").status_code == 404
        for path in ("/edit", "/delete"):
            assert client.post(f"/customers/{id}{path}", NAMES).status_code == 404
        assert client.get(f"/customers/new?parent={id}").status_code == 404
        assert client.post(f"/customers/new?parent={id}", NAMES).status_code == 404
        assert client.post(f"/subscriptions/new?organization={id}", NAMES).status_code == 404
    for deed in ("edit", "suspend", "resume", "terminate"):
        path = f"/subscriptions/{other.subscription.id}/{deed}"
        assert group.post(path, NAMES).status_code == 404
    assert group.post("/subscriptions/new", NAMES).status_code == 404
    assert (world.fingerprint(), other.fingerprint()) == before


def test_the_tree_above_and_beside_stays_invisible(world: World) -> None:
    beside = make_organization("tenant", world.distributor, name="Quinquireme beside")
    client = signed_in(make_person((world.reseller, VIEWER)))
    for path in ("/customers", "/customers?q=quinquireme", f"/customers/{world.tenant.id}"):
        page = client.get(path).content.decode()
        for unseen in (world.distributor.name, world.group.name, beside.name):
            assert unseen not in page, path


def test_a_kind_that_the_parent_does_not_allow(world: World) -> None:
    client = signed_in(make_person((world.reseller, ADMINISTRATOR)))
    before = world.fingerprint()
    for kind in ("distributor", "reseller", "group", ""):
        answer = client.post("/customers/new", {**NAMES, "kind": kind})
        assert answer.status_code == 422
    for wrong in ({"name": " "}, {"name": "x" * 201}, {"external_reference": "x" * 101}):
        answer = client.post("/customers/new", {**NAMES, "kind": "tenant", **wrong})
        assert answer.status_code == 422
    assert world.fingerprint() == before


def test_deleted_ones_are_gone(world: World) -> None:
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    gone = make_organization("tenant", world.reseller, name="Gone soon")
    assert client.post(f"/customers/{gone.id}/delete").status_code == 303
    assert client.get(f"/customers/{gone.id}").status_code == 404
    below = client.get(f"/customers/{world.reseller.id}/below").content.decode()
    assert "Gone soon" not in below
    assert Organization.objects.unscoped("test").get(id=gone.id).status == "deleted"


def test_the_country_of_an_organization(world: World) -> None:
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    rows = Organization.objects.unscoped("test")
    edit, own = f"/customers/{world.tenant.id}/edit", f"/customers/{world.group.id}/edit"
    page = text(client, edit)
    assert "Two letters, such as BE" in page and "If it is empty" not in page
    names = {"name": world.group.name, "external_reference": ""}
    assert post(client, own, **names, country="be").status_code == 303
    assert rows.get(id=world.group.id).country == "BE"
    assert "If it is empty, BE applies." in text(client, edit)
    detail = client.get(f"/customers/{world.tenant.id}").content.decode()
    assert "BE" in detail and "(from an organization above)" in detail
    before = world.fingerprint()
    names = {"name": world.tenant.name, "external_reference": ""}
    answer = post(client, edit, **names, country="ZZ")
    assert answer.status_code == 422
    assert "This country code has no telephone numbers." in answer.content.decode()
    assert world.fingerprint() == before
    new = f"/customers/new?parent={world.reseller.id}"
    fields = {"name": "Bees", "external_reference": "", "kind": "tenant"}
    assert post(client, new, **fields, country="FR").status_code == 303
    assert rows.get(group=world.group, name="Bees").country == "FR"
