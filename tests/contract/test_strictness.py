"""Nothing that a caller says is silently ignored, on any route of the OpenAPI document.

Each request would be done without the one thing that its route does not know: it is refused for
that, names it, and changes nothing. A new route is found by itself.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest
from django.http import HttpResponse

from fusion.api import api
from fusion.kernel.ids import new_id
from fusion.kernel.pagination import encode_cursor
from tests.contract.refusing import fields, is_problem
from tests.contract.stage import Stage
from tests.contract.test_authorization import OPERATIONS, ROUTES, Asked, ask, own_ids
from tests.world import World

WRITING = [route for route in ROUTES if route[0] != "GET"]
WITHOUT_BODY = [route for route in ROUTES if "requestBody" not in OPERATIONS[route]]
WITH_BODY = [route for route in ROUTES if "requestBody" in OPERATIONS[route]]


def parameters_of(route: tuple[str, str], where: str = "query") -> list[str]:
    """Names of the parameters that the document gives this route."""
    declared = OPERATIONS[route].get("parameters", [])
    return [each["name"] for each in declared if each["in"] == where]


@pytest.fixture(scope="module")
def stage() -> Stage:
    """One stage for all: nothing that is sent here changes it."""
    return Stage()


def request(stage: Stage, route: tuple[str, str]) -> Asked:
    """A request of that route that would be done."""
    wanted = ask(route, own_ids(stage, "group"))
    wanted.query = {}
    return wanted


def refused(stage: Stage, wanted: Asked, body: Any = None, query: str = "") -> HttpResponse:
    """The answer to `asked`, with this body and query, which changes nothing."""
    world = stage.world
    path = wanted.template.format(**wanted.path) + query
    before = world.fingerprint()
    response = world.call(wanted.method, path, body or wanted.body, headers=wanted.headers)
    assert world.fingerprint() == before
    return response


def routes(chosen: list[tuple[str, str]]) -> pytest.MarkDecorator:
    """A test for each of these routes."""
    return pytest.mark.parametrize("route", chosen, ids=" ".join)


def test_checks_match_the_openapi_document() -> None:
    for route, operation in api.operations():
        method = operation.methods[0]
        known = api.known[route, method]
        declared = OPERATIONS[method, re.sub(r"{\w+:", "{", operation.path)]
        names = [each["name"] for each in declared.get("parameters", []) if each["in"] == "query"]
        assert list(known.parameters) == names
        assert known.body == ("requestBody" in declared)


@routes(ROUTES)
def test_an_unknown_parameter(stage: Stage, route: tuple[str, str]) -> None:
    response = refused(stage, request(stage, route), query="?nonsense=1")
    assert fields(response) == ["nonsense"]
    detail = orjson.loads(response.content)["detail"]
    assert all(name in detail for name in parameters_of(route))


@routes(ROUTES)
def test_other_spellings_of_nothing(stage: Stage, route: tuple[str, str]) -> None:
    for query in ("?LIMIT=1", "?=1", "?x", "?%00=1", "?limit%20=1"):
        assert len(fields(refused(stage, request(stage, route), query=query))) == 1


REPEATABLE = {("GET", "/events"): {"type"}}
"""The parameters that a request may give several times."""


@routes([route for route in ROUTES if parameters_of(route)])
def test_a_parameter_given_twice(stage: Stage, route: tuple[str, str]) -> None:
    for name in set(parameters_of(route)) - REPEATABLE.get(route, set()):
        response = refused(stage, request(stage, route), query=f"?{name}=1&{name}=1")
        assert fields(response) == [name]


def _instants_of(route: tuple[str, str]) -> list[str]:
    """The parameters that are instants: the beginning and the end of each period."""
    declared = OPERATIONS[route].get("parameters", [])
    return [each["name"] for each in declared if "date-time" in str(each["schema"])]


PERIODS = [route for route in ROUTES if len(_instants_of(route)) > 1]


def test_the_routes_with_periods_are_found() -> None:
    assert len(PERIODS) >= 5


@routes(PERIODS)
def test_a_period_that_ends_before_it_begins(stage: Stage, route: tuple[str, str]) -> None:
    instants = _instants_of(route)
    late, early = "2026-03-05T00:00:00.000000Z", "2026-03-01T00:00:00.000000Z"
    for since, until in zip(instants[::2], instants[1::2], strict=True):
        for end in (early, late):
            query = "?" + urlencode({since: late, until: end})
            response = refused(stage, request(stage, route), query=query)
            assert fields(response) == [until]
            assert f"must be after {since} ({late}); it is {end}" in response.content.decode()


@routes([route for route in ROUTES if "cursor" in parameters_of(route)])
def test_a_cursor_of_another_list(stage: Stage, route: tuple[str, str]) -> None:
    for parts in (["x"], ["x", "y"], ["x", "y", "z"], ["1", "2", "3", "4"]):
        cursor = encode_cursor(*parts)
        response = refused(stage, request(stage, route), query=f"?cursor={cursor}")
        if response.status_code == 200:
            assert len(parts) == 1, parts  # a list by one text goes on behind any
        else:
            assert fields(response) == ["cursor"]


@routes(WITHOUT_BODY)
def test_a_body_that_is_not_allowed(stage: Stage, route: tuple[str, str]) -> None:
    wanted = request(stage, route)
    assert fields(refused(stage, wanted, {"x": 1})) == ["x"]
    body = {"effective_at": "2030-01-01T00:00:00Z", "dry_run": True}
    assert fields(refused(stage, wanted, body)) == ["effective_at", "dry_run"]
    for wrong in (b"{oops", b"[]", b"null", b"1", b'""', b" ", b'{"x":1,"x":1}', b"[" * 999):
        is_problem(refused(stage, wanted, wrong), 400, "invalid-json")


@routes(WITHOUT_BODY)
def test_another_content_type_without_a_body(stage: Stage, route: tuple[str, str]) -> None:
    wanted = request(stage, route)
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "text/csv"):
        response = _send(stage, wanted, b"x=1", media_type)
        is_problem(response, 415, "unsupported-media-type")


@routes(WITH_BODY)
def test_an_unknown_member(stage: Stage, route: tuple[str, str]) -> None:
    wanted = request(stage, route)
    assert fields(refused(stage, wanted, {**(wanted.body or {}), "x": 1})) == ["x"]


@routes(WITH_BODY)
def test_an_unreadable_body(stage: Stage, route: tuple[str, str]) -> None:
    wanted = request(stage, route)
    for wrong in (b"{oops", b"{", b"\xff", b" "):
        is_problem(refused(stage, wanted, wrong), 400, "invalid-json")
    response = _send(stage, wanted, orjson.dumps(wanted.body), "text/plain")
    is_problem(response, 415, "unsupported-media-type")


@routes(WITH_BODY)
def test_a_member_given_twice(stage: Stage, route: tuple[str, str]) -> None:
    wanted = request(stage, route)
    text = orjson.dumps(wanted.body)
    doubled = [b'{"x":1,"x":1' + (b"," + text[1:] if wanted.body else b"}")]
    doubled += [_first_member_doubled(wanted.body)] if wanted.body else []
    for wrong in doubled:
        is_problem(refused(stage, wanted, wrong), 400, "invalid-json")


def _first_member_doubled(body: dict[str, Any]) -> bytes:
    """The body, whose innermost first member stands twice."""
    name, value = next(iter(body.items()))
    inner = orjson.dumps(value)
    if isinstance(value, list) and isinstance(value[0], dict):
        inner = b"[" + _first_member_doubled(value[0]) + b"]"
        return b"{" + orjson.dumps(name) + b":" + inner + b"}"
    member = orjson.dumps(name) + b":" + inner
    return b"{" + member + b"," + member + b"," + orjson.dumps(body)[1:]


@routes(WRITING)
@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "If-Match"])
def test_a_header_that_would_change_the_request(
    stage: Stage, route: tuple[str, str], header: str
) -> None:
    if header in parameters_of(route, "header"):
        return
    wanted = request(stage, route)
    wanted.headers = {**wanted.headers, header: "DELETE"}
    assert fields(refused(stage, wanted)) == [header]


@routes([route for route in ROUTES if "_id}" in route[1]])
def test_visibility_is_checked_first(stage: Stage, route: tuple[str, str]) -> None:
    """Order of the checks: visibility 404, then parameters and body."""
    wanted = request(stage, route)
    for name in wanted.path:
        if name.endswith("_id") and name != "call_id":
            foreign = {**wanted.path, name: new_id()}
            path = wanted.template.format(**foreign)
            world = stage.world
            for body, query in ((wanted.body, "?nonsense=1"), (b"{oops", ""), ({"x": 1}, "")):
                response = world.call(wanted.method, path + query, body, headers=wanted.headers)
                is_problem(response, 404, "not-found")


@routes(ROUTES)
def test_permission_is_checked_before_fields(stage: Stage, route: tuple[str, str]) -> None:
    wanted = request(stage, route)
    path = wanted.template.format(**wanted.path)
    response = stage.world.call(wanted.method, path + "?nonsense=1", b"{oops", by="no token")
    is_problem(response, 401, "unauthenticated")


@pytest.mark.parametrize("name", ["self", "cls", "fields", "detail", "__class__", "[0]", ".", " "])
def test_names_that_mean_something_to_python(world: World, name: str) -> None:
    subscription = f"/subscriptions/{world.subscription.id}"
    # A column without a name is none, if its cells are empty.
    column = f"{name},x" if name.isspace() else name
    for response in (
        world.call("GET", f"/orders?{quote(name)}=1"),
        world.call("GET", "/orders", {name: 1}),
        world.call("POST", f"{subscription}/suspend", {name: 1}),
        world.call("POST", "/orders", {name: 1}),
        world.call(
            "POST",
            f"{subscription}/users/batch",
            f"login,display_name,kind,number,{column}\na,A,,,\n".encode(),
            headers={"Content-Type": "text/csv"},
        ),
    ):
        is_problem(response, 422, "invalid-fields")


def test_an_empty_object_counts_as_no_body(world: World) -> None:
    path = f"/subscriptions/{world.subscription.id}"
    bodies: list[Any] = [None, {}, b" {} "]
    for body in bodies:
        assert world.call("POST", f"{path}/suspend", body).status_code == 200
        assert world.call("GET", path, body).status_code == 200


def test_a_key_is_taken_everywhere(world: World) -> None:
    """It adds nothing where a request may be repeated anyway."""
    headers = {"Idempotency-Key": "a"}
    path = f"/subscriptions/{world.subscription.id}"
    assert world.call("GET", path, headers=headers).status_code == 200
    assert world.call("PATCH", path, {"name": "New"}, headers=headers).status_code == 200


def _send(stage: Stage, wanted: Asked, content: bytes, media_type: str) -> HttpResponse:
    world = stage.world
    before = world.fingerprint()
    response = world.call(
        wanted.method,
        wanted.template.format(**wanted.path),
        content,
        headers={**wanted.headers, "Content-Type": media_type},
    )
    assert world.fingerprint() == before
    return response


PYTHON = re.compile(
    r"\basked\b|filters|paging|function-|\[|\bloc\b|pydantic|\^|\\"
    r"|instance of|dictionary|NoneType|override"
)


@routes(ROUTES)
def test_a_refusal_names_nothing_of_the_program(stage: Stage, route: tuple[str, str]) -> None:
    """Wrong values in each parameter and member: fields are the caller's, and words are words."""
    wanted = request(stage, route)
    wrong = ["\u200b", "x" * 3000, "-", "0", "2026-01-01T00:00:00Z"]
    for name in parameters_of(route):
        others = {"from": "to", "to": "from"}
        for value in wrong:
            query = {name: value, **({others[name]: value} if name in others else {})}
            response = stage.world.call(
                wanted.method, wanted.template.format(**wanted.path) + f"?{urlencode(query)}"
            )
            if response.status_code == 422:
                names_no_python(response, set(query))
    if "requestBody" in OPERATIONS[route]:
        stage = Stage()  # some of these are right
        wanted = request(stage, route)
        path = wanted.template.format(**wanted.path)
        for body in ({}, [], 1, None, *_wrongly(wanted.body)):
            content = orjson.dumps(body)
            response = stage.world.call(wanted.method, path, content, headers=wanted.headers)
            if response.status_code == 422:
                names_no_python(response, None)


def _wrongly(body: Any) -> Iterator[Any]:
    """The body with each member of a wrong type, one at a time."""
    for name, value in (body or {}).items():
        values: list[Any] = [None, [], {}, 1.5, "\u200b", "-", -1, [1], [{}], [{"x": 1}], "+1"]
        for wrong in values:
            if wrong != value:
                yield {**body, name: wrong}


def names_no_python(response: HttpResponse, names: set[str] | None) -> None:
    """A 422 whose fields are names of `names`, where given, and whose words are plain."""
    for error in orjson.loads(response.content)["errors"]:
        assert names is None or error["field"] in names, error
        assert not PYTHON.search(error["field"]), error
        assert not PYTHON.search(error["message"].replace("\\u", "")), error


@routes([route for route in ROUTES if "_id}" in route[1]])
def test_ids_in_capital_letters_are_the_same(stage: Stage, route: tuple[str, str]) -> None:
    wanted = request(stage, route)
    path = {
        name: str(value).upper() if name.endswith("_id") and name != "call_id" else value
        for name, value in wanted.path.items()
    }
    response = stage.world.call(
        wanted.method, wanted.template.format(**path) + "?nonsense=1", headers=wanted.headers
    )
    assert fields(response) == ["nonsense"]
