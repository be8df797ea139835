"""A period that is none is refused by every page that can be narrowed to days, with both days."""

from pathlib import Path

import pytest

import fusion.portal
from tests.ordering.placing import line, placed
from tests.portal.furnished import at, person, text
from tests.world import World

TEMPLATES = Path(fusion.portal.__file__).parent / "templates"
WITH_DAYS = {
    "portal/subscriptions/ledger.html": "ledger",
    "portal/subscriptions/audit.html": "audit",
    "portal/trail/audit.html": "/audit",
}
"""Template that asks for days → its page, of a subscription or of its own."""


def test_every_template_that_asks_for_days_is_tested() -> None:
    found = {
        str(file.relative_to(TEMPLATES))
        for file in TEMPLATES.rglob("*.html")
        if 'type="date"' in file.read_text(encoding="utf-8")
    }
    assert found == set(WITH_DAYS)


@pytest.mark.parametrize(
    ("page", "first", "last"),
    [*((page, "from", "to") for page in WITH_DAYS.values()), ("/orders", "since", "until")],
)
def test_days(world: World, page: str, first: str, last: str) -> None:
    placed(world, line(world.seat, 1))
    client = person(world)
    address = page if page.startswith("/") else at(world, page)
    wanted = f"{address}?{first}=2026-03-05&{last}=2026-03-01"
    refused = client.get(wanted)
    result = refused.content.decode()
    assert refused.status_code == 422
    assert "The end date, 1 Mar 2026, is before the start date, 5 Mar 2026." in result
    assert "Remove a filter" not in result
    part = client.get(wanted, headers={"HX-Request": "true", "HX-Target": "list"})
    assert part.status_code == 200 and "1 Mar 2026" in part.content.decode()
    for odd in ("x", "2026-02-30", "0000-00-00"):
        assert client.get(f"{address}?{last}={odd}").status_code == 422
    for same in ("2001-01-01", "2999-12-31"):
        text(client, f"{address}?{first}={same}&{last}={same}")


def test_the_download_reports_invalid_days(world: World) -> None:
    refused = person(world).get("/orders.csv?since=2026-03-05&until=2026-03-01")
    assert refused.status_code == 422
    assert "5 Mar 2026" in refused.content.decode()
