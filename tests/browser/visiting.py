"""What no page may have: a fault in the console, a request to another host, a serious obstacle for
people who use assistive technology, anything beyond the edges of a window, light and dark.

The pages are spread over several files, which the cores of a machine share.
"""

from tests.browser.browsing import Tab
from tests.browser.pages import PAGES, Visit
from tests.browser.scene import Scene

WIDTHS = (320, 390, 768, 1440)

PARTS = 3


def part(number: int) -> tuple[Visit, ...]:
    """The pages of one of the files."""
    return PAGES[number::PARTS]


def look_at(tab: Tab, visit: Visit, scene: Scene) -> None:
    """Open the page, and look for all of that; keep pictures of it."""
    page = tab.page
    tab.faults.clear()
    page.emulate_media(color_scheme="light")
    tab.resize(1440)
    assert tab.go(visit.path(scene)) == visit.status
    assert tab.violations() == []
    tab.screenshot(f"{visit.name}-light-1440")
    page.emulate_media(color_scheme="dark")
    assert tab.violations() == []
    tab.screenshot(f"{visit.name}-dark-1440")
    for width in WIDTHS:
        tab.resize(width)
        assert tab.overflows() == [], width
        if width == 320:
            tab.screenshot(f"{visit.name}-dark-320")
    assert tab.faults == []
