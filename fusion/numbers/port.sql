-- Port numbers in from another operator: assigned at once, consuming entitlements. A call has the
-- members of access_begin and {numbers, fitting, accept_unknown?, reason?}: for each number the SKUs at
-- the same position fit, see numbers_choose_skus. (The previous release gives `skus`, one for each.)
-- Returns for each call 201 with {items: [number]}, or the status of a refusal with {code, detail,
-- ...}. The primary key decides who gets a number; the refusal does not name the holder.
CREATE OR REPLACE FUNCTION numbers_port_in_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    r record;
BEGIN
    IF jsonb_array_length(p_calls) > 1 THEN
        PERFORM access_lock_calls(p_group, p_calls);
    END IF;
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        r := numbers_port_in_one(p_group, p_calls -> i);
        status := r.status; replayed := r.replayed; answer := r.answer;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION numbers_port_in_one(
    p_group uuid, p_call jsonb, OUT status int, OUT replayed boolean, OUT answer text
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    r record;
    s tenancy_subscription;
    v_numbers CONSTANT text[] := numbers_listed(p_call);
    v_skus uuid[];
    v_documents json[];
BEGIN
    r := access_begin(p_group, p_call);
    s := r.s; status := r.status; replayed := r.replayed; answer := r.answer;
    IF status IS NULL AND s.status <> 'active' THEN
        status := 409;
        answer := numbers_inactive(s.status);
    END IF;
    IF status IS NOT NULL THEN
        RETURN;
    END IF;
    v_skus := CASE WHEN p_call ? 'fitting' THEN numbers_choose_skus(s, p_call -> 'fitting')
                   ELSE ARRAY(SELECT jsonb_array_elements_text(p_call -> 'skus'))::uuid[] END;
    answer := coalesce(numbers_in_inventory(v_numbers), (
        SELECT numbers_not_entitled(p_group, s.id, array_agg(x.sku), array_agg(x.needed))
        FROM (SELECT w.sku, count(*)::int AS needed FROM unnest(v_skus) AS w(sku)
              GROUP BY w.sku ORDER BY w.sku) x));
    IF answer IS NOT NULL THEN
        status := 409;
        RETURN;
    END IF;
    BEGIN
        INSERT INTO numbers_number (e164, group_id, sku_id, origin, status, subscription_id,
                                    distributor_id, reseller_id, tenant_id, accepted)
        SELECT w.e164, p_group, w.sku, 'ported', 'assigned', s.id,
               s.distributor_id, s.reseller_id, s.tenant_id,
               (p_call ->> 'accept_unknown')::boolean IS TRUE
        FROM unnest(v_numbers, v_skus) AS w(e164, sku) ORDER BY w.e164;
    EXCEPTION WHEN unique_violation THEN
        -- Another transaction inserted the number after the check, and may have removed it again.
        status := 409;
        answer := coalesce(numbers_in_inventory(v_numbers),
                           numbers_not_ported(v_numbers, 'Try again.'));
        RETURN;
    END;
    FOR r IN
        SELECT w.sku, array_agg(w.e164 ORDER BY w.e164) AS holders
        FROM unnest(v_numbers, v_skus) AS w(e164, sku) GROUP BY w.sku ORDER BY w.sku
    LOOP
        IF ledger_consume(p_group, s.id, r.sku, 'number', r.holders, p_call ->> 'actor')
           IS NOT NULL THEN
            RAISE EXCEPTION 'an entitlement was consumed under a lock that was held';
        END IF;
    END LOOP;
    v_documents := numbers_documents(v_numbers);
    status := 201;
    answer := json_build_object('items', array_to_json(v_documents))::text;
    PERFORM numbers_audit_and_emit(s, p_call, 'number.ported', v_documents, status, answer);
END
$$;

-- The refusal that lists the numbers which are already in some inventory; NULL if none is.
CREATE OR REPLACE FUNCTION numbers_in_inventory(p_numbers text[]) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT numbers_not_ported(array_agg(n.e164 ORDER BY n.e164),
        'Remove these numbers. A number can be ported in once its present inventory has released it.')
    FROM numbers_number n WHERE n.e164 = ANY (p_numbers)
    HAVING count(*) > 0
$$;

-- Does not say whose inventory it is.
CREATE OR REPLACE FUNCTION numbers_not_ported(p_numbers text[], p_help text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'number-not-available',
        'detail', format('Not available: %s. No number was ported in. %s', numbers_with_reasons(
            p_numbers, array_agg('already in an inventory'::text)), p_help),
        'numbers', json_agg(json_build_object('e164', w.e164, 'status', 'taken') ORDER BY w.i))::text
    FROM unnest(p_numbers) WITH ORDINALITY AS w(e164, i)
$$;

-- Port numbers out to another operator: they leave the inventory and free their entitlements. A
-- call has the members of access_begin and {e164}. Returns for each 204, or the status of a
-- refusal with {code, detail, ...}. The event shows the number as it was.
CREATE OR REPLACE FUNCTION numbers_port_out_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    r record;
BEGIN
    IF jsonb_array_length(p_calls) > 1 THEN
        PERFORM access_lock_calls(p_group, p_calls);
    END IF;
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        r := numbers_port_out_one(p_group, p_calls -> i);
        status := r.status; replayed := r.replayed; answer := r.answer;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION numbers_port_out_one(
    p_group uuid, p_call jsonb, OUT status int, OUT replayed boolean, OUT answer text
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    r record;
    s tenancy_subscription;
    n numbers_number;
    v_documents json[];
BEGIN
    r := access_begin(p_group, p_call);
    s := r.s; status := r.status; replayed := r.replayed; answer := r.answer;
    IF status IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT w.* INTO n FROM numbers_number w
    WHERE w.e164 = p_call ->> 'e164' AND w.subscription_id = s.id;
    answer := numbers_stays(p_call ->> 'e164', n, ARRAY['assigned']);
    IF answer IS NOT NULL THEN
        status := 409;
        RETURN;
    END IF;
    v_documents := numbers_documents(ARRAY[n.e164]);
    PERFORM numbers_give_back(p_group, s.id, ARRAY[n.e164], p_call ->> 'actor');
    DELETE FROM numbers_number w WHERE w.e164 = n.e164;
    status := 204;
    answer := '';
    PERFORM numbers_audit_and_emit(s, p_call, 'number.ported', v_documents, status, answer);
END
$$;
