-- The one spelling of an instant in answers and events: RFC 3339, UTC, microseconds.
CREATE OR REPLACE FUNCTION kernel_instant(p_at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
