"""Changing many numbers on a page: linking them to a trunk, and long lists."""

import pytest

from fusion.lifecycle.change_numbers import MAX_CHANGED
from fusion.portal.number_fields import LONGEST_LINE
from tests.contract.stage import trunk_of
from tests.lifecycle.moving import second
from tests.numbers.stock import number
from tests.portal.furnished import at, person, post, text
from tests.users.staff import created, equip, linked
from tests.world import World


@pytest.mark.parametrize(
    ("kind", "role"), [("group", "administrator"), ("reseller", "agent"), ("tenant", "agent")]
)
def test_a_selection_is_linked_to_a_trunk(world: World, kind: str, role: str) -> None:
    one, two, three = equip(world, 1, 3)
    linked(world, created(world), two)
    client = person(world, kind, role)
    assert 'value="link"' not in text(client, at(world, "numbers"))  # there is no trunk yet
    trunk = trunk_of(world, world.subscription)
    assert 'name="action" value="link"' in text(client, at(world, "numbers"))
    page = at(world, "numbers", "change")
    shown = text(client, f"{page}?action=link&number=%2B{one[1:]}&number=%2B{two[1:]}")
    assert '<option value="link" selected>' in shown and '<option value="Main (' in shown
    fields = {"action": "link", "numbers": f"{one}\n{two}", "to": "", "trunk": "Main"}
    before = world.fingerprint()
    refusals = (
        ({"trunk": ""}, 422, "Choose the trunk to link the numbers to."),
        ({"trunk": "Branch"}, 422, "is not in the list"),
        ({"trunk": trunk_of(world, second(world))}, 404, ""),
        ({"trunk": trunk_of(other := World(), other.subscription)}, 404, ""),
    )
    before = world.fingerprint()
    for wrong, status, message in refusals:
        response = post(client, page, **fields | wrong)
        assert response.status_code == status
        assert message in response.content.decode()
    assert world.fingerprint() == before
    shown = post(client, page, **fields).content.decode()
    assert "Changed: 1. Not changed: 1." in shown
    assert "linked to a user" in shown
    assert number(world, one)["trunk_id"] == trunk
    everything = f"{page}?all=1&sku=&status=&starts=&ends="
    shown = post(
        client, everything, action="link", to="", trunk=trunk, unlink="on"
    ).content.decode()
    assert "Changed: 3. Not changed: 0." in shown
    assert {number(world, each)["trunk_id"] for each in (one, two, three)} == {trunk}
    text(person(world, "tenant", "viewer"), page, 403)
    text(person(World()), page, 404)


def test_a_page_takes_as_many_numbers_as_the_api(world: World) -> None:
    client = person(world, "tenant", "agent")
    page = at(world, "numbers", "change")
    numbers = [f"+33199{i:06}" for i in range(MAX_CHANGED + 1)]
    fields = {"action": "release", "to": "", "trunk": ""}
    shown = post(client, page, **fields, numbers="\r\n".join(numbers[:-1])).content.decode()
    assert "Changed: 0. Not changed: 10,000." in shown or "Not changed: 10000." in shown
    for lines, message in (
        (numbers, f"You entered {MAX_CHANGED + 1} numbers; the limit is {MAX_CHANGED}."),
        (["x" * (LONGEST_LINE * MAX_CHANGED + 1)], f"at most {LONGEST_LINE * MAX_CHANGED}"),
    ):
        response = post(client, page, **fields, numbers="\r\n".join(lines))
        assert response.status_code == 422 and message in response.content.decode()
    # Other forms assign or port numbers, of which the API takes a thousand.
    typed = "\r\n".join(numbers[:1001])
    response = post(client, at(world, "numbers", "choose"), typed=typed, until="")
    assert "You entered 1001 numbers; the limit is 1000." in response.content.decode()
