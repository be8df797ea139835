"""Pages of refusals and faults: where they lead, what they say, and what they do without."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from fusion.access.actor import ADMINISTRATOR, KINDS, VIEWER
from fusion.kernel.errors import CODES, Problem
from fusion.portal.error_pages import problem_page
from tests.portal.people import make_person, signed_in
from tests.world import World


def refused(client: Client, path: str, code: str) -> str:
    """The page of that problem, met at `path`."""
    request = client.get("/account", follow=True).wsgi_request
    request.path = request.path_info = path
    request.resolver_match = resolve(path)
    response = problem_page(request, Problem(code, "It was tried."))
    assert response.status_code == CODES[code][0]
    return response.content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_the_link_to_go_on_does_not_lead_to_the_failed_page(world: World, kind: str) -> None:
    client = signed_in(make_person((getattr(world, kind), VIEWER)))
    below = f"/overview/{world.tenant.id}"
    for code in ("internal-error", "unavailable"):
        for path in ("/", below):
            page = refused(client, path, code)
            main = page[page.index("<main") :]
            assert 'class="btn primary" href="/customers"' in main, path
            assert 'class="brand" href="/"' not in page, path
        page = refused(client, "/orders", code)
        assert 'class="btn primary" href="/"' in page
    assert 'class="btn primary" href="/customers"' in refused(client, "/", "not-found")
    assert 'class="btn primary" href="/"' in refused(client, below, "not-found")


def test_the_page_of_an_outage_asks_nothing_of_the_database(world: World) -> None:
    client = signed_in(make_person((world.reseller, ADMINISTRATOR)))
    request = client.get("/account", follow=True).wsgi_request
    with CaptureQueriesContext(connection) as wanted:
        page = problem_page(request, Problem("unavailable", "It is away.")).content.decode()
    assert len(wanted) == 0
    for text in ("/sign-out", 'aria-label="Main"', world.reseller.name, "request id"):
        assert text in page, text
    delattr(request, "person")
    with CaptureQueriesContext(connection) as wanted:
        page = problem_page(request, Problem("unavailable", "It is away.")).content.decode()
    assert len(wanted) == 0
    assert "/sign-out" in page and '"includeIndicatorStyles": false' in page.replace("&quot;", '"')


def test_a_refusal_says_only_who_may(world: World) -> None:
    tenant = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    for path in ("/brand", "/inventory", "/inventory/ranges", "/audit", "/events", "/orders/new"):
        answer = tenant.get(path)
        page = answer.content.decode()
        assert answer.status_code == 403, path
        assert "may see this" not in page, path
        assert (
            "You do not have permission for this" in page
            and "Only these organizations can do this: Group" in page
        ), path
    viewer = signed_in(make_person((world.group, VIEWER)))
    page = viewer.get("/products/new").content.decode()
    assert "This requires one of these roles: Administrator" in page and "Viewer" in page
