"""Pages of refusals and faults lead on: menu, a way home that works, sign-out, the request's id."""

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.browsing import new_tab
from tests.browser.conftest import SignIn
from tests.browser.failing import FAILURES
from tests.server import Server


@pytest.mark.parametrize("code", FAILURES)
def test_no_dead_end(code: str, sign_in: SignIn) -> None:
    tab = sign_in("tenant")
    page = tab.page
    assert tab.go(f"/failing/{code}") == FAILURES[code]
    main = page.get_by_role("main")
    expect(main).to_contain_text("request id")
    expect(page.get_by_role("navigation", name="Main").get_by_role("link")).not_to_have_count(0)
    expect(main.get_by_role("link", name="Try again")).to_have_count(int(FAILURES[code] >= 500))
    main.get_by_role("link", name="Go to the overview").click()
    expect(page.get_by_role("heading", name="Licences")).to_be_visible()
    tab.go(f"/failing/{code}")
    main.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_form_that_is_too_large_comes_back_as_a_page(sign_in: SignIn) -> None:
    tab = sign_in()
    page = tab.page
    tab.go("/customers/new")
    page.get_by_label("Name").evaluate("(field) => field.removeAttribute('maxlength')")
    page.get_by_label("Name").evaluate("(field) => { field.value = 'x'.repeat(1_200_000) }")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="This is too large")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Go to the overview").click()
    expect(page.get_by_role("heading", name="Licences")).to_be_visible()


def test_too_often_and_not_signed_in(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    tab = new_tab(context, server)
    for code in ("rate-limited", "internal-error", "unavailable"):
        assert tab.go(f"/failing/{code}") == FAILURES[code]
        tab.page.get_by_role("link", name="Go to the sign-in page").click()
        expect(tab.page.get_by_label("Password", exact=True)).to_be_visible()
    context.close()
    assert tab.faults == []


def test_a_wrong_method_is_a_page_for_browsers_alone(server: Server) -> None:
    for path in ("/account/language", "/account/theme"):
        seen = httpx.get(server.url + path, headers={"Accept": "text/html"})
        assert (seen.status_code, seen.headers["content-type"][:9]) == (405, "text/html"), path
        result = httpx.get(server.url + path)
        assert result.status_code == 405, path
