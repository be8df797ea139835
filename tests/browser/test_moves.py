"""Moving a reseller and a subscription in a browser, with and without scripts."""

from playwright.sync_api import Browser, expect

from fusion.tenancy.models import Organization, Subscription
from tests.browser.browsing import new_tab
from tests.browser.conftest import SignIn
from tests.browser.scene import Scene
from tests.lifecycle.tree_moves import moves_seen
from tests.portal.people import open_session
from tests.server import Server
from tests.world import make_organization, make_subscription


def test_a_reseller_moves_once(sign_in: SignIn) -> None:
    scene = Scene()
    world, tab = scene.world, sign_in(user=scene.person())
    page = tab.page
    new = make_organization("distributor", world.group, "Northern Distribution")
    tab.go(f"/customers/{world.reseller.id}")
    page.get_by_role("link", name="Move").click()
    expect(page.get_by_text("Where it is now")).to_be_visible()
    page.get_by_label("Name or billing reference").fill("northern")
    expect(page.locator(".pick .item")).to_have_count(1)
    page.get_by_role("link", name="Northern Distribution").click()
    expect(page.get_by_text("You can move it")).to_be_visible()
    make_subscription(world.tenant, "New since")
    page.get_by_role("button", name="Move").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_contain_text("has changed since you saw the preview")
    assert tab.violations() == []
    page.get_by_role("button", name="Move").dblclick()
    expect(page.get_by_role("heading", name=world.reseller.name)).to_be_visible()
    expect(page.locator(".trail")).to_contain_text("Northern Distribution")
    moved = Organization.objects.unscoped("test").get(id=world.reseller.id)
    assert moved.parent_id == new.id
    events = moves_seen(world, new)
    assert len(events) == len(set(events))


def test_a_subscription_moves_without_scripts(browser: Browser, server: Server) -> None:
    scene = Scene()
    world = scene.world
    tenant = make_organization("tenant", world.group, "Merged Ltd", "M-17")
    context = browser.new_context(java_script_enabled=False)
    session = open_session(scene.person())
    context.add_cookies([{"name": "session", "value": session, "url": server.url}])
    tab = new_tab(context, server)
    page = tab.page
    tab.go(f"/subscriptions/{world.subscription.id}")
    page.get_by_role("link", name="Move").click()
    page.get_by_label("Name or billing reference").fill("m-17")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Merged Ltd").click()
    expect(page.get_by_text("You can move it")).to_be_visible()
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_text("Main was moved to Merged Ltd.")).to_be_visible()
    assert (
        Subscription.objects.unscoped("test").get(id=world.subscription.id).tenant_id == tenant.id
    )
    context.close()
    assert tab.faults == []
