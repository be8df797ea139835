"""The order of the rows of a list has no meaning: the users end as the list says."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.users.provision import CHUNK
from fusion.users.row_order import in_order
from tests.paging import all_items
from tests.users.staff import (
    at,
    created,
    equip,
    job,
    linked,
    provision_batches,
    results,
    submitted,
    work,
)
from tests.world import World, answer

NUMBERS = [f"+3319900{n:04}" for n in range(12)]
LOGINS = [f"u{n}" for n in range(10)]


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Rows for distinct logins, and who has which number now."""
    logins = draw(st.lists(st.sampled_from(LOGINS), unique=True, min_size=1))
    rows = [
        {
            "row": n + 2,
            "login": login,
            "number": draw(st.one_of(st.none(), st.sampled_from(NUMBERS))),
            "sku": draw(st.sampled_from([None, None, "fr-geographic"])),
            "action": draw(st.sampled_from([None, None, None, "unlink", "delete"])),
        }
        for n, login in enumerate(logins)
    ]
    holding = draw(st.lists(st.sampled_from(NUMBERS), unique=True, max_size=len(LOGINS)))
    owners = draw(st.permutations(LOGINS))
    return rows, dict(zip(holding, owners, strict=False))


@given(lists())
def test_each_row_follows_the_one_that_frees_its_number(
    made: tuple[list[dict[str, Any]], dict[str, str]],
) -> None:
    rows, holders = made
    ordered = in_order(rows, holders)
    assert sorted(row["row"] for row in ordered) == [row["row"] for row in rows]
    places = {row["login"]: n for n, row in enumerate(ordered)}
    for n, row in enumerate(ordered):
        assert rows[row.get("place", n + 1) - 1]["login"] == row["login"]
        other = places.get(holders.get(row["number"] or "", ""))
        if row["action"] or other is None or other == n:
            continue
        leaving = ordered[other]
        leaves = (
            leaving["action"]
            or leaving["sku"]
            or leaving["number"]
            not in (
                None,
                row["number"],
            )
        )
        if leaves and other > n:  # then both are in one ring, which no chunk divides
            assert all(ordered[each].get("together") for each in range(n, other))
    assert not ordered[-1].get("together")
    actions = [bool(row["action"]) for row in ordered]
    assert actions == sorted(actions, reverse=True), "rows that release come first"


def test_a_list_in_a_good_order_stays_as_it_is() -> None:
    rows = [{"row": 1, "login": "a", "number": NUMBERS[0]}, {"row": 2, "problem": {}, "cells": {}}]
    assert in_order(rows, {NUMBERS[0]: "a"}) == rows


def staffed(world: World, count: int, spare: int = 0) -> tuple[list[str], list[str]]:
    """Logins with a number each, and all numbers."""
    numbers = equip(world, count, min(count + spare, 1_000))
    if count + spare > 1_000:
        numbers += equip(world, 0, count + spare - 1_000)
    logins = [f"u{n:04}" for n in range(count)]
    rows = [
        {"login": login, "display_name": login, "number": number}
        for login, number in zip(logins, numbers, strict=False)
    ]
    id = submitted(world, rows)
    work()
    assert job(world, id)["created"] == count
    return logins, numbers


def numbers_of(world: World) -> dict[str, str | None]:
    """Login → number."""
    return {each["login"]: each["number"] for each in all_items(world, at(world), 500)}


def done(world: World, rows: list[dict[str, Any]], chunk: int = CHUNK) -> dict[str, Any]:
    """The finished job of these rows."""
    id = submitted(world, rows)
    work(chunk)
    finished: dict[str, Any] = job(world, id)
    assert finished["state"] == "finished"
    return finished


@pytest.mark.once
def test_users_exchange_numbers_across_chunks(world: World) -> None:
    logins, numbers = staffed(world, 1_500)
    rows: list[dict[str, Any]] = [
        {"login": login, "number": number} for login, number in zip(logins, numbers, strict=True)
    ]
    rows[0]["number"], rows[1_499]["number"] = numbers[1_499], numbers[0]
    outcome = done(world, rows)
    assert (outcome["changed"], outcome["unchanged"], outcome["failed"]) == (2, 1_498, 0)
    has = numbers_of(world)
    assert (has[logins[0]], has[logins[1_499]]) == (numbers[1_499], numbers[0])
    again = done(world, rows)
    assert (again["changed"], again["unchanged"]) == (0, 1_500)


@pytest.mark.parametrize("chunk", [1, 3, 7, 100])
def test_a_ring_is_larger_than_a_chunk(world: World, chunk: int) -> None:
    logins, numbers = staffed(world, 20)
    rotated = [*numbers[1:], numbers[0]]
    rows = [{"login": u, "number": n} for u, n in zip(logins, rotated, strict=True)]
    random.Random(chunk).shuffle(rows)
    assert done(world, rows, chunk)["changed"] == 20
    assert numbers_of(world) == dict(zip(logins, rotated, strict=True))
    assert done(world, rows, chunk)["unchanged"] == 20


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_a_chain_and_releases_in_any_order(world: World, chunk: int) -> None:
    """u0 gets u1's number, u1 that of u2, which is unlinked; u3 that of u4, which is deleted."""
    logins, numbers = staffed(world, 5)
    rows = [
        {"login": logins[0], "number": numbers[1]},
        {"login": "new", "display_name": "New", "number": numbers[0]},
        {"login": logins[1], "number": numbers[2]},
        {"login": logins[3], "number": numbers[4]},
        {"login": logins[2], "action": "unlink"},
        {"login": logins[4], "action": "delete"},
    ]
    outcome = done(world, rows, chunk)
    assert (outcome["created"], outcome["changed"], outcome["deleted"]) == (1, 4, 1)
    assert numbers_of(world) == {
        logins[0]: numbers[1],
        logins[1]: numbers[2],
        logins[2]: None,
        logins[3]: numbers[4],
        "new": numbers[0],
    }


def test_licences_of_deleted_users_are_for_the_rows_before(world: World) -> None:
    logins, numbers = staffed(world, 1, spare=1)
    rows = [
        {"login": "new", "display_name": "New", "number": numbers[1]},
        {"login": logins[0], "action": "delete"},
    ]
    outcome = done(world, rows, 1)
    assert (outcome["created"], outcome["deleted"], outcome["failed"]) == (1, 1, 0)


def test_results_keep_the_positions_of_the_list(world: World) -> None:
    logins, numbers = staffed(world, 2)
    rows = [
        {"login": logins[0], "number": numbers[1]},
        {"login": "", "display_name": "x"},
        {"login": logins[1], "action": "unlink"},
    ]
    id = submitted(world, rows)
    work()
    by_position = {each["position"]: each for each in results(world, id)}
    assert [by_position[n]["status"] for n in (1, 2, 3)] == [200, 422, 200]
    assert [by_position[n]["row"] for n in (1, 2, 3)] == [1, 2, 3]
    response: Any = world.call("GET", f"/jobs/{id}/results?format=csv")
    lines = response.getvalue().decode().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    assert lines[3].startswith(f"3,{logins[1]},") and "unlink" in lines[3]
    assert [each["position"] for each in results(world, id)] == [1, 2, 3]


def test_a_reader_of_a_running_job_misses_no_result(world: World) -> None:
    logins, numbers = staffed(world, 6)
    moves = zip(logins[:5], numbers[1:6], strict=True)
    rows: list[dict[str, Any]] = [{"login": login, "number": number} for login, number in moves]
    rows.append({"login": logins[5], "action": "unlink"})
    id = submitted(world, rows)
    seen: list[int] = []
    cursor = ""
    page: dict[str, Any] = {"next": None}
    for _ in range(6):
        provision_batches(chunk=1)
        page = answer(world.call("GET", f"/jobs/{id}/results?limit=1{cursor}"))
        seen += [each["position"] for each in page["items"]]
        if page["next"]:
            cursor = f"&cursor={page['next']}"
    for _ in range(6):
        if page["next"]:
            page = answer(world.call("GET", f"/jobs/{id}/results?limit=1&cursor={page['next']}"))
            seen += [each["position"] for each in page["items"]]
    assert page["next"] is None
    assert set(seen) == {1, 2, 3, 4, 5, 6}
    assert world.call("GET", f"/jobs/{id}/results?cursor=WyJAeCJd").status_code == 422


def test_a_number_of_a_user_who_keeps_it_is_refused_by_name(world: World) -> None:
    first, second = created(world, "ann"), created(world, "bob")
    numbers = equip(world, 2, 2)
    linked(world, first, numbers[0])
    linked(world, second, numbers[1])
    before = world.fingerprint()
    id = submitted(world, [{"login": "ann", "number": numbers[1]}])
    work()
    (refused,) = results(world, id)
    assert refused["problem"]["code"] == "number-in-use"
    assert "bob" in refused["problem"]["detail"]
    assert numbers_of(world) == {"ann": numbers[0], "bob": numbers[1]}
    assert before
