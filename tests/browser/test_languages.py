"""Translations are longer than the English texts: no page becomes wider than a phone by them."""

import pytest

from tests.browser.conftest import Visitor
from tests.browser.pages import PAGES, Visit
from tests.browser.scene import Scene

LANGUAGES = ("de", "fr", "nl")


@pytest.mark.parametrize(
    ("visit", "language"),
    [(visit, LANGUAGES[i % len(LANGUAGES)]) for i, visit in enumerate(PAGES)],
    ids=lambda each: each if isinstance(each, str) else each.name,
)
def test_pages_fit_in_the_languages(
    visit: Visit, language: str, scene: Scene, visitor: Visitor
) -> None:
    """Each page in one of them: in all three it takes three times as long."""
    tab = visitor(visit.kind, visit.role)
    tab.page.set_extra_http_headers({"Accept-Language": language})
    try:
        tab.resize(320)
        assert tab.go(visit.path(scene)) == visit.status
        assert tab.page.locator("html").get_attribute("lang") == language
        assert tab.overflows() == []
    finally:
        tab.page.set_extra_http_headers({})  # other tests use the tab too
