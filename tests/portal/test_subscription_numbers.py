"""Numbers of a subscription in the portal: found, taken, reserved, released, restored, ported."""

from datetime import timedelta

import pytest
from django.utils import timezone

from fusion.kernel.clock import now
from fusion.numbers.models import Number
from fusion.tenancy.models import Organization
from tests.numbers.stock import assigned, block, entitle, french, number, run_out, statuses, stock
from tests.portal.furnished import (
    Furnished,
    at,
    compact,
    follow,
    person,
    post,
    statements,
    text,
)
from tests.portal.test_subscription_users import rows
from tests.world import World


def test_filters_and_holders(world: World) -> None:
    stage = Furnished(world)
    client = person(world, "tenant", "viewer")
    page = text(client, at(world, "numbers"))
    assert rows(page) == 4
    assert page.count(f'href="{at(world, "users", stage.user["id"])}"') == 1
    assert page.count(f'href="{at(world, "trunks", stage.trunk)}"') == 1
    queries = {
        "?status=assigned": 4,
        "?status=unlinked": 2,
        "?status=quarantined": 0,
        "?sku=fr-geographic": 4,
        "?sku=be-geographic": 0,
        f"?starts={stage.linked[:6]}": 4,
        f"?starts={stage.linked}": 1,
        f"?ends={stage.linked[-3:]}": 1,
        "?sku=&status=&starts=%2B&ends=+": 4,
    }
    for query, count in queries.items():
        assert rows(text(client, at(world, "numbers") + query.replace("+", "%2B"))) == count, query
    for query, label in {
        "?sku=zz": "Number type",
        "?status=free": "Status",
        "?ends=x": "Ends with",
        "?starts=3315550y": "Starts with",
        f"?starts={stage.linked}{'0' * 9}": "Starts with",
        f"?starts={stage.linked}-99".replace("+", "%2B"): "Starts with",
        f"?ends={'0' * 9999}": "Ends with",
    }.items():
        refused = text(client, at(world, "numbers") + query, 422)
        assert rows(refused) == 0 and f">{label}: “" in refused, query
    one = text(client, at(world, "numbers", stage.linked))
    assert "Anna" in one and at(world, "users", stage.user["id"]) in one


def test_the_next_free_ones(world: World) -> None:
    entitle(world, 4)
    free = stock(world, 6)
    client = person(world, "tenant", "agent")
    take = at(world, "numbers", "take")
    assert 'value="fr-geographic" selected>fr-geographic (4 left to assign, 6 in stock)' in text(
        client, take
    )
    fields = {"sku": "fr-geographic", "quantity": "3", "contiguous": "on", "until": ""}
    assert "3 numbers were assigned" in follow(client, post(client, take, **fields))
    assert statuses(*free[:4]) == ["assigned"] * 3 + ["free"]
    before = world.fingerprint()
    refused = post(client, take, **fields)
    page = refused.content.decode()
    assert refused.status_code == 422 and "4 ordered, 3 in use" in page
    assert f"{at(world, 'numbers')}?status=unlinked" in page
    odd = ("quantity", "0"), ("quantity", "1001"), ("sku", "user"), ("until", "2001-01-01")
    for name, value in (*odd, ("until", "9999-12-31"), ("until", "x")):
        assert post(client, take, **{**fields, name: value}).status_code == 422, (name, value)
    assert world.fingerprint() == before


def test_reserve_assign_release(world: World) -> None:
    entitle(world, 1)
    [free] = stock(world, 1)
    client = person(world, "reseller", "agent")
    day = (timezone.localdate() + timedelta(days=3)).isoformat()
    fields = {"sku": "fr-geographic", "quantity": "1", "until": day}
    assert f"{free} was assigned" in follow(
        client, post(client, at(world, "numbers", "take"), **fields)
    )
    reserved = Number.objects.unscoped("test").get(e164=free)
    assert reserved.status == "reserved" and reserved.until is not None
    assert timedelta(days=3) < reserved.until - now() <= timedelta(days=4)
    assert "Reserved until" in text(client, at(world, "numbers", free))
    assert "is now assigned" in follow(client, post(client, at(world, "numbers", free, "assign")))
    assert "was released" in follow(client, post(client, at(world, "numbers", free, "release")))
    assert statuses(free) == ["quarantined"]


def test_the_undo(world: World) -> None:
    entitle(world, 1)
    [first, second] = stock(world, 2)
    assigned(world, first)
    client = person(world, "tenant")
    follow(client, post(client, at(world, "numbers", first, "release")))
    page = text(client, at(world, "numbers", first))
    assert "In quarantine until" in page and at(world, "numbers", first, "restore") in page
    assert "was restored" in follow(client, post(client, at(world, "numbers", first, "restore")))
    assert statuses(first) == ["assigned"]
    follow(client, post(client, at(world, "numbers", first, "release")))
    assigned(world, second)
    before = world.fingerprint()
    page = follow(client, post(client, at(world, "numbers", first, "restore")))
    assert "No number entitlement is left" in page and "1 ordered, 1 in use" in page
    assert world.fingerprint() == before
    run_out(first)
    assert "Restore" not in text(client, at(world, "numbers", second))


def test_a_linked_number_is_not_released_and_links_to_its_holder(world: World) -> None:
    stage = Furnished(world)
    client = person(world)
    before = world.fingerprint()
    for e164, words in ((stage.linked, "linked to a user"), (stage.routed, "routed to a trunk")):
        page = text(client, at(world, "numbers", e164))
        assert 'commandfor="release"' not in page and "/release" not in page
        for action in ("release", "port-out"):
            page = follow(client, post(client, at(world, "numbers", e164, action)))
            assert words in page and f"<h1>{e164}" in compact(page), action
    assert world.fingerprint() == before


def test_chosen_ones_ticked_and_typed(world: World) -> None:
    entitle(world, 3)
    free = stock(world, 5)
    client = person(world, "distributor", "agent")
    choose = at(world, "numbers", "choose")
    offered = text(client, choose)
    assert all(e164 in offered for e164 in free)
    ends = free[4][-4:]
    part = text(client, f"{choose}?ends={ends}&sku=fr-geographic", part="found")
    assert (free[4] in part, free[0] in part, "<html" in part) == (True, False, False)
    assert "No free number matches" in text(client, f"{choose}?starts=9999")
    spaced = f"{free[2][:3]} {free[2][3:6]} {free[2][6:]}"
    chosen = {"number": [free[0]], "typed": f"{spaced}\n\n{free[0]}, {free[3]}", "until": ""}
    assert "3 numbers were assigned" in follow(client, post(client, choose, **chosen))
    assert statuses(*free) == ["assigned", "free", "assigned", "assigned", "free"]
    before = world.fingerprint()
    for wrong, words in {
        "": "Select or type at least one number",
        "0475": "plus sign",
        free[0]: "Not available",
        "\n".join(f"+3319900{index:05}" for index in range(1001)): "the limit is 1000",
    }.items():
        refused = post(client, choose, typed=wrong, until="")
        assert refused.status_code == 422 and words in refused.content.decode(), wrong[:20]
    kept = post(client, choose, number=[free[1]], typed=free[0], until="").content.decode()
    assert f'value="{free[1]}" checked' in kept
    assert world.fingerprint() == before


def test_port_in_and_out(world: World) -> None:
    french(world)
    entitle(world, 2)
    first, second, third = block(3)
    client = person(world, "group", "agent")
    port = at(world, "numbers", "port-in")
    rest = {"sku": "", "port_date": "", "reason": ""}
    both = post(client, port, numbers=f"{first}\n{second}", **rest)
    assert "2 numbers were assigned" in follow(client, both)
    assert number(world, first)["origin"] == "ported"
    assert "Ported in" in text(client, at(world, "numbers"))
    before = world.fingerprint()
    for given, words in {
        third: "2 ordered, 2 in use",
        "+12": "“+12” has too few digits",
        "+3200000000": "is not a valid phone number",
        "+32475123456": "but no matching SKU exists",
        "": "required",
    }.items():
        refused = post(client, port, numbers=given, **rest)
        assert refused.status_code == 422 and words in refused.content.decode(), given
    assert post(client, port, numbers=third, **rest | {"sku": "user"}).status_code == 422
    assert world.fingerprint() == before
    gone = post(client, at(world, "numbers", first, "port-out"))
    assert "was ported out" in follow(client, gone)
    assert number(world, first) is None
    text(client, at(world, "numbers", first), 404)


def test_a_second_page_and_the_number_of_queries(world: World) -> None:
    stage = Furnished(world)
    client = person(world, "tenant", "agent")
    once = f"?once={world.group.id}"
    paths = [
        at(world, "numbers"),
        at(world, "numbers", stage.routed),
        *(at(world, "numbers", way) + once for way in ("take", "choose", "port-in")),
    ]
    few = statements(client, paths)
    entitle(world, 60)
    stock(world, 70)
    assigned(world, sku="fr-geographic", quantity=60)
    assert statements(client, paths) == few
    assert max(few) <= 18
    page = text(client, at(world, "numbers"))
    assert rows(page) == 50
    cursor = page.split("cursor=")[1].split('"')[0]
    part = text(client, at(world, "numbers") + f"?cursor={cursor}", part="more")
    assert part.count("<tr>") == 14


FIELDS = {
    "take": ("sku", "quantity", "until"),
    "choose": ("typed", "until"),
    "port-in": ("numbers", "sku", "port_date", "reason"),
}


@pytest.mark.parametrize("path", FIELDS)
def test_a_form_sent_twice_counts_once(world: World, path: str) -> None:
    entitle(world, 2)
    first, second = stock(world, 2)
    [ported] = block(1)
    client = person(world)
    texts = {"sku": "fr-geographic", "quantity": "1", "typed": first, "numbers": ported}
    fields = {name: texts.get(name, "") for name in FIELDS[path]}
    for _ in range(2):
        response = client.post(
            at(world, "numbers", path), {**fields, "once": str(world.subscription.id)}
        )
        assert response.status_code == 303
    assert "was done before" in follow(client, response)
    assert statuses(second) == ["free"]
    assert rows(text(client, at(world, "numbers"))) == 1


def test_numbers_as_people_write_them(world: World) -> None:
    free = stock(world, 4)
    entitle(world, 4)
    client = person(world, "tenant", "agent")
    choose, link = at(world, "numbers", "choose"), at(world, "numbers")
    before = world.fingerprint()
    national = f"0{free[0][3:]}"
    typed = f"{free[0]}\n+4930555500-99\n{national}"
    page = post(client, choose, typed=typed, until="").content.decode()
    assert "Line 2: “+4930555500-99” looks like a block of numbers" in page
    assert f"Line 3: “{national}” has no country code" in page
    assert "Line 1" not in page
    page = post(client, choose, typed=f"{free[1]}, 3,22556E+11", until="").content.decode()
    assert "“3,22556E+11” was changed by a spreadsheet" in page and "too few digits" not in page
    page = text(client, f"{link}?starts={national}", 422)
    assert f"“{national}” has no country code" in page
    german = client.post(
        choose, {"typed": "+4930555500-99", "until": ""}, headers={"Accept-Language": "de"}
    ).content.decode()
    assert "sieht wie ein Rufnummernblock aus" in german
    assert world.fingerprint() == before
    Organization.objects.unscoped("test").filter(id=world.group.id).update(country="FR")
    typed = f"{national}; 00{free[1][1:]}, tel:{free[2]}\n\u202a{free[3]}\u202c\n{free[3]}"
    assert "4 numbers were assigned" in follow(client, post(client, choose, typed=typed, until=""))
    assert free[0] in text(client, f"{link}?starts={national[:4]}+{national[4:]}")
