"""The emergency numbers of a country: those of `phonenumbers`, and those that a group adds.

The database decides which calls are emergency calls (`emergency.sql`); this is for reading and
changing the group's own numbers.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from uuid import UUID

from django.db import connection

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_SETTINGS
from fusion.access.use_case import Done, use_case
from fusion.kernel.errors import InvalidFields, Problem
from fusion.tenancy.models import Organization
from fusion.trunks.load_emergency import emergency_pattern, emergency_sizes
from fusion.trunks.models import GroupEmergencyNumber, Trunk

Numbers = Mapping[str, Sequence[str]]
"""ISO 3166 country → numbers of digits."""

MOST_NUMBERS = 20
"""Most numbers that a group may add for one country."""


@cache
def known_numbers(country: str) -> tuple[str, ...]:
    """The country's emergency numbers by `phonenumbers`, the short ones first."""
    pattern, sizes = emergency_pattern(country), emergency_sizes(country)
    texts = (f"{number:0{size}}" for size in sizes for number in range(10**size))
    return tuple(text for text in texts if pattern.fullmatch(text))


def group_numbers(group_id: UUID) -> dict[str, list[str]]:
    """The numbers that the group added, by country."""
    numbers: dict[str, list[str]] = {}
    rows = GroupEmergencyNumber.objects.filter(group_id=group_id).order_by("country", "number")
    for country, number in rows.values_list("country", "number"):
        numbers.setdefault(country, []).append(number)
    return numbers


def countries_of_trunks(group_id: UUID) -> list[str]:
    """The countries of the group's trunks."""
    trunks = Trunk.objects.unscoped("countries alone, of the actor's own group")
    return list(trunks.filter(group_id=group_id).values_list("country", flat=True).distinct())


def replace_group_numbers(group_id: UUID, numbers: Numbers) -> None:
    """Make these the group's own numbers. The caller holds the lock of `lock_settings`.

    Problem `invalid-fields` for a new one that the country has already.
    """
    _refuse_known(numbers, group_numbers(group_id))
    rows = [(country, number) for country, each in numbers.items() for number in each]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM trunks_groupemergencynumber w WHERE w.group_id = %s::uuid AND"
            " (w.country, w.number) NOT IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
            [group_id, [country for country, _ in rows], [number for _, number in rows]],
        )
    GroupEmergencyNumber.objects.bulk_create(
        [GroupEmergencyNumber(group_id=group_id, country=c, number=n) for c, n in rows],
        ignore_conflicts=True,
    )


def _refuse_known(numbers: Numbers, former: Numbers) -> None:
    """Require that the country does not have these numbers, apart from former ones of the group."""
    wrong = {
        f"emergency_numbers.{country}.{index}": _known(number, country)
        for country, each in numbers.items()
        for index, number in enumerate(each)
        if number not in former.get(country, ()) and emergency_pattern(country).fullmatch(number)
    }
    if wrong:
        raise InvalidFields(**wrong)


def _known(number: str, country: str) -> str:
    return f"{number} is an emergency number of {country} already"


def lock_settings(actor: Actor) -> None:
    """Prevent concurrent changes of the group's settings until the transaction ends."""
    groups = Organization.objects.visible_to(actor).select_for_update(no_key=True)
    groups.get(id=actor.group_id)


@use_case(MANAGE_SETTINGS, verb="emergency-number.add")
def add_emergency_number(actor: Actor, *, country: str, number: str) -> Done:
    """Let calls to this number pass as emergency calls, on the group's trunks in this country.

    Problems: `invalid-fields` (the country has that number already, or too many).
    """
    lock_settings(actor)
    numbers = group_numbers(actor.group_id)
    own = numbers.setdefault(country, [])
    if number in own or emergency_pattern(country).fullmatch(number):
        raise InvalidFields(number=_known(number, country))
    if len(own) >= MOST_NUMBERS:
        raise InvalidFields(
            number=f"at most {MOST_NUMBERS} numbers can be added for a country, and {country} has "
            f"{len(own)}. Remove one first"
        )
    own.append(number)
    replace_group_numbers(actor.group_id, numbers)
    return Done({"emergency_numbers": group_numbers(actor.group_id)}, actor.path, actor.group_id)


@use_case(MANAGE_SETTINGS, verb="emergency-number.remove")
def remove_emergency_number(actor: Actor, *, country: str, number: str) -> Done:
    """Remove a number that the group added. Numbers of `phonenumbers` cannot be removed.

    Problem: `not-found`.
    """
    lock_settings(actor)
    numbers = group_numbers(actor.group_id)
    if number not in numbers.get(country, ()):
        raise Problem("not-found", f"The provider has not added {number} for {country}.")
    numbers[country].remove(number)
    replace_group_numbers(actor.group_id, numbers)
    return Done({"emergency_numbers": group_numbers(actor.group_id)}, actor.path, actor.group_id)
