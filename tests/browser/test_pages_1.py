"""Every page of the portal, part 1: see `visiting.py`."""

import pytest

from tests.browser.conftest import Visitor
from tests.browser.pages import PAGES, Visit
from tests.browser.scene import Scene
from tests.browser.visiting import PARTS, look_at, part


@pytest.mark.parametrize("visit", part(0), ids=lambda visit: visit.name)
def test_every_page(visit: Visit, scene: Scene, visitor: Visitor) -> None:
    look_at(visitor(visit.kind, visit.role), visit, scene)


def test_pages_are_listed_once() -> None:
    names = [visit.name for number in range(PARTS) for visit in part(number)]
    assert len(set(names)) == len(names) == len(PAGES)
