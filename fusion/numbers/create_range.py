"""Creating a range: adds all its numbers to the inventory as free, in the same transaction."""

from django.db import connection

from fusion.access.actor import Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.access.permissions import MANAGE_RANGES
from fusion.access.use_case import Done, use_case
from fusion.catalogue.models import ENTITLEMENT
from fusion.catalogue.queries import find_skus
from fusion.kernel.errors import InvalidFields, Problem
from fusion.numbers.models import Range
from fusion.numbers.queries import range_document
from fusion.numbers.resolve import resolve_lazily
from fusion.numbers.rules import calling_code, wrong_range

# One statement for up to a million rows, in the order of the numbers: the server generates the
# rows, so none travels over the connection.
FILL = """
INSERT INTO numbers_number (e164, group_id, sku_id, range_id, origin, status)
SELECT '+' || i, %s::uuid, %s::uuid, %s::uuid, 'inventory', 'free'
FROM generate_series(%s::bigint, %s::bigint) AS i
"""

# Two overlapping ranges could wait for each other and deadlock. They share a calling code,
# whichever group owns them, so creators lock the calling code first.
TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtextextended('numbers_range:' || %s::int, 0))"


@use_case(MANAGE_RANGES, verb="range.create", status=201, bulk=True)
def create_range(actor: Actor, *, sku: str, first: str, last: str) -> Done:
    """Add the numbers from `first` to `last` to the inventory, as free numbers of a SKU.

    Numbers without a country code are of the SKU's country. Problems: `invalid-fields` (no
    entitlement, no valid numbers, another country or type),
    `range-not-available` (one of them stands in a range, or in the inventory as a ported one).
    """
    found = find_skus(actor, [sku]).get(sku)
    if found is None or found.type != ENTITLEMENT:
        raise InvalidFields(sku="is not the code of a number type in your catalogue")
    first = resolve_lazily(first, lambda: found.country, field="first")
    last = resolve_lazily(last, lambda: found.country, field="last")
    wrong = wrong_range(first, last, country=found.country or "", type=found.number_type or "")
    if wrong:
        raise InvalidFields(**wrong)
    made = Range(group_id=actor.group_id, sku=found, first=int(first[1:]), last=int(last[1:]))
    taken = _taken(first, last)
    # The constraints decide: of two concurrent requests, the second waits and is refused here.
    with (
        map_constraint_errors(range_overlap=taken, numbers_number_pkey=taken),
        connection.cursor() as cursor,
    ):
        cursor.execute(TAKE_TURNS, [calling_code(first)])
        made.save(force_insert=True)
        cursor.execute(FILL, [actor.group_id, found.id, made.id, made.first, made.last])
    made.refresh_from_db(fields=["created_at"], from_queryset=Range.objects.visible_to(actor))
    recorded = {"first": first, "last": last}
    return Done(range_document(made), actor.path, made.id, recorded=recorded)


def _taken(first: str, last: str) -> Problem:
    return Problem(
        "range-not-available",
        f"Some numbers from {first} to {last} are not available: they are in another range "
        "or were ported in. Choose other numbers.",
    )
