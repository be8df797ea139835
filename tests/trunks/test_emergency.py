"""Emergency calls always pass, by whom they call and never by what they claim to be."""

import pytest
from phonenumbers import is_emergency_number
from phonenumbers.shortnumberinfo import SUPPORTED_SHORT_REGIONS

from fusion.trunks.load_emergency import emergency_patterns, load_emergency_numbers
from fusion.trunks.rules import is_country, portable_pattern
from tests.numbers.stock import refused
from tests.ordering.placing import terminate
from tests.trunks.calling import admitted, end, live, order_channels, put, records, rows, trunk_id
from tests.trunks.test_trunks import suspend
from tests.world import World, answer


def is_emergency(callee: str, country: str = "BE") -> bool:
    """What the database says."""
    [(found,)] = rows("SELECT calls.is_emergency(%s::text, %s::text)", callee, country)
    return bool(found)


@pytest.mark.parametrize(
    "callee",
    [
        "112",
        "100",
        "101",
        "1 1 2",
        "1-1-2",
        "tel:112",
        "TEL:112",
        "tel:112;phone-context=+32",
        "sip:112@gateway.example.com",
        "sips:112@gateway.example.com;user=phone",
        "sip:112;phone-context=example.com@gateway.example.com",
        "<sip:112@gateway.example.com>",
        "sip:%31%31%32@gateway.example.com",
        "sip:112:secret@gateway.example.com",
        "urn:service:sos",
        "URN:service:SOS",
        "urn:service:sos.fire",
        "<urn:service:sos>",
    ],
)
def test_emergency_numbers(callee: str) -> None:
    assert is_emergency(callee)


@pytest.mark.parametrize(
    "callee",
    [
        "",
        "1122",
        "11",
        "0112",
        "+32112",
        "911",
        "+3225550112",
        "sip:alice@112",
        "sip:alice@gateway.example.com;emergency=112",
        "sip:1120@gateway.example.com",
        "urn:service:sosfire",
        "urn:service:counseling",
        "urn:service:test.sos",
        "alice;112",
        "112alice",
        "x:112",
        ".*",
        "112\n3",
        "sip:alice:112@gateway.example.com",
    ],
)
def test_other_numbers_are_not_emergency_numbers(callee: str) -> None:
    assert not is_emergency(callee)


def test_each_country_has_its_own(world: World) -> None:
    assert is_emergency("999", "GB") and not is_emergency("999", "BE")
    assert is_emergency("000", "AU") and not is_emergency("000", "BE")
    assert is_emergency("urn:service:sos", "ZZ")
    assert not is_emergency("112", "ZZ")


def test_as_phonenumbers_says() -> None:
    """For all numbers of two and three digits in every eighth country, and for a few in all."""
    load_emergency_numbers()
    countries = sorted(emergency_patterns())
    short = [f"{n:0{size}}" for size in (2, 3) for n in range(10**size)]
    few = ["112", "911", "999", "000", "15", "18", "1122", "113"]
    for asked, numbers in ((countries[::8], short), (countries, few)):
        found = rows(
            "SELECT e, n FROM unnest(%s::text[]) e, unnest(%s::text[]) n"
            " WHERE calls.is_emergency(n, e)",
            asked,
            numbers,
        )
        assert len(found) > len(asked)
        assert set(found) == {
            (country, n) for country in asked for n in numbers if is_emergency_number(n, country)
        }


def test_nearly_every_country_that_a_trunk_may_have_has_emergency_numbers() -> None:
    """Of Guinea none are known; `urn:service:sos` is all there is."""
    assert set(SUPPORTED_SHORT_REGIONS) - set(emergency_patterns()) <= {"GN"}
    assert is_country("BE") and is_country("GN") and not is_country("ZZ")


def test_patterns_that_postgresql_might_read_otherwise_are_not_loaded() -> None:
    assert portable_pattern(r"1(?:0[01]|1\d)") == "1(?:0[01]|1[0-9])"
    for other in (r"1\w", "(?i)a", "1.*", "1+", "^1$", ""):
        with pytest.raises(ValueError, match="not a pattern"):
            portable_pattern(other)


def test_passes_at_every_limit_and_is_counted_and_flagged(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world, channel_cap=1)
    admitted(world, trunk, "a")
    told = admitted(world, trunk, "help", callee="112")
    assert (told["in_use"], told["channels"], told["emergency"]) == (2, 1, True)
    told = admitted(world, trunk, "help too", callee="urn:service:sos", direction="outbound")
    assert told["in_use"] == 3
    end(world, trunk, "a")
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "b"), 409, "no-free-channel")  # both count
    items = answer(world.call("GET", "/calls"))["items"]
    assert {item["call_id"]: item["emergency"] for item in items} == {
        "help": True,
        "help too": True,
    }
    end(world, trunk, "help")
    assert {each["call_id"]: each["emergency"] for each in records(world)} == {
        "a": False,
        "help": True,
    }


def test_passes_without_channels_suspended_and_terminated(world: World) -> None:
    trunk = trunk_id(world, channel_cap=0)
    admitted(world, trunk, "none ordered", callee="112")
    suspend(world)
    admitted(world, trunk, "suspended", callee="112")
    terminate(world)
    admitted(world, trunk, "terminated", callee="112")
    assert set(live(world)) == {"none ordered", "suspended", "terminated"}


def test_the_caller_cannot_claim_an_emergency(world: World) -> None:
    trunk = trunk_id(world)
    before = world.fingerprint()
    for caller in ("112", "urn:service:sos", "sip:112@example.com"):
        response = put(world, trunk, "a", caller=caller)
        refused(world, before, response, 409, "no-free-channel")
    response = put(world, trunk, "urn:service:sos")
    refused(world, before, response, 409, "no-free-channel")


def test_the_country_of_the_trunk_decides(world: World) -> None:
    belgian, british = trunk_id(world), trunk_id(world, country="GB")
    admitted(world, british, "a", callee="999")
    before = world.fingerprint()
    refused(world, before, put(world, belgian, "a", callee="999"), 409, "no-free-channel")
