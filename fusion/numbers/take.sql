-- Numbers for the users of a batch: which of them the subscription may take, and taking them.

-- Lock the numbers that rows name, and the next free ones of the SKUs that rows name; the caller holds
-- the lock of the subscription. p_wanted: how many of each SKU. p_patient: see select_free.sql.
--
-- Returns by number: its SKU; whether it is assigned to the subscription, and to whom it is linked or
-- routed; whether the subscription may take it (`takable`), because it is free (`is_free`) or reserved
-- for it; whether it is one of the next free ones. `complete` is false if others held free numbers of
-- a SKU: then the caller retries with p_patient. Numbers of other subscriptions look like unknown ones.
CREATE OR REPLACE FUNCTION numbers_lock_for_users(
    s tenancy_subscription, p_numbers text[], p_skus uuid[], p_wanted int[], p_patient boolean,
    OUT numbers text[], OUT skus uuid[], OUT assigned boolean[], OUT users uuid[], OUT trunks uuid[],
    OUT takable boolean[], OUT is_free boolean[], OUT is_next boolean[], OUT complete boolean
)
LANGUAGE plpgsql AS $$
DECLARE
    v_next text[] := '{}';
    v_found text[];
    v_count int;
BEGIN
    complete := true;
    FOR k IN 1 .. coalesce(cardinality(p_skus), 0) LOOP
        -- Numbers that rows name are none of the next free ones.
        v_count := p_wanted[k] + (
            SELECT count(*)::int FROM numbers_number n
            WHERE n.e164 = ANY (p_numbers) AND (n.sku_id = p_skus[k] AND n.status = 'free') IS TRUE);
        v_found := numbers_select_free(p_skus[k], v_count, p_patient);
        v_next := v_next || ARRAY(SELECT e FROM unnest(v_found) AS e WHERE e <> ALL (p_numbers));
        complete := complete AND (
            cardinality(v_found) = v_count OR p_patient
            OR NOT numbers_enough_free(p_skus[k], cardinality(v_found) + 1, false));
    END LOOP;
    IF NOT complete THEN
        RETURN;
    END IF;
    PERFORM FROM numbers_number n
    WHERE n.e164 = ANY (p_numbers) AND (n.group_id = s.group_id) IS TRUE
      AND (n.subscription_id = s.id OR n.status = 'free')
    ORDER BY n.e164 FOR NO KEY UPDATE;
    -- A new statement: it sees what was committed while this one waited for the locks.
    SELECT array_agg(w.e164 ORDER BY w.i), array_agg(n.sku_id ORDER BY w.i),
           array_agg(n.status = 'assigned' ORDER BY w.i),
           array_agg(n.user_id ORDER BY w.i), array_agg(n.trunk_id ORDER BY w.i),
           array_agg(coalesce(n.status = 'free' OR n.status = 'reserved' AND n.port_id IS NULL, false)
                     ORDER BY w.i),
           array_agg(coalesce(n.status = 'free', false) ORDER BY w.i),
           array_agg(w.e164 = ANY (v_next) ORDER BY w.i)
    INTO numbers, skus, assigned, users, trunks, takable, is_free, is_next
    FROM (SELECT x.e164, row_number() OVER (ORDER BY x.e164) AS i
          FROM (SELECT unnest(p_numbers) UNION SELECT unnest(v_next)) x(e164)) w
    LEFT JOIN LATERAL (
        SELECT x.* FROM numbers_number x
        WHERE x.e164 = w.e164 AND (x.group_id = s.group_id) IS TRUE
          AND (x.subscription_id = s.id OR x.status = 'free') OFFSET 0) n ON true;
END
$$;

-- Assign numbers that the caller has locked and may take, with events and one audit record.
CREATE OR REPLACE FUNCTION numbers_take(s tenancy_subscription, p_call jsonb, p_numbers text[])
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(p_numbers) = 0 THEN
        RETURN;
    END IF;
    PERFORM numbers_audit_and_emit(
        s, p_call, 'number.assigned',
        numbers_assign_locked(s, NULL, p_numbers, p_call ->> 'actor', 'assigned', NULL));
END
$$;

-- Assign or reserve locked numbers, and return their documents. The caller has locked the balances and
-- checked that they suffice. p_sku: the SKU of all of them if they are free; else NULL.
CREATE OR REPLACE FUNCTION numbers_assign_locked(
    s tenancy_subscription, p_sku uuid, p_numbers text[], p_actor text, p_status text,
    p_until timestamptz
) RETURNS json[]
LANGUAGE plpgsql AS $$
DECLARE
    v_documents json[];
BEGIN
    IF p_sku IS NULL THEN
        PERFORM numbers_consume(s.group_id, s.id, p_numbers, p_actor);
    ELSIF ledger_consume(s.group_id, s.id, p_sku, 'number', p_numbers, p_actor) IS NOT NULL THEN
        RAISE EXCEPTION 'an entitlement was consumed under a lock that was held';
    END IF;
    WITH changed AS (
        UPDATE numbers_number n
        SET status = p_status, until = p_until, subscription_id = s.id,
            distributor_id = s.distributor_id, reseller_id = s.reseller_id, tenant_id = s.tenant_id
        WHERE n.e164 = ANY (p_numbers)
        RETURNING n AS number, n.sku_id, n.e164
    )
    SELECT array_agg(numbers_document(c.number, k) ORDER BY c.e164) INTO v_documents
    FROM changed c JOIN catalogue_sku k ON k.id = c.sku_id;
    RETURN v_documents;
END
$$;

-- Why no number of a SKU can be taken.
CREATE OR REPLACE FUNCTION numbers_problem_entitlement(p_code text, p_granted bigint, p_used bigint)
RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'no-entitlement',
        'detail', format('%s: %s ordered, %s in use; %s more needed. No number was assigned. Release '
                         'numbers, or order more.', p_code, p_granted, p_used, 1 - (p_granted - p_used)),
        'refusals', json_build_array(json_build_object(
            'sku', p_code, 'granted', p_granted, 'used', p_used, 'requested', 1,
            'missing', 1 - (p_granted - p_used))))
$$;

CREATE OR REPLACE FUNCTION numbers_problem_none_free(p_code text) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT kernel_problem('no-free-number', format(
        'No number of %s is free. No number was assigned. Ask the provider to add a range.', p_code))
$$;
