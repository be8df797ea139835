"""Correcting a range while its numbers are free: its SKU, its ends; or deleting it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_RANGES
from fusion.access.use_case import Done, use_case
from fusion.kernel.database import execute, fetch_rows
from fusion.kernel.errors import Problem, not_found
from fusion.numbers.create_range import done, ends, entitlement
from fusion.numbers.fill_range import fill, lock_ranges, overlaps, skipped_numbers, write_range
from fusion.numbers.models import Range
from fusion.numbers.rules import require_reason

OF_PART = """
n.group_id = %(group)s::uuid AND n.range_id = %(range)s::uuid
AND n.e164 >= '+' || %(first)s::bigint AND n.e164 <= '+' || %(last)s::bigint
"""

# A number that is being assigned is locked: these wait, and then no longer find it free.
DELETE = f"DELETE FROM numbers_number n WHERE {OF_PART} AND n.status = 'free'"

CHANGE = f"""
UPDATE numbers_number n SET sku_id = %(sku)s::uuid, accepted = %(accepted)s::boolean
WHERE {OF_PART} AND n.status = 'free'
"""

IN_USE = f"""
SELECT n.e164, n.status, (
    SELECT format('waiting for port request %%s dated %%s', p.id, kernel_instant(p.port_date))
    FROM numbers_portrequest p WHERE p.group_id = n.group_id AND p.id = n.port_id)
FROM numbers_number n
WHERE {OF_PART} AND n.status <> 'free' ORDER BY n.e164 LIMIT 11
"""

SHOWN = 10
"""Most numbers that a refusal lists."""


@use_case(MANAGE_RANGES, verb="range.change", bulk=True)
def change_range(actor: Actor, *, range_id: UUID, changes: Mapping[str, Any]) -> Done:
    """Set members of `changes`: `sku`, `first`, `last`, and `accept_unknown` with its `reason`.

    Numbers outside of the new ends are removed and those inside added; all numbers that change must
    be free. An acceptance stays unless `accept_unknown` is false: then the library must know all
    numbers. 200 and the range, with `skipped` and `warnings` as for a new one.

    Problems: `not-found`, `invalid-fields`, `conflict` (numbers are not free),
    `range-not-available`.
    """
    range_ = _locked(actor, range_id)
    before = (range_.first, range_.last)
    require_reason(changes.get("accept_unknown", False), changes.get("reason"))
    sku = entitlement(actor, changes["sku"]) if changes.get("sku") else range_.sku
    accepted = changes.get("accept_unknown", range_.accepted_reason is not None)
    reason = (changes.get("reason") or range_.accepted_reason) if accepted else None
    first, last = ends(
        sku,
        changes.get("first") or f"+{range_.first}",
        changes.get("last") or f"+{range_.last}",
        unknown=reason is not None,
    )
    new = Range(first=int(first[1:]), last=int(last[1:]))
    lock_ranges(first)
    _remove(range_, before[0], min(before[1], new.first - 1))
    _remove(range_, max(before[0], new.last + 1), before[1])
    range_.first, range_.last = new.first, new.last
    kept = (max(before[0], new.first), min(before[1], new.last))
    if sku.id != range_.sku_id or reason != range_.accepted_reason:
        range_.sku, range_.accepted_reason = sku, reason
        _rewrite(range_, *kept)
    warnings = overlaps(actor.group_id, new.first, new.last)
    write_range(range_, fields=["sku", "first", "last", "accepted_reason"])
    if kept[0] > kept[1]:
        fill(range_, new.first, new.last)
    else:
        fill(range_, new.first, kept[0] - 1)
        fill(range_, kept[1] + 1, new.last)
    more = {"skipped": skipped_numbers(range_), "warnings": warnings}
    return done(actor, range_, "changed", more)


@use_case(MANAGE_RANGES, verb="range.delete", status=204, bulk=True)
def delete_range(actor: Actor, *, range_id: UUID) -> Done:
    """Remove the range and its numbers from the inventory; all must be free. 204.

    Problems: `not-found`, `conflict` (numbers are not free).
    """
    range_ = _locked(actor, range_id)
    _remove(range_, range_.first, range_.last)
    deleted = done(actor, range_, "deleted", {})
    Range.objects.visible_to(actor).filter(id=range_.id).delete()
    return replace(deleted, document=None)


def _locked(actor: Actor, range_id: UUID) -> Range:
    """The range, locked against other changes and against ported numbers that join it."""
    rows = Range.objects.visible_to(actor).select_related("sku")
    range_ = rows.select_for_update(of=("self",)).filter(id=range_id).first()
    if range_ is None:
        raise not_found("number range")
    return range_


def _part(range_: Range, first: int, last: int) -> dict[str, Any]:
    return {"group": range_.group_id, "range": range_.id, "first": first, "last": last}


def _remove(range_: Range, first: int, last: int) -> None:
    """Remove the numbers of this part of the range, which may be empty."""
    if first > last:
        return
    part = _part(range_, first, last)
    execute(DELETE, part)
    _require_free(fetch_rows(IN_USE, part))


def _rewrite(range_: Range, first: int, last: int) -> None:
    """Give the numbers of this part the SKU of the range."""
    if first > last:
        return
    part = _part(range_, first, last)
    accepted = range_.accepted_reason is not None
    execute(CHANGE, {**part, "sku": range_.sku_id, "accepted": accepted})
    _require_free(fetch_rows(IN_USE, part))


def _require_free(used: list[tuple[str, str, str | None]]) -> None:
    """Problem `conflict` that lists the numbers in `used`: e164, status, and awaited port."""
    if not used:
        return
    listed = ", ".join(
        f"{e164} ({status}{f', {waiting}' if waiting else ''})"
        for e164, status, waiting in used[:SHOWN]
    )
    listed += " and others" if len(used) > SHOWN else ""
    raise Problem(
        "conflict",
        f"Numbers that are not free cannot leave the range or change their type: {listed}. "
        "Release them and put them back into stock. Withdraw or reject the port requests that they "
        "wait for; a number that was ported out must be ported in first. Or choose other ends. "
        "Nothing was changed.",
    )
