-- Begin a hot write: lock the idempotency key and the subscription, check that the caller sees the
-- subscription, and find the stored answer of a repeated request. `finish.sql` is the other half.
--
-- p_call is an element of `p_calls` of a hot function `<verb>_vN(p_group, p_calls)`: {actor, request,
-- path, key?, fingerprint?, subscription_id} and the verb's own members; `path` is that of the
-- caller's organization, `fingerprint` the hash of the request in hexadecimal.
--
-- If `status` is NULL, the change may proceed and `s` is the subscription; otherwise the caller
-- returns `status`, `replayed` and `answer`. Until the transaction ends nobody else changes the
-- subscription, its users, numbers, links and balances.
CREATE OR REPLACE FUNCTION access_begin(
    p_group uuid, p_call jsonb,
    OUT s tenancy_subscription, OUT status int, OUT replayed boolean, OUT answer text
)
LANGUAGE plpgsql AS $$
DECLARE
    v_path CONSTANT text := p_call ->> 'path';
    v_key CONSTANT text := p_call ->> 'key';
    r record;
BEGIN
    replayed := false;
    IF v_key IS NOT NULL THEN
        PERFORM access_lock_names(p_group, ARRAY[v_path], ARRAY[v_key], '{}', false);
    END IF;
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = (p_call ->> 'subscription_id')::uuid AND w.group_id = p_group
      AND access_sees(v_path, w.path)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        status := 404;
        answer := access_unknown_subscription();
    ELSIF v_key IS NOT NULL THEN
        SELECT w.* INTO r FROM access_recall(
            p_group, v_path, v_key, decode(p_call ->> 'fingerprint', 'hex')) w;
        IF FOUND THEN
            status := r.status; replayed := r.replayed; answer := r.answer;
        END IF;
    END IF;
END
$$;

-- Take the locks of several calls of a hot function at once, before the first of them begins: so
-- they deadlock with no other write. A single call takes its locks itself.
CREATE OR REPLACE FUNCTION access_lock_calls(p_group uuid, p_calls jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM access_lock(p_group, array_agg(c.path), array_agg(c.subscription_id),
                        array_agg(c.key), '{}', NULL)
    FROM jsonb_to_recordset(p_calls) AS c(path text, subscription_id uuid, key text);
END
$$;

CREATE OR REPLACE FUNCTION access_unknown_subscription() RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT kernel_problem(
        'not-found', 'The subscription does not exist, or you cannot see it.')::text
$$;

-- Take the locks of several writes of a group, in the order that prevents deadlocks: names, the
-- gate, subscriptions by id. Waits for every other write that holds one of them. By write: the path
-- of the caller's organization, the subscription, the idempotency key; each of the latter may be
-- NULL. p_names: external references whose uniqueness is about to be decided, as `order:…`.
-- p_gate: a lock that all such writes share, and that others take alone; NULL for none.
--
-- LATERAL: one look-up by key for each subscription. In a plain join the planner, without statistics,
-- reads all subscriptions of the group.
CREATE OR REPLACE FUNCTION access_lock(
    p_group uuid, p_paths text[], p_subscriptions uuid[], p_keys text[], p_names text[], p_gate text
) RETURNS void
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    v_count CONSTANT int := num_nonnulls(VARIADIC p_keys) + num_nonnulls(VARIADIC p_names);
BEGIN
    IF v_count > 0 THEN
        PERFORM access_lock_names(p_group, p_paths, p_keys, p_names, v_count > 200);
    END IF;
    IF p_gate IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended(p_gate, 0));
    END IF;
    PERFORM FROM (SELECT x.path, x.id FROM unnest(p_paths, p_subscriptions) AS x(path, id) ORDER BY x.id) w
    CROSS JOIN LATERAL (
        SELECT FROM tenancy_subscription s
        WHERE s.id = w.id AND s.group_id = p_group AND access_sees(w.path, s.path)
        FOR NO KEY UPDATE) s;
END
$$;

-- Lock names of a group until the transaction ends.
--
-- A key is locked for its organization alone. It is also locked for its group, in shared mode: servers of the
-- previous release lock it there exclusively, so the two releases wait for each other. All locks of the group
-- come before those of the organization: a transaction that holds one of the latter therefore never waits for
-- a transaction that needs it.
--
-- Locked in the order of the hashes, so that two batches never deadlock. A batch may take three
-- thousand such locks. With p_many it first takes one of two locks, so that only two such batches run
-- at once and fit in the lock table of a server with default settings (64 × 100).
CREATE OR REPLACE FUNCTION access_lock_names(
    p_group uuid, p_paths text[], p_keys text[], p_names text[], p_many boolean
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_many THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('tenancy_lock_names', pg_backend_pid() % 2));
    END IF;
    PERFORM CASE WHEN l.shared THEN pg_advisory_xact_lock_shared(l.lock)::text
                 ELSE pg_advisory_xact_lock(l.lock)::text END
    FROM (SELECT DISTINCT w.own, w.shared, hashtextextended(w.prefix || w.name, 0) AS lock
          FROM (SELECT false, false, p_group::text, n.name FROM unnest(p_names) AS n(name)
                UNION ALL
                SELECT o.own, NOT o.own, o.prefix, 'key:' || k.key
                FROM unnest(p_paths, p_keys) AS k(path, key)
                CROSS JOIN LATERAL (VALUES
                    (false, p_group::text),
                    (true, 'of ' || access_organization_at(k.path)::text)) AS o(own, prefix)
               ) w(own, shared, prefix, name)
          WHERE w.name IS NOT NULL
          ORDER BY w.own, lock) l;
END
$$;

-- What the `nth` of several writes of a group finds, under its locks: see access_begin. Visibility
-- comes before a replay.
CREATE OR REPLACE FUNCTION access_find(
    p_group uuid, p_paths text[], p_subscriptions uuid[], p_keys text[], p_fingerprints bytea[]
) RETURNS TABLE (
    nth bigint, s tenancy_subscription, status int, replayed boolean, answer text)
LANGUAGE sql STABLE AS $$
    SELECT w.nth, v.s,
           CASE WHEN (v.s).id IS NULL THEN 404 ELSE i.status END,
           (v.s).id IS NOT NULL AND i.replayed IS TRUE,
           CASE WHEN (v.s).id IS NULL THEN access_unknown_subscription() ELSE i.answer END
    FROM unnest(p_paths, p_subscriptions, p_keys, p_fingerprints) WITH ORDINALITY
         AS w(path, id, key, fingerprint, nth)
    LEFT JOIN LATERAL (
        SELECT s FROM tenancy_subscription s
        WHERE s.id = w.id AND s.group_id = p_group AND access_sees(w.path, s.path) OFFSET 0) v ON true
    LEFT JOIN LATERAL access_recall(p_group, w.path, w.key, w.fingerprint) i ON w.key IS NOT NULL
$$;

-- The stored answer of a key of the organization at p_path; a refusal if the key was used for
-- another request; no row if it was not used.
--
-- Rows of the nil organization were written by former releases, which did not store the organization. They
-- answer anyone who repeats the same request and sees its objects. They refuse a different request only of
-- the group itself, so that organizations below it do not learn of its keys.
CREATE OR REPLACE FUNCTION access_recall(
    p_group uuid, p_path text, p_key text, p_fingerprint bytea
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN i.fingerprint = p_fingerprint THEN i.status ELSE 422 END,
           i.fingerprint = p_fingerprint,
           CASE WHEN i.fingerprint = p_fingerprint THEN i.answer
                ELSE kernel_problem('idempotency-key-reused',
                    'This idempotency key was already used for another request. Repeat that request, or '
                    'use a new key.')::text END
    FROM tenancy_idempotency i
    WHERE i.group_id = p_group AND i.key = p_key
      AND (i.organization_id = access_organization_at(p_path)
           OR i.organization_id = '00000000-0000-0000-0000-000000000000'
              AND (i.fingerprint = p_fingerprint OR access_organization_at(p_path) = p_group))
    ORDER BY i.organization_id DESC
    LIMIT 1
$$;

-- Whether the organization at p_path sees what has the other path: its id stands there. The start of the path
-- would not do: the organization may have been moved since the caller was authenticated. A plain expression,
-- so that it is inlined. '' sees everything.
CREATE OR REPLACE FUNCTION access_sees(p_path text, p_other text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT position(right(p_path, 33) IN p_other) > 0
$$;

-- The organization with this path.
CREATE OR REPLACE FUNCTION access_organization_at(p_path text) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT left(right(p_path, 33), 32)::uuid
$$;
