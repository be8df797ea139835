"""Read models of ranges and numbers. The database renders the documents; they are passed on
unparsed.

Lists are ordered by number, and every page is read from indexes with that order. The rows that a
caller sees may come from several indexes (its own numbers and the free ones; each SKU; each
status): each contributes its first few, and the page is the first few of those. See `LIST`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db.models import QuerySet

from fusion.access.actor import GROUP, Actor
from fusion.access.permissions import PROVISION
from fusion.catalogue.models import ENTITLEMENT, Sku
from fusion.kernel.clock import instant
from fusion.kernel.database import fetch_rows, fetch_value
from fusion.kernel.errors import or_not_found
from fusion.kernel.pagination import decode_cursor, encode_cursor, json_page, newest, page
from fusion.numbers.models import PORTED_OUT, STATUSES, Number, Range
from fusion.numbers.rules import E164

MOST_COUNTED = 10_000
"""Free numbers of a SKU are counted up to this limit; counting ten million would take seconds."""

RARE_ENDING = 4
"""From this many digits on, a suffix search uses its index: one number in ten thousand matches."""

LIST = """
SELECT n.e164, numbers_document(n, k)::text
FROM (SELECT DISTINCT e164 FROM ({sources}) AS source ORDER BY e164 LIMIT {limit}) AS page
JOIN numbers_number n USING (e164)
JOIN catalogue_sku k ON k.id = n.sku_id
ORDER BY n.e164
"""

BY_SKU = "(SELECT w.e164 FROM unnest(%(skus)s::uuid[]) AS k(id) CROSS JOIN LATERAL {walk} AS w)"

WALK = "(SELECT n.e164 FROM numbers_number n WHERE {where} ORDER BY {order} LIMIT {limit})"

SUMMARY = """
SELECT k.code, catalogue_country(k.country), k.number_type, (
    SELECT count(*) FROM (
        SELECT FROM numbers_number n
        WHERE n.sku_id BETWEEN k.id AND k.id AND n.status = 'free'
        ORDER BY n.sku_id, n.e164 LIMIT %(most)s::int + 1) AS counted)
FROM catalogue_sku k
WHERE k.group_id = %(group)s::uuid AND k.type = 'entitlement' AND k.code > %(after)s::text
  AND (%(codes)s::text[] IS NULL OR k.code = ANY (%(codes)s::text[]))
ORDER BY k.code LIMIT %(limit)s::int
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Filters of a list of numbers. `starts_with` and `ends_with` are digits, without a plus sign.

    `linked`: whether an assigned number is linked to a user or a trunk.
    """

    sku: str | None = None
    status: str | None = None
    subscription_id: UUID | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    linked: bool | None = None


def find_range(actor: Actor, id: UUID) -> Range:
    """The range with its SKU; Problem `not-found` unless it is the group's."""
    return or_not_found(_ranges(actor).filter(id=id).first(), "number range")


def list_ranges(actor: Actor, *, limit: int, cursor: str | None = None) -> dict[str, Any]:
    """One page of the group's ranges, newest first."""
    shown, following = newest(_ranges(actor), limit=limit, cursor=cursor)
    return {"items": [range_document(row) for row in shown], "next": following}


def _ranges(actor: Actor) -> QuerySet[Range]:
    return Range.objects.visible_to(actor).select_related("sku")


def range_document(range_: Range) -> dict[str, Any]:
    """A range as the API shows it; `range_.sku` is loaded."""
    return {
        "id": str(range_.id),
        "sku": range_.sku.code,
        "first": f"+{range_.first}",
        "last": f"+{range_.last}",
        "count": range_.last - range_.first + 1,
        "accept_unknown": range_.accepted_reason is not None,
        "reason": range_.accepted_reason,
        "created_at": instant(range_.created_at),
    }


def read_number(actor: Actor, e164: str) -> str:
    """One number as JSON text; Problem `not-found` unless `actor` sees it."""
    seen = Number.objects.visible_to(actor).filter(e164=e164).exists() or (
        _may_assign(actor)
        and Number.objects.unscoped("the group's free numbers are there for all who may assign")
        .filter(e164=e164, group_id=actor.group_id, status="free")
        .exists()
    )
    sql = (
        "SELECT numbers_document(n)::text FROM numbers_number n"
        " WHERE n.e164 = %s::text AND %s::boolean"
    )
    return str(or_not_found(fetch_value(sql, [e164, seen]), "number"))


def number_document(e164: str) -> dict[str, Any]:
    """A number as the API shows it. The caller has checked that the actor sees it."""
    sql = "SELECT numbers_document(n)::text FROM numbers_number n WHERE n.e164 = %s::text"
    document: dict[str, Any] = orjson.loads(fetch_value(sql, [e164]))
    return document


def list_numbers(actor: Actor, wanted: Wanted, *, limit: int, cursor: str | None = None) -> str:
    """One page of the numbers that `actor` sees, as JSON text, by number.

    Below the group these are the numbers of its subscriptions and, for actors that may assign them,
    the free ones of the group. The caller has checked that `wanted.subscription_id` is visible.
    """
    (after,) = decode_cursor(cursor, _read_e164) if cursor is not None else ("",)
    sources = " UNION ALL ".join(_sources(actor, wanted, _digits(wanted, after), limit + 1))
    parameters = {
        "skus": _skus(actor, wanted),
        "group": actor.group_id,
        "organization": actor.organization_id,
        "subscription": wanted.subscription_id,
    }
    sql = LIST.format(sources=sources, limit=limit + 1)
    return json_page(fetch_rows(sql, parameters), limit)


def _read_e164(text: str) -> str:
    if not E164.fullmatch(text):
        raise ValueError
    return text


def _sources(actor: Actor, wanted: Wanted, digits: str, limit: int) -> Iterator[str]:
    """The parts of the list, each ordered by number; together they are the whole list.

    Statuses and digits are literals in the query text: the planner matches partial indexes by the
    status, and estimates how rare a suffix is from the digits.
    """
    statuses = [wanted.status] if wanted.status else list(STATUSES)
    residual = f"{digits} AND n.status = '{wanted.status}'" if wanted.status else digits
    if wanted.sku is not None:
        residual += " AND n.sku_id = ANY (%(skus)s::uuid[])"
    if wanted.linked is not None:
        unlinked = "(n.user_id IS NULL AND n.trunk_id IS NULL)"
        residual += f" AND n.status = 'assigned' AND {unlinked} = {not wanted.linked}"
    if wanted.subscription_id is not None:
        yield _walk("n.subscription_id = %(subscription)s::uuid", residual, limit)
    elif actor.kind != GROUP:
        yield _walk(f"n.{actor.kind}_id = %(organization)s::uuid", residual, limit)
        if "free" in statuses and _may_assign(actor):
            yield _by_sku("free", digits, limit)
    elif wanted.sku is None and wanted.status is None:
        here = f"n.group_id = %(group)s::uuid AND n.status <> '{PORTED_OUT}'"
        yield _walk(here, residual, limit)
    else:
        for status in statuses:
            yield _by_sku(status, digits, limit)


def _by_sku(status: str, digits: str, limit: int) -> str:
    # BETWEEN, ordered by SKU first, admits only indexes that begin with the SKU: with "=", a walk
    # over the whole inventory looks as cheap (see pick.sql). The group condition is redundant, but
    # the index of suffixes begins with it.
    where = (
        f"n.group_id = %(group)s::uuid AND n.sku_id BETWEEN k.id AND k.id AND n.status = '{status}'"
    )
    walk = _walk(where, digits, limit, "n.sku_id, n.e164")
    return BY_SKU.format(walk=walk)


def _walk(where: str, residual: str, limit: int, order: str = "n.e164") -> str:
    return WALK.format(where=f"{where} AND {residual}", order=order, limit=limit)


def _digits(wanted: Wanted, after: str) -> str:
    """The conditions on the digits. ':' sorts right after '9'."""
    for part in (wanted.starts_with or "0", wanted.ends_with or "0"):
        if not (part.isascii() and part.isdigit()):
            raise ValueError("digits only: they become part of the text of a query")
    conditions = [f"n.e164 > '{after}'"]
    if wanted.starts_with is not None:
        start = f"+{wanted.starts_with}"
        conditions.append(f"n.e164 >= '{start}' AND n.e164 < '{start}:'")
    if wanted.ends_with is not None:
        conditions.append(_ends_with(wanted.ends_with))
    return " AND ".join(conditions)


def _ends_with(digits: str) -> str:
    """A walk soon finds a common suffix; the index of suffixes serves the rare ones."""
    if len(digits) < RARE_ENDING:
        return f"right(n.e164, {len(digits)}) = '{digits}'"
    end = digits[::-1]
    return f"reverse(n.e164) >= '{end}' AND reverse(n.e164) < '{end}:'"


def _skus(actor: Actor, wanted: Wanted) -> list[UUID]:
    """The SKUs to list: the one given, or every entitlement SKU of the group."""
    skus = Sku.objects.visible_to(actor).filter(type=ENTITLEMENT)
    if wanted.sku is not None:
        skus = skus.filter(code=wanted.sku)
    return list(skus.values_list("id", flat=True))


def _may_assign(actor: Actor) -> bool:
    return PROVISION.allows(actor) and any(actor.has_scope(scope) for scope in PROVISION.scopes)


def free_counts(actor: Actor, *, limit: int, cursor: str | None = None) -> dict[str, Any]:
    """One page of the group's entitlement SKUs, by code, each with its number of free numbers.

    Counts up to `MOST_COUNTED`; `more` is true if there are more.
    """
    (after,) = decode_cursor(cursor, str) if cursor is not None else ("",)
    parameters = {
        "group": actor.group_id,
        "after": after,
        "limit": limit + 1,
        "most": MOST_COUNTED,
        "codes": None,
    }
    rows, more = page(fetch_rows(SUMMARY, parameters), limit)
    return {
        "items": [
            {
                "sku": code,
                "country": country,
                "number_type": type,
                "free": min(count, MOST_COUNTED),
                "more": count > MOST_COUNTED,
            }
            for code, country, type, count in rows
        ],
        "next": encode_cursor(rows[-1][0]) if more else None,
    }


def count_free(actor: Actor, codes: Sequence[str], *, most: int) -> dict[str, int]:
    """SKU code → number of free numbers of the group, counted up to `most` + 1."""
    parameters = {
        "group": actor.group_id,
        "after": "",
        "limit": len(codes),
        "most": most,
        "codes": list(codes),
    }
    return {code: count for code, _country, _type, count in fetch_rows(SUMMARY, parameters)}
