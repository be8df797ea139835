-- The places of calls in the company of others: see access/seat.sql. What counts is the subscription of
-- the trunk.
CREATE OR REPLACE FUNCTION trunks_seat(p_group uuid, p_calls jsonb, OUT calls jsonb, OUT places int[])
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
BEGIN
    SELECT w.calls, w.places INTO calls, places
    FROM access_seat_with(p_group, p_calls, ARRAY(
        SELECT (SELECT t.subscription_id FROM trunks_trunk t WHERE t.id = (c.call ->> 'trunk_id')::uuid)
        FROM jsonb_array_elements(p_calls) WITH ORDINALITY AS c(call, nth) ORDER BY c.nth), '{}') w;
END
$$;
