-- Take the locks of several calls of trunks without waiting: see access/try_lock.sql. They are those of the
-- trunks' subscriptions.
CREATE OR REPLACE FUNCTION trunks_try_lock_calls(p_group uuid, p_calls jsonb, OUT calls jsonb, OUT positions int[])
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
BEGIN
    SELECT w.calls, w.positions INTO calls, positions
    FROM access_try_lock(p_group, p_calls, ARRAY(
        SELECT (SELECT t.subscription_id FROM trunks_trunk t WHERE t.id = (c.call ->> 'trunk_id')::uuid)
        FROM jsonb_array_elements(p_calls) WITH ORDINALITY AS c(call, nth) ORDER BY c.nth), '{}') w;
END
$$;
