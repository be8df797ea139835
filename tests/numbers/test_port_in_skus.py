"""Which SKU a ported number is of, and numbers that only the provider knows."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from fusion.catalogue.models import Sku
from fusion.cli.verify import differences
from fusion.kernel.ids import new_id
from tests.concurrency.actors import at_once
from tests.numbers.porting import porting
from tests.numbers.stock import balance, block, entitle, french, path, refused
from tests.world import World, answer

WORD: dict[str, Any] = {"accept_unknown": True, "reason": "The losing carrier confirmed it."}


def port(world: World, *numbers: str, by: Any = None, **more: Any) -> Any:
    return world.call("POST", path(world, "port-in"), {"numbers": list(numbers), **more}, by=by)


def taken(response: Any) -> dict[str, str]:
    """Number → SKU."""
    assert response.status_code == 201, response.content
    return {each["e164"]: each["sku"] for each in answer(response)["items"]}


def toll_free(world: World) -> tuple[Sku, Sku]:
    """Two SKUs that fit the same numbers; the Canadian one is first by code."""
    return (
        world.sku("ca-toll-free", "entitlement", "number", "CA", "toll_free"),
        world.sku("us-toll-free", "entitlement", "number", "US", "toll_free"),
    )


def freephone(count: int) -> list[str]:
    """Unused toll-free numbers of the North American plan."""
    start = 18_662_000_000 + new_id().int % 7_000_000
    return [f"+{start + index}" for index in range(count)]


def test_the_sku_with_an_entitlement_left(world: World) -> None:
    canadian, american = toll_free(world)
    entitle(world, 2, sku=american)
    numbers = freephone(5)
    assert taken(port(world, *numbers[:2])) == dict.fromkeys(numbers[:2], "us-toll-free")
    entitle(world, 1, sku=canadian)
    assert taken(port(world, numbers[2])) == {numbers[2]: "ca-toll-free"}
    before = world.fingerprint()
    problem = refused(world, before, port(world, numbers[3]), 409, "no-entitlement")
    assert [each["sku"] for each in problem["refusals"]] == ["ca-toll-free"]
    entitle(world, 1, sku=american)
    entitle(world, 1, sku=canadian)
    assert sorted(taken(port(world, *numbers[3:])).values()) == ["ca-toll-free", "us-toll-free"]
    assert differences() == []


def test_the_refusal_names_the_sku_that_was_ordered(world: World) -> None:
    _, american = toll_free(world)
    entitle(world, 1, sku=american)
    first, second = freephone(2)
    before = world.fingerprint()
    problem = refused(world, before, port(world, first, second), 409, "no-entitlement")
    assert [each["sku"] for each in problem["refusals"]] == ["us-toll-free"]


def test_numbers_with_fewer_skus_choose_first(world: World) -> None:
    geographic = world.sku("us-geographic", "entitlement", "number", "US", "geographic")
    mobile = world.sku("us-mobile", "entitlement", "number", "US", "mobile")
    other = french(world)
    for sku in (geographic, mobile, other):
        entitle(world, 1, sku=sku)
    [plain] = block(1)
    both = f"+1212{2_000_000 + new_id().int % 7_000_000}"
    found = taken(port(world, both, plain))
    assert found == {both: "us-geographic", plain: "fr-geographic"}


def test_a_named_sku_is_taken_though_another_has_entitlements(world: World) -> None:
    canadian, american = toll_free(world)
    entitle(world, 1, sku=canadian)
    [e164] = freephone(1)
    before = world.fingerprint()
    response = port(world, e164, sku="us-toll-free")
    problem = refused(world, before, response, 409, "no-entitlement")
    assert [each["sku"] for each in problem["refusals"]] == ["us-toll-free"]
    entitle(world, 1, sku=american)
    assert taken(port(world, e164, sku="us-toll-free")) == {e164: "us-toll-free"}


def test_two_at_once_share_the_entitlements_of_both_skus(world: World) -> None:
    canadian, american = toll_free(world)
    for _ in range(4):
        entitle(world, 1, sku=canadian)
        entitle(world, 1, sku=american)
        numbers = freephone(3)
        outcomes = at_once(*(partial(port, world, e164) for e164 in numbers))
        assert sorted(each.status_code for each in outcomes) == [201, 201, 409]
        assert balance(world, sku=canadian)[0] == balance(world, sku=canadian)[1]
    assert differences() == []


def test_a_number_on_the_provider_s_word(world: World) -> None:
    american = world.sku("us-geographic", "entitlement", "number", "US", "geographic")
    entitle(world, 2, sku=american)
    e164 = f"+1471{2_000_000 + new_id().int % 7_000_000}"
    before = world.fingerprint()
    problem = refused(world, before, port(world, e164, sku="us-geographic"), 422, "invalid-fields")
    assert problem["errors"][0]["message"].startswith(f"{e164} is not a valid phone number; if")
    response = port(world, f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}", sku="us-geographic", **WORD)
    [made] = answer(response)["items"]
    assert (made["e164"], made["accepted"], made["origin"]) == (e164, True, "ported")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT detail ->> 'reason', detail -> 'numbers' ->> 0 FROM tenancy_auditrecord"
            " WHERE group_id = %s AND verb = 'number.ported'",
            [world.group.id],
        )
        assert cursor.fetchall() == [(WORD["reason"], e164)]
    assert differences() == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"accept_unknown": True, "sku": "us-geographic"}, "reason"),
        ({"reason": "Because.", "sku": "us-geographic"}, "reason"),
        (WORD, "sku"),
        ({**WORD, "sku": "fr-geographic"}, "numbers.0"),
        ({**WORD, "sku": "nothing"}, "sku"),
    ],
)
def test_what_the_word_of_the_provider_does_not_cover(
    world: World, more: dict[str, Any], field: str
) -> None:
    world.sku("us-geographic", "entitlement", "number", "US", "geographic")
    french(world)
    before = world.fingerprint()
    problem = refused(world, before, port(world, "+14712345678", **more), 422, "invalid-fields")
    assert [each["field"] for each in problem["errors"]] == [field]


def test_only_the_group_s_word_counts(world: World) -> None:
    world.sku("us-geographic", "entitlement", "number", "US", "geographic")
    porting(world, "anyone")
    tokens = (world.distributor, world.reseller, world.tenant)
    for organization in tokens:
        world.token(organization)
    before = world.fingerprint()
    for organization in tokens:
        response = port(world, "+14712345678", sku="us-geographic", by=organization, **WORD)
        problem = refused(world, before, response, 403, "forbidden")
        assert "Only the group can accept unknown numbers" in problem["detail"]


@pytest.mark.parametrize("type", ["toll_free", "voip"])
def test_numbers_of_no_country(world: World, type: str) -> None:
    unique = 10**6 + new_id().int % (9 * 10**6)
    body = {"code": "global", "name": "Global", "country": "001", "number_type": type}
    sku = answer(world.call("POST", "/skus", body))
    assert sku["country"] == "001"
    if type == "toll_free":
        ends = {"first": f"+800{unique:07}0", "last": f"+800{unique:07}9"}
    else:
        ends = {"first": f"+8835100{unique:07}0", "last": f"+8835100{unique:07}9"}
    made = answer(world.call("POST", "/number-ranges", {"sku": "global", **ends}))
    assert made["count"] == 10, made
    entitle(world, 1, sku=Sku.objects.unscoped("test").get(id=UUID(sku["id"])))
    response = world.call("POST", path(world), {"sku": "global", "quantity": 1})
    [number] = answer(response)["items"]
    assert (number["country"], number["number_type"]) == ("001", type)
    listed = answer(world.call("GET", "/numbers?sku=global&limit=1"))["items"]
    assert [each["country"] for each in listed] == ["001"]
    summary = answer(world.call("GET", "/numbers/summary"))["items"]
    assert [(each["sku"], each["country"]) for each in summary if each["sku"] == "global"] == [
        ("global", "001")
    ]
    skus = {each["code"]: each["country"] for each in answer(world.call("GET", "/skus"))["items"]}
    assert (skus["global"], skus["be-geographic"], skus["user"]) == ("001", "BE", None)
    before = world.fingerprint()
    body = {"sku": "global", "first": "+33199000001", "last": "+33199000001"}
    response = world.call("POST", "/number-ranges", body)
    refused(world, before, response, 422, "invalid-fields")
    response = world.call("POST", "/number-ranges", {**body, **WORD})
    problem = refused(world, before, response, 422, "invalid-fields")
    assert "so it has a country" in problem["errors"][0]["message"]
