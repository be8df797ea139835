"""The audit trail of the API: the records that the portal shows, with the same filters."""

from typing import Any

from tests.ordering.placing import line, placed
from tests.paging import all_items
from tests.users.staff import created, equip, linked
from tests.world import World, answer, make_organization, make_subscription


def records(world: World, path: str = "/audit", by: Any = None) -> list[dict[str, Any]]:
    """The records of one page."""
    response = world.call("GET", path, by=by)
    assert response.status_code == 200, response.content
    items: list[dict[str, Any]] = answer(response)["items"]
    return items


def test_filters_are_those_of_the_portal(world: World) -> None:
    [number] = equip(world, 1, 1)
    user = created(world, "ann")
    linked(world, user, number)
    placed(world, line(world.seat, 1))
    of = f"/subscriptions/{world.subscription.id}/audit"
    link, create = records(world, f"{of}?verb=user")
    assert (link["verb"], create["verb"]) == ("user.link", "user.create")
    assert link["object_id"] == user["id"] and link["detail"]["number"] == number
    assert link["organization_id"] == str(world.tenant.id)
    assert link["subscription_id"] == str(world.subscription.id)
    assert link["actor"].startswith("client:") and link["actor_name"]
    assert [each["verb"] for each in records(world, "/audit?verb=user.link")] == ["user.link"]
    assert {each["object_id"] for each in records(world, f"/audit?object={user['id']}")} == {
        user["id"]
    }
    assert records(world, f"/audit?actor={link['actor']}&verb=user.link") == [link]
    assert records(world, f"/audit?from={link['at']}&verb=user.link") == [link]
    assert records(world, f"/audit?to={link['at']}&verb=user.link") == []
    assert len(all_items(world, "/audit")) >= 3


def test_subscription_and_organization_have_to_match_both(world: World) -> None:
    tenant = make_organization("tenant", world.reseller)
    other = make_subscription(tenant, "Other")
    created(world, "ann")
    mine = created(world, "bob", subscription=other)
    both = f"/audit?verb=user&subscription_id={other.id}&organization_id="
    assert [each["object_id"] for each in records(world, f"{both}{tenant.id}")] == [mine["id"]]
    assert records(world, f"{both}{world.distributor.id}") == records(world, f"{both}{tenant.id}")
    assert records(world, f"{both}{world.tenant.id}") == []
    assert records(world, f"/subscriptions/{world.subscription.id}/audit?object={mine['id']}") == []


def test_below_the_group_only_subscriptions_have_records(world: World) -> None:
    created(world, "ann")
    before = world.fingerprint()
    for verb in ("user.lnk", "users", ""):
        unknown = world.call("GET", f"/audit?verb={verb}")
        assert unknown.status_code == 422
        assert "neither a verb nor an object" in answer(unknown)["detail"]
    refused = world.call("GET", "/audit", by=world.tenant)
    assert (refused.status_code, answer(refused)["code"]) == (403, "forbidden")
    of = f"/subscriptions/{world.subscription.id}/audit"
    (record,) = records(world, f"{of}?verb=user", by=world.tenant)
    assert record["verb"] == "user.create" and record["actor_name"] is None
    assert world.call("GET", of, by=World().tenant).status_code == 404
    assert world.call("GET", f"{of}?verb=").status_code == 422
    assert world.fingerprint() == before
