-- The present instant, for recording times and comparing them with recorded ones. The owner of a
-- demo or test database may replace it to generate history (fusion/kernel/past.py); nobody else has
-- a reason to.
--
-- Volatile, like its body, so that the planner inlines it. A condition that an index should serve
-- compares with (SELECT kernel_now()), which is evaluated once.
CREATE OR REPLACE FUNCTION kernel_now() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT clock_timestamp()
$$;

-- The instants of changes that say when they happened: p_now for each, unless the owner generates
-- history.
CREATE OR REPLACE FUNCTION kernel_at(p_at timestamptz[], p_now timestamptz) RETURNS timestamptz[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_fill(p_now, ARRAY[cardinality(p_at)])
$$;
