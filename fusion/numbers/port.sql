-- Port numbers in from another operator: assigned at once, consuming entitlements. A call has the
-- members of access_begin and {numbers, fitting, accept_unknown?, reason?, warn?}: for each number the SKUs
-- at the same position fit, see numbers_choose_skus. (The previous release gives `skus`, one for each.)
-- Returns for each call 201 with {items: [number], warnings}, see numbers_overlaps, or the status of a
-- refusal with {code, detail, ...}. The primary key decides who gets a number; the refusal does not name
-- the holder.
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
    answer := numbers_take_in(s, v_numbers, v_skus, p_call ->> 'actor', NULL, NULL,
                              (p_call ->> 'accept_unknown')::boolean IS TRUE);
    IF answer IS NOT NULL THEN
        status := 409;
        RETURN;
    END IF;
    v_documents := numbers_documents(v_numbers);
    status := 201;
    answer := json_build_object(
        'items', array_to_json(v_documents),
        'warnings', CASE WHEN (p_call ->> 'warn')::boolean THEN numbers_overlaps(p_group, v_numbers)
                         ELSE '[]' END)::text;
    PERFORM numbers_audit_and_emit(s, p_call, 'number.ported', v_documents, status, answer);
END
$$;

-- Give numbers that come from another operator to a subscription, consuming entitlements; each has the
-- SKU at the same position. Assigned, or with p_port reserved until the date of that port request.
-- Returns the refusal, NULL if it is done. The caller holds the subscription's lock.
--
-- A number of one of the provider's own ranges returns to it, with the SKU of the range.
CREATE OR REPLACE FUNCTION numbers_take_in(
    s tenancy_subscription, p_numbers text[], p_skus uuid[], p_actor text, p_until timestamptz,
    p_port uuid, p_accepted boolean
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    r record;
    v_answer text;
    v_ranges CONSTANT uuid[] := ARRAY(
        SELECT x.id FROM unnest(p_numbers) WITH ORDINALITY AS w(e164, i)
        LEFT JOIN numbers_range x
               ON int8range(x.first, x.last, '[]') @> substr(w.e164, 2)::bigint
              AND x.group_id = s.group_id
        ORDER BY w.i);
    v_skus CONSTANT uuid[] := ARRAY(
        SELECT coalesce(x.sku_id, w.sku) FROM unnest(p_skus, v_ranges) WITH ORDINALITY AS w(sku, range, i)
        LEFT JOIN numbers_range x ON x.id = w.range ORDER BY w.i);
BEGIN
    -- So that no range is changed or deleted meanwhile.
    PERFORM FROM numbers_range x WHERE x.id = ANY (v_ranges) ORDER BY x.id FOR KEY SHARE;
    v_answer := coalesce(numbers_already_coming(s, p_numbers), numbers_in_inventory(p_numbers), (
        SELECT numbers_not_entitled(s.group_id, s.id, array_agg(x.sku), array_agg(x.needed))
        FROM (SELECT w.sku, count(*)::int AS needed FROM unnest(v_skus) AS w(sku)
              GROUP BY w.sku ORDER BY w.sku) x));
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    BEGIN
        PERFORM numbers_remove_ported_out(p_numbers);
        INSERT INTO numbers_number (e164, group_id, sku_id, range_id, origin, status, until, port_id,
                                    accepted, subscription_id, distributor_id, reseller_id, tenant_id)
        SELECT w.e164, s.group_id, w.sku, w.range,
               CASE WHEN w.range IS NULL THEN 'ported' ELSE 'inventory' END,
               CASE WHEN p_port IS NULL THEN 'assigned' ELSE 'reserved' END, p_until, p_port,
               CASE WHEN w.range IS NULL THEN p_accepted ELSE x.accepted_reason IS NOT NULL END, s.id,
               s.distributor_id, s.reseller_id, s.tenant_id
        FROM unnest(p_numbers, v_skus, v_ranges) AS w(e164, sku, range)
        LEFT JOIN numbers_range x ON x.id = w.range ORDER BY w.e164;
    EXCEPTION WHEN unique_violation THEN
        -- Another transaction inserted the number after the check, and may have removed it again.
        RETURN coalesce(numbers_in_inventory(p_numbers), numbers_not_ported(p_numbers, 'Try again.'));
    END;
    FOR r IN
        SELECT w.sku, array_agg(w.e164 ORDER BY w.e164) AS holders
        FROM unnest(p_numbers, v_skus) AS w(e164, sku) GROUP BY w.sku ORDER BY w.sku
    LOOP
        IF ledger_consume(s.group_id, s.id, r.sku, 'number', r.holders, p_actor) IS NOT NULL THEN
            RAISE EXCEPTION 'an entitlement was consumed under a lock that was held';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- Remove the rows of numbers that were ported out and now come in again, to whichever provider.
CREATE OR REPLACE FUNCTION numbers_remove_ported_out(p_numbers text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM numbers_number n
    WHERE n.e164 = ANY (p_numbers) AND n.status = 'ported_out' ORDER BY n.e164 FOR UPDATE;
    IF FOUND THEN
        DELETE FROM numbers_number n WHERE n.e164 = ANY (p_numbers) AND n.status = 'ported_out';
    END IF;
END
$$;

-- Numbers leave for another operator. Those of the provider's ranges stay known and may return, those
-- that had been ported in go. The caller has freed their entitlements and links.
CREATE OR REPLACE FUNCTION numbers_take_out(p_numbers text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM numbers_number n WHERE n.e164 = ANY (p_numbers) AND n.origin = 'ported';
    UPDATE numbers_number n
    SET status = 'ported_out', until = NULL, port_id = NULL, subscription_id = NULL,
        distributor_id = NULL, reseller_id = NULL, tenant_id = NULL
    WHERE n.e164 = ANY (p_numbers);
END
$$;

-- The refusal that lists the numbers which are already in some inventory; NULL if none is. One that is
-- ported out can come in again: to the provider of its range, or to another one.
CREATE OR REPLACE FUNCTION numbers_in_inventory(p_numbers text[]) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT numbers_not_ported(array_agg(n.e164 ORDER BY n.e164),
        'Remove these numbers. A number can be ported in once its present inventory has released it.')
    FROM numbers_number n
    WHERE n.e164 = ANY (p_numbers) AND n.status <> 'ported_out'
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

-- Port numbers out to another operator at once, and free their entitlements: see numbers_take_out. A
-- call has the members of access_begin and {e164}. Returns for each 204, or the status of a
-- refusal with {code, detail, ...}. The event shows the number as it was, and what it became.
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
    WHERE w.e164 = p_call ->> 'e164' AND (w.subscription_id = s.id) IS TRUE;
    answer := coalesce(numbers_stays(p_call ->> 'e164', n, ARRAY['assigned']),
                       CASE WHEN n.port_id IS NOT NULL THEN numbers_awaits_port(n, true) END);
    IF answer IS NOT NULL THEN
        status := 409;
        RETURN;
    END IF;
    v_documents := numbers_documents(ARRAY[n.e164]);
    PERFORM numbers_give_back(p_group, s.id, ARRAY[n.e164], p_call ->> 'actor');
    PERFORM numbers_take_out(ARRAY[n.e164]);
    status := 204;
    answer := '';
    PERFORM numbers_audit_and_emit(
        s, p_call, 'number.ported', numbers_became(v_documents), status, answer);
END
$$;
