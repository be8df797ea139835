-- Remove the routes of all numbers of a subscription to its trunks; the numbers stay assigned. The
-- caller holds the subscription's lock. Returns how many.
CREATE OR REPLACE FUNCTION trunks_unroute_all(p_subscription uuid) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    v_count int;
BEGIN
    PERFORM FROM numbers_number n
    WHERE n.subscription_id = p_subscription AND n.trunk_id IS NOT NULL
    ORDER BY n.e164 FOR UPDATE;
    UPDATE numbers_number n SET trunk_id = NULL
    WHERE n.subscription_id = p_subscription AND n.trunk_id IS NOT NULL;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
