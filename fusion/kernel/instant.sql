-- The one spelling of an instant in answers and events: RFC 3339, UTC, microseconds. Stable, as
-- to_char() is: the planner puts its body in its place, which it would not if more were promised.
CREATE OR REPLACE FUNCTION kernel_instant(p_at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
