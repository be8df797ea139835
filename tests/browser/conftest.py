"""One browser and one server for all tests of this directory; a separate window for each test.

Modules that need Django are imported late: pytest reads this file before the database exists.
"""

# ruff: noqa: PLC0415

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from fusion.access.actor import ADMINISTRATOR
from tests.browser.browsing import Tab, new_tab
from tests.server import Server, run_server

if TYPE_CHECKING:
    from fusion.accounts.models import User
    from tests.browser.scene import Scene

# Playwright keeps an event loop in this thread; the tests use the database outside of it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""Debian's Chromium, if possible the one without windows: it needs half the processor time."""
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

SignIn = Callable[..., Tab]
Visitor = Callable[[str, str | None], Tab]


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright itself."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium, in UTC: pages show times in the browser's zone."""
    environment: dict[str, str | float | bool] = {**os.environ, "TZ": "UTC"}
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, env=environment)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`fusion serve` on the database of the test run, with pages that fail (`failing.py`)."""
    log = tmp_path_factory.mktemp("browser") / "server.log"
    environment = {"DJANGO_SETTINGS_MODULE": "tests.browser.failing"}
    with run_server(log, "--workers", "1", environment=environment) as running:
        yield running


@pytest.fixture(scope="package")
def scene() -> "Scene":
    """The provider whose pages are visited; a test that changes it creates its own."""
    from tests.browser.scene import Scene

    return Scene()


def _new_context(browser: Browser) -> BrowserContext:
    # Without motion: during a transition the measured colour would be neither of the two.
    return browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")


@pytest.fixture
def tab(browser: Browser, server: Server) -> Iterator[Tab]:
    """A tab without a signed-in person; fails if an error occurred in it."""
    context = _new_context(browser)
    tab = new_tab(context, server)
    yield tab
    context.close()
    assert tab.faults == []


def _signed_in(browser: Browser, server: Server, user: "User") -> Tab:
    from django.conf import settings

    from tests.portal.people import open_session

    context = _new_context(browser)
    cookie = {
        "name": settings.SESSION_COOKIE_NAME,
        "value": open_session(user),
        "url": server.url,
    }
    context.add_cookies([cookie])  # type: ignore[list-item]
    return new_tab(context, server)


@pytest.fixture
def sign_in(browser: Browser, server: Server, scene: "Scene") -> Iterator[SignIn]:
    """`sign_in(kind, role)` or `sign_in(user=...)`: a tab in that person's session."""
    tabs: list[Tab] = []
    with ExitStack() as stack:

        def open_tab(
            kind: str = "group", role: str = ADMINISTRATOR, *, user: "User | None" = None
        ) -> Tab:
            tab = _signed_in(browser, server, user or scene.person(kind, role))
            stack.callback(tab.page.context.close)
            tabs.append(tab)
            return tab

        yield open_tab
    assert [fault for tab in tabs for fault in tab.faults] == []


@pytest.fixture(scope="package")
def visitor(browser: Browser, server: Server, scene: "Scene") -> Iterator[Visitor]:
    """`visitor(kind, role)`: their only tab; with role None nobody is signed in."""

    @cache
    def tab(kind: str, role: str | None) -> Tab:
        if role is None:
            return new_tab(_new_context(browser), server)
        return _signed_in(browser, server, scene.person(kind, role))

    yield tab
