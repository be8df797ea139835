"""Users: created, listed, renamed, deleted."""

from typing import Any

import pytest
from django.db import connection

from fusion.kernel.ids import new_id
from tests.ordering.placing import events
from tests.users.staff import (
    at,
    create,
    created,
    equip,
    licences,
    linked,
    refused,
    seen,
)
from tests.world import World, answer, make_subscription


def _terminate(world: World) -> None:
    path = f"/subscriptions/{world.subscription.id}/terminate"
    assert world.call("POST", path).status_code == 200


def _suspend(world: World) -> None:
    path = f"/subscriptions/{world.subscription.id}/suspend"
    assert world.call("POST", path).status_code == 200


def test_a_user_is_created_and_read(world: World) -> None:
    response = create(world, "anna", by=world.tenant)
    user = answer(response)
    assert response.status_code == 201
    assert response["Location"] == f"/api/v1{at(world, user['id'])}"
    assert user == {
        "id": user["id"],
        "subscription_id": str(world.subscription.id),
        "login": "anna",
        "display_name": "Anna",
        "kind": "user",
        "number": None,
        "created_at": user["created_at"],
    }
    assert seen(world, user) == user
    assert created(world, "queue", kind="resource_account")["kind"] == "resource_account"
    assert licences(world) == (0, 0)


def test_a_login_is_in_use_in_any_case(world: World) -> None:
    created(world, "Änna")
    before = world.fingerprint()
    refused(world, before, create(world, "äNNA"), 409, "conflict")
    other = make_subscription(world.tenant, "Other")
    created(world, "änna", subscription=other)


def test_creating_again_with_the_same_key(world: World) -> None:
    first = create(world, "anna", key="k")
    before = world.fingerprint()
    again = create(world, "anna", key="k")
    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert again["Location"] == first["Location"]
    assert world.fingerprint() == before
    refused(world, before, create(world, "berta", key="k"), 422, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("login", ""),
        ("login", "  "),
        ("login", "x" * 201),
        ("login", "a\0b"),
        ("login", 5),
        ("login", None),
        ("display_name", ""),
        ("display_name", "x" * 201),
        ("display_name", None),
        ("kind", "robot"),
        ("kind", None),
        ("number", "+33199000000"),
    ],
)
def test_fields_that_are_refused(world: World, field: str, value: Any) -> None:
    before = world.fingerprint()
    body = {"login": "anna", "display_name": "Anna", field: value}
    problem = refused(world, before, world.call("POST", at(world), body), 422, "invalid-fields")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_users_are_listed_and_found(world: World) -> None:
    numbers = equip(world, 2, 1)
    users = [created(world, name) for name in ("anna", "Annika", "berta", "x%_\\")]
    linked(world, users[0], numbers[0])
    created(world, "c", display_name="ANNE Zorn", kind="resource_account")

    def logins(query: str = "") -> list[str]:
        items = answer(world.call("GET", f"{at(world)}?{query}"))["items"]
        return [item["login"] for item in items]

    assert logins() == ["c", "x%_\\", "berta", "Annika", "anna"]
    assert logins("q=ANN") == ["c", "Annika", "anna"]
    assert logins("q=x%25_") == ["x%_\\"]
    assert logins("q=%25") == []
    assert logins("login=ANNIKA") == ["Annika"]
    assert logins("kind=resource_account") == ["c"]
    assert logins("linked=true") == ["anna"]
    assert logins("linked=false&q=a") == ["c", "Annika"]
    first = answer(world.call("GET", f"{at(world)}?limit=2"))
    second = answer(world.call("GET", f"{at(world)}?limit=2&cursor={first['next']}"))
    third = answer(world.call("GET", f"{at(world)}?limit=2&cursor={second['next']}"))
    assert [len(page["items"]) for page in (first, second, third)] == [2, 2, 1]
    assert third["next"] is None
    for wrong in ("cursor=x", "limit=0", "limit=501", "kind=robot", "linked=perhaps", "q=a%00"):
        assert world.call("GET", f"{at(world)}?{wrong}").status_code == 422, wrong


def test_a_user_is_renamed(world: World) -> None:
    user = created(world)
    response = world.call("PATCH", at(world, user["id"]), {"display_name": "Anna B."})
    assert answer(response) == {**user, "display_name": "Anna B."}
    before = world.fingerprint()
    for wrong in ({"login": ""}, {"login": "\u0430nna"}, {"display_name": ""}, {"kind": "user"}):
        path = at(world, user["id"])
        refused(world, before, world.call("PATCH", path, wrong), 422, "invalid-fields")


def test_a_login_is_changed(world: World) -> None:
    [number] = equip(world, 1, 1)
    user = linked(world, created(world), number)
    other = created(world, "bert")
    path = at(world, user["id"])
    for login in ("ANNA", "anna@example.com"):
        renamed = answer(world.call("PATCH", path, {"login": login}))
        assert renamed == {**user, "login": login}
    assert licences(world) == (1, 1)
    assert [each["type"] for each in events(world, "user.changed")] == ["user.changed"] * 2
    before = world.fingerprint()
    for taken in ("bert", "BERT", "\uff22ert"):
        response = world.call("PATCH", path, {"login": taken, "display_name": "Never"})
        problem = refused(world, before, response, 409, "conflict")
        assert problem["login"] == taken
    created(world)  # the former login is free again
    assert world.call("PATCH", at(world, other["id"]), {"login": "anna"}).status_code == 409


def test_the_former_login_stands_in_the_history(world: World) -> None:
    [number] = equip(world, 1, 1)
    user = linked(world, created(world), number)
    world.call("DELETE", at(world, user["id"], "number"))
    world.call("PATCH", at(world, user["id"]), {"login": "new"})
    linked(world, user, number)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT login FROM users_link WHERE user_id = %s ORDER BY linked_at", [user["id"]]
        )
        assert [login for (login,) in cursor.fetchall()] == ["anna", "new"]


def test_a_deleted_user_gives_its_licence_back_and_leaves_the_number(world: World) -> None:
    numbers = equip(world, 1, 1)
    user = linked(world, created(world), numbers[0])
    assert licences(world) == (1, 1)
    assert world.call("DELETE", at(world, user["id"])).status_code == 204
    assert licences(world) == (1, 0)
    assert seen(world, user) is None
    number = answer(world.call("GET", f"/numbers/{numbers[0]}"))
    assert (number["status"], number["user_id"]) == ("assigned", None)
    result = [(event["type"], event["subject"]) for event in events(world, "user.")]
    types = ("user.created", "user.linked", "user.unlinked", "user.deleted")
    assert result == [(type, user["id"]) for type in types]
    before = world.fingerprint()
    refused(world, before, world.call("DELETE", at(world, user["id"])), 404, "not-found")
    created(world)  # the login is free again


def test_a_user_is_found_in_its_own_subscription_alone(world: World) -> None:
    other = make_subscription(world.tenant, "Other")
    user = created(world, subscription=other)
    before = world.fingerprint()
    number = {"number": "+33199000000"}
    for method, path, body in (
        ("GET", at(world, user["id"]), None),
        ("PATCH", at(world, user["id"]), {"display_name": "x"}),
        ("DELETE", at(world, user["id"]), None),
        ("PUT", at(world, user["id"], "number"), number),
        ("DELETE", at(world, user["id"], "number"), None),
        ("GET", at(world, new_id()), None),
        ("PUT", at(world, new_id(), "number"), number),
    ):
        refused(world, before, world.call(method, path, body), 404, "not-found")


def test_a_suspended_subscription_keeps_records_of_users(world: World) -> None:
    user = created(world)
    _suspend(world)
    created(world, "berta")
    path = at(world, user["id"])
    assert world.call("PATCH", path, {"display_name": "B"}).status_code == 200
    assert world.call("DELETE", path).status_code == 204


def test_a_terminated_subscription_takes_none_and_lets_them_be_deleted(world: World) -> None:
    user = created(world)
    _terminate(world)
    before = world.fingerprint()
    refused(world, before, create(world, "berta"), 409, "subscription-terminated")
    path = at(world, user["id"])
    renaming = world.call("PATCH", path, {"display_name": "B"})
    refused(world, before, renaming, 409, "subscription-terminated")
    assert seen(world, user) == user
    assert world.call("DELETE", path).status_code == 204
