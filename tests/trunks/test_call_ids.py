"""Names of calls, which strangers choose; and POST, for proxies without PUT and DELETE."""

from http.client import HTTPConnection
from typing import Any

import orjson
import pytest
from django.http import HttpResponse

from tests.numbers.stock import refused
from tests.server import Server
from tests.trunks.calling import call_path, end, live, order_channels, put, renewed, rows, trunk_id
from tests.world import World, answer

PARTIES = {"caller": "+3225550100", "callee": "+3225550199"}


@pytest.mark.parametrize(
    "call_id",
    [
        "a84b4c76e66710@pc33.example.com",
        "a/b/c",
        "/a//b/",
        "..",
        "a/../../b",
        "100%",
        "%2F",
        "a?b#c",
        "a b",
        "é☎",
        "+",
        "'; DROP TABLE trunks_call; --",
        "\\",
        "x" * 255,
        "☎" * 255,
    ],
    ids=lambda id: repr(id[:20]),
)
def test_any_name_will_do(world: World, call_id: str) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    assert put(world, trunk, call_id).status_code == 201
    assert live(world) == [call_id]
    renewed(world, trunk, call_id)
    assert answer(world.call("GET", call_path(trunk, call_id)))["call_id"] == call_id
    end(world, trunk, call_id)
    assert live(world) == []


def test_slashes_may_be_encoded_or_not(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    put(world, trunk, "a/b")
    path = call_path(trunk, "a") + "%2Fb"
    assert world.call("PUT", path, PARTIES).status_code == 200
    assert live(world) == ["a/b"]


@pytest.mark.parametrize(
    "call_id", ["x" * 256, "x" * 4096, "a/" * 2048, "☎" * 256, "a\0b", "\0"], ids=lambda id: id[:4]
)
def test_too_long_or_no_text(world: World, call_id: str) -> None:
    trunk = trunk_id(world)
    path = call_path(trunk, call_id)
    before = world.fingerprint()
    for method in ("PUT", "DELETE", "GET"):
        response = world.call(method, path, PARTIES if method == "PUT" else None)
        problem = refused(world, before, response, 422, "invalid-fields")
        assert [error["field"] for error in problem["errors"]] == ["call_id"]


def test_no_name(world: World) -> None:
    trunk = trunk_id(world)
    before = world.fingerprint()
    for call_id in ("", "a\nb"):
        refused(
            world, before, world.call("PUT", call_path(trunk, call_id), PARTIES), 404, "not-found"
        )


def post(world: World, trunk: str, call_id: str, meant: str | None, body: Any) -> HttpResponse:
    """POST to a call what is meant for another method."""
    headers = {} if meant is None else {"X-HTTP-Method-Override": meant}
    return world.call("POST", call_path(trunk, call_id), body, headers=headers)


def test_put_and_delete_by_post(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    first = post(world, trunk, "a/b", "PUT", PARTIES)
    assert (first.status_code, answer(first)["in_use"]) == (201, 1)
    assert first["Location"] == f"/api/v1{call_path(trunk, 'a/b')}"
    assert post(world, trunk, "a/b", "PUT", PARTIES).status_code == 200
    before = world.fingerprint()
    refused(world, before, post(world, trunk, "c", "PUT", PARTIES), 409, "no-free-channel")
    before = world.fingerprint()
    refused(world, before, post(world, trunk, "a/b", "DELETE", b"{"), 400, "invalid-json")
    refused(world, before, post(world, trunk, "a/b", "DELETE", PARTIES), 422, "invalid-fields")
    bodies: list[Any] = [{}, None]
    for body in bodies:
        ended = post(world, trunk, "a/b", "DELETE", body)
        assert (ended.status_code, ended.content) == (204, b"")
    before = world.fingerprint()
    refused(world, before, post(world, trunk, "a/b", "PUT", PARTIES), 410, "call-ended")


@pytest.mark.parametrize("meant", [None, "", "put", "POST", "GET", "PATCH", "PUT, DELETE", "x"])
def test_a_post_without_a_valid_method_override_is_refused(world: World, meant: str | None) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    before = world.fingerprint()
    response = post(world, trunk, "a", meant, PARTIES)
    problem = refused(world, before, response, 422, "invalid-fields")
    assert [error["field"] for error in problem["errors"]] == ["X-HTTP-Method-Override"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (None, 422, "invalid-fields"),
        (b"{", 400, "invalid-json"),
        ({}, 422, "invalid-fields"),
        ({**PARTIES, "more": 1}, 422, "invalid-fields"),
        ({**PARTIES, "callee": 1}, 422, "invalid-fields"),
    ],
    ids=repr,
)
def test_wrong_bodies_by_post(world: World, body: Any, status: int, code: str) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    before = world.fingerprint()
    refused(world, before, post(world, trunk, "a", "PUT", body), status, code)


def test_no_other_route_takes_the_header(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    put(world, trunk, "a")
    headers = {"X-HTTP-Method-Override": "DELETE"}
    before = world.fingerprint()
    for method, body in (("GET", None), ("PUT", PARTIES), ("DELETE", None)):
        response = world.call(method, call_path(trunk, "a"), body, headers=headers)
        refused(world, before, response, 422, "invalid-fields")
    path = f"/subscriptions/{world.subscription.id}/trunks/{trunk}"
    before = world.fingerprint()
    refused(world, before, world.call("POST", path, headers=headers), 405, "method-not-allowed")
    assert live(world) == ["a"]


@pytest.mark.parametrize(
    ("path", "call_id"),
    [
        ("a/b", "a/b"),
        ("a%2Fb", "a/b"),
        ("/a//b/", "/a//b/"),
        ("..", ".."),
        ("a/../../b", "a/../../b"),
        ("%2E%2E%2Fb", "../b"),
        ("100%25", "100%"),
        ("a%3Fb%23c", "a?b#c"),
        ("a;b=c,d@e:f!$&'()*+=", "a;b=c,d@e:f!$&'()*+="),
        ("a+b%20c", "a+b c"),
        ("%C3%A9", "é"),
        ("x" * 255, "x" * 255),
        ("%78" * 255, "x" * 255),
    ],
    ids=lambda text: text[:20],
)
def test_over_the_wire(server: Server, world: World, path: str, call_id: str) -> None:
    """A server takes the path as it comes: nothing is tidied up on the way."""
    order_channels(world, 1)
    trunk = trunk_id(world)
    assert send(server, world, "PUT", f"{trunk}/calls/inbound/{path}")[0] == 201
    assert live(world) == [call_id]
    assert send(server, world, "DELETE", f"{trunk}/calls/inbound/{path}")[0] == 204
    assert live(world) == []


@pytest.mark.parametrize(
    "path", ["x" * 256, "x" * 4096, "a/" * 2048, "%00", "a%00b", "%FF", "%78" * 256]
)
def test_wrong_over_the_wire(server: Server, world: World, path: str) -> None:
    trunk = trunk_id(world)
    before = world.fingerprint()
    for method in ("PUT", "DELETE"):
        status, text = send(server, world, method, f"{trunk}/calls/inbound/{path}")
        assert (status, orjson.loads(text)["code"]) == (422, "invalid-fields")
    assert world.fingerprint() == before


def send(server: Server, world: World, method: str, path: str) -> tuple[int, bytes]:
    """The answer to a request whose path is sent as it is."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {
        "Authorization": f"Bearer {world.token(world.group)}",
        "Content-Type": "application/json",
    }
    body = orjson.dumps(PARTIES) if method == "PUT" else None
    connection.request(method, f"/api/v1/trunks/{path}", body, headers)
    response = connection.getresponse()
    result = response.status, response.read()
    connection.close()
    return result


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"direction": "outbound"}, True),
        ({"direction": "sideways"}, False),
        ({"call_id": ""}, False),
        ({"call_id": "x" * 255}, True),
        ({"call_id": "x" * 256}, False),
        ({"caller": ""}, True),
        ({"caller": "x" * 255}, True),
        ({"caller": "x" * 256}, False),
        ({"callee": ""}, False),
        ({"callee": "x" * 255}, True),
        ({"callee": "x" * 256}, False),
        ({"lease": "0"}, False),
        ({"lease": "0.000001 seconds"}, True),
        ({"lease": "1 day"}, True),
        ({"lease": "1 day 0.000001 seconds"}, False),
    ],
)
def test_what_a_call_is(changed: dict[str, str], expected: bool) -> None:
    call = {"direction": "inbound", "call_id": "a", "caller": "1", "callee": "2", "lease": "1 hour"}
    [(found,)] = rows(
        "SELECT calls.is_call(%s::text, %s::text, %s::text, %s::text, %s::interval)",
        *{**call, **changed}.values(),
    )
    assert found is expected
