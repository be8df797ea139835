"""Where the focus goes when lines come and go, and what stands before the button that orders."""

from playwright.sync_api import expect

from tests.browser.conftest import SignIn
from tests.browser.scene import Scene


def test_lines_keep_the_focus_in_the_form(sign_in: SignIn, scene: Scene) -> None:
    tab = sign_in()
    page = tab.page
    tab.go(f"/orders/new?subscription={scene.ids['subscription']}")
    for count in (2, 3):
        page.get_by_role("button", name="Add a line").click()
        expect(page.locator(".line")).to_have_count(count)
        expect(page.locator(f"[name=lines-{count - 1}-action]")).to_be_focused()
    page.get_by_role("button", name="Remove line 2").click()
    expect(page.locator(".line")).to_have_count(2)
    expect(page.locator("[name=lines-1-action]")).to_be_focused()
    page.locator("[name=lines-1-action]").select_option("remove")
    expect(page.locator("[name=lines-1-product]")).to_have_attribute("list", "held")
    page.get_by_role("button", name="Place the order").click()
    expect(page).to_have_title("Error: New order · Fusion")
    expect(page.locator("#errors")).to_be_focused()


def test_the_preview_is_seen_before_the_button(sign_in: SignIn, scene: Scene) -> None:
    tab = sign_in()
    tab.resize(390)
    for path in (
        f"/orders/new?subscription={scene.ids['subscription']}&again={scene.ids['order']}",
        f"/order-requests/{scene.ids['request']}/approve",
    ):
        tab.go(path)
        preview = tab.page.locator("#preview").bounding_box()
        button = tab.page.locator("#order .btn.primary").bounding_box()
        assert preview and button and preview["y"] + preview["height"] <= button["y"], path
        expect(tab.page.locator("#preview")).not_to_contain_text("Fill in the lines")
