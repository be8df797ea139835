"""SQL expressions that run in the round trip of the token's look-up, for `tenancy.authenticate`.

Each acts only if the token's scopes allow it; the statement itself tests this.
"""

from fusion.access.permissions import ADMIT_CALLS

(SCOPE,) = ADMIT_CALLS.scopes

WHERE_ALLOWED = f"""
CASE WHEN '{SCOPE}' = ANY (string_to_array(t.scope, ' '))
      AND '{SCOPE}' = ANY (string_to_array(c.scopes, ' ')) THEN ({{deed}}) END
"""

ADMIT = WHERE_ALLOWED.format(
    deed="SELECT a.status || a.answer::text FROM calls.admit(%s::uuid, %s::text, %s::text,"
    " %s::text, %s::text, make_interval(secs => %s::int), o.path) a"
)
"""Parameters: trunk, direction, call id, caller, callee, seconds of the lease. Returns the status
and the answer as one text.
"""

END = WHERE_ALLOWED.format(
    deed="SELECT coalesce(calls.end_call(%s::uuid, %s::text, %s::text, o.path)::text, 'unknown')"
)
"""Parameters: trunk, direction, call id. `unknown` if there is no such trunk."""
