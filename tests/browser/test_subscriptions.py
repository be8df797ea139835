"""A subscription in a browser: users, lists of them, numbers, trunks, and where licences went."""

import pytest
from playwright.sync_api import FilePayload, expect

from fusion.access.actor import AGENT, VIEWER
from tests.browser.browsing import Tab
from tests.browser.conftest import SignIn
from tests.browser.scene import FOREIGN, Scene
from tests.numbers.stock import statuses
from tests.portal.furnished import at
from tests.trunks.calling import admitted, end, order_channels
from tests.users.staff import created, equip, linked, seen, work


@pytest.fixture
def own(sign_in: SignIn) -> tuple[Scene, Tab]:
    """A provider of the test's own, and a tab of an agent of the customer."""
    scene = Scene()
    return scene, sign_in(user=scene.person("tenant", AGENT))


def test_users_from_adding_to_deleting(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page, world = tab.page, scene.world
    first, second = equip(world, 1, 2)
    tab.go(at(world, "users"))
    page.get_by_role("link", name="Add the first user").click()
    page.get_by_label("Login").fill("anna@example.com")
    page.get_by_label("Name").fill(FOREIGN)
    page.get_by_role("button", name="Add the user").dblclick()
    expect(page.get_by_text("The user was added.")).to_be_visible()
    expect(page.get_by_role("heading", name=FOREIGN)).to_be_visible()

    page.get_by_role("link", name="Link to a number").click()
    expect(page.get_by_role("button", name=first)).to_be_visible()
    page.get_by_label("Digits of the number").fill(second[1:])
    expect(page.get_by_role("button", name=first)).to_have_count(0)
    page.get_by_role("button", name=second).click()
    expect(page.get_by_text(f"The user now has the number {second}.")).to_be_visible()
    user = {"id": page.url.rpartition("/")[2]}
    assert seen(world, user)["number"] == second

    other = created(world, "bob")
    tab.go(at(world, "users", other["id"], "link"))
    page.get_by_role("button", name=first).click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_contain_text("1 ordered, 1 in use")
    expect(page.get_by_role("link", name="Request more")).to_be_visible()
    tab.screenshot("subscription-user-refused")
    assert tab.violations() == []
    page.get_by_role("link", name="Users with a number").click()
    expect(page.locator("tbody tr")).to_have_count(1)

    page.get_by_role("link", name=FOREIGN).click()
    page.get_by_role("button", name="Unlink").click()
    page.get_by_role("dialog").get_by_role("button", name="Unlink").click()
    expect(page.get_by_text("no longer has a number")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The user was deleted.")).to_be_visible()
    assert seen(world, user) is None


def test_search_in_place(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page, world = tab.page, scene.world
    for login in ("anna", "bob", "carl"):
        created(world, login)
    tab.go(at(world, "users"))
    page.get_by_label("Login or name starts with").fill("bo")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.wait_for_url("**/users?q=bo*")
    page.get_by_label("Number").select_option("yes")
    expect(page.get_by_text("No user matches")).to_be_visible()


def test_a_list_is_uploaded_and_watched(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page, world = tab.page, scene.world
    [number] = equip(world, 1, 1)
    tab.go(at(world, "users"))
    page.get_by_role("link", name="Upload a list").click()
    with page.expect_download() as sample:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert sample.value.suggested_filename == "users.csv"
    broken: FilePayload = {"name": "users.xlsx", "mimeType": "text/csv", "buffer": b"PK\x03\x04..."}
    page.get_by_label("List").set_input_files(files=[broken])
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#errors")).to_contain_text("save it again as XLSX, or as CSV (UTF-8)")
    rows = f"login,display_name,kind,number\nanna,Anna,user,{number}\nbob,Bob,user,+33199999999\n"
    list_: FilePayload = {"name": "users.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    page.get_by_label("List").set_input_files(files=[list_])
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("of 2 rows done")).to_be_visible()
    expect(page.get_by_text("You can leave this page")).to_be_visible()
    work()
    expect(page.get_by_text("1 failed")).to_be_visible()
    expect(page.get_by_text("Finished")).to_be_visible()
    page.get_by_label("Show").select_option("failed")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("This number is not assigned")
    tab.screenshot("subscription-upload-failed")


def test_a_bad_list_is_explained_beside_the_field(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page, world = tab.page, scene.world
    tab.go(at(world, "users", "uploads"))
    wrong: dict[str, tuple[bytes, str]] = {
        "header": (
            b"login;name;Name;department of the person\r\na;A;B;C\r\n",
            "unknown columns: department of the person",
        ),
        "password": (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "a password; save it as XLSX without a password",
        ),
        "web-page": (b"<table><tr><td>login</td></tr></table>", "not a table"),
        "empty": (b"login;name\r\n", "no users"),
    }
    for name, (content, text) in wrong.items():
        file: FilePayload = {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": content}
        page.get_by_label("List").set_input_files(files=[file])
        page.get_by_role("button", name="Upload").click()
        expect(page.locator("#errors")).to_contain_text(text)
        described = page.get_by_label("List").get_attribute("aria-describedby") or ""
        shown = [page.locator(f"#{id}").inner_text() for id in described.split()]
        assert any(text in each for each in shown), described
        for width in (320, 1280):
            tab.resize(width)
            assert tab.overflows() == [], width
            tab.screenshot(f"subscription-upload-{name}-{width}")
        assert tab.violations() == []


def test_numbers_from_taking_to_restoring(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page, world = tab.page, scene.world
    tab.go(at(world, "numbers"))
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_role("link", name="Assign numbers").click()
    page.get_by_role("button", name="Take").click()
    expect(page.get_by_text("was assigned")).to_be_visible()
    page.get_by_role("link", name="Assign numbers").click()
    page.get_by_role("button", name="Take").click()
    summary = page.locator("#errors")
    expect(summary).to_contain_text("5 ordered, 5 in use")
    tab.screenshot("subscription-numbers-refused")
    page.get_by_role("link", name="Numbers you can release").click()
    row = page.locator("tbody tr").first
    number = row.get_by_role("link").first.inner_text()
    row.get_by_role("link").first.click()
    page.get_by_role("button", name="Release").click()
    tab.screenshot("subscription-number-release")
    page.get_by_role("dialog").get_by_role("button", name="Release").click()
    expect(page.get_by_text("The number was released.")).to_be_visible()
    assert statuses(number) == ["quarantined"]
    page.get_by_label("Ends with").fill(number[1:])
    expect(page.locator("tbody tr")).to_have_count(1)
    wanted: list[str] = []
    page.on("request", lambda request: wanted.append(request.url))
    page.get_by_role("link", name=number).click()
    expect(page.get_by_role("button", name="Restore")).to_be_visible()
    assert not any("ends=" in url for url in wanted), "leaving the field fetches nothing anew"
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The number was restored")).to_be_visible()
    assert statuses(number) == ["assigned"]


def test_chosen_numbers(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page, world = tab.page, scene.world
    tab.go(at(world, "numbers", "choose"))
    offered = page.locator("#found input")
    expect(offered.first).to_be_visible()
    last = offered.last.get_attribute("value") or ""
    page.get_by_label("Starts with").fill(last)
    expect(offered).to_have_count(1)
    offered.check()
    page.get_by_label("Starts with").fill("")
    expect(offered).not_to_have_count(1)
    expect(offered.first).to_be_checked()
    tab.screenshot("subscription-numbers-ticked")
    page.get_by_role("button", name="Take").click()
    expect(page.get_by_text(f"{last} was assigned.")).to_be_visible()
    assert statuses(last) == ["assigned"]


def test_trunks_and_their_calls(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page, world = tab.page, scene.world
    order_channels(world, 2)
    tab.go(at(world, "trunks"))
    page.get_by_role("link", name="Add the first trunk").click()
    page.get_by_label("Name").fill(FOREIGN)
    page.get_by_label("Country").fill("be")
    page.get_by_role("button", name="Add the trunk").click()
    expect(page.get_by_role("heading", name=FOREIGN)).to_be_visible()
    trunk = page.url.rpartition("/")[2]
    page.get_by_role("link", name="Route a number").click()
    choice = page.locator("#found button").first
    number = choice.get_attribute("value") or ""
    choice.click()
    expect(page.get_by_text("is now routed to this trunk")).to_be_visible()
    admitted(world, trunk, "first", "second")
    expect(page.get_by_text("All in use")).to_be_visible(timeout=9_000)
    expect(page.locator("#live tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("live calls: 2")).to_be_visible()
    end(world, trunk, "first")
    end(world, trunk, "second")
    page.get_by_role("button", name=f"Remove {number}").click()
    expect(page.get_by_text("was removed from the trunk")).to_be_visible()
    expect(page.get_by_text("Ended calls")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The trunk was deleted.")).to_be_visible()


def test_where_a_licence_went(own: tuple[Scene, Tab], sign_in: SignIn) -> None:
    scene, _ = own
    world = scene.world
    [number] = equip(world, 1, 1)
    linked(world, created(world, "anna"), number)
    tab = sign_in(user=scene.person("tenant", VIEWER))
    page = tab.page
    tab.go(at(world))
    card = page.locator(".card.stat", has=page.get_by_role("heading", name="user", exact=True))
    expect(card).to_contain_text("All in use")
    expect(page.get_by_role("link", name="Request more")).to_have_count(0)
    card.get_by_role("link", name="Usage").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("What happened").select_option("consume")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Anna").click()
    expect(page.get_by_role("heading", name="Anna")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    page.get_by_role("link", name="Audit").click()
    page.get_by_label("What", exact=True).select_option("user")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("User linked to a number: Anna")
