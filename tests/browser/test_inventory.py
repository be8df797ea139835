"""The inventory and the trail, as an agent of the group uses them in a browser."""

from playwright.sync_api import expect

from fusion.access.actor import AGENT
from tests.browser.conftest import SignIn
from tests.browser.scene import Scene
from tests.numbers.stock import block


def test_a_range_is_added_and_its_numbers_found(sign_in: SignIn) -> None:
    scene = Scene()
    tab = sign_in(user=scene.person("group", AGENT))
    page = tab.page
    numbers = block(12)
    tab.go("/inventory")
    page.get_by_role("link", name="Add a range").click()
    page.get_by_label("Number type").select_option("fr-geographic")
    page.get_by_label("First number").fill("+32 2 123 45 67")
    page.get_by_label("Last number").fill("+32 2 123 45 68")
    page.get_by_role("button", name="Add the range").click()
    expect(page.locator("#errors")).to_be_focused()
    page.get_by_label("First number").fill(f"{numbers[0][:4]} {numbers[0][4:]}")
    page.get_by_label("Last number").fill(numbers[-1])
    page.get_by_role("button", name="Add the range").dblclick()
    expect(page.get_by_text("12 numbers were added.")).to_be_visible()
    page.get_by_role("link", name="Numbers").click()
    page.get_by_label("Starts with").fill(numbers[5][:-4])
    page.get_by_label("Ends with").fill(numbers[5][-3:])
    page.get_by_label("Status").select_option("free")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text(numbers[5])
    page.get_by_role("link", name="Audit").click()
    expect(page.locator("tbody tr").first).to_contain_text("Number range added")
    page.get_by_label("What").select_option("order")
    expect(page.locator("tbody tr").first).not_to_contain_text("Number range added")
    page.get_by_role("link", name="Events").click()
    page.get_by_label("About").select_option("order")
    row = page.locator("tbody tr").first
    row.locator("summary").click()
    expect(row.locator("pre")).to_contain_text('"subscription_id"')
    assert tab.violations() == []
