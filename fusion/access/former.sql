-- The signature that servers of the previous release call: keys for the whole group.
CREATE OR REPLACE FUNCTION tenancy_lock_names(p_group uuid, p_names text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(p_names) > 2 THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('tenancy_lock_names', pg_backend_pid() % 3));
    END IF;
    PERFORM pg_advisory_xact_lock(l.lock)
    FROM (SELECT DISTINCT hashtextextended(p_group::text || name, 0) AS lock
          FROM unnest(p_names) AS name WHERE name IS NOT NULL
          ORDER BY 1) l;
END
$$;
