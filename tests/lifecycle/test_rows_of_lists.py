"""Lists of numbers with malformed or doubled rows: each is refused alone, the others are done."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from fusion.cli.verify import differences
from fusion.kernel.ids import new_id
from tests.lifecycle.moving import changed, outcomes, second
from tests.numbers.stock import balance, number, path, statuses
from tests.users.staff import create, created, equip, licences, linked, row, seen
from tests.users.staff import done as uploaded
from tests.world import World, answer

MALFORMED: tuple[tuple[Any, str], ...] = (
    ("letters", "number: “letters” has no digits"),
    ("", "number: is empty"),
    ("+3319900000x", "has letters"),
    ("+33199000000-99", "looks like a block of numbers"),
    ("01 99 00 00 00", "has no country code"),
    ("+331990\x000000", ""),
    (33199000000, "number: must be a string"),
    (None, "number: must be a string"),
    ({"number": "+33199000000"}, "number: must be a string"),
    ([], "number: must be a string"),
)


def spelled(e164: str, way: int) -> str:
    """The number as people write it."""
    forms = (
        e164,
        f"00{e164[1:]}",
        f"{e164[:3]} (0){e164[3]} {e164[4:]}",
        f"tel:{e164}",
        f"\u202a{e164}\u202c",
    )
    return forms[way % len(forms)]


@pytest.mark.parametrize("action", ["release", "unlink", "move"])
def test_malformed_and_doubled_rows_leave_the_others_alone(world: World, action: str) -> None:
    numbers = equip(world, 1, 4)
    more = {}
    if action == "move":
        more["to_subscription_id"] = str(second(world, 4).id)
    one, two, doubled, kept = numbers
    rows = [*(each for each, _ in MALFORMED), one, doubled, spelled(doubled, 1), spelled(two, 2)]
    results = changed(world, action, numbers=rows, **more)
    refused, good = results[: len(MALFORMED)], results[len(MALFORMED) :]
    for (value, why), result in zip(MALFORMED, refused, strict=True):
        assert (result["status"], result["problem"]["code"]) == (422, "invalid-fields")
        assert why in result["problem"]["detail"], result
        if isinstance(value, str) and value.isprintable():
            assert result["e164"] == value
    assert outcomes(good) == [200, "invalid-fields", "invalid-fields", 200]
    places = f"{len(MALFORMED) + 2}, {len(MALFORMED) + 3}"
    for result in good[1:3]:
        [error] = result["problem"]["errors"]
        assert error == {
            "field": "number",
            "message": f"“{doubled}” is in several rows of the list: {places}; keep one of them",
        }
    expected = "quarantined" if action == "release" else "assigned"
    assert statuses(one, two, doubled, kept) == [expected, expected, "assigned", "assigned"]
    assert number(world, doubled)["subscription_id"] == str(world.subscription.id)
    assert differences() == []


def test_a_list_of_malformed_rows_only(world: World) -> None:
    [one] = equip(world, 1, 1)
    before = world.fingerprint()
    for action in ("release", "unlink"):
        assert outcomes(changed(world, action, numbers=["x", 5])) == ["invalid-fields"] * 2
    links: list[Any] = ["x", 5, None, {}, [], {"number": one}, {"number": one, "who": "anna\0"}]
    results = changed(world, "link", links=links)
    assert outcomes(results) == ["invalid-fields"] * len(links)
    assert [each["status"] for each in results] == [422] * len(links)
    assert world.fingerprint() == before


def test_rows_of_links_are_judged_alone(world: World) -> None:
    one, two, three, four, five = equip(world, 5, 5)
    anna, ben, cleo, dora = (created(world, login) for login in ("anna", "ben", "cleo", "dora"))
    links: list[Any] = [
        {"number": one, "login": "anna"},
        {"number": "letters", "login": "ben"},
        {"number": two, "login": "cleo"},
        {"number": spelled(two, 1), "login": "ben"},
        {"number": three, "login": "DORA"},
        {"number": four, "user_id": dora["id"]},
        {"number": five, "login": "cleo"},
        {"number": five},
        {"number": five, "login": "ben", "user_id": ben["id"]},
        {"number": five, "login": "ben", "name": "Ben"},
        {"number": five, "user_id": "ben"},
        {"number": five, "login": "аnna"},  # the first letter is Cyrillic
    ]
    results = changed(world, "link", links=links)
    assert outcomes(results) == [200, *["invalid-fields"] * 11]
    assert [each["e164"] for each in results] == [
        *(one, "letters", two, two, three, four),
        *[five] * 6,
    ]
    details = [each.get("problem", {}).get("detail", "") for each in results]
    assert details[2] == details[3]
    assert details[2] == f"number: “{two}” is in several rows of the list: 3, 4; keep one of them"
    assert details[4] == "login: “dora” is in several rows of the list: 5, 6; keep one of them"
    assert details[5] == "user_id: “dora” is in several rows of the list: 5, 6; keep one of them"
    places = "7, 8, 9, 10, 11, 12"  # malformed rows name it, too
    assert (
        details[6] == f"number: “{five}” is in several rows of the list: {places}; keep one of them"
    )
    assert [seen(world, each)["number"] for each in (anna, ben, cleo, dora)] == [one, *[None] * 3]
    assert (licences(world), differences()) == ((5, 1), [])


def test_a_doubled_row_changes_neither(world: World) -> None:
    """The numbers that the users had stay, also where a row names the present holder."""
    one, two, three = equip(world, 3, 3)
    anna, ben = created(world, "anna"), created(world, "ben")
    linked(world, anna, one)
    linked(world, ben, two)
    for pairs in (((one, "anna"), (one, "ben")), ((three, "ben"), (three, "anna"))):
        links = [{"number": e164, "login": login} for e164, login in pairs]
        assert outcomes(changed(world, "link", links=links)) == ["invalid-fields"] * 2
        assert (
            uploaded(world, [row(login, e164) for e164, login in pairs]) == ["invalid-fields"] * 2
        )
        holders = [number(world, each)["user_id"] for each in (one, two, three)]
        assert holders == [anna["id"], ben["id"], None]
    assert differences() == []


def test_whole_lists_name_the_number_that_they_have_twice(world: World) -> None:
    one, two = equip(world, 0, 2)
    target = second(world, 2)
    body: dict[str, Any] = {"numbers": [one, two, spelled(one, 1)]}
    for last, more in (
        ("move", {"to_subscription_id": str(target.id)}),
        ("port-in", {}),
        ("", {}),
    ):
        there = path(world, last) if last else path(world)
        before = world.fingerprint()
        response = world.call("POST", there, {**body, **more})
        [error] = answer(response)["errors"]
        assert (response.status_code, error["field"]) == (422, "numbers")
        assert error["message"] == f"must not contain the same number twice: {one} (1, 3)"
        assert world.fingerprint() == before
    there = f"/subscriptions/{world.subscription.id}/port-requests"
    response = world.call("POST", there, {**body, "direction": "out"})
    assert answer(response)["errors"][0]["message"].endswith(f"{one} (1, 3)")


def judged(rows: Sequence[Any], owned: Sequence[str]) -> list[int]:
    """The status that each row of a list of (number, spelling) or a malformed value must get."""
    named = [each[0] for each in rows if isinstance(each, tuple)]
    return [
        (422 if named.count(each[0]) > 1 else 200 if each[0] in owned else 409)
        if isinstance(each, tuple)
        else 422
        for each in rows
    ]


@pytest.mark.parametrize("seed", range(6))
def test_any_list_gets_the_outcome_of_each_row(world: World, seed: int) -> None:
    chance = random.Random(seed)
    owned = equip(world, 8, 8)
    logins = [f"u{i}" for i in range(8)]
    for login in logins:
        assert create(world, login).status_code == 201
    foreign = [f"+33465719{seed}{i:02}" for i in range(1, 3)]
    rows: list[Any] = [
        (e164, chance.randrange(5))
        for e164 in [*owned, *foreign]
        for _ in range(chance.choice((1, 1, 1, 2, 3)))
    ]
    rows += chance.sample([each for each, _ in MALFORMED], 3)
    chance.shuffle(rows)
    written = [spelled(*each) if isinstance(each, tuple) else each for each in rows]
    expected = judged(rows, owned)
    users = iter([*logins, *(str(new_id()) for _ in rows)])
    links = [
        {"number": text, "login": next(users)} if status == 200 else {"number": text, "login": "x"}
        for text, status in zip(written, expected, strict=True)
    ]
    results = changed(world, "link", links=links)
    assert [each["status"] for each in results] == [
        404 if status == 409 else status for status in expected
    ]
    done = [each[0] for each, status in zip(rows, expected, strict=True) if status == 200]
    assert licences(world)[1] == len(done)
    body = {"action": "release", "unlink": True, "numbers": written}
    first = world.call("POST", path(world, "batch"), body, headers={"Idempotency-Key": "r"})
    assert [each["status"] for each in answer(first)["results"]] == expected
    again = world.call("POST", path(world, "batch"), body, headers={"Idempotency-Key": "r"})
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert (balance(world), licences(world)[1]) == ((8, 8 - len(done)), 0)
    assert differences() == []
