"""Every page of the portal, part 3: see `visiting.py`."""

import pytest

from tests.browser.conftest import Visitor
from tests.browser.pages import Visit
from tests.browser.scene import Scene
from tests.browser.visiting import look_at, part


@pytest.mark.parametrize("visit", part(2), ids=lambda visit: visit.name)
def test_every_page(visit: Visit, scene: Scene, visitor: Visitor) -> None:
    look_at(visitor(visit.kind, visit.role), visit, scene)
