-- Port numbers in from another operator, each with the SKU at the same position in p_skus: assigned
-- at once, consuming entitlements. Returns 201 with {items: [number]}, or the status of a refusal
-- with {code, detail, ...}. The primary key decides who gets a number; the refusal does not name
-- the holder.
CREATE OR REPLACE FUNCTION numbers_port_in(
    p_group uuid, p_path text, p_actor text, p_request text, p_key text, p_fingerprint bytea,
    p_subscription uuid, p_numbers text[], p_skus uuid[]
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    r record;
    s tenancy_subscription;
    v_skus uuid[];
    v_needed int[];
    v_documents json[];
    v_answer text;
BEGIN
    SELECT w.* INTO r
    FROM numbers_enter(p_group, p_path, p_subscription, p_key, p_fingerprint, true) w;
    IF r.status IS NOT NULL THEN
        RETURN QUERY SELECT r.status, r.replayed, r.answer;
        RETURN;
    END IF;
    s := r.s;
    v_answer := numbers_known(p_numbers);
    IF v_answer IS NOT NULL THEN
        RETURN QUERY SELECT 409, false, v_answer;
        RETURN;
    END IF;
    SELECT array_agg(x.sku), array_agg(x.needed) INTO v_skus, v_needed
    FROM (SELECT w.sku, count(*)::int AS needed FROM unnest(p_skus) AS w(sku)
          GROUP BY w.sku ORDER BY w.sku) x;
    v_answer := numbers_not_entitled(p_subscription, v_skus, v_needed);
    IF v_answer IS NOT NULL THEN
        RETURN QUERY SELECT 409, false, v_answer;
        RETURN;
    END IF;
    BEGIN
        INSERT INTO numbers_number (e164, group_id, sku_id, origin, status, subscription_id,
                                    distributor_id, reseller_id, tenant_id)
        SELECT w.e164, p_group, w.sku, 'ported', 'assigned', p_subscription,
               s.distributor_id, s.reseller_id, s.tenant_id
        FROM unnest(p_numbers, p_skus) AS w(e164, sku) ORDER BY w.e164;
    EXCEPTION WHEN unique_violation THEN
        -- Another transaction inserted the number after the check, and may have removed it again.
        RETURN QUERY SELECT 409, false, coalesce(numbers_known(p_numbers), numbers_not_ported(
            p_numbers, 'Try again.'));
        RETURN;
    END;
    FOR r IN
        SELECT w.sku, array_agg(w.e164 ORDER BY w.e164) AS holders
        FROM unnest(p_numbers, p_skus) AS w(e164, sku) GROUP BY w.sku ORDER BY w.sku
    LOOP
        IF ledger_consume(p_subscription, r.sku, 'number', r.holders, p_actor) IS NOT NULL THEN
            RAISE EXCEPTION 'an entitlement was consumed under a lock that was held';
        END IF;
    END LOOP;
    v_documents := numbers_documents(p_numbers);
    PERFORM numbers_record(v_documents, s, p_actor, p_request, 'number.ported');
    v_answer := json_build_object('items', array_to_json(v_documents))::text;
    PERFORM numbers_remember(p_group, p_path, p_key, p_fingerprint, 201, v_answer);
    RETURN QUERY SELECT 201, false, v_answer;
END
$$;

-- The refusal that lists the numbers which are already in some inventory; NULL if none is.
CREATE OR REPLACE FUNCTION numbers_known(p_numbers text[]) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT numbers_not_ported(array_agg(n.e164 ORDER BY n.e164),
        'Remove these numbers. A number can be ported in once its present inventory has released it.')
    FROM numbers_number n WHERE n.e164 = ANY (p_numbers)
    HAVING count(*) > 0
$$;

-- Whose inventory it is, is not told: the words are the same for each.
CREATE OR REPLACE FUNCTION numbers_not_ported(p_numbers text[], p_help text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'number-not-available',
        'detail', format('Not available: %s. No number was ported in. %s', numbers_with_reasons(
            p_numbers, array_agg('already in an inventory'::text)), p_help),
        'numbers', json_agg(json_build_object('e164', w.e164, 'status', 'taken') ORDER BY w.i))::text
    FROM unnest(p_numbers) WITH ORDINALITY AS w(e164, i)
$$;

-- Port a number out to another operator: it leaves the inventory and frees its entitlement. Returns
-- 204, or the status of a refusal with {code, detail, ...}. The event shows the number as it was.
CREATE OR REPLACE FUNCTION numbers_port_out(
    p_group uuid, p_path text, p_actor text, p_request text, p_key text, p_fingerprint bytea,
    p_subscription uuid, p_e164 text
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    r record;
    n numbers_number;
    v_documents json[];
    v_problem json;
BEGIN
    SELECT w.* INTO r
    FROM numbers_enter(p_group, p_path, p_subscription, p_key, p_fingerprint, false) w;
    IF r.status IS NOT NULL THEN
        RETURN QUERY SELECT r.status, r.replayed, r.answer;
        RETURN;
    END IF;
    SELECT w.* INTO n FROM numbers_number w
    WHERE w.e164 = p_e164 AND w.subscription_id = p_subscription;
    v_problem := numbers_stays(p_e164, n, ARRAY['assigned']);
    IF v_problem IS NOT NULL THEN
        RETURN QUERY SELECT 409, false, v_problem::text;
        RETURN;
    END IF;
    v_documents := numbers_documents(ARRAY[p_e164]);
    PERFORM numbers_give_back(ARRAY[p_e164], p_subscription, p_actor);
    DELETE FROM numbers_number w WHERE w.e164 = p_e164;
    PERFORM numbers_record(v_documents, r.s, p_actor, p_request, 'number.ported');
    PERFORM numbers_remember(p_group, p_path, p_key, p_fingerprint, 204, '');
    RETURN QUERY SELECT 204, false, ''::text;
END
$$;
