"""No text and no font makes a page wider than its window.

Names, references, codes and e-mail addresses are as long as they may be, without a space and in
several scripts; fonts are far wider and far narrower than the one that is installed.
"""

import pytest
from django.db import connection
from playwright.sync_api import Browser

from tests.browser.browsing import Tab, new_tab
from tests.browser.pages import PAGES
from tests.browser.scene import Scene
from tests.browser.scene_subscriptions import furnished
from tests.ordering.placing import line, placed
from tests.portal.people import open_session
from tests.portal.test_hostile import make_hostile
from tests.server import Server

UNBROKEN = (
    "Telekommunikationsdienstleistungsgesellschaft"
    + "ΕλληνικάΚείμενаРусскийТекст日本語の文字列العربيةพยัญชนะไทย"
    + "somebody.with.a.very.long.name@mail.example"
)

MORE_TEXTS = (
    "UPDATE catalogue_product SET code = left(replace(id::text, '-', '') || repeat('W', 64), 64)"
    " WHERE group_id = %(group)s",
    "UPDATE tenancy_user u SET email = replace(id::text, '-', '') || repeat('w', 30)"
    " || '@' || repeat('m', 60) || '.example'"
    " WHERE EXISTS (SELECT FROM tenancy_member m JOIN tenancy_organization o"
    " ON o.id = m.organization_id WHERE m.user_id = u.id AND o.group_id = %(group)s)",
)

FONTS = {
    "installed": "",
    "wide": "* { font-family: monospace !important; letter-spacing: .12em !important;"
    " word-spacing: .16em !important }",
    "narrow": "* { font-family: serif !important; letter-spacing: -.06em !important }",
}
"""How wide letters are, by styles laid over those of the page."""

WEAR = """(css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
}"""

WIDTHS = (320, 390, 1440)

WORN = [(font, width) for font in FONTS for width in WIDTHS if font == "installed" or width != 390]
"""What each page is tried with."""

VISITS = [visit for visit in PAGES if visit.status in (200, 409)]
PARTS = 4


@pytest.fixture(scope="module")
def hostile() -> Scene:
    """A provider all of whose texts and quantities are as long as they may be."""
    scene = Scene()
    furnished(scene)
    placed(scene.world, line(scene.world.seat, 1_000_000))
    for visit in VISITS:
        if visit.role is not None:
            scene.person(visit.kind, visit.role)
    make_hostile(scene, UNBROKEN)
    group = scene.world.group.id
    with connection.cursor() as cursor:
        for statement in MORE_TEXTS:
            cursor.execute(statement, {"group": group})
    return scene


def tab_of(browser: Browser, server: Server, scene: Scene, kind: str, role: str | None) -> Tab:
    """A tab of that person."""
    context = browser.new_context(reduced_motion="reduce")
    if role is not None:
        session = open_session(scene.person(kind, role))
        context.add_cookies([{"name": "session", "value": session, "url": server.url}])
    return new_tab(context, server)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_page_is_widened(browser: Browser, server: Server, hostile: Scene, part: int) -> None:
    tabs: dict[tuple[str, str | None], Tab] = {}
    found: list[tuple[str, str, int, list[str]]] = []
    for visit in VISITS[part::PARTS]:
        key = (visit.kind, visit.role)
        if key not in tabs:
            tabs[key] = tab_of(browser, server, hostile, *key)
        tab = tabs[key]
        assert tab.go(visit.path(hostile)) == visit.status, visit.name
        for font, width in WORN:
            tab.page.evaluate(WEAR, FONTS[font])
            tab.resize(width)
            if beyond := tab.overflows():
                found.append((visit.name, font, width, beyond[:3]))
                tab.screenshot(f"too-wide-{visit.name}-{font}-{width}", always=True)
    for tab in tabs.values():
        tab.page.context.close()
    assert found == []
