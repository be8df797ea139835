-- Wait for every other request that uses one of these names of a group: idempotency keys, and
-- external references whose uniqueness is about to be decided. Held until the transaction ends.
--
-- Taken in the order of the hashes, so that two batches never wait for each other crosswise. A
-- batch may take two thousand such locks; a gate admits three batches at once, which keeps them
-- within the lock table of a server with default settings (64 × 100).
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
