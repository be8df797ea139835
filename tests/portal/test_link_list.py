"""Linking many numbers to users by a list."""

from tests.numbers.stock import number, stock
from tests.portal.furnished import at, person, post, text
from tests.users.staff import created, equip, seen
from tests.world import World


def test_a_list_with_a_result_for_each_line(world: World) -> None:
    one, two, three, other = equip(world, 3, 4)
    [free] = stock(world, 1)
    users = [created(world, login) for login in ("anna", "ben@example.com", "long name")]
    agent = person(world, "tenant", "agent")
    page = at(world, "numbers", "link")
    shown = text(agent, at(world, "numbers"))
    assert f'formaction="{page}"' in shown
    assert f"{one} \n{two} \n" in text(agent, f"{page}?number=%2B{one[1:]}&number=%2B{two[1:]}")
    lines = [
        f"{one[:4]} {one[4:7]} {one[7:]} ANNA",
        f"{two}\tben@example.com",
        "",
        f"{three} ; long name",
        f"{free},anna",
        f"{other},Anna",
    ]
    result = post(agent, page, links="\r\n".join(lines))
    shown = result.content.decode()
    assert result.status_code == 200 and "Changed: 2. Not changed: 3." in shown
    assert shown.count("“anna” is in several rows of the list: 1, 5, 6; keep one of them") == 3
    assert [seen(world, user)["number"] for user in users] == [None, two, three]
    assert number(world, free)["status"] == "free"


def test_wrong_lines_are_named(world: World) -> None:
    [one] = equip(world, 1, 1)
    created(world)
    agent = person(world, "tenant", "agent")
    page = at(world, "numbers", "link")
    before = world.fingerprint()
    for links, message in (
        ("", "required"),
        (" ; \n", "no line with a number"),
        (one, "Line 1: A number and a login are needed."),
        (f"{one} anna\nabc anna", "Line 2: "),
        (f"{one} anna\n\n00{one[1:]} ben", f"Line 3: {one} is already in line 1."),
        (f"{one} {'x' * 201}", "at most 200 characters"),
        (f"{one};an\u200bna", "Character 3 (U+200B)"),
    ):
        response = post(agent, page, links=links)
        assert response.status_code == 422
        assert message in response.content.decode(), message
    assert world.fingerprint() == before
    result = post(agent, page, links=f"{one} nobody").content.decode()
    assert "No user of this subscription has the login nobody" in result
    text(person(world, "tenant", "viewer"), page, 403)
    text(person(World()), page, 404)
