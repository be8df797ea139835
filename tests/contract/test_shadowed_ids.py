"""Ids that stand in more than one place of a request, and stored answers to ids of others.

An id is looked for where the route declares it, in each of its values, and nowhere else; and it is
looked for before a stored answer is given. The routes come from the OpenAPI document.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, bind_requirements
from fusion.access.idempotency import fingerprint
from fusion.access.models import NOBODY
from fusion.access.permissions import READ_TENANCY
from fusion.kernel.ids import new_id
from fusion.kernel.schemas import Paging
from fusion.tenancy.queries import find_organization
from tests.contract.stage import Ids, Stage
from tests.contract.table import KINDS, TABLE
from tests.contract.test_authorization import (
    KNOWN,
    PREFIX,
    Asked,
    _is_batch_of_a_group,
    _refusal,
    _sides,
    ask,
    refuses,
)
from tests.contract.test_idempotency import RETRYABLE
from tests.world import World

CALLERS = [*KINDS, "other group"]

Slot = tuple[str, ...]


@pytest.fixture(scope="module")
def stage() -> Stage:
    """A stage for whatever changes nothing."""
    return Stage()


@pytest.fixture(scope="module")
def other() -> Stage:
    """Another provider."""
    return Stage()


def unseen(wanted: Asked, route: Any, own: Ids, foreign: list[Ids]) -> list[tuple[Slot, Any]]:
    """Each slot of the request with each id that the caller does not see."""
    renamed = dict(TABLE[route].ids)
    found = []
    for slot in wanted.slots():
        name = renamed.get(slot[-1], slot[-1])
        found += [(slot, ids[name]) for ids in foreign if ids.get(name, own[name]) != own[name]]
    return found


def shadows(wanted: Asked, slot: Slot, own: Any) -> list[Asked]:
    """The request with a value that hides the id of `slot`, in each place where none is declared.

    Of a query, the id stands beside one of the caller's own, before it and after it.
    """
    name = slot[-1]
    queries = [[(name, own)], [(name, own), (name, "x")]]
    if slot[0] == "query":
        given = wanted.query[name]
        others = [pair for pair in wanted.query.items() if pair[0] != name]
        return [
            replace(wanted, query=[*others, (name, own), (name, given)]),  # type: ignore[arg-type]
            replace(wanted, query=[*others, (name, given), (name, own)]),  # type: ignore[arg-type]
        ]
    found = [replace(wanted, query=query) for query in queries]  # type: ignore[arg-type]
    if slot[0] == "path" and (wanted.body is None or isinstance(wanted.body, dict)):
        found.append(replace(wanted, body={**(wanted.body or {}), name: str(own)}))
    return found


@pytest.mark.parametrize("kind", CALLERS)
@pytest.mark.parametrize("route", KNOWN, ids=" ".join)
def test_no_value_hides_an_id(
    route: tuple[str, str], kind: str, stage: Stage, other: Stage
) -> None:
    caller, own, foreign = _sides(kind, stage, other)
    before = stage.world.fingerprint(), other.world.fingerprint()
    wanted = ask(route, own)
    renamed = dict(TABLE[route].ids)
    for slot, id in unseen(wanted, route, own, foreign):
        mine = own[renamed.get(slot[-1], slot[-1])]
        for hidden in shadows(wanted.swapped(slot, id), slot, mine):
            response = hidden.send(stage, caller)
            if not _is_batch_of_a_group(route, kind):
                _refusal(route, response, kind)
            assert str(id) not in response.content.decode()
    if not _is_batch_of_a_group(route, kind):
        assert (stage.world.fingerprint(), other.world.fingerprint()) == before


STORED = str(new_id())
"""The id in the stored answers."""


def stored(world: World, wanted: Asked, key: str, owner: UUID) -> None:
    """Store an answer to `asked` under a key of `owner`."""
    path = PREFIX + wanted.template.format(**wanted.path)
    print_ = fingerprint(wanted.method, path, wanted.body)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenancy_idempotency"
            " (group_id, organization_id, key, fingerprint, status, answer, at)"
            " VALUES (%s, %s, %s, %s, 201, %s, clock_timestamp())",
            [world.group.id, owner, key, print_, orjson.dumps(_answer(wanted)).decode()],
        )


def _answer(wanted: Asked) -> dict[str, Any]:
    """What the request may have been answered: of a batch, that every order was placed."""
    orders = wanted.body.get("orders", []) if isinstance(wanted.body, dict) else []
    return {"id": STORED, "results": [{"status": 201, "order": each} for each in orders]}


def _replayed(response: HttpResponse) -> bool:
    return "Idempotency-Replayed" in response or STORED in response.content.decode()


@pytest.mark.parametrize("kind", CALLERS)
@pytest.mark.parametrize("route", RETRYABLE, ids=" ".join)
def test_a_stored_answer_to_an_id_of_others_is_not_given(
    route: tuple[str, str], kind: str, stage: Stage, other: Stage
) -> None:
    caller, own, foreign = _sides(kind, stage, other)
    world = other.world if kind == "other group" else stage.world
    wanted = ask(route, own)
    renamed = dict(TABLE[route].ids)
    for slot, id in unseen(wanted, route, own, foreign):
        swapped = wanted.swapped(slot, id)
        mine = own[renamed.get(slot[-1], slot[-1])]
        for hidden in (swapped, *shadows(swapped, slot, mine)):
            for owner in (caller.id, NOBODY):
                key = str(new_id())
                stored(world, hidden, key, owner)
                with_key = replace(hidden, headers={**hidden.headers, "Idempotency-Key": key})
                response = with_key.send(stage, caller)
                assert not _replayed(response), response.content
                if _is_batch_of_a_group(route, kind):
                    # Ids of orders are judged one by one: an unknown parameter is found before.
                    shadowed = hidden.query != swapped.query
                    code = "invalid-fields" if shadowed else "not-found"
                    refuses(response, 422 if shadowed else 404, code)
                else:
                    _refusal(route, response, kind)


def test_an_undeclared_id_prevents_start_up() -> None:
    router = Router()

    @router.get("/things", auth=RequirePermission(READ_TENANCY, thing_id=find_organization))
    def things(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
        raise AssertionError("never called")

    with pytest.raises(RuntimeError, match="thing_id"):
        bind_requirements(router)
