"""An emergency call passes however the rest of its request looks; every other call stays refused.

Each member of the request is sent with each malformation, each also with the callee of an ordinary
call. Only trunk, token, call id and callee must be right.
"""

import json
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from fusion.access import http_auth
from fusion.kernel.rate import RateLimit
from fusion.trunks.admit_malformed import read_members
from tests.trunks.calling import CALLEE, CALLER, call_path, end, live, rows, trunk_id
from tests.world import World, answer, make_token

REFUSED = (400, 413, 415, 422)
LONG = "x" * 300
ANYTHING = [None, True, 0, 7.5, -1, [], ["a"], {}, {"a": "b"}, {"callee": "112"}]
"""Values of every type of JSON but text."""

MALFORMED: dict[str, list[Any]] = {
    "caller": [*ANYTHING, LONG],
    "replaces": [*ANYTHING[1:], "", " ", LONG, "\0", "a\u202eb", "r" * 70_000],
    "emergency": [*ANYTHING, "yes"],
    "": ["no name"],
    "\u200bcaller": ["hidden"],
}
"""Member → values that an ordinary call may not have."""

IDS = map("call-{}".format, count())


@dataclass(frozen=True)
class Sent:
    """A request to admit a call."""

    body: bytes
    media_type: str = "application/json"
    method: str = "PUT"
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    direction: str = "outbound"

    def send(self, world: World, trunk: str, call_id: str) -> Any:
        """The response to it, as of a call with this id."""
        token = world.token(world.group)
        response: Any = Client().generic(
            self.method,
            f"/api/v1{call_path(trunk, call_id, self.direction)}{self.query}",
            self.body,
            self.media_type,
            headers={"Authorization": f"Bearer {token}", **self.headers},
        )
        return response


def json_of(**members: Any) -> bytes:
    """A body with these members, by default of a well-formed call."""
    return json.dumps({"caller": CALLER, "callee": "112", **members}).encode()


GOOD = json_of()
FORMS: dict[str, tuple[Sent, set[str]]] = {
    "plain text": (Sent(GOOD, "text/plain"), {"body"}),
    "form": (Sent(GOOD, "application/x-www-form-urlencoded"), {"body"}),
    "no type": (Sent(GOOD, ""), {"body"}),
    "another charset": (Sent(GOOD, "application/json; charset=iso-8859-1"), {"body"}),
    "latin 1": (Sent(json_of(caller="M").replace(b'"M', b'"M\xfc')), {"body", "caller"}),
    "byte order mark": (Sent(b"\xef\xbb\xbf" + GOOD), {"body"}),
    "utf-16": (Sent(GOOD.decode().encode("utf-16")), {"body"}),
    "truncated": (Sent(GOOD[:-1]), {"body"}),
    "a comma too many": (Sent(GOOD[:-1] + b",}"), {"body"}),
    "more after it": (Sent(GOOD + b"}"), {"body"}),
    "a list": (Sent(b"[" + GOOD + b"]"), {"body"}),
    "control characters": (Sent(json_of(caller="C").replace(b'"C', b'"C\r\n\t')), {"body"}),
    "half a character": (Sent(json_of(caller="S").replace(b'"S', b'"S\\ud800')), {"body"}),
    "not a number": (Sent(GOOD[:-1] + b', "x": NaN}'), {"body", "x"}),
    "deep": (Sent(GOOD[:-1] + b', "x": ' + b"[" * 9999 + b"]" * 9999 + b"}"), {"body"}),
    "wide": (Sent(json_of(**{f"m{n:03}": n for n in range(300)})), {f"m{n:03}" for n in range(90)}),
    "doubled caller": (Sent(b'{"caller": 1, ' + GOOD[1:]), {"body", "caller"}),
    "doubled callee": (Sent(b'{"callee": "112", ' + GOOD[1:]), {"body", "callee"}),
    "unknown parameter": (Sent(GOOD, query="?lease=60"), {"lease"}),
    "header": (Sent(GOOD, headers={"If-Match": '"1"'}), {"If-Match"}),
    "another header": (
        Sent(GOOD, headers={"X-HTTP-Method-Override": "PUT"}),
        {"X-HTTP-Method-Override"},
    ),
    "POST": (Sent(GOOD, method="POST"), {"X-HTTP-Method-Override"}),
    "POST of another method": (
        Sent(GOOD, method="POST", headers={"X-HTTP-Method-Override": "PATCH"}),
        {"X-HTTP-Method-Override"},
    ),
    "direction": (Sent(GOOD, direction="sideways"), {"direction"}),
    "callee is a number": (Sent(json_of(callee=112)), {"callee"}),
    "callee is a fraction": (Sent(GOOD.replace(b'"112"', b"112.0")), {"callee"}),
}
"""Requests for an emergency call, and what the answer calls malformed."""


def admitted(response: HttpResponse, *malformed: str) -> Any:
    """The answer to an emergency call that was admitted, and named these as malformed."""
    assert response.status_code == 201, response.content
    result = answer(response)
    assert result["emergency"] is True
    assert set(malformed) <= set(result.get("malformed", [])), result
    return result


@pytest.mark.parametrize("member", MALFORMED)
def test_each_malformed_member(world: World, member: str) -> None:
    trunk = trunk_id(world)
    for value in MALFORMED[member]:
        call_id = next(IDS)
        response = Sent(json_of(**{member: value})).send(world, trunk, call_id)
        result = admitted(response, *([] if value == LONG else [member.strip("\u200b")]))
        assert result.get("shortened", False) is (member == "caller" and value == LONG)
        assert call_id in live(world)
        renewal = Sent(json_of(**{member: value})).send(world, trunk, call_id)
        assert renewal.status_code == 200, renewal.content
    before = world.fingerprint()
    for value in MALFORMED[member]:
        response = Sent(json_of(**{member: value, "callee": CALLEE})).send(world, trunk, "a")
        assert response.status_code in REFUSED, (value, response.content)
    assert world.fingerprint() == before


def test_missing_and_null_callers(world: World) -> None:
    trunk = trunk_id(world)
    for body in ({"callee": "112"}, {"callee": "112", "caller": None}):
        admitted(world.call("PUT", call_path(trunk, next(IDS)), body), "caller")
    numbered = {"callee": "112", "caller": 3225550100}
    admitted(world.call("PUT", call_path(trunk, "numbered"), numbered), "caller")
    found = {
        call["call_id"]: call["caller"] for call in answer(world.call("GET", "/calls"))["items"]
    }
    assert found.pop("numbered") == "3225550100"
    assert set(found.values()) == {""}  # as of a withheld number: any number may be called back
    before = world.fingerprint()
    response = world.call("PUT", call_path(trunk, "a"), {"callee": CALLEE})
    assert response.status_code == 422 and world.fingerprint() == before


@pytest.mark.parametrize("form", FORMS)
def test_each_malformed_request(world: World, form: str) -> None:
    trunk = trunk_id(world)
    sent, malformed = FORMS[form]
    response = sent.send(world, trunk, "help/1")
    admitted(response, *malformed)
    assert response["Location"] == f"/api/v1{call_path(trunk, 'help/1', 'outbound')}"
    assert live(world) == ["help/1"]
    end(world, trunk, "help/1", direction="outbound")
    before = world.fingerprint()
    body = sent.body.replace(b"112", b"113").replace(b"1\x001\x002", b"1\x001\x003")
    ordinary = replace(sent, body=body)
    assert ordinary.send(world, trunk, "a").status_code in REFUSED
    assert world.fingerprint() == before


@pytest.mark.parametrize("value", [*ANYTHING[:-1], "", "\0", "113", ["112"]])
def test_the_callee_must_be_readable(world: World, value: Any) -> None:
    trunk = trunk_id(world)
    before = world.fingerprint()
    for body in (json_of(callee=value, caller="112"), json_of(callee=value)[:-1]):
        response = Sent(body).send(world, trunk, "a")
        assert response.status_code in REFUSED or value == "113", response.content
    assert Sent(b'{"caller": "112"}').send(world, trunk, "a").status_code == 422
    assert Sent(b"").send(world, trunk, "a").status_code in REFUSED
    assert world.fingerprint() == before


def test_a_caller_cannot_write_a_callee(world: World) -> None:
    trunk = trunk_id(world)
    before = world.fingerprint()
    for caller in ('", "callee": "112', '"callee": "112"', "callee", '\\"callee": "112"'):
        body = json_of(caller=caller, callee=CALLEE)
        for broken in (body[:-1], body + b"}", body.replace(b'{"', b'{"x": 1, "', 1)):
            assert Sent(broken).send(world, trunk, "a").status_code in REFUSED
    assert world.fingerprint() == before


def test_trunk_token_scope_and_call_id_must_be_right(world: World) -> None:
    trunk, foreign = trunk_id(world), trunk_id(World())
    before = world.fingerprint()
    body = {"callee": "112"}
    for path in (call_path(foreign, "a"), call_path("01980000-0000-7000-8000-000000000001", "a")):
        assert world.call("PUT", path, body).status_code == 404
    path = call_path(trunk, "a")
    assert world.call("PUT", path, body, by="no token").status_code == 401
    assert (
        world.call("PUT", path, body, by=make_token(world.group, ("calls:read",))).status_code
        == 403
    )
    assert world.call("PUT", call_path(trunk, "i" * 256), body).status_code == 422
    assert world.call("PUT", call_path(trunk, " "), body).status_code == 422
    deletion = {"X-HTTP-Method-Override": "DELETE"}
    assert world.call("POST", path, body, headers=deletion).status_code == 422
    assert world.call("DELETE", path, body).status_code == 422
    assert world.fingerprint() == before


def test_an_ended_call_stays_ended(world: World) -> None:
    trunk = trunk_id(world)
    end(world, trunk, "a")
    response = world.call("PUT", call_path(trunk, "a"), {"callee": "112"})
    assert (response.status_code, answer(response)["code"]) == (410, "call-ended")


def test_too_many_requests(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    trunk = trunk_id(world)
    world.token(world.group)
    monkeypatch.setattr(http_auth, "requests_per_client", RateLimit(1))
    assert Sent(json_of(callee=CALLEE)).send(world, trunk, "a").status_code == 409
    before = world.fingerprint()
    assert Sent(json_of(callee=CALLEE)).send(world, trunk, "a").status_code == 429
    assert world.fingerprint() == before
    assert "malformed" not in admitted(Sent(GOOD).send(world, trunk, "help"))
    admitted(Sent(b'{"callee": "112"}').send(world, trunk, "help too"), "caller")


SQL = (
    "SELECT status, answer FROM calls.admit_replacing(%s::uuid, %s::text, %s::text, %s::text,"
    " %s::text, %s::text, %s::interval)"
)
WELL: dict[str, Any] = {"direction": "outbound", "caller": "1", "replaces": "x", "lease": "60 s"}
BY_SQL: dict[str, list[Any]] = {
    "direction": [None, "", "sideways"],
    "caller": [None],
    "replaces": ["", LONG],
    "lease": [None, "0 s", "-1 s", "2 days"],
}


@pytest.mark.parametrize("member", BY_SQL)
def test_the_same_by_sql(world: World, member: str) -> None:
    trunk = trunk_id(world)
    for value in BY_SQL[member]:
        call = {**WELL, member: value}
        parts = call["direction"], next(IDS), call["caller"]
        rest = call["replaces"], call["lease"]
        [(status, result)] = rows(SQL, trunk, *parts, "112", *rest)
        assert (status, result["malformed"]) == (201, [member]), result
        before = world.fingerprint()
        [(status, result)] = rows(SQL, trunk, *parts, CALLEE, *rest)
        assert (status, result["code"]) == (422, "invalid-fields")
        assert world.fingerprint() == before


def test_everything_at_once_by_sql(world: World) -> None:
    trunk = trunk_id(world)
    [(status, result)] = rows(SQL, trunk, None, "help", None, f'"{LONG}" <sip:112@a>', "", None)
    assert (status, result["shortened"]) == (201, True)
    assert result["malformed"] == ["direction", "caller", "lease", "replaces"]
    [call] = answer(world.call("GET", "/calls"))["items"]
    assert (call["direction"], call["caller"], call["replaces"]) == ("outbound", "", None)
    before = world.fingerprint()
    for call_id in (None, "", "i" * 256):
        [(status, _)] = rows(SQL, trunk, None, call_id, None, "112", "", None)
        assert status == 422
    assert world.fingerprint() == before


def test_a_caller_of_255_characters_is_kept_whole(world: World) -> None:
    trunk = trunk_id(world)
    for length, shortened in ((255, None), (256, True)):
        [(_, result)] = rows(SQL, trunk, None, next(IDS), "x" * length, "112", "x", "60 s")
        assert (result["malformed"], result.get("shortened")) == (["direction"], shortened)


def test_a_malformed_call_is_read_as_of_its_own_trunk(world: World) -> None:
    for prefix in ("8", "9"):
        trunk = trunk_id(world, name=prefix, outside_line_prefixes=[prefix])
        body = {"callee": f"{prefix}112"}
        admitted(world.call("PUT", call_path(trunk, next(IDS)), body), "caller")


@given(st.binary(max_size=200), st.integers(0, 60))
def test_any_bytes_can_be_read(noise: bytes, at: int) -> None:
    """Never a fault; what was read is text or JSON."""
    for body in (noise, GOOD[:at] + noise + GOOD[at:], noise + GOOD, GOOD + noise):
        members, malformed = read_members(body)
        assert isinstance(members, dict) and all(isinstance(name, str) for name in malformed)
