"""The statements of hot routes: the look-up of the token and the call, in one round trip."""

from functools import cache

from fusion.access.authenticate import condition
from fusion.access.hot_route import HotRoute
from fusion.access.permissions import Permission

TOKEN = """oauth2_provider_accesstoken t
JOIN tenancy_apiclient c ON c.id = t.application_id
JOIN tenancy_organization o ON o.id = c.organization_id"""

CALL = """jsonb_build_object(
    'actor', 'client:' || c.id::text, 'connector', c.connector, 'path', o.path)"""

ANSWER = """
lpad(a.status::text, 3, '0') || (CASE WHEN a.replayed THEN 'r' ELSE '-' END)
    || coalesce(a.answer, '')"""
"""The status, whether the answer is a replay, and the answer, as one text."""


@cache
def alone(route: HotRoute) -> str:
    """The statement of one call; parameters: its members as JSON, the checksum of the token.

    No row without a valid token; the answer is null without permission.
    """
    return one_call(route.permission, route.function)


def one_call(permission: Permission, function: str) -> str:
    """The same for a hot function, and the permission to call it."""
    return f"""
SELECT c.id, o.group_id, CASE WHEN {condition(permission)} THEN (
    SELECT {ANSWER} FROM {function}(
        o.group_id, jsonb_build_array(%s::jsonb || {CALL})) a) END
FROM {TOKEN}
WHERE t.token_checksum = %s AND t.expires > now() AND o.status = 'active'
"""


@cache
def together(route: HotRoute) -> str:
    """The statement of several calls of one group; parameters: the checksums of their tokens, their
    members as JSON, the group.

    A row for each call that was made, with its number from 1. A call has no row if its token is not
    valid, its client lacks the permission, or it would have had to wait for a lock.
    """
    return f"""
SELECT g.nths[s.positions[a.i]], g.clients[s.positions[a.i]], {ANSWER}
FROM (
    SELECT array_agg(u.nth ORDER BY u.nth) AS nths, array_agg(c.id ORDER BY u.nth) AS clients,
           jsonb_agg(u.call || {CALL} ORDER BY u.nth) AS calls
    FROM ROWS FROM (unnest(%s::text[]), jsonb_array_elements(%s::jsonb))
         WITH ORDINALITY AS u(checksum, call, nth)
    CROSS JOIN LATERAL (
        SELECT w.* FROM oauth2_provider_accesstoken w
        WHERE w.token_checksum = u.checksum AND w.expires > now() OFFSET 0) t
    CROSS JOIN LATERAL (
        SELECT w.* FROM tenancy_apiclient w WHERE w.id = t.application_id OFFSET 0) c
    CROSS JOIN LATERAL (
        SELECT w.* FROM tenancy_organization w WHERE w.id = c.organization_id OFFSET 0) o
    WHERE o.status = 'active' AND o.group_id = %s::uuid AND ({condition(route.permission)})
) g
CROSS JOIN LATERAL (
    SELECT w.* FROM {route.try_lock}(%s::uuid, g.calls) w
    WHERE g.calls IS NOT NULL AND cardinality(w.positions) > 0 OFFSET 0) s
CROSS JOIN LATERAL ROWS FROM ({route.function}(%s::uuid, s.calls))
    WITH ORDINALITY AS a(status, replayed, answer, i)
"""
