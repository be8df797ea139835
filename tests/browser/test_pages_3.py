"""Every page of the portal, part 3: see `visiting.py`."""

import pytest

from tests.browser.browsing import Tab
from tests.browser.conftest import SignIn
from tests.browser.pages import Visit
from tests.browser.scene import Scene
from tests.browser.visiting import look_at, part


@pytest.mark.parametrize("visit", part(2), ids=lambda visit: visit.name)
def test_every_page(visit: Visit, scene: Scene, sign_in: SignIn, tab: Tab) -> None:
    here = tab if visit.role is None else sign_in(visit.kind, visit.role)
    look_at(here, visit, scene)
