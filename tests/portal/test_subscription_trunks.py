"""Trunks of a subscription in the portal: live and past calls, made, changed, routed, deleted."""

from tests.numbers.stock import entitle
from tests.portal.furnished import Furnished, at, follow, person, post, statements, text
from tests.portal.test_subscription_users import rows
from tests.trunks.calling import admitted, end, make_trunk, order_channels
from tests.users.staff import equip
from tests.world import World, answer


def test_live_and_peak_calls_against_channels_and_caps(world: World) -> None:
    order_channels(world, 4)
    capped = make_trunk(world, name="Capped <b>", channel_cap=2)["id"]
    make_trunk(world, name="Open")
    admitted(world, capped, "a", "b")
    end(world, capped, "a")
    client = person(world, "tenant", "viewer")
    page = text(client, at(world, "trunks"))
    assert "of 4 channels in use now" in page and "at most 2 in the last 24 hours" in page
    assert "1 / 2" in page and "limit: 2" in page and "0 / 4" in page
    assert "Capped &lt;b&gt;" in page and "<b>" not in page.split("<main")[1]
    assert "<html" not in text(client, at(world, "trunks"), part="list")
    one = text(client, at(world, "trunks", capped))
    assert "of 2 (limit of this trunk: 2)" in one and "+3225550199" in one
    live = text(client, at(world, "trunks", capped), part="live")
    assert "<html" not in live and live.count("<tr>") == 2


def test_make_change_route_and_delete(world: World) -> None:
    first, second = equip(world, 0, 2)
    client = person(world, "reseller", "agent")
    added = post(
        client,
        at(world, "trunks", "new"),
        name="Main",
        country="be",
        channel_cap="3",
        calls_per_second="",
        outside_line_prefixes="",
    )
    assert "The trunk was added." in follow(client, added)
    id = added.headers["Location"].rpartition("/")[2]
    edit = at(world, "trunks", id, "edit")
    follow(
        client,
        post(
            client,
            edit,
            name="Branch",
            channel_cap="",
            calls_per_second="5",
            outside_line_prefixes="0 *9",
        ),
    )
    trunk = answer(world.call("GET", f"{at(world, 'trunks', id)}"))
    assert (trunk["name"], trunk["country"], trunk["channel_cap"]) == ("Branch", "BE", None)
    assert trunk["outside_line_prefixes"] == ["0", "*9"]
    page = text(client, at(world, "trunks", id))
    assert "outside line: 0, *9" in page and "at most 5 calls per second" in page
    assert 'value="0, *9"' in text(client, edit)

    route = at(world, "trunks", id, "route")
    assert first in text(client, route)
    assert second not in text(client, f"{route}?q={first[1:]}", part="found")
    assert "is now routed to this trunk" in follow(client, post(client, route, number=first))
    assert f'value="{first}"' not in text(client, route)

    before = world.fingerprint()
    refused = follow(client, post(client, at(world, "trunks", id, "delete")))
    assert "Numbers routed to this trunk: 1" in refused
    assert world.fingerprint() == before
    off = post(client, at(world, "trunks", id, "numbers", first, "unroute"))
    assert "was removed from the trunk" in follow(client, off)
    assert "was deleted" in follow(client, post(client, at(world, "trunks", id, "delete")))
    text(client, at(world, "trunks", id), 404)


def test_invalid_input_is_refused(world: World) -> None:
    stage = Furnished(world)
    client = person(world, "tenant", "agent")
    before = world.fingerprint()
    fields = {
        "name": "x",
        "country": "BE",
        "channel_cap": "1",
        "outside_line_prefixes": "0",
        "calls_per_second": "",
    }
    for wrong in (
        {"name": ""},
        {"name": "x" * 201},
        {"country": "ZZ"},
        {"country": "B"},
        {"channel_cap": "-1"},
        {"channel_cap": "1.5"},
        {"channel_cap": "99999999999"},
        {"calls_per_second": "0"},
        {"calls_per_second": "1001"},
        {"outside_line_prefixes": "+"},
        {"outside_line_prefixes": "12345"},
        {"outside_line_prefixes": "1 2 3 4 5 6"},
    ):
        assert post(client, at(world, "trunks", "new"), **{**fields, **wrong}).status_code == 422
    route = at(world, "trunks", stage.trunk, "route")
    taken = post(client, route, number=stage.linked)
    assert taken.status_code == 422 and "is linked to a user" in taken.content.decode()
    delete = follow(client, post(client, at(world, "trunks", stage.trunk, "delete")))
    assert "live calls: 1" in delete
    assert world.fingerprint() == before


def test_second_pages_and_the_number_of_queries(world: World) -> None:
    stage = Furnished(world)
    client = person(world)
    trunk = at(world, "trunks", stage.trunk)
    paths = [at(world, "trunks"), trunk, f"{trunk}/route?once={world.group.id}"]
    few = statements(client, paths)
    order_channels(world, 30)
    calls = [f"c{index}" for index in range(75)]
    for first in range(0, 75, 25):
        admitted(world, stage.trunk, *calls[first : first + 25])
        if first < 50:
            for call in calls[first : first + 25]:
                end(world, stage.trunk, call)
    entitle(world, 25)
    for number in equip(world, 0, 25):
        route = f"{trunk}/numbers/{number}"
        assert world.call("PUT", route).status_code == 200
    make_trunk(world, name="Another")
    assert statements(client, paths) == few
    assert max(few) <= 20
    page = text(client, trunk)
    more = {name: page.split(f"?{name}=")[1].split('"')[0].split("#")[0] for name in PAGED}
    counts = {"calls": 6, "numbers": 6, "cursor": 1}
    for name, target in PAGED.items():
        part = text(client, f"{trunk}?{name}={more[name]}", part=target)
        assert (part.count("<tr>"), "<html" in part) == (counts[name], False), name
    assert rows(text(client, at(world, "trunks"))) == 2


PAGED = {"calls": "calls-more", "numbers": "numbers-more", "cursor": "more"}
"""What goes on where: the cursor's name, the element that is replaced."""
