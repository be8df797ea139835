-- Lock names of a group: external references whose uniqueness is about to be decided, and
-- idempotency keys (`key:…`). Waits for every other request that uses one of them. Held until the
-- transaction ends.
--
-- A key is locked for its organization alone. It is also locked for its group, in shared mode:
-- servers of the previous release lock it there exclusively, so the two releases wait for each
-- other. All locks of the group come before those of the organization: a transaction that holds one
-- of the latter therefore waits for nobody who may want it.
--
-- Locked in the order of the hashes, so that two batches never deadlock. A batch may take three
-- thousand such locks; a gate admits two batches at once, which keeps them within the lock table of
-- a server with default settings (64 × 100).
CREATE OR REPLACE FUNCTION tenancy_lock_names(p_group uuid, p_organization uuid, p_names text[])
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(p_names) > 2 THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('tenancy_lock_names', pg_backend_pid() % 2));
    END IF;
    PERFORM CASE WHEN l.shared THEN pg_advisory_xact_lock_shared(l.lock)::text
                 ELSE pg_advisory_xact_lock(l.lock)::text END
    FROM (SELECT DISTINCT w.own, NOT w.own AND starts_with(name, 'key:') AS shared,
                 hashtextextended(w.prefix || name, 0) AS lock
          FROM unnest(p_names) AS name
          JOIN (VALUES (false, p_group::text), (true, 'of ' || p_organization::text))
               AS w(own, prefix) ON NOT w.own OR starts_with(name, 'key:')
          WHERE name IS NOT NULL
          ORDER BY w.own, lock) l;
END
$$;

-- The stored answer of an organization's key: `same` says whether the request was the same.
--
-- Rows of the nil organization were written by former releases, which did not store the
-- organization. They answer anyone who repeats the same request and sees its objects. To a
-- different request they are in the way of the group alone, so that nobody below it learns of its
-- keys.
CREATE OR REPLACE FUNCTION tenancy_stored_answer(
    p_group uuid, p_organization uuid, p_key text, p_fingerprint bytea
) RETURNS TABLE (same boolean, status int, answer text)
LANGUAGE sql STABLE AS $$
    SELECT i.fingerprint = p_fingerprint, i.status::int, i.answer
    FROM tenancy_idempotency i
    WHERE i.group_id = p_group AND i.key = p_key
      AND (i.organization_id = p_organization
           OR i.organization_id = '00000000-0000-0000-0000-000000000000'
              AND (i.fingerprint = p_fingerprint OR p_organization = p_group))
    ORDER BY i.organization_id DESC
    LIMIT 1
$$;

-- The organization with this path.
CREATE OR REPLACE FUNCTION tenancy_organization_at(p_path text) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT left(right(p_path, 33), 32)::uuid
$$;
