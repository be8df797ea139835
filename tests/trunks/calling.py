"""Trunks and calls for tests: through the API, or like a SIP proxy with an SQL client."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.db import connection
from django.http import HttpResponse

from fusion.access.use_case import Answer
from fusion.kernel.errors import Problem
from fusion.tenancy.models import Subscription
from fusion.trunks.admit import admit
from fusion.trunks.delete_trunk import delete_trunk
from fusion.trunks.end_call import end_call
from tests.ordering.placing import line, placed
from tests.world import World, answer

CALLER, CALLEE = "+3225550100", "+3225550199"


def trunks_path(world: World, *parts: object, subscription: Subscription | None = None) -> str:
    """The path of a subscription's trunks."""
    parts = ("subscriptions", (subscription or world.subscription).id, "trunks", *parts)
    return "".join(f"/{part}" for part in parts)


def make_trunk(world: World, *, subscription: Subscription | None = None, **more: Any) -> Any:
    """The document of a new trunk, by default in Belgium."""
    body = {"name": "Main", "country": "BE", **more}
    response = world.call("POST", trunks_path(world, subscription=subscription), body)
    assert response.status_code == 201, response.content
    return answer(response)


def trunk_id(world: World, **more: Any) -> str:
    """The id of a new trunk."""
    id: str = make_trunk(world, **more)["id"]
    return id


def order_channels(world: World, quantity: int, subscription: Subscription | None = None) -> None:
    """Order SIP channels; remove them if the quantity is negative."""
    if not hasattr(world, "channel"):
        world.channel = world.product("channel", {world.channel_sku: 1})  # type: ignore[attr-defined]
    action = "add" if quantity > 0 else "remove"
    wanted = line(world.channel, abs(quantity), action)  # type: ignore[attr-defined]
    placed(world, wanted, subscription=subscription)


def call_path(trunk: str, call_id: str, direction: str = "inbound") -> str:
    """The path of a call; slashes in its id stay unchanged."""
    return f"/trunks/{trunk}/calls/{direction}/{quote(call_id, safe='/')}"


def put(
    world: World,
    trunk: str,
    call_id: str,
    *,
    direction: str = "inbound",
    caller: str = CALLER,
    callee: str = CALLEE,
    by: Any = None,
) -> HttpResponse:
    """Admit or renew a call."""
    body = {"caller": caller, "callee": callee}
    return world.call("PUT", call_path(trunk, call_id, direction), body, by=by)


def admitted(world: World, trunk: str, *call_ids: str, **more: Any) -> Any:
    """Admit these calls; returns the answer to the last one."""
    result = None
    for call_id in call_ids:
        response = put(world, trunk, call_id, **more)
        assert response.status_code == 201, response.content
        result = answer(response)
    return result


def renewed(world: World, trunk: str, call_id: str, **more: Any) -> Any:
    """Renew a live call; returns the answer."""
    response = put(world, trunk, call_id, **more)
    assert response.status_code == 200, response.content
    return answer(response)


def end(world: World, trunk: str, call_id: str, *, direction: str = "inbound") -> None:
    """Report the end of a call."""
    response = world.call("DELETE", call_path(trunk, call_id, direction))
    assert (response.status_code, response.content) == (204, b"")


def by_sql(
    trunk: str,
    call_id: str,
    *,
    direction: str = "inbound",
    caller: str = CALLER,
    callee: str = CALLEE,
    seconds: float = 120,
) -> tuple[int, Any]:
    """Status and answer of `calls.admit`, with a lease of so many seconds."""
    [(status, result)] = rows(
        "SELECT status, answer FROM calls.admit(%s::uuid, %s::text, %s::text, %s::text, %s::text,"
        " make_interval(secs => %s::float8))",
        trunk,
        direction,
        call_id,
        caller,
        callee,
        seconds,
    )
    return status, result


def lapsed(trunk: str, *call_ids: str, **more: Any) -> None:
    """Admit calls with leases that have expired when this returns."""
    for call_id in call_ids:
        assert by_sql(trunk, call_id, seconds=0.01, **more)[0] == 201
    rows("SELECT pg_sleep(0.02)")


def live(world: World, **filters: Any) -> list[str]:
    """The ids of the live calls."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    items = answer(world.call("GET", f"/calls?limit=500&{query}"))["items"]
    return [item["call_id"] for item in items]


def records(world: World, **filters: Any) -> list[Any]:
    """The call records, newest first."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    items: list[Any] = answer(world.call("GET", f"/call-records?limit=500&{query}"))["items"]
    return items


def outcomes(world: World) -> dict[str, str]:
    """Call id → reason of its end."""
    return {record["call_id"]: record["reason"] for record in records(world)}


def rows(statement: str, *given: Any) -> list[tuple[Any, ...]]:
    """The result of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall() if cursor.description else []


def ask(world: World, trunk: Any, call: str, direction: str = "inbound") -> int | str:
    """201, 200, or the code of the refusal."""
    try:
        return admit(
            world.actor(),
            trunk_id=trunk,
            direction=direction,
            call_id=call,
            caller=CALLER,
            callee=CALLEE,
        ).status
    except Problem as problem:
        limit = problem.extra.get("limit")
        return f"{problem.code} of {limit}" if limit else problem.code


def hang_up(world: World, trunk: Any, call: str) -> int | str:
    """204, or the code of the refusal."""
    return report_of(
        lambda: end_call(world.actor(), trunk_id=trunk, direction="inbound", call_id=call)
    )


def delete(world: World, trunk: Any) -> int | str:
    """204, or the code of the refusal."""
    of = {"subscription_id": world.subscription.id, "trunk_id": trunk}
    return report_of(lambda: delete_trunk(world.actor(), **of))


def report_of(change: Callable[[], Answer]) -> int | str:
    """The status of what it comes to, or the code of the refusal."""
    try:
        return change().status
    except Problem as problem:
        return problem.code
