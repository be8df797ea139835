-- Assign numbers to a subscription, or reserve them: the numbers in p_numbers, or the next
-- p_quantity free numbers of the SKU with the code p_sku (p_contiguous: consecutive ones). All or
-- none.
--
-- Consumes one entitlement per number; a number that this subscription had reserved has already
-- consumed one. p_until: when a reservation expires. Returns 201 with {items: [number]}, or the
-- status of a refusal with {code, detail, ...}. Status 0: the caller must retry with p_patient (see
-- pick.sql). Lock order: key, subscription, balances by SKU, the queue of the SKU, numbers by
-- number.
CREATE OR REPLACE FUNCTION numbers_assign(
    p_group uuid, p_path text, p_actor text, p_request text, p_key text, p_fingerprint bytea,
    p_subscription uuid, p_numbers text[], p_sku text, p_quantity int, p_contiguous boolean,
    p_status text, p_until timestamptz, p_patient boolean DEFAULT false
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
-- "The first few by number" must walk the index; the planner cannot know how many rows are wanted.
SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
DECLARE
    r record;
    s tenancy_subscription;
    v_sku uuid;
    v_skus uuid[];
    v_needed int[];
    v_picked text[] := p_numbers;
    v_documents json[];
    v_answer text;
BEGIN
    SELECT w.* INTO r
    FROM numbers_enter(p_group, p_path, p_subscription, p_key, p_fingerprint, true) w;
    IF p_until <= kernel_now() AND (r.status IS NULL OR r.status = 409) THEN
        r.status := 422;
        r.answer := numbers_wrong_field('until', 'must be in the future');
    END IF;
    IF r.status IS NOT NULL THEN
        RETURN QUERY SELECT r.status, r.replayed, r.answer;
        RETURN;
    END IF;
    s := r.s;

    -- 1. Find the SKUs, and the quantity of each.
    IF p_numbers IS NULL THEN
        SELECT k.id INTO v_sku FROM catalogue_sku k
        WHERE k.group_id = p_group AND k.code = p_sku AND k.metric = 'number';
        IF NOT FOUND THEN
            RETURN QUERY SELECT 422, false, numbers_wrong_field('sku', 'is not the code of a number type '
                                                                       'in your catalogue');
            RETURN;
        END IF;
        v_skus := ARRAY[v_sku];
        v_needed := ARRAY[p_quantity];
    ELSE
        v_answer := numbers_unavailable(p_numbers, p_group, p_subscription);
        IF v_answer IS NOT NULL THEN
            RETURN QUERY SELECT 409, false, v_answer;
            RETURN;
        END IF;
        SELECT array_agg(x.sku_id), array_agg(x.needed) INTO v_skus, v_needed
        FROM (SELECT n.sku_id, count(*) FILTER (WHERE n.status = 'free')::int AS needed
              FROM numbers_number n WHERE n.e164 = ANY (p_numbers)
              GROUP BY n.sku_id ORDER BY n.sku_id) x;
    END IF;

    -- 2. Lock the entitlements before the numbers: only an entitled caller holds locks on numbers.
    v_answer := numbers_not_entitled(p_subscription, v_skus, v_needed);
    IF v_answer IS NOT NULL THEN
        RETURN QUERY SELECT 409, false, v_answer;
        RETURN;
    END IF;

    -- 3. Lock the numbers.
    IF p_numbers IS NOT NULL THEN
        PERFORM FROM numbers_number n WHERE n.e164 = ANY (p_numbers) ORDER BY n.e164 FOR UPDATE;
        -- Check again: another transaction may have committed meanwhile.
        v_answer := numbers_unavailable(p_numbers, p_group, p_subscription);
        IF v_answer IS NOT NULL THEN
            RETURN QUERY SELECT 409, false, v_answer;
            RETURN;
        END IF;
    ELSE
        v_picked := CASE WHEN p_contiguous THEN numbers_pick_contiguous(v_sku, p_quantity)
                         ELSE numbers_pick(v_sku, p_quantity, p_patient) END;
        IF cardinality(v_picked) < p_quantity THEN
            IF (NOT p_patient AND NOT p_contiguous)
                    OR numbers_worth_another(v_sku, p_quantity, p_contiguous) THEN
                RETURN QUERY SELECT 0, false, NULL::text;
            ELSE
                RETURN QUERY SELECT 409, false, numbers_none_free(v_sku, p_quantity, p_contiguous);
            END IF;
            RETURN;
        END IF;
    END IF;

    -- 4. Write.
    PERFORM numbers_consume(v_picked, p_subscription, p_actor);
    UPDATE numbers_number n
    SET status = p_status, until = p_until, subscription_id = s.id, distributor_id = s.distributor_id,
        reseller_id = s.reseller_id, tenant_id = s.tenant_id
    WHERE n.e164 = ANY (v_picked);
    v_documents := numbers_documents(v_picked);
    PERFORM numbers_record(v_documents, s, p_actor, p_request, 'number.' || p_status);
    v_answer := json_build_object('items', array_to_json(v_documents))::text;
    PERFORM numbers_remember(p_group, p_path, p_key, p_fingerprint, 201, v_answer);
    RETURN QUERY SELECT 201, false, v_answer;
END
$$;

-- Consume one entitlement for each number that has not consumed one yet. The caller has locked the
-- balances and checked that they suffice.
CREATE OR REPLACE FUNCTION numbers_consume(p_numbers text[], p_subscription uuid, p_actor text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT n.sku_id, array_agg(n.e164 ORDER BY n.e164) AS holders
        FROM numbers_number n
        WHERE n.e164 = ANY (p_numbers) AND n.status IN ('free', 'quarantined')
        GROUP BY n.sku_id ORDER BY n.sku_id
    LOOP
        IF ledger_consume(p_subscription, r.sku_id, 'number', r.holders, p_actor) IS NOT NULL THEN
            RAISE EXCEPTION 'an entitlement was consumed under a lock that was held';
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION numbers_wrong_field(p_field text, p_message text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'invalid-fields', 'detail', p_field || ': ' || p_message,
        'errors', json_build_array(json_build_object('field', p_field, 'message', p_message)))::text
$$;
