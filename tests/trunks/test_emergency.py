"""Emergency calls always pass, by whom they call and never by what they claim to be."""

import pytest
from phonenumbers import country_code_for_region, is_emergency_number
from phonenumbers.shortnumberinfo import SUPPORTED_SHORT_REGIONS

from fusion.trunks.load_emergency import (
    emergency_pattern,
    emergency_patterns,
    load_emergency_numbers,
)
from fusion.trunks.rules import is_country, portable_pattern
from tests.numbers.stock import refused
from tests.ordering.placing import terminate
from tests.trunks.calling import (
    admitted,
    by_sql,
    call_path,
    end,
    live,
    order_channels,
    put,
    records,
    rows,
    trunk_id,
)
from tests.trunks.test_trunks import suspend
from tests.world import World, answer


def is_emergency(callee: str, country: str = "BE", prefixes: str = "") -> bool:
    """What the database says of a trunk in that country, of a group without numbers of its own."""
    [(found,)] = rows(
        "SELECT trunks_is_emergency(jsonb_populate_record(NULL::trunks_trunk, jsonb_build_object("
        "'country', %s::text, 'outside_line_prefixes', %s::text)), %s::text)",
        country,
        prefixes,
        callee,
    )
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
        "urn:service:sos.police?x=1",
        " urn:service:sos ",
        "<urn:service:sos>",
        "+112",
        "+32112",
        "0032112",
        "sip:+112@gateway.example.com;user=phone",
        "sip:+32112@gateway.example.com;user=phone",
        "sip:%2B112@gateway.example.com",
        "112;npdi",
        "112;phone-context=+32",
        '"Emergency" <sip:112@gateway.example.com>',
        "Help <tel:1-1-2>;tag=1",
        "sip:112@[2001:db8::1]:5060",
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
        "00112",
        "911",
        "+911",
        "+1911",
        "+33112",
        "0033112",
        "32112",
        "+321121",
        "+3211",
        "+32",
        "+",
        "0032",
        '"112" <sip:alice@gateway.example.com>',
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


@pytest.mark.parametrize(
    ("callee", "country"),
    [
        ("sip:+911@gateway.example.com;user=phone", "US"),
        ("+999", "GB"),
        ("tel:911;phone-context=+1", "US"),
        ("+1911", "CA"),
        ("+49112", "DE"),
        ("+44999", "JE"),
    ],
)
def test_a_plus_and_the_code_of_the_country(callee: str, country: str) -> None:
    assert is_emergency(callee, country)
    assert not is_emergency(callee, "BE")


def test_ordinary_numbers_that_begin_like_one() -> None:
    """Leeds is +44 113, and 999 is the beginning of many numbers."""
    for callee in ("+441132345678", "+4411", "+449991", "+44112345", "9991234", "1120"):
        assert not is_emergency(callee, "GB")


def test_only_the_prefixes_that_the_trunk_names() -> None:
    assert is_emergency("0112", prefixes="0") and is_emergency(
        "sip:9-112@example.com", prefixes="0,9"
    )
    assert is_emergency("*9112", prefixes="*9") and is_emergency("112", prefixes="0")
    for callee in ("0112", "00112", "9112", "0", "01120", "0+112", "+0112"):
        assert not is_emergency(callee, prefixes="8")
    assert not is_emergency("00112", prefixes="0") and is_emergency("00112", prefixes="00")


@pytest.mark.parametrize(
    ("callee", "country"),
    [
        ("9+112", "BE"),
        ("9+32112", "BE"),
        ("90032112", "BE"),
        ("sip:9%2B911@gateway.example.com", "US"),
        ("90111911", "US"),
        ("0111911", "CA"),
        ("001161000", "AU"),
        ("9,112", "BE"),
        ("tel:9,,112", "BE"),
        ("112#", "BE"),
        ("9112#", "BE"),
        ("+32112#", "BE"),
        ("+32 (0)112", "BE"),
        ("9+32(0)112", "BE"),
        ("0032 0 112", "BE"),
    ],
)
def test_forms_combine(callee: str, country: str) -> None:
    """After the prefix for an outside line, with a pause, and with a # that ends dialling."""
    assert is_emergency(callee, country, prefixes="9")
    assert not is_emergency(callee.replace("112", "3").replace("911", "3"), "BE", prefixes="9")


@pytest.mark.parametrize(
    "callee",
    [
        "0111911",
        "001132112",
        "+9112",
        "99112",
        "112##",
        "#112",
        "#",
        "9#",
        "100,112",
        "0032+112",
        "+0112",
        "+3200112",
    ],
)
def test_forms_that_do_not_combine(callee: str) -> None:
    assert not is_emergency(callee, prefixes="9")


LONG = ("NA",)
"""Countries whose emergency numbers all have more than four digits."""


def test_each_number_of_each_country_in_each_form() -> None:
    load_emergency_numbers()
    forms = []
    for country in sorted(emergency_patterns()):
        code, pattern = country_code_for_region(country), emergency_pattern(country)
        texts = [f"{n:0{size}}" for size in (2, 3, 4) for n in range(10**size)]
        numbers = [text for text in texts if pattern.fullmatch(text)]
        assert numbers or country in LONG, country
        for number in numbers:
            written = f"+{number}", f"+{code}{number}", f"+{code}(0){number}", f"00{code}{number}"
            forms += [(country, form) for form in (number, *written, f"9{number}")]
    refused = rows(
        "SELECT country, form FROM unnest(%s::text[], %s::text[]) AS f(country, form)"
        " WHERE NOT trunks_is_emergency(jsonb_populate_record(NULL::trunks_trunk,"
        " jsonb_build_object('country', country, 'outside_line_prefixes', '9')), form)",
        [country for country, _ in forms],
        [form for _, form in forms],
    )
    assert len(forms) > 2000 and refused == []


def test_as_phonenumbers_says() -> None:
    """For all numbers of two and three digits in every eighth country, and for a few in all."""
    load_emergency_numbers()
    countries = sorted(emergency_patterns())
    short = [f"{n:0{size}}" for size in (2, 3) for n in range(10**size)]
    few = ["112", "911", "999", "000", "15", "18", "1122", "113"]
    for asked, numbers in ((countries[::8], short), (countries, few)):
        found = rows(
            "SELECT e, n FROM unnest(%s::text[]) e, unnest(%s::text[]) n"
            " WHERE trunks_is_emergency(jsonb_populate_record(NULL::trunks_trunk,"
            " jsonb_build_object('country', e)), n)",
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
    result = admitted(world, trunk, "help", callee="112")
    assert (result["in_use"], result["channels"], result["emergency"]) == (2, 1, True)
    assert result["emergency_callback"] is False
    result = admitted(world, trunk, "help too", callee="urn:service:sos", direction="outbound")
    assert result["in_use"] == 3
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


FILLER = "x" * 300


@pytest.mark.parametrize(
    ("caller", "callee"),
    [
        (f"sip:{FILLER}@example.com", "112"),
        ("+3225550100", f"sip:112@example.com;a={FILLER}"),
        (f"sip:{FILLER}@example.com", f'"{FILLER}" <sip:112@example.com>'),
        ("a" * 60_000, f"sip:112@example.com;a={'b' * 60_000}"),
    ],
    ids=["caller", "callee", "both", "huge"],
)
def test_long_texts_do_not_stop_an_emergency_call(world: World, caller: str, callee: str) -> None:
    """No channel at all; the text is decided on whole, and stored shortened."""
    trunk = trunk_id(world)
    body = {"caller": caller, "callee": callee, "replaces": "r" * 300}
    for status in (201, 200):
        response = world.call("PUT", call_path(trunk, "help"), body)
        assert response.status_code == status, response.content
        assert answer(response)["emergency"] is answer(response)["shortened"] is True
    assert by_sql(trunk, "by sql", caller=caller, callee=callee)[0] == 201
    for call in answer(world.call("GET", "/calls"))["items"]:
        assert (call["caller"], call["callee"]) == (caller[:255], callee[:255])
    end(world, trunk, "help")


def test_long_texts_of_other_calls_are_refused(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    before = world.fingerprint()
    body = {"caller": FILLER, "callee": f"sip:113@example.com;a={FILLER}", "replaces": FILLER}
    problem = answer(world.call("PUT", call_path(trunk, "a"), body))
    assert [each["field"] for each in problem["errors"]] == ["caller", "callee", "replaces"]
    status, problem = by_sql(trunk, "a", callee=FILLER)
    assert (status, problem["errors"][0]["field"]) == (422, "callee")
    assert by_sql(trunk, "i" * 256, callee="112")[0] == 422
    assert world.fingerprint() == before


def test_usual_answers_do_not_mention_shortening(world: World) -> None:
    assert "shortened" not in admitted(world, trunk_id(world), "help", callee="112")
