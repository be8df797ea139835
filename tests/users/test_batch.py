"""Batches of users: taken as JSON or CSV, an outcome for each row, resumable."""

from typing import Any

import orjson
import pytest
from django.db import connection

from fusion.cli.verify import differences
from fusion.users.retention import purge_batches
from tests.ordering.placing import events
from tests.users.staff import (
    created,
    done,
    equip,
    job,
    licences,
    linked,
    outcomes,
    provision_batches,
    refused,
    results,
    row,
    seen,
    submit,
    submitted,
    work,
)
from tests.world import World, answer

HEADER = b"login,display_name,kind,number\n"


def test_a_batch_creates_and_links(world: World) -> None:
    numbers = equip(world, 3, 3)
    response = submit(world, [row(f"u{n}", number) for n, number in enumerate(numbers)])
    queued = answer(response)
    assert (queued["state"], queued["total"], queued["done"]) == ("queued", 3, 0)
    assert queued["finished_at"] is None
    work()
    finished = job(world, queued["id"])
    assert (finished["state"], finished["done"], finished["failed"]) == ("finished", 3, 0)
    assert finished["finished_at"] >= finished["created_at"]
    outcome = results(world, queued["id"])
    assert [(each["position"], each["status"]) for each in outcome] == [
        (1, 201),
        (2, 201),
        (3, 201),
    ]
    for each, number in zip(outcome, numbers, strict=True):
        assert each["user"]["number"] == number
        assert seen(world, each["user"]) == each["user"]
    assert licences(world) == (3, 3)
    assert [event["data"]["number"] for event in _data(world)] == numbers
    assert differences() == []


def _data(world: World) -> list[dict[str, Any]]:
    return [
        {**event, "data": orjson.loads(event["data"])} for event in events(world, "user.linked")
    ]


def test_a_login_may_look_like_the_id_of_another_user(world: World) -> None:
    first, second = equip(world, 2, 2)
    bob = created(world, "bob")
    queued = answer(submit(world, [row(bob["id"], first), row("bob", second)]))
    work()
    outcome = results(world, queued["id"])
    assert [each["status"] for each in outcome] == [201, 200]
    assert [each["user"]["login"] for each in outcome] == [bob["id"], "bob"]
    assert [each["user"]["number"] for each in outcome] == [first, second]
    assert outcome[0]["user"]["id"] != bob["id"] == outcome[1]["user"]["id"]


def test_rows_are_judged_in_order(world: World) -> None:
    a, b, c, d, e = equip(world, 3, 5)
    there = created(world, "There")
    linked(world, created(world, "taken"), d)
    assert done(
        world,
        [
            row("x", a),
            row("y", d),  # in use
            row("w", b),
            row("z", c),  # no licence left: no user
            row("v"),
            row("there", e),
            row("u", "+33199999999"),
            row("", a),
            {"login": "q"},
            5,
        ],
    ) == [
        201,
        "number-in-use",
        201,
        "no-license",
        201,
        "no-license",
        "number-not-assigned",
        "invalid-fields",
        "invalid-fields",
        "invalid-fields",
    ]
    assert done(world, [row("X", a), row("there"), row("z")]) == [200, 200, 201]
    assert licences(world) == (3, 3)
    assert seen(world, there)["number"] is None
    assert differences() == []


def test_existing_users_are_linked_and_moved(world: World) -> None:
    a, b, c = equip(world, 2, 3)
    one, two = linked(world, created(world, "one"), a), created(world, "two")
    assert done(
        world, [row("ONE", b, display_name="One"), row("two", a, display_name="Other")]
    ) == [200, 200]
    assert [seen(world, user)["number"] for user in (one, two)] == [b, a]
    assert [seen(world, user)["display_name"] for user in (one, two)] == ["One", "Other"]
    assert done(world, [row("two", c), row("one", a)]) == [200, 200]
    assert [seen(world, user)["number"] for user in (one, two)] == [a, c]
    assert licences(world) == (2, 2)
    assert differences() == []


def test_chunks_are_as_good_as_one(world: World) -> None:
    numbers = equip(world, 7, 10)
    id = submitted(world, [row(f"u{n}", number) for n, number in enumerate(numbers)])
    provision_batches(chunk=3)
    assert (job(world, id)["state"], job(world, id)["done"]) == ("running", 3)
    assert len(results(world, id)) == 3
    work(chunk=3)
    assert outcomes(world, id) == [201] * 7 + ["no-license"] * 3
    outcome = answer(world.call("GET", f"/jobs/{id}/results?failed=true"))["items"]
    unclear = answer(world.call("GET", f"/jobs/{id}/results?failed=maybe"))
    assert unclear["errors"] == [{"field": "failed", "message": "must be true or false"}]
    assert [each["position"] for each in outcome] == [8, 9, 10]
    assert outcome[0]["problem"]["refusals"][0] == {
        "sku": "user",
        "granted": 7,
        "used": 7,
        "requested": 1,
        "missing": 1,
    }
    assert differences() == []


@pytest.mark.parametrize("deed", ["suspend", "terminate"])
def test_a_subscription_that_ends_meanwhile(world: World, deed: str) -> None:
    numbers = equip(world, 4, 4)
    id = submitted(world, [row(f"u{n}", number) for n, number in enumerate(numbers)])
    provision_batches(chunk=2)
    world.call("POST", f"/subscriptions/{world.subscription.id}/{deed}")
    work()
    code = {"suspend": "subscription-suspended", "terminate": "subscription-terminated"}[deed]
    assert outcomes(world, id) == [201, 201, code, code]
    before = world.fingerprint()
    refused(world, before, submit(world, [row("x")]), 409, code)
    assert differences() == []


def test_sent_again_with_its_key(world: World) -> None:
    for body, media in (([row("a")], "application/json"), (HEADER + b"b,B,,\n", "text/csv")):
        headers = {"Idempotency-Key": media}
        first = submit(world, body, media, None, **headers)
        before = world.fingerprint()
        again = submit(world, body, media, None, **headers)
        assert (again.status_code, again.content) == (202, first.content)
        assert again["Location"] == first["Location"]
        assert again["Idempotency-Replayed"] == "true"
        other = HEADER + b"c,C,,\n" if media == "text/csv" else [row("c")]
        response = submit(world, other, media, None, **headers)
        refused(world, before, response, 422, "idempotency-key-reused")


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv(world: World, before: bytes, separator: str, end: str) -> None:
    (number,) = equip(world, 1, 1)
    lines = [
        ["Number", " login", "DISPLAY_NAME", "kind"],
        [number, "anna", '"Änna; the ""first"", of all"', ""],
        ["", " berta ", "Berta", "resource_account"],
        ["", "", "", ""],
    ]
    body = before + (end.join(separator.join(cells) for cells in lines) + end * 2).encode()
    id = submitted(world, body, "text/csv; charset=UTF-8")
    work()
    anna, berta = (each["user"] for each in results(world, id))
    assert (anna["display_name"], anna["number"]) == ('Änna; the "first", of all', number)
    assert (anna["kind"], berta["kind"]) == ("user", "resource_account")
    assert berta["login"] == "berta"


def test_csv_rows_that_are_malformed_are_their_own_outcome(world: World) -> None:
    lines = (
        b"a,A,user,,x\n"
        b",A,user,\n"
        b"a,A,robot,\n"
        b"a,A,user,12\n"
        b"a\0b,A,user,\n" + b"x" * 201 + b",A,user,\n"
        b"b,B,user\n"
        b"c,C,user,,\n"
        b"d,D\n"
        b"a,A,user,\n"
    )
    assert done(world, HEADER + lines, "text/csv") == [*["invalid-fields"] * 6, *[201] * 4]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"\xef\xbb\xbf", "users"),
        (b"\n\n", "users"),
        (HEADER, "users"),
        (b"display_name,kind,number\nA,user,\n", "login"),
        (b"a,A,user,\n", "login"),
        (b"login,login,display_name,kind,number\n", "login"),
        (b"login,display_name,kind,number,notes\na,A,user,,x\n", "header"),
        (b"login|display_name|kind|number\n", "users"),
        (HEADER + b"\xa4\xa6\xac\xb1,A,user,\n", "body"),
        (HEADER + "a,A,user,\n".encode("utf-16"), "body"),
        (HEADER + b"a,A,,\n\xa4\xa6\xac\xb1,A,,\n", "body"),
        (HEADER + b'"a,A,user,\n', "body"),
        (HEADER + b'"a"b,A,user,\n', "body"),
        (HEADER + b'"' + b"x" * 200_000 + b'",A,user,\n', "body"),
        (b",".join(b"c%d" % column for column in range(9_000)) + b"\n", "header"),
        (b"login," * 10_000 + b"\n", "header"),
        (b"login," * 300_000 + b"\n", "body"),
        (HEADER + b"a,A,user,\n" * 10_001, "users"),
        (HEADER + b"a,A,user,\n" * 200_000, "users"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else value,
)
def test_csv_that_is_refused_as_a_whole(world: World, body: bytes, field: str) -> None:
    before = world.fingerprint()
    problem = refused(world, before, submit(world, body, "text/csv"), 422, "invalid-fields")
    assert field in [error["field"] for error in problem["errors"]]


@pytest.mark.parametrize("lines", [0, 1, 700])
def test_where_a_csv_is_not_utf8(world: World, lines: int) -> None:
    body = HEADER + b"a,A,user,\n" * lines + b"\xa4\xa6\xac\xb1,A,user,\n" + b"b,B,user,\n" * 50
    problem = answer(submit(world, body, "text/csv"))
    assert f"is not valid UTF-8 in line {lines + 2};" in problem["detail"]


def test_a_header_that_is_not_utf8_is_in_the_first_line(world: World) -> None:
    body = b"\xa4\xa6\xac\xb1" + HEADER + b"a,A,user,\n"
    problem = answer(submit(world, body, "text/csv"))
    assert "is not valid UTF-8 in line 1;" in problem["detail"]


def test_bodies_that_are_refused_as_a_whole(world: World) -> None:
    before = world.fingerprint()
    for rows in ([], [row("a")] * 10_001):
        refused(world, before, submit(world, rows), 422, "invalid-fields")
    for body in (b"[]", b'{"users": 5}', b"{}", b'{"users": [], "x": 1}', b"null"):
        refused(world, before, submit(world, body), 422, "invalid-fields")
    refused(world, before, submit(world, b"{"), 400, "invalid-json")
    for media in ("text/plain", "text/csv; charset=koi8-r", ""):
        response = submit(world, HEADER + b"a,A,,\n", media)
        problem = refused(world, before, response, 415, "unsupported-media-type")
        assert "koi8-r" in media or "Send a list as CSV (text/csv)" in problem["detail"]
    refused(world, before, submit(world, b" " * (16 * 2**20 + 1)), 413, "too-large")
    refused(world, before, submit(world, b" " * (64 * 2**20 + 1), "text/csv"), 413, "too-large")


@pytest.mark.once
def test_a_csv_larger_than_json_may_be(world: World) -> None:
    padded = b"a%06d," + b" " * 60_000 + b"A,user,\n"
    rows = 17 * 2**20 // len(padded) + 1
    body = HEADER + b"".join(padded % n for n in range(rows))
    assert done(world, body, "text/csv") == [201] * rows


def test_old_jobs_are_deleted_with_their_results_and_the_users_stay(world: World) -> None:
    purge_batches()  # those that other tests have made on days long past
    old, recent = submitted(world, [row("a")]), submitted(world, [row("b")])
    work()
    waiting = submitted(world, [row("c")])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE users_job SET created_at = created_at - interval '31 days',"
            " finished_at = finished_at - interval '31 days' WHERE id = ANY (%s::uuid[])",
            [[old, waiting]],
        )
    (user,) = (each["user"] for each in results(world, old))
    assert purge_batches() == 1
    assert world.call("GET", f"/jobs/{old}").status_code == 404
    assert job(world, recent)["state"] == "finished"
    assert job(world, waiting)["state"] == "queued"
    assert seen(world, user) == user
    work()
