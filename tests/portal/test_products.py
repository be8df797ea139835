"""Who may do what on the pages of products, and what they tell below the group."""

import pytest

from fusion.access.actor import ADMINISTRATOR, KINDS, ROLES, VIEWER
from fusion.kernel.ids import new_id
from tests.ordering.placing import line, placed
from tests.portal.people import make_person, signed_in
from tests.world import World, make_organization, make_subscription

FIELDS = {
    "code": "forced",
    "name": "Forced",
    "items-TOTAL_FORMS": "1",
    "items-INITIAL_FORMS": "0",
    "items-0-sku": "user",
    "items-0-quantity": "1",
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_role(world: World, kind: str, role: str) -> None:
    client = signed_in(make_person((getattr(world, kind), role)))
    may = kind == "group" and role == ADMINISTRATOR
    page = client.get(f"/products/{world.seat.id}").content.decode()
    assert world.seat.name in page
    assert ("show-modal" in page, "/edit" in page) == (may, may)
    assert ("/products/new" in client.get("/products").content.decode()) == may
    if may:
        return
    before = world.fingerprint()
    for path in ("new", *(f"{world.seat.id}/{action}" for action in ("edit", "retire", "delete"))):
        assert client.post(f"/products/{path}", {**FIELDS, "version": "1"}).status_code == 403
    sku = {"code": "x", "name": "x", "country": "BE", "number_type": "mobile"}
    may_add = kind == "group" and role != VIEWER
    expected = 303 if may_add else 403
    if not may_add:
        assert world.fingerprint() == before
    assert client.post("/products/skus/new", sku).status_code == expected
    edit = f"/products/skus/{world.user_sku.id}/edit"
    assert (edit in client.get("/products/skus").content.decode()) == may_add
    assert client.post(edit, {"name": "User licence"}).status_code == expected


def test_invisible_products_are_404(world: World) -> None:
    other = World()
    admin = signed_in(make_person((world.group, ADMINISTRATOR)))
    before = other.fingerprint()
    for id in (other.seat.id, new_id()):
        for path in ("", "/edit"):
            assert admin.get(f"/products/{id}{path}").status_code == 404
        assert admin.post(f"/products/{id}/edit", FIELDS).status_code == 404
        for path in ("/retire", "/reactivate", "/delete"):
            assert admin.post(f"/products/{id}{path}").status_code == 404
        assert admin.get(f"/products/new?from={id}").status_code == 404
    for id in (other.user_sku.id, new_id()):
        for method in (admin.get, admin.post):
            assert method(f"/products/skus/{id}/edit", {"name": "x"}).status_code == 404
    assert other.fingerprint() == before


def test_a_retired_product_is_not_seen_below_the_group(world: World) -> None:
    admin = signed_in(make_person((world.group, ADMINISTRATOR)))
    admin.post(f"/products/{world.seat.id}/retire")
    tenant = signed_in(make_person((world.tenant, VIEWER)))
    assert tenant.get(f"/products/{world.seat.id}").status_code == 404
    assert admin.get(f"/products/{world.seat.id}").status_code == 200


def test_only_visible_holders_are_listed(world: World) -> None:
    placed(world, line(world.seat, 4))
    beside = make_subscription(make_organization("tenant", world.group), "Beside")
    placed(world, line(world.seat, 1), subscription=beside)
    path = f"/products/{world.seat.id}"
    group = signed_in(make_person((world.group, VIEWER))).get(path).content.decode()
    tenant = signed_in(make_person((world.tenant, VIEWER))).get(path).content.decode()
    assert ("Beside" in group, "Beside" in tenant) == (True, False)
    assert world.subscription.name in tenant


def test_malformed_rows_are_refused_and_nothing_changes(world: World) -> None:
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    before = world.fingerprint()
    wrong = (
        {"items-TOTAL_FORMS": "x"},
        {"items-TOTAL_FORMS": "9999999"},
        {"items-TOTAL_FORMS": "0"},
        {"items-0-sku": "unknown"},
        {"items-0-quantity": "0"},
        {"items-0-quantity": "1000001"},
        {"items-0-quantity": "1.5"},
        {"code": "no spaces"},
        {"name": "\0"},
        {"name": "x" * 201},
    )
    for change in wrong:
        assert client.post("/products/new", {**FIELDS, **change}).status_code == 422, change
    for rows in ("x", "-1", "99999999999", "add"):
        answer = client.post("/products/new?once=" + str(new_id()), {**FIELDS, "rows": rows})
        assert answer.status_code == 200, rows
    assert world.fingerprint() == before
