"""Every page of the portal, part 1: see `visiting.py`."""

import pytest

from tests.browser.browsing import Tab
from tests.browser.conftest import SignIn
from tests.browser.pages import PAGES, Visit
from tests.browser.scene import Scene
from tests.browser.visiting import PARTS, look_at, part


@pytest.mark.parametrize("visit", part(0), ids=lambda visit: visit.name)
def test_every_page(visit: Visit, scene: Scene, sign_in: SignIn, tab: Tab) -> None:
    here = tab if visit.role is None else sign_in(visit.kind, visit.role)
    look_at(here, visit, scene)


def test_pages_are_listed_once() -> None:
    names = [visit.name for number in range(PARTS) for visit in part(number)]
    assert len(set(names)) == len(names) == len(PAGES)
