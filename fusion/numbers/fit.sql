-- The SKU of each number that is ported in, chosen under the locks of the balances. p_fitting: for each
-- number the ids of the SKUs that fit it, the preferred one first. A number gets the first of them that
-- the subscription has an entitlement left for; those with the fewest SKUs choose first. Without any
-- entitlement left, the SKU of which some were ordered: the refusal names that one.
CREATE OR REPLACE FUNCTION numbers_choose_skus(s tenancy_subscription, p_fitting jsonb) RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
    r record;
    v_skus CONSTANT uuid[] := ARRAY(
        SELECT DISTINCT x.id::uuid FROM jsonb_array_elements(p_fitting) AS w(ids)
        CROSS JOIN jsonb_array_elements_text(w.ids) AS x(id) ORDER BY 1);
    v_granted int[];
    v_left int[];
    v_chosen uuid[] := array_fill(NULL::uuid, ARRAY[jsonb_array_length(p_fitting)]);
    v_at int;
BEGIN
    PERFORM FROM ledger_balance b
    WHERE b.group_id = s.group_id AND b.subscription_id = s.id AND b.sku_id = ANY (v_skus)
    ORDER BY b.sku_id FOR UPDATE;
    -- A new statement: it sees what was committed while this one waited for the locks.
    SELECT array_agg(coalesce(b.granted, 0) ORDER BY w.i),
           array_agg(coalesce(b.granted - b.used, 0) ORDER BY w.i)
    INTO v_granted, v_left
    FROM unnest(v_skus) WITH ORDINALITY AS w(id, i)
    LEFT JOIN ledger_balance b
           ON b.group_id = s.group_id AND b.subscription_id = s.id AND b.sku_id = w.id;
    FOR r IN
        SELECT w.i, ARRAY(SELECT array_position(v_skus, x.id::uuid)
                          FROM jsonb_array_elements_text(w.ids) WITH ORDINALITY AS x(id, k)
                          ORDER BY x.k) AS places
        FROM jsonb_array_elements(p_fitting) WITH ORDINALITY AS w(ids, i)
        ORDER BY jsonb_array_length(w.ids), w.i
    LOOP
        v_at := coalesce(
            (SELECT p FROM unnest(r.places) WITH ORDINALITY AS x(p, k)
             WHERE v_left[p] > 0 ORDER BY k LIMIT 1),
            (SELECT p FROM unnest(r.places) WITH ORDINALITY AS x(p, k)
             WHERE v_granted[p] > 0 ORDER BY k LIMIT 1),
            r.places[1]);
        v_left[v_at] := v_left[v_at] - 1;
        v_chosen[r.i] := v_skus[v_at];
    END LOOP;
    RETURN v_chosen;
END
$$;
