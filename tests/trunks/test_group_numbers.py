"""Emergency numbers that a provider adds to those of a country, and its settings."""

from functools import partial
from typing import Any

import pytest

from fusion.kernel.errors import Problem
from fusion.trunks.emergency_numbers import (
    MOST_NUMBERS,
    add_emergency_number,
    known_numbers,
    remove_emergency_number,
)
from tests.concurrency.actors import at_once
from tests.numbers.stock import refused
from tests.tenancy.acting import audited
from tests.trunks.calling import admitted, put, trunk_id
from tests.world import World, answer


def settings(world: World, emergency_numbers: Any = None) -> Any:
    """The response to reading or changing the provider's settings."""
    path = f"/organizations/{world.group.id}/settings"
    if emergency_numbers is None:
        return world.call("GET", path)
    return world.call("PATCH", path, {"emergency_numbers": emergency_numbers})


def added(response: Any) -> Any:
    """The emergency numbers of settings in an answer."""
    return answer(response)["emergency_numbers"]


def test_added_numbers_pass_in_every_form(world: World) -> None:
    american, belgian = trunk_id(world, country="US", outside_line_prefixes=["9"]), trunk_id(world)
    before = world.fingerprint()
    refused(world, before, put(world, american, "a", callee="933"), 409, "no-free-channel")
    response = settings(world, {"US": ["933"]})
    assert (response.status_code, added(response)) == (200, {"US": ["933"]})
    for number, callee in enumerate(("933", "sip:+933@h", "+1933", "9933", "tel:9-33")):
        result = admitted(world, american, f"{number}", callee=callee)
        assert result["emergency"] is True
    before = world.fingerprint()
    refused(world, before, put(world, belgian, "b", callee="933"), 409, "no-free-channel")
    (entry,) = [entry for entry in audited(world) if entry[0] == "settings.change"]
    assert "933" in str(entry)


def test_numbers_of_another_provider_change_nothing(world: World) -> None:
    other = World()
    assert settings(other, {"BE": ["1712"]}).status_code == 200
    trunk = trunk_id(world)
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "a", callee="1712"), 409, "no-free-channel")


@pytest.mark.parametrize(
    "written", ["9 8 8", "9-8-8", "(9) 8.8", "９８８", "9/8/8", "9\u20118\u00a08"]
)
def test_separators_are_read(world: World, written: str) -> None:
    """They were refused as not having 2 to 6 digits."""
    assert added(settings(world, {"BE": [written]})) == {"BE": ["988"]}


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("9 8 8 help", "“9 8 8 help” has letters"),
        ("+988", "“+988” has +, which is not part of an emergency number"),
        ("9#8", "“9#8” has #, which"),
        ("9-", "“9-” has 1 digits; an emergency number has 2 to 6"),
        ("123 45 67", "“123 45 67” has 7 digits"),
        (" - ", "“-” has no digits"),
        ("", "“” has no digits"),
    ],
)
def test_a_refusal_names_the_value(world: World, written: str, reason: str) -> None:
    before = world.fingerprint()
    problem = refused(world, before, settings(world, {"BE": [written]}), 422, "invalid-fields")
    assert problem["errors"][0]["field"] == "emergency_numbers.BE.0"
    assert problem["errors"][0]["message"].startswith(reason)


def test_the_same_number_with_other_separators(world: World) -> None:
    before = world.fingerprint()
    response = settings(world, {"BE": ["9 8 8", "988"]})
    problem = refused(world, before, response, 422, "invalid-fields")
    assert "must not contain 988 twice" in problem["errors"][0]["message"]


def test_replaced_and_read(world: World) -> None:
    assert added(settings(world)) == {}
    settings(world, {"BE": ["1712", "1207"], "US": ["933"]})
    changed = settings(world, {"BE": ["1712"]})
    assert added(settings(world)) == added(changed) == {"BE": ["1712"]}
    unchanged = world.call("PATCH", f"/organizations/{world.group.id}/settings", {})
    assert answer(unchanged) == answer(changed)
    assert added(settings(world, {})) == {}


def test_the_countrys_own_numbers_stay(world: World) -> None:
    settings(world, {"BE": ["112"]})  # accepted: it counts if the library should drop it
    settings(world, {})
    assert admitted(world, trunk_id(world), "a", callee="112")["emergency"] is True


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ({"BE": ["1"]}, "emergency_numbers.BE.0"),
        ({"BE": ["1234567"]}, "emergency_numbers.BE.0"),
        ({"BE": ["+112"]}, "emergency_numbers.BE.0"),
        ({"BE": ["1712", "112"]}, "emergency_numbers.BE.1"),
        ({"BE": ["1712", "１７１２"]}, "emergency_numbers.BE"),
        ({"BE": [1712]}, "emergency_numbers.BE.0"),
        ({"BE": ["1712", "1712"]}, "emergency_numbers.BE"),
        ({"BE": [f"{n}" for n in range(100, 101 + MOST_NUMBERS)]}, "emergency_numbers.BE"),
        ({"ZZ": ["1712"]}, "emergency_numbers.ZZ"),
        ({"be": ["1712"]}, "emergency_numbers.be"),
        ([], "emergency_numbers"),
    ],
    ids=repr,
)
def test_wrong_numbers(world: World, numbers: Any, field: str) -> None:
    before = world.fingerprint()
    problem = refused(world, before, settings(world, numbers), 422, "invalid-fields")
    assert problem["errors"][0]["field"].startswith(field)


def test_only_the_provider_has_settings(world: World) -> None:
    before = world.fingerprint()
    for organization in (world.distributor, world.reseller, world.tenant):
        path = f"/organizations/{organization.id}/settings"
        for method, body in (("GET", None), ("PATCH", {"emergency_numbers": {}})):
            refused(world, before, world.call(method, path, body), 403, "forbidden")
            own = world.call(method, path, body, by=organization)
            refused(world, before, own, 403, "forbidden")


def test_added_and_removed_one_by_one(world: World) -> None:
    actor = world.actor()
    add_emergency_number(actor, country="BE", number="1712")
    assert added(settings(world)) == {"BE": ["1712"]}
    before = world.fingerprint()
    for number in ("1712", "112"):
        with pytest.raises(Problem, match="already"):
            add_emergency_number(actor, country="BE", number=number)
    with pytest.raises(Problem, match="not added"):
        remove_emergency_number(actor, country="BE", number="112")
    assert world.fingerprint() == before
    remove_emergency_number(actor, country="BE", number="1712")
    assert added(settings(world)) == {}


def test_two_administrators_at_once(world: World) -> None:
    add = partial(add_emergency_number, world.actor(), country="BE")
    at_once(partial(add, number="1712"), partial(add, number="1207"))
    assert added(settings(world)) == {"BE": ["1207", "1712"]}


def test_no_more_than_allowed(world: World) -> None:
    settings(world, {"BE": [f"{n}" for n in range(200, 200 + MOST_NUMBERS)]})
    before = world.fingerprint()
    with pytest.raises(Problem, match=f"{MOST_NUMBERS} numbers"):
        add_emergency_number(world.actor(), country="BE", number="1712")
    assert world.fingerprint() == before


def test_known_numbers() -> None:
    assert set(known_numbers("GB")) >= {"112", "999"}
    assert known_numbers("GN") == ()
