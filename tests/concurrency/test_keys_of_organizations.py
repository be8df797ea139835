"""Idempotency keys of several organizations, of former releases, and of servers of both."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import connection, transaction
from django.http import HttpResponse

from fusion.access.idempotency import fingerprint
from fusion.access.models import NOBODY
from fusion.tenancy.models import Organization
from tests.bounds import PATIENCE
from tests.concurrency.actors import at_once, holding, rows
from tests.numbers.porting import porting
from tests.numbers.stock import entitle, stock
from tests.ordering.placing import draft
from tests.world import World, answer, make_organization, make_subscription

KEY = "crm-4711"


def send(
    world: World, by: Organization, path: str, body: Any, method: str = "POST"
) -> HttpResponse:
    return world.call(method, path, body, by=by, headers={"Idempotency-Key": KEY})


def owners(world: World) -> set[UUID]:
    """Whose the stored answers are."""
    statement = "SELECT organization_id FROM tenancy_idempotency WHERE group_id = %s"
    return {owner for (owner,) in rows(statement, [world.group.id])}


def is_replay(response: HttpResponse) -> bool:
    return "Idempotency-Replayed" in response


def named(world: World) -> dict[str, Any]:
    return {"tenant_id": str(world.tenant.id), "name": "New"}


def test_no_organization_is_in_the_way_of_another(world: World) -> None:
    users = f"/subscriptions/{world.subscription.id}/users"
    made = send(world, world.tenant, users, {"login": "a", "display_name": "A"})
    assert made.status_code == 201
    order = send(world, world.group, "/orders", draft(world))
    assert (order.status_code, is_replay(order)) == (201, False)
    item = {**draft(world), "idempotency_key": KEY}
    [result] = answer(world.call("POST", "/orders/batch", {"orders": [item]}))["results"]
    assert (result["status"], result["replayed"], result["order"]) == (201, True, answer(order))
    wanted = send(world, world.reseller, "/order-requests", draft(world))
    assert (wanted.status_code, is_replay(wanted)) == (201, False)
    assert owners(world) == {world.tenant.id, world.group.id, world.reseller.id}
    # Each finds its own again, and is refused another request.
    assert is_replay(send(world, world.tenant, users, {"login": "a", "display_name": "A"}))
    for by in (world.tenant, world.group, world.reseller):
        other = send(world, by, "/subscriptions", named(world))
        assert answer(other)["code"] == "idempotency-key-reused"


def test_the_same_request_of_two_organizations_is_two_requests(world: World) -> None:
    organizations = (world.group, world.distributor, world.reseller, world.tenant)
    made = [send(world, by, "/subscriptions", named(world)) for by in organizations]
    assert {(each.status_code, is_replay(each)) for each in made} == {(201, False)}
    assert len({answer(each)["id"] for each in made}) == 4


def test_numbers_of_two_organizations(world: World) -> None:
    stock(world, 10)
    entitle(world, 9)
    path, body = (
        f"/subscriptions/{world.subscription.id}/numbers",
        {
            "sku": "fr-geographic",
            "quantity": 1,
        },
    )
    organizations = (world.group, world.reseller, world.tenant)
    made = [send(world, by, path, body) for by in organizations]
    assert {(each.status_code, is_replay(each)) for each in made} == {(201, False)}
    assert len({each.content for each in made}) == 3
    again = [send(world, by, path, body) for by in organizations]
    assert [each.content for each in again] == [each.content for each in made]
    assert all(map(is_replay, again))
    assert owners(world) == {each.id for each in organizations}


def test_siblings_do_not_meet(world: World) -> None:
    sibling = make_organization("tenant", world.reseller)
    other = make_subscription(sibling)
    for tenant, subscription in ((world.tenant, world.subscription), (sibling, other)):
        path = f"/subscriptions/{subscription.id}/trunks"
        made = send(world, tenant, path, {"name": "T", "country": "BE"})
        assert (made.status_code, is_replay(made)) == (201, False)


# Answers of before, which do not say whose they are.


def of_before(world: World, path: str, body: Any, text: str = '{"id": "before"}') -> None:
    """Store an answer as the release before has stored it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenancy_idempotency (group_id, key, fingerprint, status, answer, at)"
            " VALUES (%s, %s, %s, %s, %s, clock_timestamp())",
            [world.group.id, KEY, fingerprint("POST", f"/api/v1{path}", body), 201, text],
        )


Route = Callable[[World], tuple[str, Any]]

ROUTES: list[Route] = [
    lambda world: ("/subscriptions", named(world)),
    lambda world: ("/order-requests", draft(world)),
    lambda world: (
        f"/subscriptions/{world.subscription.id}/numbers/port-in",
        {"numbers": ["+33199000000"]},
    ),
]


@pytest.mark.parametrize("route", ROUTES)
def test_old_answers_go_to_callers_that_see_the_object(world: World, route: Route) -> None:
    path, body = route(world)
    world.sku("fr-geographic", "entitlement", "number", "FR", "geographic")
    porting(world, "anyone")
    stored = {"id": str(world.subscription.id)}
    of_before(world, path, body, orjson.dumps(stored).decode())
    for by in (world.group, world.distributor, world.reseller, world.tenant):
        response = send(world, by, path, body)
        assert (response.status_code, is_replay(response)) == (201, True)
        assert answer(response) == stored
    for outsider in (make_organization("tenant", world.reseller), World().group):
        assert send(world, outsider, path, body).status_code == 404


def test_an_answer_of_before_to_an_order(world: World) -> None:
    of_before(world, "/orders", draft(world))
    response = send(world, world.group, "/orders", draft(world))
    assert (is_replay(response), answer(response)) == (True, {"id": "before"})
    other = send(world, world.group, "/orders", draft(world, external_reference="another"))
    assert answer(other)["code"] == "idempotency-key-reused"


@pytest.mark.parametrize("route", ROUTES[:2])
def test_an_earlier_key_is_refused_in_its_own_group_only(world: World, route: Route) -> None:
    of_before(world, "/orders", draft(world))
    path, body = route(world)
    before = world.fingerprint()
    assert answer(send(world, world.group, path, body))["code"] == "idempotency-key-reused"
    assert world.fingerprint() == before
    for by in (world.reseller, world.tenant):
        response = send(world, by, path, body)
        assert (response.status_code, is_replay(response)) == (201, False)
        assert is_replay(send(world, by, path, body))


# Servers of the release before, which know nothing of organizations.


def old_recall(world: World) -> tuple[bytes, str] | None:
    """What a server of the release before does first; in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenancy_lock_names(%s::uuid, %s::text[])", [world.group.id, [f"key:{KEY}"]]
        )
        cursor.execute(
            "SELECT fingerprint, answer FROM tenancy_idempotency WHERE group_id = %s AND key = %s",
            [world.group.id, KEY],
        )
        row = cursor.fetchone()
    return row and (bytes(row[0]), row[1])


def old_post(world: World, body: dict[str, Any]) -> str:
    """A subscription as a server of the release before makes one; the answer."""
    print_ = fingerprint("POST", "/api/v1/subscriptions", body)
    with transaction.atomic():
        if (stored := old_recall(world)) is not None:
            assert stored[0] == print_
            return stored[1]
        text = orjson.dumps({"id": str(make_subscription(world.tenant, body["name"]).id)}).decode()
        of_before(world, "/subscriptions", body, text)
    return text


def test_one_key_to_an_old_server_and_then_to_a_new_one(world: World) -> None:
    first = orjson.loads(old_post(world, named(world)))
    second = send(world, world.group, "/subscriptions", named(world))
    assert (is_replay(second), answer(second)) == (True, first)


def test_one_key_to_a_new_server_and_then_to_an_old_one(world: World) -> None:
    first = send(world, world.group, "/subscriptions", named(world))
    assert orjson.loads(old_post(world, named(world))) == answer(first)


def test_an_old_server_and_a_new_one_at_the_same_moment(world: World) -> None:
    with holding() as meanwhile:
        first = old_post(world, named(world))
        new = meanwhile.start(lambda: send(world, world.group, "/subscriptions", named(world)))
    assert (is_replay(new.result(PATIENCE)), answer(new.result(PATIENCE))) == (
        True,
        orjson.loads(first),
    )


def test_a_new_server_and_an_old_one_at_the_same_moment(world: World) -> None:
    with holding() as meanwhile:
        first = send(world, world.group, "/subscriptions", named(world))
        old = meanwhile.start(lambda: old_post(world, named(world)))
    assert orjson.loads(old.result(PATIENCE)) == answer(first)


def test_old_and_new_batches_and_orders_at_once(world: World) -> None:
    """None waits for another crosswise, and each key has one effect."""
    keys = [f"k{n}" for n in range(6)]

    def old(n: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            names = [f"key:{key}" for key in keys]
            cursor.execute(
                "SELECT ordering_lock(%s::uuid, %s::text[], %s::uuid[])",
                [world.group.id, names, [world.subscription.id]],
            )
            for key in keys:
                place(key)

    def place(key: str) -> None:
        response = world.call("POST", "/orders", draft(world), headers={"Idempotency-Key": key})
        assert response.status_code == 201, response.content

    def new(n: int) -> None:
        orders = [{**draft(world), "idempotency_key": key} for key in keys]
        response = world.call("POST", "/orders/batch", {"orders": orders})
        assert {each["status"] for each in answer(response)["results"]} == {201}

    world.token(world.group)
    actions: list[Callable[[], None]] = []
    for n in range(4):
        actions += [lambda n=n: old(n), lambda n=n: new(n), lambda n=n: place(keys[n])]  # type: ignore[misc]
    at_once(*actions)
    [(orders,)] = rows("SELECT count(*) FROM ordering_order WHERE group_id = %s", [world.group.id])
    assert orders == len(keys)


# At the same moment.


def test_equal_requests_of_one_organization_are_one(world: World) -> None:
    world.token(world.reseller)
    made = at_once(*[lambda: send(world, world.reseller, "/subscriptions", named(world))] * 8)
    assert {each.status_code for each in made} == {201}
    assert len({each.content for each in made}) == 1
    assert sum(map(is_replay, made)) == 7


def test_equal_keys_of_two_organizations_do_not_wait_for_each_other(world: World) -> None:
    for by in (world.tenant, world.reseller):
        world.token(by)
    with transaction.atomic():
        send(world, world.group, "/orders", draft(world))
        for by in (world.tenant, world.reseller):
            [other] = at_once(
                lambda by=by: send(world, by, f"/organizations/{by.id}/members", MEMBER)  # type: ignore[misc]
            )
            assert (other.status_code, is_replay(other)) == (201, False)


MEMBER = {"email": "someone@example.com", "role": "viewer"}


def test_objects_that_became_invisible_are_not_replayed(world: World) -> None:
    """The look before the wait is not enough: it is repeated once the stored answer is found."""
    gone = make_organization("tenant", world.reseller)
    body = {"tenant_id": str(gone.id), "name": "New"}
    of_before(world, "/subscriptions", body)
    with holding() as meanwhile:
        old_recall(world)
        waiting = meanwhile.start(lambda: send(world, world.reseller, "/subscriptions", body))
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE tenancy_organization SET status = 'deleted' WHERE id = %s", [gone.id]
            )
    assert waiting.result(PATIENCE).status_code == 404


def test_fingerprints_match_former_releases() -> None:
    body = {"b": [1, {"é": None}], "a": "\u0041\u030a"}
    assert fingerprint("POST", "/api/v1/orders", body).hex() == (
        "6995c410290e01f59fca963f7c9c8feb3882ad7337f50dbacb8edd8f288a5cb9"
    )
    assert NOBODY.int == 0
