-- Route a number of a subscription to one of its trunks; returns the refusal, NULL if it is done.
-- The caller holds the subscription's lock.
CREATE OR REPLACE FUNCTION trunks_route(
    p_group uuid, p_subscription uuid, p_e164 text, p_trunk uuid
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    v_problem CONSTANT json := numbers_lock_holder(p_group, p_subscription, p_e164, NULL, 'trunk');
BEGIN
    IF v_problem IS NULL THEN
        PERFORM numbers_set_holder(p_group, ARRAY[p_e164], NULL, p_trunk);
    END IF;
    RETURN v_problem;
END
$$;

-- Remove the routes of all numbers of a subscription to its trunks; the numbers stay assigned. The
-- caller holds the subscription's lock. Returns how many.
CREATE OR REPLACE FUNCTION trunks_unroute_all(p_subscription uuid) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    v_numbers CONSTANT text[] := ARRAY(
        SELECT n.e164 FROM numbers_number n
        WHERE n.subscription_id = p_subscription AND n.trunk_id IS NOT NULL
        ORDER BY n.e164 FOR UPDATE);
BEGIN
    PERFORM numbers_set_holder(s.group_id, v_numbers, NULL, NULL)
    FROM tenancy_subscription s WHERE s.id = p_subscription;
    RETURN cardinality(v_numbers);
END
$$;
