"""Signing in and what protects an account, as someone does it in a browser."""

import re
import time

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from playwright.sync_api import expect

from fusion.access.actor import AGENT, VIEWER
from fusion.accounts.models import User
from tests.browser.browsing import Tab
from tests.browser.conftest import SignIn
from tests.browser.scene import Scene
from tests.portal.people import PASSWORD, join, make_person
from tests.queued import waiting_mails


@pytest.fixture(autouse=True)
def unlimited() -> None:
    """Attempts are counted for all tests together: each begins with none."""
    cache.clear()


@pytest.fixture
def person(scene: Scene) -> User:
    """Someone of their own for a test."""
    return make_person((scene.world.group, AGENT))


def enter(tab: Tab, person: User, password: str = PASSWORD) -> None:
    """Fill in the sign-in page and send it."""
    page = tab.page
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_signing_in_and_out(tab: Tab, person: User) -> None:
    tab.go("/account/security?from=here")
    enter(tab, person, "not the password")
    summary = tab.page.locator("#errors")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("The e-mail address or password is incorrect")
    enter(tab, person)
    expect(tab.page.get_by_role("heading", name="Account security")).to_be_visible()
    assert tab.path == "/account/security?from=here"
    tab.page.get_by_role("button", name="Account menu").click()
    tab.page.get_by_role("button", name="Sign out").click()
    tab.page.wait_for_url("**/sign-in")
    tab.go("/account")
    assert tab.path.startswith("/sign-in")


def confirm(tab: Tab) -> None:
    """Give the password once more, as what protects the account asks for."""
    tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.page.get_by_role("button", name="Confirm").click()


def code_of(secret: str) -> str:
    """What an authenticator app shows at this moment."""
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30)))


def test_second_factor(tab: Tab, person: User) -> None:
    page = tab.page
    tab.go("/account/security")
    enter(tab, person)
    page.get_by_role("link", name="Set up").click()
    confirm(tab)
    secret = page.locator("code").inner_text()
    assert tab.violations() == []
    tab.screenshot("account-second-factor-on")
    page.get_by_label("Authenticator code").fill("000000")
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator("#errors")).to_be_focused()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Turn on").click()
    codes = page.locator("pre").inner_text().split()
    assert len(codes) == 10
    assert tab.violations() == []
    tab.screenshot("account-recovery-codes")
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("10 recovery codes are left")).to_be_visible()
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("button", name="Sign out").click()

    tab.go("/account/security")
    enter(tab, person)
    expect(page.get_by_role("heading", name="Two-factor authentication")).to_be_visible()
    assert tab.violations() == []
    tab.screenshot("sign-in-second-factor")
    tab.go("/")
    assert tab.path.startswith("/sign-in"), "the password alone is not enough"
    page.get_by_label("Code").fill("12345678")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#errors")).to_be_focused()
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("9 recovery codes are left")).to_be_visible()
    page.get_by_role("link", name="Turn off").click()
    confirm(tab)
    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("link", name="Set up")).to_be_visible()


def test_sessions_are_listed_and_ended(sign_in: SignIn, person: User) -> None:
    here, there = sign_in(user=person), sign_in(user=person)
    for tab in (here, there):
        tab.page.context.clear_cookies()
        tab.go("/account/security")
        enter(tab, person)
    here.page.reload()
    rows = here.page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("This one")
    here.page.get_by_role("button", name="End", exact=True).click()
    expect(here.page.get_by_text("You ended the session.")).to_be_visible()
    expect(rows).to_have_count(1)
    there.go("/account/security")
    assert there.path.startswith("/sign-in")


def test_a_forgotten_password(tab: Tab, person: User) -> None:
    page = tab.page
    tab.go("/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Email").fill(person.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Check your e-mail")).to_be_visible()
    (mail,) = waiting_mails(person.email)
    found = re.search(r"http://[^/]+(/password/new/\S+)", mail.text)
    assert found
    tab.go(found[1])
    assert tab.violations() == []
    tab.screenshot("password-new")
    fields = page.locator("input[type=password]")
    fields.nth(0).fill("the new password of it")
    fields.nth(1).fill("another one")
    page.get_by_role("button", name="Set the password").click()
    expect(page.locator("#errors")).to_be_focused()
    for number in range(2):
        fields.nth(number).fill("the new password of it")
    page.get_by_role("button", name="Set the password").click()
    page.get_by_role("link", name="Sign in").click()
    enter(tab, person, "the new password of it")
    page.wait_for_url(tab.server.url + "/")


def test_theme_and_language(sign_in: SignIn, person: User) -> None:
    tab = sign_in(user=person)
    page = tab.page
    tab.go("/account/security")
    background = "() => getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(247, 248, 250)"
    page.get_by_role("button", name="Account menu").click()
    assert tab.violations() == []
    tab.screenshot("menu-of-oneself")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(background) == "rgb(15, 17, 21)"
    assert tab.path == "/account/security"
    tab.go("/account")
    page.get_by_label("Language").select_option("nl")
    page.locator("form.card button.primary").click()
    expect(page.locator("html")).to_have_attribute("lang", "nl")


def test_acting_for_another_organization(sign_in: SignIn, scene: Scene, person: User) -> None:
    join(person, scene.world.reseller, VIEWER)
    tab = sign_in(user=person)
    page = tab.page
    tab.go("/")
    page.get_by_role("button", name=scene.world.group.name).click()
    assert tab.violations() == []
    tab.screenshot("switcher")
    page.get_by_role("button", name=scene.world.reseller.name).click()
    expect(page.locator(".where")).to_contain_text(scene.world.reseller.name)


def test_the_menu_on_a_phone(sign_in: SignIn) -> None:
    tab = sign_in()
    page = tab.page
    tab.resize(320)
    tab.go("/account")
    link = page.get_by_role("link", name="Overview")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).click()
    expect(link).to_be_visible()
    assert tab.violations() == []
    tab.screenshot("menu-phone")
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
