"""The checks of every page, light and dark: no error in the console, no request to another host,
no serious accessibility finding, nothing wider than the window, no ordinary word in two lines. The
pages are distributed over several test files, so that processes share them.
"""

from tests.browser.browsing import Tab
from tests.browser.pages import PAGES, Visit
from tests.browser.scene import Scene

WIDTHS = (320, 390, 768, 1440)
WIDTHS_OF_WORDS = (390, 1440)

PARTS = 3

OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules of the accessibility checker whose result the theme can change."""


def part(number: int) -> tuple[Visit, ...]:
    """The pages of one test file."""
    return PAGES[number::PARTS]


def look_at(tab: Tab, visit: Visit, scene: Scene) -> None:
    """Open the page, run all checks, and take screenshots."""
    page = tab.page
    tab.faults.clear()
    page.emulate_media(color_scheme="light")
    tab.resize(1440)
    assert tab.go(visit.path(scene)) == visit.status
    assert tab.violations() == []
    tab.screenshot(f"{visit.name}-light-1440")
    page.emulate_media(color_scheme="dark")
    assert tab.violations(OF_COLOURS) == []
    tab.screenshot(f"{visit.name}-dark-1440")
    for width in WIDTHS:
        tab.resize(width)
        assert tab.overflows() == [], width
        if width in WIDTHS_OF_WORDS:
            assert tab.broken_words() == [], width
        if width == 320:
            tab.screenshot(f"{visit.name}-dark-320")
    assert tab.faults == []
