"""The overview, as somebody looks for who runs out."""

from playwright.sync_api import expect

from fusion.access.actor import ADMINISTRATOR, AGENT, VIEWER
from tests.browser.conftest import SignIn
from tests.browser.scene import LONG, Scene
from tests.numbers.stock import assigned, entitle, stock
from tests.ordering.placing import line, placed
from tests.trunks.calling import admitted, order_channels, trunk_id
from tests.world import make_subscription


def test_navigate_from_the_overview_to_a_full_balance(sign_in: SignIn) -> None:
    scene = Scene()
    world = scene.world
    order_channels(world, 4)
    admitted(world, trunk_id(world), "one", "two")
    tab = sign_in(user=scene.person("group", AGENT))
    page = tab.page
    tab.go("/")
    expect(page.get_by_text("as of now")).to_be_visible()
    expect(page.locator(".stat", has_text="sip-channel")).to_contain_text("2 of 4")
    expect(page.locator("#line-title")).not_to_have_text("fr-geographic")
    page.locator(".stat").get_by_role("link", name="fr-geographic").click()
    expect(page.locator("#line-title")).to_have_text("fr-geographic")
    assert tab.violations() == []
    first = page.locator(".runs-out").first
    expect(first).to_contain_text(LONG)
    expect(first).to_contain_text("All in use")
    for organization in (world.distributor, world.reseller, world.tenant):
        page.get_by_role("link", name=organization.name).last.click()
        expect(page.locator(".head")).to_contain_text(organization.name)
    expect(page.locator("tbody tr", has_text="Main")).to_contain_text("2 / 4")
    first.get_by_role("link", name="Order").click()
    expect(page.get_by_role("heading", name="New order")).to_be_visible()
    expect(page.locator(".head")).to_contain_text(LONG)


def test_it_grows_with_an_order(sign_in: SignIn) -> None:
    scene = Scene()
    tab = sign_in(user=scene.person("tenant", VIEWER))
    page = tab.page
    tab.go("/")
    expect(page.locator(".stat", has_text="user")).to_contain_text("1,200")
    placed(scene.world, line(scene.world.seat, 34))
    page.reload()
    expect(page.locator(".stat", has_text="user")).to_contain_text("1,234")
    expect(page.get_by_role("link", name="Request more")).to_have_count(0)
    asks = sign_in(user=scene.person("tenant", ADMINISTRATOR))
    asks.go("/")
    asks.page.locator(".runs-out").first.get_by_role("link", name="Request more").click()
    expect(asks.page.get_by_role("heading", name="Request more")).to_be_visible()


def test_the_list_of_full_subscriptions_has_further_pages(sign_in: SignIn) -> None:
    scene = Scene()
    numbers = stock(scene.world, 9)
    for number, e164 in enumerate(numbers):
        subscription = make_subscription(scene.world.tenant, f"Full {number}")
        entitle(scene.world, 1, subscription)
        assigned(scene.world, e164, subscription=subscription)
    tab = sign_in(user=scene.person("reseller", VIEWER))
    tab.go("/")
    page = tab.page
    expect(page.locator(".runs-out")).to_have_count(8)
    page.locator("#fullest").get_by_role("link", name="Show more").click()
    expect(page.locator(".runs-out")).to_have_count(11)
