"""Every route × group, distributor, reseller, tenant, other group, nobody × own and foreign ids.

The routes come from the OpenAPI document, what is expected of them from `table.TABLE`.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client

from fusion.access.actor import SCOPES
from fusion.api import api
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization
from tests.contract.stage import SHARED_SLOTS, Ids, Stage
from tests.contract.table import KINDS, TABLE, Rule
from tests.world import answer, make_token

DOCUMENT = api.get_openapi_schema()
PREFIX = "/api/v1"

OPERATIONS = {
    (method.upper(), path.removeprefix(PREFIX)): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
ROUTES = sorted(OPERATIONS)
KNOWN = [route for route in ROUTES if route in TABLE]
BATCHES = {("POST", "/orders/batch"), ("POST", "/orders/batch/preview")}


@dataclass
class Asked:
    """A request whose ids stand in named slots: `path:x`, `query:x`, `body:…`."""

    method: str
    template: str
    path: dict[str, Any]
    query: dict[str, Any]
    body: Any
    headers: dict[str, str]

    def send(self, stage: Stage, by: Organization | str) -> HttpResponse:
        """The answer that an organization, or a token, gets."""
        path = self.template.format(**self.path)
        query = f"?{urlencode(self.query)}" if self.query else ""
        world = stage.world
        response = world.call(self.method, path + query, self.body, by=by, headers=self.headers)
        if response.streaming:
            response.getvalue()  # to its end, as a caller reads: until then it takes up a place
        return response

    def slots(self) -> list[tuple[str, ...]]:
        """Where ids stand: ('path', name), ('query', name), or ('body', key or index, ...)."""
        found: list[tuple[str, ...]] = [("path", name) for name in self.path if _is_id(name)]
        found += [("query", name) for name in self.query]
        return found + [("body", *place) for place in _ids_in(self.body)]

    def swapped(self, slot: tuple[str, ...], id: Any) -> "Asked":
        """The same request with another id in one slot."""
        where, *place = slot
        if where != "body":
            changed: dict[str, Any] = {where: {**getattr(self, where), place[0]: id}}
            return replace(self, **changed)
        body = deepcopy(self.body)
        target = body
        for step in place[:-1]:
            target = target[int(step) if isinstance(target, list) else step]
        target[place[-1]] = str(id)
        return replace(self, body=body)


def _is_id(name: str) -> bool:
    """Numbers and the like are no ids: their rooms' tests try those of others."""
    return name.endswith("_id") and name != "call_id"


def _ids_in(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, member in value.items():
            if _is_id(key):
                yield (*place, key)
            else:
                yield from _ids_in(member, (*place, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _ids_in(member, (*place, str(index)))


def ask(route: tuple[str, str], ids: Ids) -> Asked:
    """The route's request with ids of one's own, every filter that takes an id included."""
    method, template = route
    rule, operation = TABLE[route], OPERATIONS[route]
    other_names = dict(rule.ids)
    named = [(p["in"], p["name"]) for p in operation["parameters"]]
    path = {name: ids[other_names.get(name, name)] for where, name in named if where == "path"}
    query = {name: ids[name] for where, name in named if where == "query" and _is_id(name)}
    body = rule.body(ids) if rule.body else None
    return Asked(method, template, path, query, body, dict(rule.headers))


def own_ids(stage: Stage, kind: str) -> Ids:
    """Ids that an organization of this kind sees; what is to be deleted is empty."""
    ids = {**stage.own.ids, "empty_id": stage.empty.id}
    if kind == "tenant":
        ids |= {"parent_id": stage.world.tenant.id, "empty_id": stage.world.tenant.id}
    return ids


def refuses(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """The problem that the answer is."""
    problem: dict[str, Any] = answer(response)
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert response["Content-Type"] == "application/problem+json"
    return problem


def required(rule: Rule, scopes: tuple[str, ...] = SCOPES) -> tuple[str, ...]:
    """Those of `scopes` that open the route, each by itself."""
    enough = {*rule.scopes, *(scope.replace(":read", ":write") for scope in rule.scopes)}
    return tuple(scope for scope in scopes if scope in enough)


@pytest.fixture(scope="module")
def stage() -> Stage:
    """A stage for whatever changes nothing."""
    return Stage()


@pytest.fixture(scope="module")
def other() -> Stage:
    """Another provider."""
    return Stage()


def test_every_route_is_known() -> None:
    assert sorted(TABLE) == ROUTES, "a route came or went: say in table.py who may do what"


@pytest.mark.parametrize("route", KNOWN, ids=" ".join)
def test_the_document_lists_the_scopes(route: tuple[str, str]) -> None:
    (scheme,) = DOCUMENT["components"]["securitySchemes"]
    security = OPERATIONS[route]["security"]
    assert security == [{scheme: [scope]} for scope in TABLE[route].scopes]


@pytest.mark.parametrize("route", KNOWN, ids=" ".join)
def test_a_body_s_ids_are_all_tried(route: tuple[str, str], stage: Stage) -> None:
    content = OPERATIONS[route].get("requestBody", {}).get("content", {})
    if content:
        shape = content["application/json"]["schema"]
        result = {name for name in _properties(shape) if name.endswith("_id")}
        tried = {slot[-1] for slot in ask(route, own_ids(stage, "group")).slots()}
        assert result <= tried | IN_ROWS.get(route, set())


def _properties(shape: Any) -> set[str]:
    if isinstance(shape, list):
        return {name for part in shape for name in _properties(part)}
    if not isinstance(shape, dict):
        return set()
    if "$ref" in shape:
        return _properties(DOCUMENT["components"]["schemas"][shape["$ref"].split("/")[-1]])
    own = set(shape.get("properties", {}))
    return own | {name for part in shape.values() for name in _properties(part)}


IN_ROWS = {("POST", "/subscriptions/{subscription_id}/numbers/batch"): {"user_id", "trunk_id"}}
"""Ids of other actions and in rows: test_link_numbers.py and test_link_to_trunks.py try them."""


@pytest.mark.parametrize("route", KNOWN, ids=" ".join)
def test_requests_without_a_token_get_401(
    route: tuple[str, str], stage: Stage, other: Stage
) -> None:
    before = stage.world.fingerprint()
    for ids in (own_ids(stage, "group"), other.own.ids | {"empty_id": other.empty.id}):
        wanted = ask(route, ids)
        for headers in ({}, {"Authorization": "Bearer unknown"}, {"Authorization": "Basic eDp5"}):
            path = PREFIX + wanted.template.format(**wanted.path)
            response: Any = Client().generic(wanted.method, path, b"{", headers=headers)
            refuses(response, 401, "unauthenticated")
            assert response["WWW-Authenticate"].startswith("Bearer")
    assert stage.world.fingerprint() == before


@pytest.mark.parametrize("route", KNOWN, ids=" ".join)
def test_the_scope_comes_before_everything_else(
    route: tuple[str, str], stage: Stage, other: Stage
) -> None:
    rule = TABLE[route]
    enough = required(rule)
    token = make_token(stage.world.group, tuple(scope for scope in SCOPES if scope not in enough))
    before = stage.world.fingerprint(), other.world.fingerprint()
    for ids in (own_ids(stage, "group"), other.own.ids | {"empty_id": other.empty.id}):
        problem = refuses(ask(route, ids).send(stage, token), 403, "forbidden")
        assert all(scope in problem["detail"] for scope in rule.scopes)
    unreadable = replace(ask(route, own_ids(stage, "group")), body=b"{")
    refuses(unreadable.send(stage, token), 403, "forbidden")
    assert (stage.world.fingerprint(), other.world.fingerprint()) == before


@pytest.mark.parametrize("route", KNOWN, ids=" ".join)
def test_one_scope_is_enough(route: tuple[str, str], stage: Stage) -> None:
    rule = TABLE[route]
    for scope in required(rule):
        where = stage if rule.reads else Stage()
        wanted = ask(route, own_ids(where, "group"))
        if rule.hands_on:
            before = where.world.fingerprint()
            alone = make_token(where.world.group, (scope,))
            refuses(wanted.send(where, alone), 403, "forbidden")
            assert where.world.fingerprint() == before
        token = make_token(where.world.group, (scope, *rule.hands_on))
        response = wanted.send(where, token)
        expected = 403 if scope in rule.elsewhere else rule.status("group")
        assert response.status_code == expected, response.content


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", KNOWN, ids=" ".join)
def test_own_ids(route: tuple[str, str], kind: str, stage: Stage) -> None:
    rule = TABLE[route]
    expected = rule.status(kind)
    where = stage if rule.reads or expected >= 400 else Stage()
    before = where.world.fingerprint()
    response = ask(route, own_ids(where, kind)).send(where, where.organization(kind))
    if expected >= 400:
        refuses(response, expected, rule.refusal)
    else:
        assert response.status_code == expected, response.content
        if expected == 201:
            location = response["Location"].removeprefix(PREFIX)
            shown = where.world.call("GET", location, by=where.organization(kind))
            result, made = answer(shown), answer(response)  # a list has no id
            assert (shown.status_code, result.get("id")) == (200, made.get("id"))
    if rule.reads or expected >= 400:
        assert where.world.fingerprint() == before


@pytest.mark.parametrize("kind", [*KINDS, "other group"])
@pytest.mark.parametrize("route", KNOWN, ids=" ".join)
def test_foreign_ids(route: tuple[str, str], kind: str, stage: Stage, other: Stage) -> None:
    """Each id by itself: what the caller cannot see is 404, and looks like what is not there."""
    caller, own, foreign = _sides(kind, stage, other)
    before = stage.world.fingerprint(), other.world.fingerprint()
    wanted = ask(route, own)
    renamed = dict(TABLE[route].ids)
    for slot in wanted.slots():
        name = renamed.get(slot[-1], slot[-1])
        unseen = [ids[name] for ids in foreign if ids.get(name, own[name]) != own[name]]
        assert unseen or (name in SHARED_SLOTS and kind != "group")
        unknown = _refusal(route, wanted.swapped(slot, new_id()).send(stage, caller), kind)
        for id in unseen:
            response = wanted.swapped(slot, id).send(stage, caller)
            assert _refusal(route, response, kind) == unknown
            assert str(id) not in response.content.decode()
    if not _is_batch_of_a_group(route, kind):
        assert (stage.world.fingerprint(), other.world.fingerprint()) == before


WITH_BODY = [route for route in KNOWN if "requestBody" in OPERATIONS[route]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", WITH_BODY, ids=" ".join)
def test_fields_come_after_visibility_and_role(
    route: tuple[str, str], kind: str, stage: Stage, other: Stage
) -> None:
    caller = stage.organization(kind)
    before = stage.world.fingerprint(), other.world.fingerprint()
    wanted = ask(route, own_ids(stage, kind))
    wrong = replace(wanted, body={**wanted.body, "surely": "unknown"})
    response = wrong.send(stage, caller)
    if TABLE[route].status(kind) == 403:
        refuses(response, 403, TABLE[route].refusal)
    else:
        problem = refuses(response, 422, "invalid-fields")
        assert [error["field"] for error in problem["errors"]] == ["surely"]
    if not _lacks_the_scope(route, kind) and route not in BATCHES:
        for slot in wrong.slots():
            refuses(wrong.swapped(slot, new_id()).send(stage, caller), 404, "not-found")
    assert (stage.world.fingerprint(), other.world.fingerprint()) == before


QUERIED = [
    route
    for route in KNOWN
    if route[0] == "GET" and {"limit", "at"} & {p["name"] for p in OPERATIONS[route]["parameters"]}
]


@pytest.mark.parametrize("kind", ["group", "tenant"])
@pytest.mark.parametrize("route", QUERIED, ids=" ".join)
def test_filters_come_after_visibility(
    route: tuple[str, str], kind: str, stage: Stage, other: Stage
) -> None:
    wanted = ask(route, own_ids(stage, kind))
    wrong = replace(wanted, query={**wanted.query, "limit": 0, "at": "x"})
    expected = (403, "forbidden") if TABLE[route].status(kind) == 403 else (422, "invalid-fields")
    refuses(wrong.send(stage, stage.organization(kind)), *expected)
    for slot in wanted.slots():
        for id in (new_id(), other.own.ids[slot[-1]]):
            response = wrong.swapped(slot, id).send(stage, stage.organization(kind))
            refuses(response, 404, "not-found")


NESTED = [route for route in KNOWN if route[1].startswith("/organizations/{organization_id}/")]


@pytest.mark.parametrize("route", NESTED, ids=" ".join)
def test_a_part_is_found_under_its_own_organization_only(
    route: tuple[str, str], stage: Stage
) -> None:
    wanted = ask(route, own_ids(stage, "group"))
    if len(wanted.path) > 1:
        elsewhere = wanted.swapped(("path", "organization_id"), stage.world.reseller.id)
        before = stage.world.fingerprint()
        refuses(elsewhere.send(stage, stage.world.group), 404, "not-found")
        assert stage.world.fingerprint() == before


def _sides(kind: str, stage: Stage, other: Stage) -> tuple[Organization, Ids, list[Ids]]:
    """Who calls, what is theirs, and what is not."""
    if kind == "other group":
        own = {**other.own.ids, "empty_id": other.empty.id}
        return other.world.group, own, [{**stage.own.ids, "empty_id": stage.empty.id}]
    foreign = [{**other.own.ids, "empty_id": other.empty.id}]
    if kind != "group":
        branches = [_sibling(stage), *stage.above(kind)]
        foreign += [{**each.ids, "empty_id": each.tenant.id} for each in branches]
    return stage.organization(kind), own_ids(stage, kind), foreign


def _sibling(stage: Stage) -> Any:
    if not hasattr(stage, "made_sibling"):
        stage.made_sibling = stage.sibling()  # type: ignore[attr-defined]
    return stage.made_sibling  # type: ignore[attr-defined]


def _refusal(route: tuple[str, str], response: HttpResponse, kind: str) -> Any:
    """The problem that a foreign id is answered with."""
    if _is_batch_of_a_group(route, kind):
        problems = [each["problem"] for each in answer(response)["results"] if "problem" in each]
        assert [problem["status"] for problem in problems] == [404]
        return problems
    if route in BATCHES or _lacks_the_scope(route, kind):
        return refuses(response, 403, "forbidden")
    return refuses(response, 404, "not-found")


def _is_batch_of_a_group(route: tuple[str, str], kind: str) -> bool:
    """Each order of a batch has an outcome of its own: those with no foreign id are placed."""
    return route in BATCHES and kind in ("group", "other group")


def _lacks_the_scope(route: tuple[str, str], kind: str) -> bool:
    """Below the group no client holds `catalogue:write`, and the scope comes first."""
    return TABLE[route].scopes == ("catalogue:write",) and kind not in ("group", "other group")


LISTS = [route for route in KNOWN if route[0] == "GET" and "{" not in route[1]]


@pytest.mark.parametrize("kind", [*KINDS, "other group"])
@pytest.mark.parametrize("route", LISTS, ids=" ".join)
def test_lists_show_nothing_foreign(
    route: tuple[str, str], kind: str, stage: Stage, other: Stage
) -> None:
    caller, own, foreign = _sides(kind, stage, other)
    text = stage.world.call("GET", f"{route[1]}?limit=500", by=caller).getvalue().decode()
    for ids in foreign:
        for name in ("subscription_id", "order_id", "member_id", "client_id", "tenant_id"):
            # Who one belongs to is no secret: documents tell the organizations above.
            if ids[name] != own[name] and str(ids["tenant_id"]).replace("-", "") not in caller.path:
                assert str(ids[name]) not in text
