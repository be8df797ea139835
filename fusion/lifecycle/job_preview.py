"""Previewing the suspension or resumption of everything below an organization."""

from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import SUSPEND
from fusion.access.visibility import subtree
from fusion.kernel.database import fetch_dicts, fetch_value
from fusion.kernel.errors import Problem
from fusion.lifecycle.kinds import reason_of
from fusion.lifecycle.submit_job import refuse_whole_group
from fusion.ordering.models import SUSPENSION
from fusion.tenancy.queries import find_organization

COUNTS = """
WITH living AS (
    SELECT s.id, s.status,
           EXISTS (SELECT FROM tenancy_hold h
                   WHERE h.group_id = s.group_id AND h.subscription_id = s.id
                     AND h.lifted_at IS NULL
                     AND (%(reason)s::text IS NULL OR h.reason = %(reason)s::text)) AS held,
           EXISTS (SELECT FROM tenancy_hold h
                   WHERE h.group_id = s.group_id AND h.subscription_id = s.id
                     AND h.lifted_at IS NULL AND h.reason <> %(reason)s::text) AS held_otherwise
    FROM tenancy_subscription s
    WHERE s.group_id = %(group)s::uuid AND s.path >= %(first)s::text AND s.path < %(after)s::text
      AND s.status <> 'terminated')
SELECT count(*) AS subscriptions,
       count(*) FILTER (WHERE held <> %(suspends)s::boolean) AS changed,
       count(*) FILTER (WHERE held = %(suspends)s::boolean) AS unchanged,
       count(*) FILTER (WHERE held <> %(suspends)s::boolean AND NOT held_otherwise)
           AS status_changed
FROM living
"""

# A linked user uses one licence.
USERS = """
SELECT coalesce(sum(b.used), 0)::bigint
FROM tenancy_subscription s
JOIN ledger_balance b ON b.group_id = s.group_id AND b.subscription_id = s.id
JOIN catalogue_sku k ON k.group_id = b.group_id AND k.id = b.sku_id
WHERE s.group_id = %(group)s::uuid AND s.path >= %(first)s::text AND s.path < %(after)s::text
  AND k.metric = 'user'
"""

CALLS = "SELECT trunks_live_calls_under(%(group)s::uuid, %(first)s::text)"


def preview_job(
    actor: Actor, *, organization_id: UUID, kind: str, reason: str | None = None
) -> dict[str, Any]:
    """What a suspension or resumption of all below it would do now.

    {allowed, subscriptions, changed, unchanged, status_changed, users, calls, refusals}:
    `status_changed` counts those of the `changed` that are not held for another reason; `users` are
    the linked ones, `calls` the live ones, of all. Takes no lock and promises nothing. Problems:
    `forbidden`, `not-found`.
    """
    SUSPEND.require_role(actor)
    organization = find_organization(actor, organization_id)
    refusals = []
    try:
        refuse_whole_group(organization)
    except Problem as problem:
        refusals = [{"code": problem.code, "detail": problem.detail}]
    first, after = subtree(organization.path)
    facts = {
        "group": organization.group_id,
        "first": first,
        "after": after,
        "reason": reason_of(kind, reason),
        "suspends": kind == SUSPENSION,
    }
    (counts,) = fetch_dicts(COUNTS, facts)
    return {
        "allowed": not refusals,
        **counts,
        "users": fetch_value(USERS, facts),
        "calls": fetch_value(CALLS, facts),
        "refusals": refusals,
    }
