"""The way of a form from its URL to its SQL is short and reads in one direction."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.db import connection
from django.test import Client

import fusion
from fusion.access.actor import ADMINISTRATOR
from fusion.kernel.ids import new_id
from tests.portal.people import make_person, signed_in
from tests.world import World

PACKAGE = Path(fusion.__file__).parent

LIBRARY = ("kernel", "access")
"""Rooms whose files are not counted: what every request uses in the same way (ids, texts, the
database; permissions, visibility, idempotency, audit). The reader knows them as they know Django.
"""

MOST_FILES = 8
"""Most files of ours from the URL configuration to the SQL function, both included."""

MOST_PORTAL_FILES = 5
"""Most files of the portal that any form goes through."""


def files_entered(send: Callable[[], Any], view: str, statement: str) -> list[str]:
    """The files of the package with a function that runs from `view` on, in their order, until the
    SQL that contains `statement` is sent.

    Middleware is left out: it ends before the view.
    """
    files: list[str] = []
    entered = reached = False

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal entered
        path = Path(frame.f_code.co_filename)
        if event != "call" or reached or not path.is_relative_to(PACKAGE):
            return
        name = path.relative_to(PACKAGE).as_posix()
        entered = entered or name == view
        if entered and name not in files:
            files.append(name)

    def watch(execute: Any, sql: str, *arguments: Any) -> Any:
        nonlocal reached
        reached = reached or statement in sql.replace('"', "")
        return execute(sql, *arguments)

    with connection.execute_wrapper(watch):
        sys.setprofile(profile)
        try:
            send()
        finally:
            sys.setprofile(None)
    assert reached, statement
    return files


@pytest.fixture
def client(world: World) -> Client:
    """An administrator of the provider."""
    return signed_in(make_person((world.group, ADMINISTRATOR)))


def order_fields(world: World) -> dict[str, str]:
    """A complete order as a browser sends it: the product as it stands in the list."""
    return {
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-action": "add",
        "lines-0-product": f"{world.seat.name} ({world.seat.code})",
        "lines-0-quantity": "1",
        "external_reference": str(new_id()),
        "effective_at": "2029-01-01T00:00",
        "ends_at": "",
        "note": "",
    }


def test_an_order_goes_through_at_most_eight_files(world: World, client: Client) -> None:
    """Counts the URL configuration, each Python file outside the library rooms that runs between
    the view and the SQL function, and the file of the SQL function.
    """
    path = f"/orders/new?subscription={world.subscription.id}"

    def send() -> None:
        answer = client.post(path, {**order_fields(world), "once": str(new_id())})
        assert answer.status_code == 303, answer.content

    send()  # what is loaded once for the whole process
    entered = files_entered(send, "portal/page.py", "FROM ordering_place_v2(")
    python = [name for name in entered if not name.startswith(LIBRARY)]
    files = ["portal/urls.py", *python, "ordering/place.sql"]
    assert all((PACKAGE / name).is_file() for name in files)
    assert len(files) <= MOST_FILES, files


def test_every_form_goes_through_few_files_of_the_portal(world: World, client: Client) -> None:
    """Counts the Python files of the portal alone: the page, the view, its form, and the kit."""
    lines = {key: value for key, value in order_fields(world).items() if key.startswith("lines")}
    item = {"items-0-sku": world.user_sku.code, "items-0-quantity": "1"}
    items = {"items-TOTAL_FORMS": "1", "items-INITIAL_FORMS": "0", **item}
    at = f"/subscriptions/{world.subscription.id}"
    tenant = signed_in(make_person((world.tenant, ADMINISTRATOR)))
    invitation = {"email": "invited@example.com", "role": "viewer"}
    texts = {"name": "New", "description": "", "external_reference": "", "code": "new"}
    texts |= dict.fromkeys(("min_quantity", "max_quantity", "step", "requires_0"), "")
    texts["places"] = "1"
    user = {"login": "anna", "display_name": "Anna", "kind": "user"}
    trunk = {
        "name": "Office",
        "country": "BE",
        "channel_cap": "",
        "outside_line_prefixes": "",
        "calls_per_second": "",
    }
    name = {"name": "Renamed", "external_reference": ""}
    requested = f"/order-requests/new?subscription={world.subscription.id}"
    forms = [
        (tenant, requested, {**lines, "note": ""}, "INTO ordering_orderrequest"),
        (client, "/products/new", {**items, **texts}, "INTO catalogue_product"),
        (client, f"{at}/edit", name, "UPDATE tenancy_subscription"),
        (client, f"{at}/users/new", user, "INTO users_user"),
        (client, f"{at}/trunks/new", trunk, "INTO trunks_trunk"),
        (client, f"/customers/{world.tenant.id}/members/invite", invitation, "INTO tenancy_inv"),
    ]
    for who, path, fields, statement in forms:

        def send(who: Any = who, path: str = path, fields: Any = fields) -> None:
            answer = who.post(path, {**fields, "once": str(new_id())})
            assert answer.status_code == 303, (path, answer.content)

        entered = files_entered(send, "portal/page.py", statement)
        files = [name for name in entered if name.startswith("portal/")]
        assert len(files) <= MOST_PORTAL_FILES, (path, files)
