"""Numbers in the forms of people, at every place where one enters the API."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import country_of
from tests.numbers.stock import (
    assign,
    block,
    entitle,
    french,
    path,
    refused,
    statuses,
    stock,
)
from tests.ordering.placing import line, placed
from tests.paging import all_items
from tests.world import World, answer


def in_country(organization: Organization, country: str | None) -> None:
    Organization.objects.unscoped("test").filter(id=organization.id).update(country=country)


def national(e164: str) -> str:
    """As French people write it: 01 99 00 00 01."""
    digits = f"0{e164[3:]}"
    return " ".join(digits[i : i + 2] for i in range(0, 10, 2))


def marked(e164: str) -> str:
    """With separators and invisible marks, as from a mobile phone's contacts."""
    return f"\u202a{e164[:3]}\u00a0(0){e164[3:4]}.{e164[4:6]}-{e164[6:]}\u202c"


def zeros(e164: str) -> str:
    return f"00{e164[1:]}"


FORMS = (marked, zeros, national)


def test_assigning(world: World) -> None:
    numbers = stock(world, 4)
    entitle(world, 4)
    in_country(world.reseller, "FR")
    for form, e164 in zip(FORMS, numbers, strict=False):
        response = assign(world, form(e164))
        assert response.status_code == 201
        assert [each["e164"] for each in answer(response)["items"]] == [e164]
    before = world.fingerprint()
    response = assign(world, numbers[3], national(numbers[3]))
    problem = refused(world, before, response, 422, "invalid-fields")
    [error] = problem["errors"]
    assert error["field"] == "numbers"
    assert error["message"] == f"must not contain the same number twice: {numbers[3]} (1, 2)"
    in_country(world.reseller, None)
    before = world.fingerprint()
    response = assign(world, numbers[3], national(numbers[3]))
    problem = refused(world, before, response, 422, "invalid-fields")
    [error] = problem["errors"]
    assert error["field"] == "numbers.1"
    assert error["message"].startswith(f"“{national(numbers[3])}” has no country code; write")


def test_a_block_written_short_is_never_one_number(world: World) -> None:
    world.sku("de-geographic", "entitlement", "number", "DE", "geographic")
    before = world.fingerprint()
    for body in ({"numbers": ["+4930555500-99"]}, {"numbers": ["+49 30 555500 - 99"]}):
        response = world.call("POST", path(world, "port-in"), body)
        problem = refused(world, before, response, 422, "invalid-fields")
        [error] = problem["errors"]
        assert error["field"] == "numbers.0"
        assert "looks like a block of numbers; give its first and last" in error["message"]
        assert body["numbers"][0] in error["message"]


def test_an_unseen_subscription_is_not_found_before_its_numbers_are_read(world: World) -> None:
    before = world.fingerprint()
    for by, id in ((world.group, new_id()), (World().tenant, world.subscription.id)):
        response = world.call("POST", f"/subscriptions/{id}/numbers", {"numbers": ["0199"]}, by=by)
        refused(world, before, response, 404, "not-found")


def test_porting_in(world: World) -> None:
    french(world)
    entitle(world, 4)
    numbers = block(4)
    in_country(world.tenant, "FR")
    body: dict[str, Any] = {"numbers": [form(n) for form, n in zip(FORMS, numbers, strict=False)]}
    assert world.call("POST", path(world, "port-in"), body).status_code == 201
    in_country(world.tenant, "BE")
    # The SKU, where the request names one, says the country.
    body = {"numbers": [national(numbers[3])], "sku": "fr-geographic"}
    assert world.call("POST", path(world, "port-in"), body).status_code == 201
    assert statuses(*numbers) == ["assigned"] * 4


def test_a_range_is_of_the_country_of_its_sku(world: World) -> None:
    french(world)
    numbers = block(3)
    in_country(world.group, "BE")
    body = {"sku": "fr-geographic", "first": national(numbers[0]), "last": marked(numbers[2])}
    response = world.call("POST", "/number-ranges", body)
    assert (answer(response)["first"], answer(response)["last"]) == (numbers[0], numbers[2])
    before = world.fingerprint()
    body = {"sku": "fr-geographic", "first": f"{numbers[0]} x12", "last": numbers[2]}
    problem = refused(
        world, before, world.call("POST", "/number-ranges", body), 422, "invalid-fields"
    )
    assert "has an extension" in problem["errors"][0]["message"]


@pytest.mark.parametrize("form", FORMS)
def test_paths(world: World, form: Any) -> None:
    [e164] = stock(world, 1)
    entitle(world, 1)
    in_country(world.group, "FR")
    assign(world, e164)
    written = quote(form(e164), safe="")
    assert answer(world.call("GET", f"/numbers/{written}"))["e164"] == e164
    trunk = answer(
        world.call(
            "POST",
            f"/subscriptions/{world.subscription.id}/trunks",
            {"name": "PBX", "country": "FR"},
        )
    )
    routed = f"/subscriptions/{world.subscription.id}/trunks/{trunk['id']}/numbers/{written}"
    assert answer(world.call("PUT", routed))["trunk_id"] == trunk["id"]
    assert world.call("DELETE", routed).status_code == 204
    assert world.call("DELETE", path(world, written)).status_code == 204
    assert answer(world.call("POST", path(world, written, "restore")))["status"] == "assigned"
    assert world.call("POST", path(world, written, "port-out")).status_code == 204
    assert answer(world.call("GET", f"/numbers/{written}"))["status"] == "ported_out"


def test_a_path_that_is_not_a_number_says_why(world: World) -> None:
    before = world.fingerprint()
    for text, reason in {
        "+4930555500-99": "looks like a block",
        "0199000001": "has no country code",
        "+33199000001;ext=5": "has an extension",
    }.items():
        for method, there in (
            ("GET", f"/numbers/{quote(text)}"),
            ("DELETE", path(world, quote(text))),
        ):
            problem = refused(world, before, world.call(method, there), 404, "not-found")
            assert f"“{text}” {reason}" in problem["detail"]


def test_linking_a_user(world: World) -> None:
    numbers = stock(world, 3)
    entitle(world, 3)
    users = f"/subscriptions/{world.subscription.id}/users"
    placed(world, line(world.seat, 1))
    in_country(world.distributor, "FR")
    for e164 in numbers:
        assign(world, e164)
    user = answer(world.call("POST", users, {"login": "ann", "display_name": "Ann"}))
    there = f"{users}/{user['id']}/number"
    for form, e164 in zip(FORMS, numbers, strict=True):
        assert answer(world.call("PUT", there, {"number": form(e164)}))["number"] == e164
    before = world.fingerprint()
    response = world.call("PUT", there, {"number": f"{numbers[0]} or {numbers[1]}"})
    problem = refused(world, before, response, 422, "invalid-fields")
    assert problem["errors"][0]["field"] == "number"
    assert "more than one number" in problem["errors"][0]["message"]


def test_lists(world: World) -> None:
    numbers = stock(world, 12)
    entitle(world, 1)
    in_country(world.group, "FR")
    assign(world, numbers[0])

    def found(there: str = "/numbers", **filters: str) -> list[str]:
        items = all_items(world, f"{there}?{urlencode(filters)}")
        return [each["e164"] for each in items]

    first = numbers[0]
    for starts in (
        first[:10],
        f"00{first[1:10]}",
        national(first)[:11],
        f"{first[:3]} (0){first[3:10]}",
    ):
        expected = [e164 for e164 in numbers if e164.startswith(first[:10])]
        assert found(starts_with=starts) == expected, starts
    assert found(path(world), starts_with=national(first)) == [first]
    assert found(ends_with=f"{first[-4:-2]}-{first[-2:]}", sku="fr-geographic") == [first]
    for whole in (national(first), f"00{first[1:]}", f"{first[:3]} (0){first[3:]}"):
        assert found(ends_with=whole) == found(path(world), ends_with=whole) == [first]
    before = world.fingerprint()
    for there in ("/numbers", path(world)):
        for several in (f"{first[:-2]}00-99", f"{national(first)[:-2]}00-99"):
            response = world.call("GET", f"{there}?{urlencode({'starts_with': several})}")
            [error] = refused(world, before, response, 422, "invalid-fields")["errors"]
            assert error["field"] == "starts_with"
            assert "looks like a block of numbers" in error["message"]
    in_country(world.group, None)
    before = world.fingerprint()
    response = world.call("GET", f"/numbers?{urlencode({'starts_with': national(first)})}")
    problem = refused(world, before, response, 422, "invalid-fields")
    [error] = problem["errors"]
    assert error["field"] == "starts_with"
    assert "has no country code" in error["message"]


def test_the_nearest_country_applies(world: World) -> None:
    def country() -> str | None:
        return country_of(world.tenant.path)

    assert country() is None
    in_country(world.group, "BE")
    assert country() == "BE"
    in_country(world.reseller, "FR")
    assert country() == "FR"
    in_country(world.tenant, "DE")
    assert country() == "DE"
    assert country_of(world.distributor.path) == "BE"
