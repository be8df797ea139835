"""Creating a range: adds all its numbers to the inventory as free, in the same transaction."""

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_RANGES
from fusion.access.use_case import Done, use_case
from fusion.catalogue.models import ENTITLEMENT, Sku
from fusion.catalogue.queries import find_skus
from fusion.events.emit import emit
from fusion.kernel.database import database_now
from fusion.kernel.errors import InvalidFields, Problem
from fusion.numbers.fill_range import fill, lock_ranges, overlaps, skipped_numbers, write_range
from fusion.numbers.models import Range
from fusion.numbers.queries import range_document
from fusion.numbers.resolve import resolve_lazily
from fusion.numbers.rules import require_reason, wrong_range


@use_case(MANAGE_RANGES, verb="range.create", status=201, bulk=True)
def create_range(
    actor: Actor,
    *,
    sku: str,
    first: str,
    last: str,
    accept_unknown: bool = False,
    reason: str | None = None,
) -> Done:
    """Add the numbers from `first` to `last` to the inventory, as free numbers of a SKU.

    Numbers without a country code are of the SKU's country. With `accept_unknown` and a `reason`,
    the numbers need not be known to the library as numbers of the SKU's country and type. Numbers
    that were ported in stay as they are and are listed in `skipped`.

    Problems: `invalid-fields` (no entitlement, no valid numbers, another country or type, no
    reason), `range-not-available` (one of them is in a range, or all were ported in).
    """
    found = entitlement(actor, sku)
    require_reason(accept_unknown, reason)
    first, last = ends(found, first, last, unknown=accept_unknown)
    made = Range(
        group_id=actor.group_id,
        sku=found,
        first=int(first[1:]),
        last=int(last[1:]),
        accepted_reason=reason,
    )
    lock_ranges(first)
    warnings = overlaps(actor.group_id, made.first, made.last)
    write_range(made)
    added = fill(made, made.first, made.last)
    skipped = skipped_numbers(made) if added < made.last - made.first + 1 else []
    if not added:
        raise Problem(
            "range-not-available",
            f"None of the numbers from {first} to {last} is available: they were ported in. "
            "Choose other numbers.",
        )
    made.refresh_from_db(fields=["created_at"], from_queryset=Range.objects.visible_to(actor))
    return done(actor, made, "created", {"skipped": skipped, "warnings": warnings})


def entitlement(actor: Actor, code: str) -> Sku:
    """The entitlement SKU with this code; Problem `invalid-fields`."""
    found = find_skus(actor, [code]).get(code)
    if found is None or found.type != ENTITLEMENT:
        raise InvalidFields(sku="is not the code of a number type in your catalogue")
    return found


def ends(sku: Sku, first: str, last: str, *, unknown: bool) -> tuple[str, str]:
    """Both ends in E.164, if they are the ends of a range of such numbers; `invalid-fields`."""
    first = resolve_lazily(first, lambda: sku.country, field="first")
    last = resolve_lazily(last, lambda: sku.country, field="last")
    country, type = sku.country or "", sku.number_type or ""
    wrong = wrong_range(first, last, country=country, type=type, unknown=unknown)
    if wrong:
        raise InvalidFields(**wrong)
    return first, last


def done(actor: Actor, range_: Range, change: str, more: dict[str, object]) -> Done:
    """The result of a change of a range: its event, and its document with `more` members."""
    document = range_document(range_)
    at = database_now()
    emit(
        type=f"range.{change}",
        group_id=actor.group_id,
        path=actor.path,
        subject=range_.id,
        actor=actor.label,
        data={**document, "skipped": more.get("skipped", [])},
        at=at,
    )
    recorded = {name: document[name] for name in ("first", "last")}
    recorded |= more
    return Done({**document, **more}, actor.path, range_.id, recorded=recorded, at=at)
