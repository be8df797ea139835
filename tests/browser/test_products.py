"""Products, as an administrator of the group makes and changes them in a browser."""

import pytest
from playwright.sync_api import expect

from fusion.catalogue.models import Product
from fusion.catalogue.queries import current_items
from tests.browser.browsing import Tab
from tests.browser.conftest import SignIn
from tests.browser.scene import Scene
from tests.ordering.placing import line, placed


@pytest.fixture
def own(sign_in: SignIn) -> tuple[Scene, Tab]:
    """A provider of the test's own, and a tab of its administrator."""
    scene = Scene()
    return scene, sign_in(user=scene.person())


def product(scene: Scene, code: str) -> Product:
    """The product with that code, as it is now."""
    return Product.objects.visible_to(scene.world.actor()).get(code=code)


def fill_line(tab: Tab, position: int, sku: str, quantity: int) -> None:
    """Fill in a line of the form."""
    row = tab.page.locator(".line").nth(position)
    row.get_by_label("Licence or number type").fill(sku)
    row.get_by_label("Quantity").fill(str(quantity))


def test_add_edit_and_its_revisions(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page = tab.page
    tab.go("/products")
    page.get_by_role("link", name="New product").click()
    page.get_by_label("Code").fill("desk")
    page.get_by_label("Name", exact=True).fill("Desk & <i>phone</i>")
    fill_line(tab, 0, "user", 1)
    page.get_by_role("button", name="Add a line").click()
    expect(page.locator(".line")).to_have_count(2)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Desk & <i>phone</i>")
    page.get_by_role("button", name="Add a line").click()
    expect(page.locator(".line")).to_have_count(3)
    page.get_by_role("button", name="Remove line 3").click()
    expect(page.locator(".line")).to_have_count(2)
    fill_line(tab, 1, "user", 2)
    page.get_by_role("button", name="Add the product").click()
    summary = page.locator("#errors")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Line 2")
    assert tab.violations() == []
    tab.screenshot("product-refused")
    fill_line(tab, 1, "be-geographic", 2)
    page.get_by_role("button", name="Add the product").dblclick()
    expect(page.get_by_text("The product was added.")).to_be_visible()
    expect(page.get_by_role("heading", name="Desk & <i>phone</i>")).to_be_visible()
    assert current_items(product(scene, "desk")) == {"user": 1, "be-geographic": 2}

    page.get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Remove line 1").click()
    expect(page.locator(".line")).to_have_count(1)
    fill_line(tab, 0, "user", 3)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The product was changed.")).to_be_visible()
    expect(page.get_by_text("be-geographic: 2 removed; user: 1 → 3")).to_be_visible()
    assert product(scene, "desk").revision == 2


def test_concurrent_edits_are_detected(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page = tab.page
    tab.go(f"/products/{scene.world.seat.id}/edit")
    Product.objects.visible_to(scene.world.actor()).filter(code="seat").update(version=7)
    page.get_by_label("Name", exact=True).fill("Mine")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#errors")).to_contain_text("changed it after you opened this page")
    assert product(scene, "seat").name == "seat"


def test_retire_reactivate_duplicate_delete(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page = tab.page
    placed(scene.world, line(scene.world.seat, 1))
    tab.go(f"/products/{scene.world.seat.id}")
    page.get_by_role("button", name="Retire").click()
    expect(page.get_by_text("Nobody can order this product any more.")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Retire").click()
    expect(page.get_by_text("The product was retired.")).to_be_visible()
    page.get_by_role("button", name="Reactivate").click()
    page.get_by_role("dialog").get_by_role("button", name="Reactivate").click()
    expect(page.get_by_text("The product can now be ordered again.")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".head").get_by_text("Retired")).to_be_visible()
    page.get_by_role("link", name="Duplicate").click()
    page.get_by_label("Code").fill("seat-2")
    page.get_by_role("button", name="Add the product").click()
    expect(page.get_by_text("The product was added.")).to_be_visible()
    assert current_items(product(scene, "seat-2")) == {"user": 1, "be-geographic": 1}
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The product is no longer sold.")).to_be_visible()
    assert not Product.objects.visible_to(scene.world.actor()).filter(code="seat-2").exists()


def test_search_in_place(own: tuple[Scene, Tab]) -> None:
    _, tab = own
    page = tab.page
    tab.go("/products")
    page.get_by_label("Code or name").fill("seat")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.wait_for_url("**/products?q=seat*")
    page.get_by_label("Code or name").fill("nothing like it")
    expect(page.get_by_text("No product matches")).to_be_visible()


def test_a_number_type_is_added(own: tuple[Scene, Tab]) -> None:
    _, tab = own
    page = tab.page
    tab.go("/products/skus/new")
    page.get_by_label("Code").fill("gb-mobile")
    page.get_by_label("Name", exact=True).fill("UK mobile number")
    page.get_by_label("Country").fill("zz")
    page.get_by_label("Number type").select_option("mobile")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#errors")).to_contain_text("This country code has no telephone numbers")
    page.get_by_label("Country").fill("gb")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("UK mobile number")).to_be_visible()
