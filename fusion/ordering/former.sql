-- The signature that workers of the previous release call; they know only orders of kind change.
CREATE OR REPLACE FUNCTION ordering_apply_next(p_actor text, p_request text) RETURNS text
LANGUAGE sql AS $$
    SELECT ordering_apply_next(p_actor, p_request, false)
$$;

-- The signature that servers of the previous release call: keys for the whole group.
CREATE OR REPLACE FUNCTION ordering_lock(
    p_group uuid, p_names text[], p_subscription uuid[]
) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF cardinality(p_names) > 0 THEN
        PERFORM tenancy_lock_names(p_group, p_names);
    END IF;
    PERFORM ordering_lock(
        p_group, array_fill(replace(p_group::text, '-', '') || '/', ARRAY[cardinality(p_subscription)]),
        p_subscription, '{}', '{}');
END
$$;
