"""Asking for more and deciding, as both sides do it in a browser."""

from playwright.sync_api import expect

from fusion.access.actor import ADMINISTRATOR, AGENT, VIEWER
from fusion.ordering.models import OrderRequest
from tests.browser.browsing import Tab
from tests.browser.conftest import SignIn
from tests.browser.scene import Scene
from tests.ordering.placing import balances


def states(scene: Scene) -> list[str]:
    """The states of all requests, oldest first."""
    rows = OrderRequest.objects.visible_to(scene.world.actor()).order_by("id")
    return list(rows.values_list("state", flat=True))


def ask(tab: Tab, scene: Scene, quantity: int) -> None:
    """Ask for seats."""
    page = tab.page
    tab.go(f"/order-requests/new?subscription={scene.ids['subscription']}")
    page.get_by_label("Product").fill("seat (seat)")
    page.get_by_label("Quantity").fill(str(quantity))
    page.get_by_label("Note").fill("For <b>Monday</b>")
    page.get_by_role("button", name="Send the request").dblclick()
    expect(page.get_by_text("Your request was sent.")).to_be_visible()


def test_a_request_is_raised_changed_and_approved(sign_in: SignIn) -> None:
    scene = Scene()
    before = len(states(scene))
    tenant = sign_in(user=scene.person("tenant", ADMINISTRATOR))
    ask(tenant, scene, 7)
    expect(tenant.page.get_by_role("link", name="Review and approve")).to_have_count(0)
    assert len(states(scene)) == before + 1

    group = sign_in(user=scene.person("group", AGENT))
    page = group.page
    group.go("/order-requests")
    page.locator("tbody tr", has_text="+7 seat").get_by_role("link").click()
    expect(page.get_by_text("For <b>Monday</b>")).to_be_visible()
    page.get_by_role("link", name="Review and approve").click()
    expect(page.locator("#preview")).to_contain_text("+7")
    page.get_by_label("Quantity").fill("3")
    expect(page.locator("#preview")).to_contain_text("+3")
    page.get_by_role("button", name="Approve and order").click()
    expect(page.get_by_text("The request was approved")).to_be_visible()
    assert balances(scene.world)["user"][0] == 3
    tenant.page.reload()
    expect(tenant.page.get_by_text("The request was ordered")).to_be_visible()
    tenant.page.get_by_role("link", name="Order", exact=False).last.click()
    expect(tenant.page.get_by_text("+3")).to_have_count(2)


def test_rejected_with_a_reason(sign_in: SignIn) -> None:
    scene = Scene()
    group = sign_in(user=scene.person("group", AGENT))
    group.go(f"/order-requests/{scene.ids['request']}/reject")
    page = group.page
    page.get_by_label("Reason").fill("   ")
    page.get_by_role("button", name="Reject").click()
    expect(page.locator("#errors")).to_be_focused()
    page.get_by_label("Reason").fill("Sold <i>out</i>")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("The request was rejected.")).to_be_visible()
    tenant = sign_in(user=scene.person("tenant", VIEWER))
    tenant.go(f"/order-requests/{scene.ids['request']}")
    expect(tenant.page.get_by_text("Sold <i>out</i>")).to_be_visible()
    expect(tenant.page.get_by_role("button", name="Withdraw")).to_have_count(0)


def test_withdrawn_and_decided_meanwhile(sign_in: SignIn) -> None:
    scene = Scene()
    tenant = sign_in(user=scene.person("tenant", ADMINISTRATOR))
    group = sign_in(user=scene.person("group", AGENT))
    group.go(f"/order-requests/{scene.ids['request']}/approve")
    tenant.go(f"/order-requests/{scene.ids['request']}")
    tenant.page.get_by_role("button", name="Withdraw").click()
    tenant.page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(tenant.page.get_by_text("The request was withdrawn.")).to_be_visible()
    group.page.get_by_role("button", name="Approve and order").click()
    expect(group.page.locator("#errors")).to_contain_text("This request was already withdrawn")


def test_reseller_asks_for_its_customer(sign_in: SignIn) -> None:
    scene = Scene()
    reseller = sign_in(user=scene.person("reseller", AGENT))
    page = reseller.page
    reseller.go("/order-requests")
    page.get_by_role("link", name="Request more").first.click()
    page.get_by_label("Customer, subscription").fill("gemein")
    page.locator(".pick").get_by_role("link", name="Gemeinschaftspraxis").first.click()
    page.get_by_label("Product").fill("seat (seat)")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_text("Your request was sent.")).to_be_visible()
    tenant = sign_in(user=scene.person("tenant", ADMINISTRATOR))
    tenant.go(reseller.path)
    expect(tenant.page.get_by_text("Reseller, Your provider")).to_be_visible()
    expect(tenant.page.get_by_role("button", name="Withdraw")).to_have_count(0)
    assert states(scene)[-1] == "open"
