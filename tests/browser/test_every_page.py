"""What no page may have: a fault in the console, a request to another host, a serious obstacle for
people who use assistive technology, anything beyond the edges of a window, light and dark."""

import pytest

from tests.browser.browsing import Tab
from tests.browser.conftest import SignIn
from tests.browser.pages import PAGES, Visit
from tests.browser.scene import Scene

WIDTHS = (320, 390, 768, 1440)


@pytest.mark.parametrize("visit", PAGES, ids=lambda visit: visit.name)
def test_every_page(visit: Visit, scene: Scene, sign_in: SignIn, tab: Tab) -> None:
    if visit.role is not None:
        tab = sign_in(visit.kind, visit.role)
    page = tab.page
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        tab.resize(1440)
        if theme == "light":
            assert tab.go(visit.path(scene)) == visit.status
        assert tab.violations() == [], theme
        tab.screenshot(f"{visit.name}-{theme}-1440")
    for width in WIDTHS:
        tab.resize(width)
        assert tab.overflows() == [], width
        if width == 320:
            tab.screenshot(f"{visit.name}-dark-320")
    assert tab.faults == []


def test_pages_are_listed_once() -> None:
    names = [visit.name for visit in PAGES]
    assert len(set(names)) == len(names)
