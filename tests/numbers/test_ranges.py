"""Ranges: what makes one, what overlaps, and what a caller is told of them."""

from typing import Any

import pytest
from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st

from fusion.access.actor import AGENT, VIEWER
from fusion.kernel.errors import Problem
from fusion.numbers.create_range import create_range
from fusion.numbers.rules import BLOCK, MAX_RANGE, samples, wrong_number, wrong_range
from tests.numbers.stock import block, entitle, french, path, refused, statuses, stock
from tests.world import World, answer


def add(
    world: World, first: str, last: str, sku: str = "fr-geographic", **more: Any
) -> HttpResponse:
    body = {"sku": sku, "first": first, "last": last}
    return world.call("POST", "/number-ranges", body, **more)


def test_a_range(world: World) -> None:
    french(world)
    numbers = block(25)
    response = add(world, numbers[0], numbers[-1], headers={"Idempotency-Key": "k"})
    assert response.status_code == 201
    made = answer(response)
    assert response["Location"] == f"/api/v1/number-ranges/{made['id']}"
    assert {**made, "id": "", "created_at": ""} == {
        "id": "",
        "sku": "fr-geographic",
        "first": numbers[0],
        "last": numbers[-1],
        "count": 25,
        "accept_unknown": False,
        "reason": None,
        "created_at": "",
        "skipped": [],
        "warnings": [],
    }
    assert answer(world.call("GET", f"/number-ranges/{made['id']}")) == read(made)
    assert answer(world.call("GET", "/number-ranges"))["items"] == [read(made)]
    assert statuses(*numbers) == ["free"] * 25
    before = world.fingerprint()
    again = add(world, numbers[0], numbers[-1], headers={"Idempotency-Key": "k"})
    assert (again.content, again["Idempotency-Replayed"]) == (response.content, "true")
    assert world.fingerprint() == before


def read(made: Any) -> Any:
    """A new range as it is read later."""
    return {name: each for name, each in made.items() if name not in ("skipped", "warnings")}


def test_newest_first(world: World) -> None:
    french(world)
    made = [answer(add(world, *block(1) * 2)) for _ in range(3)]
    page = answer(world.call("GET", "/number-ranges?limit=2"))
    made = [read(each) for each in made]
    assert page["items"] == made[:0:-1]
    rest = answer(world.call("GET", f"/number-ranges?limit=2&cursor={page['next']}"))
    assert (rest["items"], rest["next"]) == ([made[0]], None)


def test_overlaps(world: World) -> None:
    """Whose the numbers are is told to nobody."""
    french(world)
    elsewhere = World()
    numbers = block(30)
    theirs = stock(elsewhere, 1)
    assert add(world, numbers[10], numbers[19]).status_code == 201
    entitle(elsewhere, 1)
    ported = elsewhere.call("POST", path(elsewhere, "port-in"), {"numbers": [numbers[25]]})
    assert ported.status_code == 201
    before = world.fingerprint()
    details = set()
    for first, last in [
        (numbers[10], numbers[19]),
        (numbers[0], numbers[10]),
        (numbers[19], numbers[21]),
        (numbers[12], numbers[13]),
        (numbers[5], numbers[22]),
        (theirs[0], theirs[0]),
    ]:
        problem = refused(world, before, add(world, first, last), 409, "range-not-available")
        details.add(problem["detail"].replace(first, "").replace(last, ""))
    assert len(details) == 1
    assert add(world, numbers[0], numbers[9]).status_code == 201
    assert answer(add(world, numbers[24], numbers[26]))["skipped"] == [numbers[25]]


WRONG = [
    ("33199000000", "+33199000009", "fr-geographic", "first"),
    ("+33199000000", "+3319900000", "fr-geographic", "last"),
    ("+33199000009", "+33199000000", "fr-geographic", "last"),
    ("+33199000000", "+33199000009", "nothing", "sku"),
    ("+33199000000", "+33199000009", "user", "sku"),
    ("+442079460000", "+442079460009", "fr-geographic", "first"),
    ("+33199000000", "+442079460009", "fr-geographic", "last"),
    ("+33800000000", "+33800000009", "fr-geographic", "first"),
    ("+447700900000", "+447700900999", "fr-geographic", "first"),
    ("+33100000000", "+33199999999", "fr-geographic", "last"),
    ("+33199000000", "+33198000000", "fr-geographic", "last"),
    ("+32", "+32", "be-geographic", "first"),
]


@pytest.mark.parametrize(("first", "last", "sku", "field"), WRONG)
def test_wrong_ranges(world: World, first: str, last: str, sku: str, field: str) -> None:
    french(world)
    world.token(world.group)
    before = world.fingerprint()
    problem = refused(world, before, add(world, first, last, sku), 422, "invalid-fields")
    assert field in [error["field"] for error in problem["errors"]]


def test_the_group_s_writers_only(world: World) -> None:
    french(world)
    numbers = block(2)
    query: dict[str, Any] = {"sku": "fr-geographic", "first": numbers[0], "last": numbers[0]}
    before = world.fingerprint()
    for kind in ("distributor", "reseller", "tenant"):
        with pytest.raises(Problem, match="Only the group can"):
            create_range(world.actor(kind), **query)
    with pytest.raises(Problem, match="Only the role"):
        create_range(world.actor(role=VIEWER), **query)
    assert world.fingerprint() == before
    assert create_range(world.actor(role=AGENT), **query).status == 201


def test_both_ends_of_every_hundred_are_tried() -> None:
    """A range whose ends are numbers of the type, and whose middle is not."""
    assert wrong_number("+33899999999", country="FR", type="premium_rate") is None
    assert wrong_range("+33799999900", "+33800000099", country="FR", type="mobile")


@given(st.integers(1, 10**14), st.integers(0, 3000))
def test_samples(low: int, more: int) -> None:
    """Invariant: ends first and last, upwards, and of every block of 100 what the range holds."""
    high = low + more
    tried = list(samples(low, high))
    assert tried[0] == low and tried[-1] == high
    assert tried == sorted(set(tried))
    inside = range(low, high + 1)
    wanted = {n for n in inside if n % BLOCK in (0, BLOCK - 1)} | {low, high}
    assert set(tried) == wanted


def test_the_largest_range() -> None:
    assert wrong_range("+33199000000", "+33199999999", country="FR", type="geographic") == {}
    wrong = wrong_range("+33198999999", "+33199999999", country="FR", type="geographic")
    assert str(MAX_RANGE) in wrong["last"]
