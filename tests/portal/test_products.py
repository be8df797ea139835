"""Who may do what on the pages of products, and what they tell below the group."""

import re
from typing import Any

import pytest

from fusion.access.actor import ADMINISTRATOR, AGENT, KINDS, ROLES, VIEWER
from fusion.catalogue.change_product import change_product
from fusion.kernel.ids import new_id
from fusion.portal.product_rules import limits_in_words
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
    "description": "",
    "external_reference": "",
    "min_quantity": "",
    "max_quantity": "",
    "step": "",
    "places": "1",
    "requires_0": "",
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
    sku["external_reference"] = ""
    may_add = kind == "group" and role != VIEWER
    expected = 303 if may_add else 403
    if not may_add:
        assert world.fingerprint() == before
    assert client.post("/products/skus/new", sku).status_code == expected
    edit = f"/products/skus/{world.user_sku.id}/edit"
    assert (edit in client.get("/products/skus").content.decode()) == may_add
    changed = {"name": "User licence", "external_reference": "U-1"}
    assert client.post(edit, changed).status_code == expected
    assert ("U-1" in client.get("/products/skus").content.decode()) == may_add


def test_the_reference_of_another_sku_is_refused(world: World) -> None:
    agent = signed_in(make_person((world.group, AGENT)))
    taken = {"name": "Seat", "external_reference": "U-1"}
    agent.post(f"/products/skus/{world.user_sku.id}/edit", taken)
    before = world.fingerprint()
    page = agent.post(f"/products/skus/{world.channel_sku.id}/edit", taken)
    assert page.status_code == 422 and world.fingerprint() == before
    assert "Another SKU already has the external reference U-1." in page.content.decode()


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
        {"min_quantity": "0"},
        {"step": "1000001"},
        {"max_quantity": "x"},
        {"requires_0": "unknown"},
        {"requires_7": "seat"},
        {"places": "2"},
        {"places": "21"},
        {"places": "0"},
    )
    for change in wrong:
        assert client.post("/products/new", {**FIELDS, **change}).status_code == 422, change
    for rows in ("x", "-1", "99999999999", "add"):
        answer = client.post("/products/new?once=" + str(new_id()), {**FIELDS, "rows": rows})
        assert answer.status_code == 200, rows
    assert world.fingerprint() == before


def test_the_rules_of_a_product(world: World) -> None:
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    world.product("base", {world.user_sku: 1})
    rules = {"min_quantity": "5", "max_quantity": "50", "step": "5"}
    # Empty fields between the chosen ones do not count.
    chosen = {"places": "3", "requires_0": "seat (seat)", "requires_1": "", "requires_2": "base"}
    created = client.post("/products/new", {**FIELDS, **rules, **chosen})
    assert created.status_code == 303
    path = created["Location"]
    page = client.get(path).content.decode()
    assert "0, or a multiple of 5 from 5 to 50" in page
    assert re.search(rf'<a\s+href="/products/{world.seat.id}"\s*>seat</a>', page)
    edit = client.get(f"{path}/edit", follow=True).content.decode()
    shown = re.findall(r'<input type="text" name="requires_(\d+)" (?:value="(.*?)")?', edit)
    assert shown == [("0", "base (base)"), ("1", "seat (seat)"), ("2", ""), ("3", "")]
    assert 'value="forced (forced)"' not in edit
    copied = client.get(f"/products/new?from={path.split('/')[2]}", follow=True).content.decode()
    assert re.search(r'name="step" value="5"', copied) and "base (base)" in copied
    file = client.get("/products.csv").getvalue().decode()
    assert "min_quantity,max_quantity,step,requires" in file and ",5,50,5,base; seat," in file
    order = client.get(f"/orders/new?subscription={world.subscription.id}", follow=True)
    note = "allowed: 0, or a multiple of 5 from 5 to 50 · requires base, seat"
    assert f'<option value="Forced (forced)">{note}</option>' in order.content.decode()


def test_rules_that_are_refused_stand_beside_their_fields(world: World) -> None:
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    base = world.product("base", {world.user_sku: 1})
    change_product(world.actor(), product_id=base.id, changes={"requires": ["seat"]})
    form = {**FIELDS, "name": "seat", "version": "1"}
    del form["code"]
    before = world.fingerprint()
    path = f"/products/{world.seat.id}/edit"
    for wrong, field, text in (
        ({"places": "2", "requires_1": "base"}, "requires_1", "seat → base → seat"),
        ({"min_quantity": "6", "max_quantity": "5"}, "max_quantity", "the minimum (6) or more"),
        ({"min_quantity": "6", "max_quantity": "9", "step": "5"}, "step", "No multiple of 5 lies"),
    ):
        answer = client.post(path, {**form, **wrong})
        assert answer.status_code == 422
        error = re.search(rf'id="id_{field}_error">(.*?)</div>', answer.content.decode(), re.S)
        assert error and text in error[1]
    answer = client.post(path, {name: form[name] for name in form if name != "requires_0"})
    assert answer.status_code == 422
    answer = client.post(f"/products/{world.seat.id}/delete", follow=True)
    assert "Other products require seat: base." in answer.content.decode()
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ((None, None, None), ""),
        ((1, None, 1), ""),
        ((5, None, None), "0, or at least 5"),
        ((None, 9, 1), "0, or 1 to 9"),
        ((None, None, 5), "0, or a multiple of 5 from 5 on"),
        ((10, 50, 5), "0, or a multiple of 5 from 10 to 50"),
    ],
)
def test_limits_in_words(limits: tuple[int | None, int | None, int | None], words: str) -> None:
    assert limits_in_words(*limits) == words


def test_an_order_that_breaks_rules_is_refused_in_words(world: World) -> None:
    client = signed_in(make_person((world.group, AGENT)))
    extra = world.product("extra", {world.user_sku: 1})
    rules: Any = {"step": 5, "min_quantity": 10, "requires": ["seat"]}
    change_product(world.actor(), product_id=extra.id, changes=rules)
    lines = {
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-action": "add",
        "lines-0-product": "extra",
        "lines-0-quantity": "7",
        "external_reference": "",
        "effective_at": "",
        "note": "",
    }
    path = f"/orders/new?subscription={world.subscription.id}"
    sentences = (
        "Product extra: the subscription would hold 7. Allowed: 0, or a multiple of 5 from 10 on."
        " Change the order so that it holds 0 or 10.",
        "Product extra requires seat. Add that in the same order, or before it.",
    )
    for button in ({"preview": "1"}, {}):
        page = client.post(path, {**lines, **button}).content.decode()
        assert all(sentence in page for sentence in sentences)
    placed(world, line(world.seat), line(extra, 10))
    lines |= {"lines-0-action": "remove", "lines-0-product": "seat", "lines-0-quantity": "1"}
    page = client.post(path, lines).content.decode()
    assert "Product seat is required by extra, which the subscription still holds." in page
