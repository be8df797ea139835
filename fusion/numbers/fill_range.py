"""The numbers of a range: adding them to the inventory, and what is already there."""

from typing import Any
from uuid import UUID

from fusion.access.constraint_errors import map_constraint_errors
from fusion.kernel.database import execute, fetch_rows
from fusion.kernel.errors import Problem
from fusion.numbers.models import Range
from fusion.numbers.rules import calling_code

# One statement for up to a million rows, in the order of the numbers: the server generates the
# rows, so none travels over the connection. The primary key decides about a number that another
# transaction ports in at the same time.
FILL = """
INSERT INTO numbers_number (e164, group_id, sku_id, range_id, origin, status, accepted)
SELECT '+' || i, %s::uuid, %s::uuid, %s::uuid, 'inventory', 'free', %s::boolean
FROM generate_series(%s::bigint, %s::bigint) AS i
ON CONFLICT (e164) DO NOTHING
"""

# Two overlapping ranges could wait for each other and deadlock. They share a calling code,
# whichever group owns them, so creators lock the calling code first.
TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtextextended('numbers_range:' || %s::int, 0))"

# Looks at single numbers only if some are missing: most ranges are whole.
SKIPPED = """
SELECT '+' || i
FROM numbers_range r CROSS JOIN generate_series(r.first, r.last) AS i
WHERE r.id = %(range)s::uuid
  AND r.last - r.first + 1 > (
      SELECT count(*) FROM numbers_number n
      WHERE n.e164 >= '+' || r.first AND n.e164 <= '+' || r.last
        AND n.group_id = r.group_id AND n.range_id = r.id)
  AND NOT EXISTS (
      SELECT FROM numbers_number n
      WHERE n.group_id = r.group_id AND n.e164 = '+' || i AND n.range_id = r.id)
ORDER BY i
"""

# Ranges and ported numbers of the group that begin with a number of this span, or with which one
# of its numbers begins. The exclusion constraint's index serves the search of each length.
OVERLAPS = """
SELECT w.longer, '+' || r.first, '+' || r.last
FROM (
    SELECT d > 0 AS longer,
           CASE WHEN d > 0 THEN int8range(%(first)s::bigint * power(10::numeric, d)::bigint,
                                          (%(last)s::bigint + 1) * power(10::numeric, d)::bigint)
                ELSE int8range(%(first)s::bigint / power(10::numeric, -d)::bigint,
                               %(last)s::bigint / power(10::numeric, -d)::bigint, '[]') END AS span
    FROM generate_series(7 - %(digits)s::int, 15 - %(digits)s::int) AS d WHERE d <> 0
) w JOIN numbers_range r ON int8range(r.first, r.last, '[]') && w.span
WHERE r.group_id = %(group)s::uuid
UNION ALL
SELECT length(n.e164) > %(digits)s::int + 1, n.e164, n.e164
FROM numbers_number n
WHERE n.group_id = %(group)s::uuid AND n.range_id IS NULL AND length(n.e164) <> %(digits)s::int + 1
  AND (n.e164 > '+' || %(first)s::bigint AND n.e164 < '+' || %(last)s::bigint || ':'
       OR n.e164 = ANY (%(beginnings)s::text[]))
ORDER BY 2 LIMIT %(most)s::int
"""

MOST_WARNINGS = 20
"""Most overlaps that an answer lists."""

MOST_BEGINNINGS = 1_000
"""Most shorter numbers that are looked for."""


def lock_ranges(first: str) -> None:
    """Let changes of the ranges of one calling code proceed one at a time."""
    execute(TAKE_TURNS, [calling_code(first)])


def write_range(range_: Range, *, fields: list[str] | None = None) -> None:
    """Insert the range, or update `fields` of it; Problem `range-not-available`."""
    first, last = f"+{range_.first}", f"+{range_.last}"
    taken = Problem(
        "range-not-available",
        f"Some numbers from {first} to {last} are not available: they are in another range. "
        "Choose other numbers.",
    )
    # The constraint decides: of two concurrent requests, the second waits and is refused here.
    with map_constraint_errors(range_overlap=taken):
        if fields is None:
            range_.save(force_insert=True)
        else:
            range_.save(update_fields=fields)


def fill(range_: Range, first: int, last: int) -> int:
    """Add the numbers of this part of the range as free ones; returns how many were added."""
    accepted = range_.accepted_reason is not None
    return execute(FILL, [range_.group_id, range_.sku_id, range_.id, accepted, first, last])


def skipped_numbers(range_: Range) -> list[str]:
    """The numbers between the ends of the range that do not belong to it.

    They were ported in, and some of them have left since.
    """
    return [e164 for (e164,) in fetch_rows(SKIPPED, {"range": range_.id})]


def overlaps(group_id: UUID, first: int, last: int) -> list[dict[str, Any]]:
    """Warnings of shorter and longer numbers of the group.

    In an open numbering plan, the owner of a number may lengthen it.
    """
    digits = len(str(first))
    beginnings = {
        str(number)
        for less in range(1, digits - 6)
        for number in range(first // 10**less, min(last // 10**less, first // 10**less + 99) + 1)
    }
    parameters: dict[str, Any] = {
        "first": first,
        "last": last,
        "digits": digits,
        "group": group_id,
        "beginnings": [f"+{number}" for number in sorted(beginnings)[:MOST_BEGINNINGS]],
        "most": MOST_WARNINGS,
    }
    return [_warning(*row) for row in fetch_rows(OVERLAPS, parameters)]


def _warning(longer: bool, first: str, last: str) -> dict[str, Any]:
    span = first if first == last else f"{first} to {last}"
    if longer:
        relation = "which begins with a number of this range"
    else:
        relation = "which is the beginning of one of its numbers"
    detail = f"Your inventory has {span}, {relation}. Check that both exist."
    return {"detail": detail, "first": first, "last": last}
