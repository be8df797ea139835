"""Uploads with phone numbers as people and spreadsheets write them."""

from typing import Any

from fusion.tenancy.models import Organization
from tests.numbers.stock import balance, entitle, french, stock
from tests.users.staff import at, equip, outcomes, results, row, submitted, work
from tests.world import World, answer, make_subscription

HEADER = b"login,display_name,kind,number\n"


def uploaded(world: World, rows: bytes) -> list[dict[str, Any]]:
    """The results of the rows of a CSV."""
    id = submitted(world, HEADER + rows, "text/csv")
    work()
    return results(world, id)


def test_numbers_in_rows_as_people_write_them(world: World) -> None:
    numbers = equip(world, 3, 3)
    national = f"0{numbers[2][3:]}"
    rows = (
        f"a,A,user,00{numbers[0][1:]}\n"
        f"b,B,user,\u202a{numbers[1][:3]} (0){numbers[1][3:]}\u202c\n"
        f"c,C,user,{national}\n"
        'd,D,user,"3,31990E+10"\n'
        "e,E,user,33199000001\n"
        f"f,F,user,{numbers[0]}-99\n"
    ).encode()
    outcome = uploaded(world, rows)
    assert [each["status"] for each in outcome] == [201, 201, 422, 422, 422, 422]
    assert [each["user"]["number"] for each in outcome[:2]] == numbers[:2]
    for each, text, reason in (
        (outcome[2], national, "has no country code"),
        (outcome[3], "3,31990E+10", "was changed by a spreadsheet"),
        (outcome[4], "33199000001", "has no plus sign; if it begins with a country code, write +"),
        (outcome[5], f"{numbers[0]}-99", "looks like a block of numbers"),
    ):
        [error] = each["problem"]["errors"]
        assert error["field"] == "number"
        assert error["message"].startswith(f"“{text}” {reason}")
    Organization.objects.unscoped("test").filter(id=world.group.id).update(country="FR")
    [row] = uploaded(world, f"c,C,user,{national}\n".encode())
    assert row["user"]["number"] == numbers[2]


def test_a_number_of_a_type_whose_entitlements_are_all_used(world: World) -> None:
    equip(world, 2, 1)
    stock(world, 1)  # free, but not for this subscription
    text = f"login,display_name,kind,sku\na,A,user,{french(world).code}\n".encode()
    id = submitted(world, text, "text/csv")
    work()
    assert outcomes(world, id) == ["no-entitlement"]


def test_each_batch_is_of_its_own_subscription(world: World) -> None:
    other = make_subscription(world.tenant, "Other")
    for login, subscription in (("a", world.subscription), ("b", other)):
        submitted(world, [row(login)], subscription=subscription)
        work()
        items = answer(world.call("GET", at(world, subscription=subscription)))["items"]
        assert [user["login"] for user in items] == [login]


def test_a_free_number_is_taken_of_the_type_that_nobody_names(world: World) -> None:
    equip(world, 2, 1)
    entitle(world, 1)
    first, second = stock(world, 2)
    [taken, refused] = uploaded(world, f"a,A,user,{first}\nb,B,user,{second}\n".encode())
    assert taken["user"]["number"] == first
    assert refused["problem"]["code"] == "no-entitlement"
    assert balance(world) == (2, 2)
