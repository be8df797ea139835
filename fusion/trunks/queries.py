"""Read models of trunks, their numbers, and their live calls."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.kernel.clock import KernelNowOnce, instant, now
from fusion.kernel.database import fetch_dicts, fetch_rows
from fusion.kernel.errors import or_not_found
from fusion.kernel.ids import read_id
from fusion.kernel.pagination import decode_cursor, encode_cursor, json_page, newest, page
from fusion.trunks.models import DIRECTIONS, Call, Trunk


def find_trunk(actor: Actor, id: UUID, subscription_id: UUID | None = None) -> Trunk:
    """The trunk; Problem `not-found` unless `actor` sees it and it belongs to that subscription."""
    rows = Trunk.objects.visible_to(actor).filter(id=id)
    if subscription_id is not None:
        rows = rows.filter(subscription_id=subscription_id)
    return or_not_found(rows.first(), "trunk")


def trunk_names(subscription_id: UUID, ids: Iterable[UUID | str]) -> dict[str, str]:
    """Id → name of those trunks of a subscription that exist, in one statement."""
    sql = (
        "SELECT id::text, name FROM trunks_trunk"
        " WHERE id = ANY (%s::uuid[]) AND subscription_id = %s::uuid"
    )
    return dict(fetch_rows(sql, [list(ids), subscription_id]))


def trunk_documents(trunks: Sequence[Trunk]) -> list[dict[str, Any]]:
    """Trunks as the API shows them; `numbers` counts the numbers routed to each."""
    counted = (
        "SELECT trunk_id, count(*) FROM numbers_number WHERE trunk_id = ANY (%s::uuid[])"
        " GROUP BY trunk_id"
    )
    numbers = dict(fetch_rows(counted, [[trunk.id for trunk in trunks]]))
    return [
        {
            "id": str(trunk.id),
            "subscription_id": str(trunk.subscription_id),
            "name": trunk.name,
            "country": trunk.country,
            "channel_cap": trunk.channel_cap,
            "outside_line_prefixes": prefixes_of(trunk),
            "calls_per_second": trunk.calls_per_second,
            "numbers": numbers.get(trunk.id, 0),
            "created_at": instant(trunk.created_at),
        }
        for trunk in trunks
    ]


def prefixes_of(trunk: Trunk) -> list[str]:
    """What the users of the trunk dial for an outside line."""
    return trunk.outside_line_prefixes.split(",") if trunk.outside_line_prefixes else []


def trunk_document(trunk: Trunk) -> dict[str, Any]:
    """One trunk as the API shows it."""
    return trunk_documents([trunk])[0]


def list_trunks(
    actor: Actor, *, subscription_id: UUID, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of the trunks of a subscription, newest first."""
    rows = Trunk.objects.visible_to(actor).filter(subscription_id=subscription_id)
    shown, following = newest(rows, limit=limit, cursor=cursor)
    return {"items": trunk_documents(shown), "next": following}


def list_numbers(trunk_id: UUID, *, limit: int, cursor: str | None = None) -> str:
    """One page of the numbers that are routed to a trunk, as JSON text.

    The caller has checked that the actor sees the trunk.
    """
    (after,) = decode_cursor(cursor, str) if cursor else ("",)
    sql = (
        "SELECT n.e164, numbers_document(n)::text FROM numbers_number n"
        " WHERE n.trunk_id = %s::uuid AND n.e164 > %s::text ORDER BY n.e164 LIMIT %s::int"
    )
    return json_page(fetch_rows(sql, [trunk_id, after, limit + 1]), limit)


def list_calls(
    actor: Actor,
    *,
    limit: int,
    cursor: str | None = None,
    subscription_id: UUID | None = None,
    trunk_id: UUID | None = None,
) -> dict[str, Any]:
    """One page of the live calls that `actor` sees, by trunk, direction and call id.

    The caller has checked that the filters' ids are visible.
    """
    rows = Call.objects.visible_to(actor).filter(
        ended_at=None, lease_expires_at__gt=KernelNowOnce()
    )
    if subscription_id is not None:
        rows = rows.filter(subscription_id=subscription_id)
    if trunk_id is not None:
        rows = rows.filter(trunk_id=trunk_id)
    if cursor is not None:
        key = decode_cursor(cursor, read_id, _read_direction, str)
        rows = rows.filter(pk__gt=(actor.group_id, *key))
    shown, more = page(list(rows.order_by("pk")[: limit + 1]), limit)
    return {
        "items": [_call_document(call) for call in shown],
        "next": encode_cursor(*shown[-1].pk[1:]) if more else None,
    }


def read_call(actor: Actor, *, trunk_id: UUID, direction: str, call_id: str) -> dict[str, Any]:
    """A live call as the API shows it; Problem `not-found` unless it is live."""
    rows = Call.objects.visible_to(actor).filter(
        ended_at=None, lease_expires_at__gt=KernelNowOnce()
    )
    call = rows.filter(trunk_id=trunk_id, direction=direction, call_id=call_id).first()
    return _call_document(or_not_found(call, "live call"))


def _read_direction(text: str) -> str:
    if text not in DIRECTIONS:
        raise ValueError
    return text


def _call_document(call: Call) -> dict[str, Any]:
    return {
        "trunk_id": str(call.trunk_id),
        "direction": call.direction,
        "call_id": call.call_id,
        "subscription_id": str(call.subscription_id),
        "caller": call.caller,
        "callee": call.callee,
        "emergency": call.emergency,
        "emergency_callback": call.emergency_callback,
        "replaces": call.replaces_call_id,
        "admitted_at": instant(call.admitted_at),
        "lease_expires_at": instant(call.lease_expires_at),
    }


CHANNELS = """
SELECT trunks_live_calls(%(subscription)s::uuid) AS in_use,
       (SELECT coalesce(sum(b.granted), 0)::bigint
        FROM tenancy_subscription s
        JOIN ledger_balance b ON b.group_id = s.group_id AND b.subscription_id = s.id
        WHERE s.id = %(subscription)s::uuid AND b.metric = 'sip_channel') AS channels
"""

LIVE = """
SELECT t.id AS trunk_id, t.name, t.channel_cap,
       (SELECT count(*) FROM trunks_live_of(t.subscription_id, w.now) c
        WHERE c.trunk_id = t.id) AS in_use
FROM (SELECT kernel_now() AS now OFFSET 0) w, trunks_trunk t
WHERE t.subscription_id = %s::uuid ORDER BY t.id
"""

PEAKS = """
SELECT date_trunc('hour', p.minute, 'UTC') AS hour, p.trunk_id, max(p.peak)
FROM trunks_channelpeak p
WHERE p.subscription_id = %s::uuid AND p.minute >= %s::timestamptz AND p.minute < %s::timestamptz
GROUP BY 1, 2 ORDER BY 1, p.trunk_id NULLS FIRST
"""


# Hours in which no call began, was renewed or ended have no peak: calls that lasted through such an
# hour are found in call records or among the live calls.
LASTING = """
SELECT h, c.trunk_id, count(*)
FROM (
    SELECT r.trunk_id, r.admitted_at, r.ended_at FROM trunks_callrecord r
    WHERE r.subscription_id = %(subscription)s::uuid
      AND r.ended_at >= %(since)s::timestamptz AND r.admitted_at < %(until)s::timestamptz
      AND r.ended_at - r.admitted_at >= interval '1 hour'
    UNION ALL
    SELECT w.trunk_id, w.admitted_at, least(w.lease_expires_at, %(now)s::timestamptz)
    FROM trunks_call w
    WHERE w.subscription_id = %(subscription)s::uuid AND w.ended_at IS NULL
) c
CROSS JOIN LATERAL generate_series(
    date_trunc('hour', c.admitted_at, 'UTC') + interval '1 hour',
    least(c.ended_at, %(until)s::timestamptz) - interval '1 hour', interval '1 hour') AS h
WHERE h >= date_trunc('hour', %(since)s::timestamptz, 'UTC')
GROUP BY 1, 2
"""


def channel_use(subscription_id: UUID, *, since: datetime, until: datetime) -> dict[str, Any]:
    """The live calls, and the peak of concurrent calls in each hour from `since` to `until`.

    For the subscription and each of its trunks; hours without a call are left out. The caller has
    checked that the actor sees the subscription.
    """
    (channels,) = fetch_dicts(CHANNELS, {"subscription": subscription_id})
    trunks = fetch_dicts(LIVE, [subscription_id])
    peaks = fetch_rows(PEAKS, [subscription_id, since, until])
    period = {"subscription": subscription_id, "since": since, "until": until, "now": now()}
    return {
        "subscription_id": str(subscription_id),
        **channels,
        "trunks": trunks,
        "hours": _by_hour(_with_lasting(peaks, fetch_rows(LASTING, period))),
    }


REACHED = """
SELECT subject_id, percent, live, most, at FROM trunks_channelthreshold
WHERE group_id = %s::uuid AND subject_id = %s::uuid AND at >= %s::timestamptz
ORDER BY percent
"""


def thresholds_reached(
    group_id: UUID, subject_id: UUID, *, since: datetime
) -> list[dict[str, Any]]:
    """When live calls last reached each threshold of a subscription or trunk, if after `since`.

    The caller has checked that the actor sees it.
    """
    return fetch_dicts(REACHED, [group_id, subject_id, since])


Peaks = Sequence[tuple[datetime, UUID | None, int]]
"""Hour, trunk (None: the subscription) and the peak of concurrent calls."""


def _with_lasting(peaks: Peaks, lasting: Peaks) -> Peaks:
    """The peaks by hour, the subscription's first; if an hour has none, the calls that lasted
    through it.
    """
    found = {(hour, trunk): peak for hour, trunk, peak in peaks}
    through: dict[datetime, int] = {}
    for hour, trunk, calls in lasting:
        found.setdefault((hour, trunk), calls)
        through[hour] = through.get(hour, 0) + calls
    for hour, calls in through.items():
        found.setdefault((hour, None), calls)
    keys = sorted(found, key=lambda key: (key[0], str(key[1] or "")))
    return [(hour, trunk, found[hour, trunk]) for hour, trunk in keys]


def _by_hour(peaks: Sequence[tuple[datetime, UUID | None, int]]) -> list[dict[str, Any]]:
    """Rows by hour, the subscription's (no trunk) first."""
    hours: dict[datetime, dict[str, Any]] = {}
    for hour, trunk, peak in peaks:
        entry = hours.setdefault(hour, {"hour": instant(hour), "peak": peak, "trunks": []})
        if trunk is not None:
            entry["trunks"].append({"trunk_id": str(trunk), "peak": peak})
    return list(hours.values())
