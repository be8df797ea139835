"""Who did what: found by subscription, object, verb, person and time; nobody sees another's."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from fusion.access.actor import VIEWER
from fusion.kernel.clock import now
from fusion.kernel.errors import InvalidFields
from fusion.lifecycle.suspend import suspend
from fusion.ordering.cancel import cancel_order
from fusion.reporting import audit_trail
from fusion.reporting.audit_trail import WantedRecords, list_audit
from fusion.trunks.create_trunk import create_trunk
from fusion.trunks.delete_trunk import delete_trunk
from fusion.users.create_user import create_user
from fusion.users.delete_user import delete_user
from fusion.users.link import link_user
from tests.numbers.stock import assign, entitle, stock
from tests.ordering.placing import draft, line, place_as_before, placed
from tests.owner import owner_rows
from tests.paging import follow
from tests.users.staff import created, equip, linked
from tests.world import World, make_subscription


def verbs(world: World, kind: str = "group", limit: int = 50, **wanted: Any) -> list[str]:
    """The verbs of the records, newest first, page by page."""

    def read(cursor: str | None) -> Any:
        return list_audit(world.actor(kind), WantedRecords(**wanted), limit=limit, cursor=cursor)

    found = [page["items"] for page in follow(read)]
    assert all(len(part) <= limit for part in found)
    return [each["verb"] for part in found for each in part]


def test_filter_by_subscription_includes_its_objects(world: World) -> None:
    sibling = make_subscription(world.tenant, "Beside")
    placed(world, line(world.seat), subscription=sibling)
    [number] = equip(world, 1, 1)
    actor = world.actor()
    of: dict[str, Any] = {"subscription_id": world.subscription.id}
    user = create_user(actor, **of, login="a", display_name="A", kind="user").body["id"]
    link_user(actor, **of, user_id=user, number=number)
    delete_user(actor, **of, user_id=user)
    trunk = create_trunk(actor, **of, name="T", country="BE").body["id"]
    delete_trunk(actor, **of, trunk_id=trunk)
    suspend(actor, **of)
    later = placed(world, line(world.seat), effective_at="2029-01-01T00:00:00Z")
    cancel_order(actor, order_id=later["id"])
    assert verbs(world, subscription=world.subscription) == [
        "order.cancel",
        "order.place",
        "subscription.suspend",
        "trunk.delete",
        "trunk.create",
        "user.delete",
        "user.link",
        "user.create",
        "number.assigned",
        "order.place",
        "order.place",
    ]
    assert verbs(world, "tenant", subscription=sibling) == ["order.place"]
    assert len(verbs(world)) == 12
    [linked] = list_audit(actor, WantedRecords(verb="user.link"), limit=5)["items"]
    assert linked["actor"] == actor.label and linked["object_id"] == user
    assert linked["subscription_id"] == world.subscription.id
    assert linked["detail"]["number"] == number


def test_filters_go_together_and_pages_go_on(world: World) -> None:
    actor, other = world.actor(), world.actor("tenant")
    of = {"subscription_id": world.subscription.id}
    for index in range(5):
        create_user(actor, **of, login=f"a{index}", display_name="A", kind="user")
    mid = now()
    create_user(other, **of, login="b", display_name="B", kind="user")
    created = ["user.create"]
    assert verbs(world, limit=2) == created * 6
    assert verbs(world, verb="user", limit=2) == created * 6
    assert verbs(world, verb="user.create", actor=other.label) == created
    assert verbs(world, verb="use") == []
    assert verbs(world, since=mid, subscription=world.subscription) == created
    assert verbs(world, until=mid, limit=1) == created * 5
    assert verbs(world, since=now() + timedelta(hours=1)) == []
    someone = list_audit(other, WantedRecords(), limit=1)["items"][0]["object_id"]
    assert verbs(world, object_id=someone) == created


def test_records_outside_the_subtree_are_invisible(world: World) -> None:
    elsewhere = World()
    entitle(world, 1)
    entitle(elsewhere, 1)
    assert verbs(elsewhere) == ["order.place"]
    assert verbs(world, "tenant") == ["order.place"]
    assert verbs(world, organization=world.reseller) == ["order.place"]
    create = {"code": "x", "name": "x", "items": [{"sku": "user", "quantity": 1}]}
    assert world.call("POST", "/products", create).status_code == 201
    assert verbs(world) == ["product.create", "order.place"]
    assert verbs(world, "distributor") == ["order.place"]
    assert verbs(world, "tenant", object_id=str(elsewhere.subscription.id)) == []


def test_a_page_passes_over_so_many_records_and_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = {"subscription_id": world.subscription.id}
    rare = world.actor("tenant")
    create_user(rare, **of, login="rare", display_name="B", kind="user")
    for index in range(7):
        create_user(world.actor(), **of, login=f"a{index}", display_name="A", kind="user")
    monkeypatch.setattr(audit_trail, "WALK", 3)
    wanted = WantedRecords(actor=rare.label)
    first = list_audit(world.actor(), wanted, limit=5)
    assert first["items"] == [] and first["next"]
    assert verbs(world, actor=rare.label) == ["user.create"]
    assert verbs(world) == ["user.create"] * 8


@pytest.mark.parametrize("cursor", ["x", "WyJhIiwiMSJd", "WyIyMDI2LTAzLTAzVDEwOjE1OjAwWiIsIi0xIl0"])
def test_a_cursor_of_another_list(world: World, cursor: str) -> None:
    with pytest.raises(InvalidFields):
        list_audit(world.actor("tenant", VIEWER), WantedRecords(), limit=5, cursor=cursor)


def _among_many_others(world: World) -> None:
    """Records that belong to no subscription: so many that the planner knows their group."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenancy_auditrecord"
            " (at, group_id, path, actor, request_id, verb, object_type, object_id, detail)"
            " SELECT at, group_id, path, actor, request_id, 'client.create', 'client', i, '{}'"
            " FROM (SELECT * FROM tenancy_auditrecord WHERE group_id = %s LIMIT 1) r,"
            " generate_series(1, 20000) i",
            [world.group.id],
        )
        assert cursor.rowcount == 20000
    owner_rows("ANALYZE tenancy_auditrecord")  # others may not; PostgreSQL only warns them


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "audit_of_group"),
        ({"verb": "user"}, "audit_of_group"),
        ({"subscription": True}, "audit_of_subscription"),
    ],
)
def test_an_index_serves_each(world: World, wanted: dict[str, Any], index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_bitmapscan = off")
    if "subscription" in wanted:
        wanted = {"subscription": world.subscription}
    placed(world, line(world.seat))
    _among_many_others(world)
    plans: list[str] = []

    def explain(execute: Any, sql: str, *rest: Any) -> Any:
        if "tenancy_auditrecord" in sql and not plans:
            with connection.cursor() as cursor:
                plans.append("")
                cursor.execute(f"EXPLAIN {sql}", rest[0])
                plans.append("\n".join(row[0] for row in cursor.fetchall()))
        return execute(sql, *rest)

    try:
        with connection.execute_wrapper(explain):
            list_audit(world.actor(), WantedRecords(**wanted), limit=5)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET enable_seqscan")
            cursor.execute("RESET enable_bitmapscan")
    assert f"using {index}" in plans[-1], plans[-1]


def test_numbers_are_recorded_with_their_subscription(world: World) -> None:
    entitle(world, 1)
    stock(world, 1)
    assert assign(world, sku="fr-geographic", quantity=1).status_code == 201
    assert verbs(world, subscription=world.subscription)[0] == "number.assigned"


def addresses(world: World) -> set[tuple[str, str | None]]:
    """(verb, address) of the records that database functions wrote."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT verb, address, request_id FROM tenancy_auditrecord WHERE group_id = %s"
            " AND verb ~ '^(order|number)\\.|^user.link$|^subscription.terminate$'",
            [world.group.id],
        )
        rows = cursor.fetchall()
    assert all(" " not in request_id for *_, request_id in rows)
    return {(verb, address) for verb, address, _ in rows}


def test_records_of_database_functions_have_the_client_address(world: World) -> None:
    [number, other] = equip(world, 2, 2)
    linked(world, created(world), number)
    order = draft(world, line(world.seat))
    assert world.call("POST", "/orders/batch", {"orders": [order]}).status_code == 200
    later = placed(world, line(world.seat), effective_at="2029-01-01T00:00:00Z")
    assert world.call("POST", f"/orders/{later['id']}/cancel").status_code == 200
    path = f"/subscriptions/{world.subscription.id}"
    assert world.call("DELETE", f"{path}/numbers/{quote(other)}").status_code == 204
    assert world.call("POST", f"{path}/terminate").status_code == 200
    found = addresses(world)
    assert {verb for verb, _ in found} >= {
        "order.place", "order.cancel", "number.assigned", "number.released", "user.link",
    }  # fmt: skip
    assert {address for _, address in found} == {"127.0.0.1"}


def test_a_server_of_the_release_before_records_no_address(world: World) -> None:
    status, _, _ = place_as_before(world, request_id="its-id")
    assert status == 201
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_id, address FROM tenancy_auditrecord WHERE group_id = %s",
            [world.group.id],
        )
        assert cursor.fetchall() == [("its-id", None)]
