"""The last channel, the trunk's cap and the subscription's channels together: however many ask."""

import time
from collections import Counter
from functools import partial
from typing import Any, cast

import pytest
from django.http import HttpResponse
from django.test import Client

from fusion.cli.verify import differences
from fusion.lifecycle.suspend import suspend
from fusion.lifecycle.terminate import terminate
from fusion.trunks.delete_trunk import delete_trunk
from fusion.trunks.edit_trunk import edit_trunk
from fusion.trunks.route_number import route_number
from tests.bounds import PATIENCE
from tests.concurrency.actors import at_once, holding
from tests.numbers.stock import assigned, entitle, stock
from tests.trunks.calling import (
    admitted,
    ask,
    call_path,
    delete,
    hang_up,
    live,
    order_channels,
    outcomes,
    report_of,
    rows,
    trunk_id,
)
from tests.trunks.conftest import CROWD
from tests.world import World, answer

pytestmark = pytest.mark.usefixtures("crowded")


def test_one_of_two_concurrent_calls_gets_the_last_channel(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    with holding() as meanwhile:
        assert ask(world, trunk, "a") == 201
        second = meanwhile.start(lambda: ask(world, trunk, "b"))
    assert second.result(PATIENCE) == "no-free-channel of subscription"
    assert live(world) == ["a"]


def test_a_crowd_gets_as_many_channels_as_there_are(world: World) -> None:
    order_channels(world, 10)
    trunk = trunk_id(world)
    answered = at_once(*[partial(ask, world, trunk, f"call {i}") for i in range(CROWD)])
    assert Counter(answered) == {201: 10, "no-free-channel of subscription": 30}
    assert len(live(world)) == 10


def test_cap_and_channels_are_decided_together(world: World) -> None:
    order_channels(world, 8)
    capped, open_ = trunk_id(world, channel_cap=3), trunk_id(world)
    actions = [
        partial(ask, world, trunk, f"call {i}", direction)
        for i in range(CROWD // 4)
        for trunk in (capped, open_)
        for direction in ("inbound", "outbound")
    ]
    answered = Counter(at_once(*actions))
    assert answered[201] == 8 == len(live(world))
    assert len(live(world, trunk_id=capped)) <= 3
    # Once more for the capped one alone: it takes what its cap leaves, and no more.
    rows("SELECT calls.end_call(trunk_id, direction, call_id) FROM trunks_call"
         " WHERE subscription_id = %s", world.subscription.id)  # fmt: skip
    answered = Counter(at_once(*[partial(ask, world, capped, f"more {i}") for i in range(CROWD)]))
    assert answered == {201: 3, "no-free-channel of trunk": CROWD - 3}


def test_concurrent_calls_never_exceed_the_ordered_channels(world: World) -> None:
    order_channels(world, 5)
    trunks = [trunk_id(world, channel_cap=4), trunk_id(world)]

    def phone(who: int) -> Counter[int | str]:
        answered: Counter[int | str] = Counter()
        for i in range(15):
            trunk, call = trunks[(who + i) % 2], f"{who}.{i}"
            first = ask(world, trunk, call)
            answered[first] += 1
            if first == 201:
                assert ask(world, trunk, call) == 200
                assert hang_up(world, trunk, call) == 204
        return answered

    answered: Counter[int | str] = sum(
        at_once(*[partial(phone, who) for who in range(CROWD)]), Counter()
    )
    assert answered[201] >= CROWD and answered.total() == 15 * CROWD
    [(most, most_of_capped)] = rows(
        "SELECT max(peak) FILTER (WHERE trunk_id IS NULL), max(peak) FILTER (WHERE trunk_id = %s)"
        " FROM trunks_channelpeak WHERE subscription_id = %s",
        trunks[0],
        world.subscription.id,
    )
    assert most == 5 and most_of_capped <= 4
    assert live(world) == []
    [(ended,)] = rows(
        "SELECT count(*) FROM trunks_callrecord WHERE subscription_id = %s", world.subscription.id
    )
    assert ended == answered[201]
    assert differences() == []


def test_concurrent_admissions_of_one_call_are_one_call(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    answered = at_once(*[partial(ask, world, trunk, "the same")] * CROWD)
    assert Counter(answered) == {201: 1, 200: CROWD - 1}
    assert live(world) == ["the same"]


def test_an_end_and_its_admission_at_once(world: World) -> None:
    order_channels(world, CROWD)
    trunk = trunk_id(world)
    actions = [
        partial(action, world, trunk, f"call {i}")
        for i in range(CROWD // 2)
        for action in (ask, hang_up)
    ]
    answered = at_once(*actions)
    assert set(answered[1::2]) == {204} and set(answered[::2]) <= {201, "call-ended"}
    assert live(world) == []
    assert len(outcomes(world)) == Counter(answered)[201]
    assert differences() == []


def test_an_admission_sees_an_order_committed_while_it_waits(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    with holding() as meanwhile:
        order_channels(world, -1)
        second = meanwhile.start(lambda: ask(world, trunk, "b"))
    assert second.result(PATIENCE) == "no-free-channel of subscription"
    with holding() as meanwhile:
        order_channels(world, 1)
        second = meanwhile.start(lambda: ask(world, trunk, "b"))
    assert second.result(PATIENCE) == 201


def test_an_admission_is_judged_by_the_cap_of_the_moment(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    of = {"subscription_id": world.subscription.id, "trunk_id": trunk}
    with holding() as meanwhile:
        edit_trunk(world.actor(), **of, changes={"channel_cap": 0})  # type: ignore[arg-type]
        first = meanwhile.start(lambda: ask(world, trunk, "a"))
    assert first.result(PATIENCE) == "no-free-channel of trunk"


def test_an_admission_and_a_suspension_or_termination(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    for action, code in (
        (suspend, "subscription-suspended"),
        (terminate, "subscription-terminated"),
    ):
        with holding() as meanwhile:
            action(world.actor(), subscription_id=world.subscription.id)
            first = meanwhile.start(lambda: ask(world, trunk, "a"))
        assert first.result(PATIENCE) == code
    assert live(world) == []


def test_a_trunk_is_deleted_or_used_never_both(world: World) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    with holding() as meanwhile:
        assert ask(world, trunk, "a") == 201
        deletion = meanwhile.start(lambda: delete(world, trunk))
    assert deletion.result(PATIENCE) == "conflict"
    assert hang_up(world, trunk, "a") == 204
    with holding() as meanwhile:
        assert delete(world, trunk) == 204
        late = [
            meanwhile.start(lambda: ask(world, trunk, "b")),
            meanwhile.start(lambda: hang_up(world, trunk, "a")),
        ]
    assert [each.result(PATIENCE) for each in late] == ["not-found", "not-found"]
    assert differences() == []


def test_a_number_is_routed_or_its_trunk_deleted_never_both(world: World) -> None:
    entitle(world, 1)
    [e164] = stock(world, 1)
    assigned(world, e164)
    of: Any = {"subscription_id": world.subscription.id, "trunk_id": trunk_id(world)}
    with holding() as meanwhile:
        assert delete_trunk(world.actor(), **of).status == 204
        routing = meanwhile.start(
            lambda: report_of(lambda: route_number(world.actor(), **of, e164=e164))
        )
    assert routing.result(PATIENCE) == "not-found"
    of["trunk_id"] = trunk_id(world)
    with holding() as meanwhile:
        assert route_number(world.actor(), **of, e164=e164).status == 200
        deletion = meanwhile.start(lambda: delete(world, of["trunk_id"]))
    assert deletion.result(PATIENCE) == "number-in-use"
    assert differences() == []


def test_an_admission_gives_up_on_a_locked_subscription(world: World) -> None:
    """By a long order, say: after two seconds it is as if nobody had answered."""
    order_channels(world, 2)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    headers = {"Authorization": f"Bearer {world.token(world.group)}"}

    def send(method: str) -> HttpResponse:
        client = Client(raise_request_exception=False)
        path = f"/api/v1{call_path(trunk, 'a')}"
        body = b'{"caller": "", "callee": "112"}' if method == "PUT" else b""
        response: Any = client.generic(method, path, body, "application/json", headers=headers)
        return cast("HttpResponse", response)

    with holding() as meanwhile:
        rows("SELECT FROM tenancy_subscription WHERE id = %s FOR UPDATE", world.subscription.id)
        started = time.monotonic()
        waiting = [meanwhile.start(partial(send, method)) for method in ("PUT", "DELETE")]
        answered = [each.result(PATIENCE) for each in waiting]
        assert 1.5 < time.monotonic() - started < 5
    for refusal in answered:
        assert (refusal.status_code, answer(refusal)["code"]) == (503, "unavailable")
        assert refusal["Retry-After"] == "2"
    assert live(world) == ["a"] and outcomes(world) == {}
    assert ask(world, trunk, "a") == 200
