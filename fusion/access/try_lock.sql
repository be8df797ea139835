-- Several callers' calls of one hot function may share a transaction. It must not wait on behalf of one
-- of them, so it takes only the locks that are free.

-- Take the locks of those calls that nobody else delays, without waiting. Returns these calls, and
-- their positions in p_calls, from 1. p_names: by call, an external reference whose uniqueness is about
-- to be decided (see access_lock), NULL for none; p_subscriptions: by call, the subscription.
--
-- The locks are those of access_lock, which finds them already held. A call whose subscription is not
-- visible is left out too: the caller makes it alone, like one that has to wait.
CREATE OR REPLACE FUNCTION access_try_lock(
    p_group uuid, p_calls jsonb, p_subscriptions uuid[], p_names text[],
    OUT calls jsonb, OUT positions int[]
)
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    v_call jsonb;
BEGIN
    calls := '[]'; positions := '{}';
    FOR i IN 1 .. jsonb_array_length(p_calls) LOOP
        v_call := p_calls -> i - 1;
        CONTINUE WHEN NOT access_try_names(p_group, v_call ->> 'path', v_call ->> 'key', p_names[i]);
        PERFORM FROM tenancy_subscription s
        WHERE s.id = p_subscriptions[i] AND s.group_id = p_group
          AND access_sees(v_call ->> 'path', s.path)
        FOR NO KEY UPDATE SKIP LOCKED;
        IF FOUND THEN
            calls := calls || v_call; positions := positions || i;
        END IF;
    END LOOP;
END
$$;

-- The same for calls that name their subscription and have no reference.
CREATE OR REPLACE FUNCTION access_try_lock_calls(p_group uuid, p_calls jsonb, OUT calls jsonb, OUT positions int[])
LANGUAGE sql AS $$
    SELECT w.calls, w.positions FROM access_try_lock(
        p_group, p_calls,
        ARRAY(SELECT (c.call ->> 'subscription_id')::uuid FROM jsonb_array_elements(p_calls) WITH ORDINALITY
              AS c(call, nth) ORDER BY c.nth), '{}') w
$$;

-- Take the locks of a key and of a name if they are free: those of access_lock_names. Locks that it took
-- before another was not free stay until the transaction ends.
CREATE OR REPLACE FUNCTION access_try_names(p_group uuid, p_path text, p_key text, p_name text)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (p_name IS NULL OR pg_try_advisory_xact_lock(hashtextextended(p_group::text || p_name, 0)))
       AND (p_key IS NULL OR (
            pg_try_advisory_xact_lock_shared(hashtextextended(p_group::text || 'key:' || p_key, 0))
            AND pg_try_advisory_xact_lock(hashtextextended(
                'of ' || access_organization_at(p_path)::text || 'key:' || p_key, 0))));
END
$$;
