"""The provider's settings in the portal: its emergency numbers."""

from tests.portal.furnished import follow, person, post, text
from tests.trunks.calling import admitted, end, make_trunk
from tests.world import World, answer

SETTINGS = "/provider"
NEW = "/provider/emergency-numbers/new"


def test_added_shown_and_removed(world: World) -> None:
    make_trunk(world, country="GB")
    client = person(world, "group", "administrator")
    page = text(client, SETTINGS)
    assert "<code>999</code>" in page and "1712" not in page
    added = follow(client, post(client, NEW, country="be", number="1712"))
    assert "Calls to 1712 now pass as emergency calls." in added and "<code>1712</code>" in added
    removed = follow(client, post(client, "/provider/emergency-numbers/BE/1712/remove"))
    assert "was removed" in removed and "<code>1712</code>" not in removed
    before = world.fingerprint()
    again = post(client, "/provider/emergency-numbers/BE/1712/remove")
    assert again.status_code == 404 and world.fingerprint() == before


def test_who_ports_numbers(world: World) -> None:
    client = person(world, "group", "administrator")
    change = f"{SETTINGS}/porting"
    page = text(client, SETTINGS)
    assert "send port requests, and you decide" in page and f'href="{change}"' in page
    assert "checked" in text(client, change)
    before = world.fingerprint()
    for value in ("", "nobody"):
        assert post(client, change, porting=value).status_code == 422
    assert world.fingerprint() == before
    changed = follow(client, post(client, change, porting="anyone"))
    assert "The setting was changed." in changed and "port numbers themselves" in changed
    found = answer(world.call("GET", f"/organizations/{world.group.id}/settings"))
    assert found["porting"] == "anyone"
    for role in ("agent", "viewer"):
        member = person(world, "group", role)
        page = text(member, SETTINGS)
        assert "port numbers themselves" in page and f'href="{change}"' not in page
        text(member, change, 403)
        assert post(member, change, porting="group").status_code == 403
    text(person(world, "tenant", "administrator"), change, 403)


def test_how_long_the_date_of_an_order_may_be_past(world: World) -> None:
    client = person(world, "group", "administrator")
    change = f"{SETTINGS}/order-grace"
    page = text(client, SETTINGS)
    assert "at most 24 hours" in page and f'href="{change}"' in page
    assert 'value="24"' in text(client, change)
    before = world.fingerprint()
    for value in ("", "-1", "745", "1.5"):
        assert post(client, change, order_grace_hours=value).status_code == 422
    assert world.fingerprint() == before
    for value, words in (("1", "at most 1 hour."), ("0", "must be in the future")):
        assert words in follow(client, post(client, change, order_grace_hours=value))
    viewer = person(world, "group", "viewer")
    assert f'href="{change}"' not in text(viewer, SETTINGS)
    text(viewer, change, 403)


def test_bad_input_is_shown_beside_its_field(world: World) -> None:
    client = person(world, "group", "administrator")
    before = world.fingerprint()
    for country, number, message in (
        ("ZZ", "1712", "not the code of a country"),
        ("B", "1712", "at least 2 characters"),
        ("BE", "1", "“1” has 1 digits; an emergency number has 2 to 6."),
        ("BE", "+112", "“+112” has +, which"),
        ("BE", "1712 now", "“1712 now” has letters"),
        ("BE", "1234567", "“1234567” has 7 digits"),
        ("BE", "112", "already"),
    ):
        response = post(client, NEW, country=country, number=number)
        assert response.status_code in (409, 422), (country, number)
        assert message in response.content.decode(), (country, number)
    assert world.fingerprint() == before


def test_separators_of_a_number_are_read(world: World) -> None:
    client = person(world, "group", "administrator")
    for number in ("9 8 8", "1-7-1-2"):
        follow(client, post(client, NEW, country="BE", number=number))
    found = answer(world.call("GET", f"/organizations/{world.group.id}/settings"))
    assert found["emergency_numbers"] == {"BE": ["1712", "988"]}


def test_who_sees_and_changes_settings(world: World) -> None:
    make_trunk(world)
    for role in ("agent", "viewer"):
        client = person(world, "group", role)
        page = text(client, SETTINGS)
        assert "<code>112</code>" in page and NEW not in page
        text(client, NEW, 403)
    text(person(world, "reseller", "administrator"), SETTINGS, 403)


def test_a_callback_is_marked(world: World) -> None:
    trunk = make_trunk(world)["id"]
    admitted(world, trunk, "help", direction="outbound", callee="112", caller="")
    end(world, trunk, "help", direction="outbound")
    admitted(world, trunk, "back")
    client = person(world, "tenant", "viewer")
    page = text(client, f"/subscriptions/{world.subscription.id}/trunks/{trunk}")
    assert page.count("Emergency callback") == 1
    end(world, trunk, "back")
    page = text(client, f"/subscriptions/{world.subscription.id}/trunks/{trunk}")
    assert page.count("Emergency callback") == 1
    assert answer(world.call("GET", "/calls"))["items"] == []
