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
    PERFORM access_lock(
        p_group, array_fill(replace(p_group::text, '-', '') || '/', ARRAY[cardinality(p_subscription)]),
        p_subscription, '{}', '{}', ordering_gate(p_group));
END
$$;

-- The signature that servers of former releases call: for one caller, with names that are not
-- cleaned, and with previews.
CREATE OR REPLACE FUNCTION ordering_place(
    p_group uuid, p_actor text, p_request text, p_orders jsonb, p_preview boolean DEFAULT false
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql AS $$
DECLARE
    v_calls CONSTANT jsonb := (
        SELECT jsonb_agg(w.doc || jsonb_build_object(
            'actor', p_actor, 'request', p_request, 'path', replace(p_group::text, '-', '') || '/',
            'key', kernel_clean(w.doc ->> 'key'),
            'external_reference', kernel_clean(w.doc ->> 'external_reference')) ORDER BY w.nth)
        FROM jsonb_array_elements(p_orders) WITH ORDINALITY AS w(doc, nth));
BEGIN
    IF p_preview THEN
        RETURN QUERY SELECT w.status, false, w.answer
            FROM jsonb_array_elements(v_calls) AS d(call)
            CROSS JOIN LATERAL ordering_preview_v2(p_group, jsonb_build_array(d.call)) w;
    ELSE
        RETURN QUERY SELECT w.* FROM ordering_place_v2(p_group, v_calls) w;
    END IF;
END
$$;
