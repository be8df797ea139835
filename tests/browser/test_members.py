"""People and programs of an organization, as its administrator manages them in a browser."""

import re

from playwright.sync_api import expect

from fusion.kernel.ids import new_id
from tests.browser.browsing import Tab
from tests.browser.conftest import SignIn
from tests.browser.scene import Scene
from tests.portal.people import PASSWORD
from tests.queued import waiting_mails
from tests.server import Server


def test_invited_accepted_changed_and_removed(sign_in: SignIn, tab: Tab, server: Server) -> None:
    scene = Scene()
    admin = sign_in(user=scene.person("tenant"))
    page = admin.page
    admin.go(f"/customers/{scene.world.tenant.id}")
    page.get_by_role("link", name="Members").click()
    page.get_by_role("link", name="Invite").click()
    email = f"{new_id()}@example.com"
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Agent:").check()
    page.get_by_role("button", name="Send the invitation").dblclick()
    expect(page.get_by_text(f"An invitation was sent to {email}.")).to_be_visible()
    expect(page.get_by_text("Invited")).to_be_visible()
    (mail,) = waiting_mails(email)
    (link,) = re.findall(r"http://\S+", mail.text)
    assert link.startswith(server.url)

    tab.page.goto(link)
    assert tab.path == "/invitation"
    assert tab.violations() == []
    tab.screenshot("invitation")
    tab.page.get_by_label("Your name").fill("New <b>colleague</b>")
    tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.page.get_by_label("Password, once more").fill(PASSWORD)
    tab.page.get_by_role("button", name="Accept the invitation").click()
    expect(tab.page.get_by_role("heading", name="Licences")).to_be_visible()

    page.reload()
    row = page.locator("tr", has_text=email)
    expect(row).to_contain_text("New <b>colleague</b>")
    row.get_by_role("link", name="Change role").click()
    page.get_by_label("Viewer:").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The role was changed.")).to_be_visible()
    expect(row).to_contain_text("Viewer")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The member was removed.")).to_be_visible()
    tab.page.reload()
    expect(tab.page.get_by_text("You belong to no organization")).to_be_visible()


def test_an_api_client_from_first_to_last(sign_in: SignIn) -> None:
    scene = Scene()
    admin = sign_in(user=scene.person("tenant"))
    page = admin.page
    admin.go(f"/customers/{scene.world.tenant.id}/api-clients")
    page.get_by_role("link", name="Create the first one").click()
    page.get_by_label("Name").fill("Billing")
    page.get_by_label("(orders:read)").check()
    page.get_by_role("button", name="Make it").click()
    secret = page.locator("#secret").inner_text()
    assert len(secret) == 43
    assert admin.violations() == []
    admin.screenshot("client-secret")
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text(secret)).to_have_count(0)
    page.get_by_role("button", name="New secret").click()
    page.get_by_role("dialog").get_by_role("button", name="Generate a new secret").click()
    assert page.locator("#secret").inner_text() != secret
    page.get_by_role("link", name="Done").click()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The API client was revoked")).to_be_visible()
    expect(page.get_by_text("There are no API clients yet")).to_be_visible()
