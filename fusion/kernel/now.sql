-- The present instant, wherever one is recorded or compared with recorded ones. The owner of a demo or
-- test database may replace it to make a past (fusion/kernel/past.py); nobody else has a reason to.
--
-- Volatile, as its body is, so that the planner puts the body in its place. A condition that an index
-- is to serve compares with (SELECT kernel_now()), which is evaluated once.
CREATE OR REPLACE FUNCTION kernel_now() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT clock_timestamp()
$$;
