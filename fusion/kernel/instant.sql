-- The only format of instants in answers and events: RFC 3339, UTC, microseconds. STABLE, like
-- to_char(): declared IMMUTABLE, the planner would not inline it.
CREATE OR REPLACE FUNCTION kernel_instant(p_at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
