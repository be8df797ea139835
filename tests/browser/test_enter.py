"""Enter in a field never removes anything: in the fields of every form, with and without scripts.

Browsers press the first submit button of a form then. It must be one that shows or sends the form,
or one that does nothing. `make test` presses it in a field of each type in each form, `make long`
in every field.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection
from playwright.sync_api import Browser, Page

from tests.browser.browsing import Tab, new_tab
from tests.browser.pages import PAGES, Visit
from tests.browser.scene import Scene
from tests.portal.people import open_session
from tests.server import Server

FIELDS = """() => [...document.forms].flatMap((form, at) => form.method !== "post" ? [] :
  [...form.elements].flatMap((field) =>
    field.matches("input:not([type=hidden]), select, textarea")
      ? [{form: at, name: field.name, type: field.type,
          nth: [...form.elements].filter((each) => each.name === field.name).indexOf(field),
          action: new URL(form.getAttribute("action") || "", location).pathname,
          among: [...form.elements].map((each) => `${each.type} ${each.name}`).join()}] : []))"""
"""The fields of the forms that change something, by form and name: filling rows in moves others."""

FIRST = """() => [...document.forms].filter((form) => form.method === "post").flatMap((form) => {
  const filled = "input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea";
  const first = [...form.elements].find((each) => each.matches("button:not([type=button])"));
  const risky = first && !first.disabled && (first.name === "rows" || first.matches(".danger"));
  return risky && [...form.elements].some((each) => each.matches(filled))
    ? [form.getAttribute("action")] : [];
})"""
"""Forms with fields whose first submit button removes something."""

LINES = """() => [...document.querySelectorAll(".line")].map((line) =>
  [...line.querySelectorAll("input, select")].map((field) => field.value))"""
"""What stands in the rows of a form."""

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\+\d+|\d+")

PARTS = 3

VISITS = [visit for visit in PAGES if visit.status == 200 and visit.role is not None]


def rows_of_each_table(group: UUID) -> dict[str, int]:
    """Table → how many rows of the provider it has; of all, if it does not say whose they are."""
    counts = []
    for model in apps.get_models():
        if model.__module__.startswith("fusion."):
            table = model._meta.db_table
            keyed = any(field.column == "group_id" for field in model._meta.concrete_fields)
            of_group = " WHERE group_id = %(group)s" if keyed else ""
            counts.append(f"SELECT '{table}', count(*) FROM {table}{of_group}")
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(counts), {"group": group})
        return dict(cursor.fetchall())


def settle(page: Page) -> None:
    """Wait until what was pressed has been sent, answered and shown."""
    page.wait_for_load_state()
    if page.evaluate("() => 'htmx' in window"):
        page.wait_for_function("() => !document.querySelector('.htmx-request')")


@pytest.fixture(scope="module")
def tried() -> dict[tuple[bool, str], set[tuple[str, ...]]]:
    """By case: the action, the elements and the field of each form that was tried.

    A form that stands on many pages, as that of the language does, is tried on the first.
    """
    return defaultdict(set)


def tabs(
    browser: Browser, server: Server, scene: Scene, part: int, *, scripts: bool
) -> Iterator[Any]:
    """Each visit of that part, with a tab of the person who makes it."""
    opened: dict[tuple[str, str | None], Tab] = {}
    for visit in VISITS[part::PARTS]:
        key = (visit.kind, visit.role)
        if key not in opened:
            context = browser.new_context(java_script_enabled=scripts)
            session = open_session(scene.person(visit.kind, str(visit.role)))
            context.add_cookies([{"name": "session", "value": session, "url": server.url}])
            opened[key] = new_tab(context, server)
        yield visit, opened[key]
    for tab in opened.values():
        tab.page.context.close()
        assert tab.faults == []


def fill_lines(tab: Tab) -> list[list[str]]:
    """Make three lines of the form's rows, each of another choice; what stands in them."""
    page = tab.page
    if page.locator("#rows").count() == 0:
        return []
    offered = page.locator("datalist option")
    texts = [offered.nth(at).get_attribute("value") or "" for at in range(3)]
    for at, text in enumerate(texts):
        line = page.locator(".line").nth(at)
        if page.locator(".line").count() <= at:
            page.get_by_role("button", name="Add a line").click()
        line.wait_for()
        line.locator("input[list]").fill(text)
        line.get_by_label("Quantity").fill(str(at + 2))
    lines: list[list[str]] = page.evaluate(LINES)
    assert len(lines) == 3
    return lines


def press_enter(tab: Tab, path: str, field: dict[str, Any], group: UUID) -> None:
    """Press Enter in that field of the page; nothing may be gone afterwards."""
    page = tab.page
    tab.go(path)
    lines = fill_lines(tab)
    before = rows_of_each_table(group)
    target = page.evaluate_handle(
        "([form, name, nth]) =>"
        " [...document.forms[form].elements].filter((each) => each.name === name)[nth]",
        [field["form"], field["name"], field["nth"]],
    ).as_element()
    assert target is not None
    target.evaluate("(field) => field.closest('dialog:not([open])')?.showModal()")
    target.press("Enter")
    settle(page)
    result = (path, field)
    if lines and page.locator(".line").count():
        assert page.evaluate(LINES) == lines, result
    elif lines:
        text = page.get_by_role("main").inner_text()
        assert all(line[-2].partition(" (")[0] in text for line in lines), result
    after = rows_of_each_table(group)
    assert {table: n for table, n in after.items() if n < before[table]} == {}, result


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(
    "case",
    [
        (True, "type"),
        pytest.param((True, "name"), marks=pytest.mark.long),
        pytest.param((False, "name"), marks=pytest.mark.long),
    ],
    ids=lambda case: f"{'' if case[0] else 'no-'}scripts-{case[1]}",
)
def test_the_fields_of_every_form(
    browser: Browser,
    server: Server,
    tried: dict[tuple[bool, str], set[tuple[str, ...]]],
    case: tuple[bool, str],
    part: int,
) -> None:
    """`case`: with scripts, and a field of each type or of each name."""
    scripts, scope = case
    own = Scene()  # a provider that the test may change
    known = tried[case]
    for visit, tab in tabs(browser, server, own, part, scripts=scripts):
        path = visit.path(own)
        for field in fields_of(tab, visit, path):
            form = tuple(ID.sub("*", field[key]) for key in ("action", "among", scope))
            if form not in known:
                known.add(form)
                press_enter(tab, path, field, own.world.group.id)
    assert len({action for action, _, _ in known}) >= 5, "it met forms"


def fields_of(tab: Tab, visit: Visit, path: str) -> list[dict[str, Any]]:
    """The fields of the page's forms, none of whose first buttons removes anything."""
    assert tab.go(path) == 200, visit.name
    assert tab.page.evaluate(FIRST) == [], visit.name
    found: list[dict[str, Any]] = tab.page.evaluate(FIELDS)
    return found


def test_forms_with_rows_are_among_them(browser: Browser, server: Server) -> None:
    own = Scene()
    with_rows = set()
    for part in range(PARTS):
        for visit, tab in tabs(browser, server, own, part, scripts=False):
            if any(name in visit.name for name in ("new", "edit", "approve")):
                tab.go(visit.path(own))
                if tab.page.locator("#rows").count():
                    with_rows.add(visit.name)
    assert {
        "order-new",
        "request-new",
        "request-approve",
        "product-new",
        "product-edit",
    } <= with_rows
