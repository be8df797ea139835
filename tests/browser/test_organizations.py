"""Customers: finding, adding, changing and ending them in a browser."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from fusion.kernel.clock import now
from fusion.tenancy.models import Organization, Subscription
from tests.browser.browsing import Tab
from tests.browser.conftest import SignIn
from tests.browser.scene import LONG, Scene
from tests.ordering.placing import balances
from tests.world import make_organization


@pytest.fixture
def own(sign_in: SignIn) -> tuple[Scene, Tab]:
    """A provider of the test's own, and a tab of its administrator."""
    scene = Scene()
    return scene, sign_in(user=scene.person())


def test_walking_the_tree(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page, world = tab.page, scene.world
    for number in range(51):
        make_organization("tenant", world.distributor, name=f"Branch {number:02}")
    tab.go("/customers")
    expect(page.get_by_text(world.distributor.name)).to_be_visible()
    expect(page.get_by_text("Branch 00")).to_have_count(0)
    twist = page.get_by_label(f"Organizations below {world.distributor.name}")
    twist.click()
    expect(page.get_by_text("Branch 00")).to_be_visible()
    page.get_by_role("link", name="Show more").click()
    expect(page.get_by_text("Branch 50")).to_be_visible()
    assert tab.violations() == []
    twist.click()
    expect(page.get_by_text("Branch 00")).to_be_hidden()
    twist.press("Enter")
    expect(page.get_by_text("Branch 00")).to_be_visible()
    page.get_by_label("Name or billing reference").fill("branch 4")
    expect(page.locator(".tree > li:not(.more)")).to_have_count(14)
    page.get_by_role("link", name="Branch 42").click()
    expect(page.get_by_role("heading", name="Branch 42")).to_be_visible()
    expect(page.get_by_text("There are no subscriptions yet")).to_be_visible()


def test_add_edit_and_delete(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page, world = tab.page, scene.world
    tab.go(f"/customers/{world.reseller.id}")
    page.get_by_role("link", name="Add below").click()
    page.get_by_label("Name").fill("New <b>customer</b>")
    page.get_by_label("Billing reference").fill("C-1")
    page.get_by_role("button", name="Add").dblclick()
    expect(page.get_by_role("heading", name="New <b>customer</b>")).to_be_visible()
    rows = Organization.objects.visible_to(world.actor()).filter(external_reference="C-1")
    assert [(row.kind, row.parent_id) for row in rows] == [("tenant", world.reseller.id)]
    page.get_by_role("link", name="Add the first one").click()
    page.get_by_label("Name").fill("Head office")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("The subscription was added.")).to_be_visible()
    page.locator(".trail a").last.click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Name").fill("Renamed")
    page.get_by_label("Billing reference").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Renamed")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#errors")).to_contain_text("0 organizations and 1 active subscriptions")
    page.get_by_role("link", name="Show everything below it").click()
    page.get_by_role("link", name="Head office").click()
    end(tab, "Head office")
    page.locator(".trail a").last.click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("It was deleted.")).to_be_visible()


def end(tab: Tab, name: str) -> None:
    """Terminate the subscription whose page is open."""
    page = tab.page
    page.get_by_role("link", name="Terminate").click()
    page.get_by_label("Type the name").fill(name)
    page.get_by_role("button", name="Terminate").click()
    expect(page.get_by_text("The subscription was terminated.")).to_be_visible()


def test_a_reference_that_is_taken(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page = tab.page
    rows = Organization.objects.unscoped("test").filter(id=scene.world.tenant.id)
    rows.update(external_reference="TAKEN")
    tab.go("/customers/new")
    page.get_by_label("Name").fill("Second")
    page.get_by_label("Billing reference").fill("TAKEN")
    page.get_by_label("Customer").check()
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_contain_text("TAKEN")
    expect(page.get_by_label("Name")).to_have_value("Second")


def _planned_and_cancelled(page: Page) -> None:
    """A suspension for tomorrow, cancelled on the subscription's page."""
    tomorrow = (now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    page.get_by_role("link", name="Suspend").click()
    page.get_by_label("When it takes effect").fill(tomorrow)
    page.get_by_label("Reason").select_option("fraud")
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("Scheduled as order")).to_be_visible()
    subscription = page.url
    expect(page.get_by_role("heading", name="Planned")).to_be_visible()
    page.get_by_role("button", name="Cancel the order").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the order").click()
    expect(page.get_by_text("The order was cancelled.")).to_be_visible()
    page.goto(subscription)
    expect(page.get_by_role("heading", name="Planned")).to_have_count(0)


def test_suspend_resume_terminate_restore(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page, world = tab.page, scene.world
    tab.go(f"/subscriptions/{scene.ids['full']}")
    page.get_by_role("link", name="Suspend").click()
    expect(page.get_by_text("stay with the subscription")).to_be_visible()
    page.get_by_label("Reason").select_option("non_payment")
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("The subscription was suspended.")).to_be_visible()
    expect(page.get_by_role("cell", name="Non-payment")).to_be_visible()
    page.get_by_role("link", name="Resume").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("The subscription is active again.")).to_be_visible()
    _planned_and_cancelled(page)
    page.get_by_role("link", name="Terminate").click()
    expect(page.get_by_text("2: they go into quarantine")).to_be_visible()
    page.get_by_label("Type the name").fill("Something else")
    page.get_by_role("button", name="Terminate").click()
    expect(page.locator("#errors")).to_contain_text("This is not the name of the subscription")
    subscription = Subscription.objects.visible_to(world.actor()).get(id=scene.ids["full"])
    assert subscription.status == "active"
    page.get_by_label("Type the name").fill(f" {LONG} ")
    page.get_by_role("button", name="Terminate").dblclick()
    expect(page.get_by_text("The subscription was terminated.")).to_be_visible()
    expect(page.get_by_role("link", name="Terminate")).to_have_count(0)
    assert set(balances(world, subscription).values()) == {(0, 0)}
    page.get_by_role("link", name="Restore").click()
    expect(page.get_by_text("You can restore it")).to_be_visible()
    expect(page.get_by_text("2 × ")).to_be_visible()
    assert tab.violations() == []
    page.get_by_role("button", name="Restore").dblclick()
    expect(page.get_by_text("The subscription was restored.")).to_be_visible()
    expect(page.get_by_role("link", name="Restore")).to_have_count(0)
    assert set(balances(world, subscription).values()) == {(2, 2)}
