"""The inventory and the trail, as an agent of the group uses them in a browser."""

from playwright.sync_api import expect

from fusion.access.actor import AGENT
from tests.browser.conftest import SignIn
from tests.browser.scene import Scene
from tests.numbers.stock import block
from tests.numbers.test_range_changes import unknown


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
    page.get_by_label("First number").fill(f"{numbers[0]}-99")
    page.get_by_role("button", name="Add the range").click()
    expect(page.locator("#errors")).to_contain_text("looks like a block of numbers")
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
    page.get_by_label("Event", exact=True).select_option("order.*")
    row = page.locator("tbody tr").first
    row.locator("summary").click()
    expect(row.locator("pre")).to_contain_text('"subscription_id"')
    assert tab.violations() == []


def test_a_range_is_accepted_corrected_and_removed(sign_in: SignIn) -> None:
    scene = Scene()
    first, last = unknown(scene.world, 20)
    tab = sign_in(user=scene.person("group", AGENT))
    page = tab.page
    tab.go("/inventory/ranges/new")
    page.get_by_label("Number type").select_option("us-geographic")
    page.get_by_label("First number").fill(f"({first[2:5]}) {first[5:8]}-{first[8:]}")
    page.get_by_label("Last number").fill(last)
    page.get_by_role("button", name="Add the range").click()
    expect(page.locator("#errors")).to_contain_text("is not a valid phone number of US")
    page.get_by_label("Accept unknown numbers").check()
    page.get_by_role("button", name="Add the range").click()
    expect(page.locator("#errors")).to_contain_text("Is required")
    page.get_by_label("Reason for accepting them").fill("Allocated by the regulator.")
    page.get_by_role("button", name="Add the range").click()
    expect(page.get_by_text("20 numbers were added.")).to_be_visible()
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("Accepted as unknown")
    row.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("First number")).to_have_value(first)
    page.get_by_label("Last number").fill(f"+{int(last[1:]) - 10}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The range was changed.")).to_be_visible()
    expect(page.locator("tbody tr").first.locator("td.num")).to_have_text("10")
    page.locator("tbody tr").first.get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Delete").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The range and its numbers were removed.")).to_be_visible()
    assert tab.violations() == []
