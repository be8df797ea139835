"""Entitlement and stock are two figures; pages offer what the subscription has and can take."""

from fusion.access.actor import AGENT, VIEWER
from tests.numbers.stock import assigned, entitle, stock
from tests.ordering.placing import line, placed
from tests.portal.furnished import compact
from tests.portal.people import make_person, signed_in
from tests.world import World, make_organization, make_subscription


def test_remaining_entitlement_and_stock_are_shown(world: World) -> None:
    numbers = stock(world, 6)
    entitle(world, 4)
    assigned(world, *numbers[:1])
    placed(world, line(world.seat, 7))
    for kind in ("group", "tenant"):
        client = signed_in(make_person((getattr(world, kind), VIEWER)))
        for path in ("/", f"/subscriptions/{world.subscription.id}"):
            page = client.get(path).content.decode()
            assert "3 left to assign" in page and "5 in stock" in page, path
            assert "7 left to assign" in page and "0 in stock" in page, "sold, and not there"
            assert page.count('class="nowrap short"') == 1, path


def test_numbers_that_were_not_ordered_are_not_offered(world: World) -> None:
    stock(world, 2)
    client = signed_in(make_person((world.tenant, AGENT)))
    take = f"/subscriptions/{world.subscription.id}/numbers/take"
    page = client.get(take, follow=True).content.decode()
    assert "No phone numbers were ordered yet" in page and "Request more" in page
    entitle(world, 1)
    page = client.get(take, follow=True).content.decode()
    assert 'value="fr-geographic"' in page and 'value="be-geographic"' not in page
    choose = client.get(take.replace("take", "choose"), follow=True).content.decode()
    assert 'value="fr-geographic" selected' in choose and 'value="be-geographic"' not in choose


def test_removing_offers_held_products(world: World) -> None:
    world.product("other", {world.user_sku: 1})
    placed(world, line(world.seat, 12))
    client = signed_in(make_person((world.group, AGENT)))
    path = f"/orders/new?subscription={world.subscription.id}"
    page = client.get(path, follow=True).content.decode()
    held = page[page.index('<datalist id="held">') :].partition("</datalist>")[0]
    assert "seat (seat)" in held and "12 held" in held and "other" not in held
    fields = {
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-action": "remove",
        "lines-0-product": "SEAT",
        "lines-0-quantity": "1",
    }
    page = client.post(path, {**fields, "preview": "1"}).content.decode()
    assert "You can place this order" in page and 'list="held"' in page
    page = client.post(path, {**fields, "lines-0-product": "nothing <b>"}).content.decode()
    assert "nothing &lt;b&gt;" in page and "<title>Error: New order" in " ".join(
        compact(page).split()
    )


def test_a_name_that_two_products_have_is_not_guessed(world: World) -> None:
    for code in ("one", "two"):
        product = world.product(code, {world.user_sku: 1})
        type(product).objects.unscoped("test").filter(id=product.id).update(name="Same")
    client = signed_in(make_person((world.group, AGENT)))
    path = f"/orders/new?subscription={world.subscription.id}"
    fields = {
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-action": "add",
        "lines-0-quantity": "1",
        "external_reference": "",
        "effective_at": "",
        "ends_at": "",
        "note": "",
    }
    refused = client.post(path, {**fields, "lines-0-product": "same"})
    assert refused.status_code == 422 and "Several are called" in refused.content.decode()
    assert client.post(path, {**fields, "lines-0-product": "two"}).status_code == 303
    assert client.post(path, {**fields, "lines-0-product": "Same (one)"}).status_code == 303


def test_the_first_list_offers_subscriptions_of_many_customers(world: World) -> None:
    tenant = make_organization("tenant", world.reseller, name="Thimble Works")
    for number in range(12):
        make_subscription(tenant, f"Main {number}")
    gone = make_subscription(tenant, "Gone")
    type(gone).objects.unscoped("test").filter(id=gone.id).update(status="terminated")
    for kind, path in (("group", "/orders/new"), ("reseller", "/order-requests/new")):
        client = signed_in(make_person((getattr(world, kind), AGENT)))
        page = client.get(path).content.decode()
        assert page.count("Thimble Works") == 10 and "Only the newest are shown" in page
        assert ">Gone<" not in page
