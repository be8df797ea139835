-- Assign numbers to a subscription, or reserve them: those named in p_numbers, or the next p_quantity
-- free ones of the SKU with the code p_sku (p_contiguous: consecutive). All or none.
--
-- Consumes one entitlement a number; a number that this subscription had reserved has consumed its
-- own already. p_until: when a reservation lapses. Answers 201 with {items: [number]}, or the status
-- of a refusal with {code, detail, ...}; status 0 means: come again with p_patient (see pick.sql).
-- Locks: key, subscription, balances by SKU, numbers by number.
CREATE OR REPLACE FUNCTION numbers_assign(
    p_group uuid, p_path text, p_actor text, p_request text, p_key text, p_fingerprint bytea,
    p_subscription uuid, p_numbers text[], p_sku text, p_quantity int, p_contiguous boolean,
    p_status text, p_until timestamptz, p_patient boolean DEFAULT false
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    r record;
    s tenancy_subscription;
    i tenancy_idempotency;
    v_sku uuid;
    v_skus uuid[];
    v_needed int[];
    v_refusals json[] := '{}';
    v_picked text[] := p_numbers;
    v_consuming text[];
    v_answer text;
BEGIN
    IF p_key IS NOT NULL THEN
        PERFORM tenancy_lock_names(p_group, ARRAY['key:' || p_key]);
    END IF;
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = p_subscription AND w.group_id = p_group AND starts_with(w.path, p_path)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 404, false, kernel_problem('not-found',
            'There is no such subscription, or it is not visible to you.')::text;
        RETURN;
    END IF;
    IF p_key IS NOT NULL THEN
        SELECT w.* INTO i FROM tenancy_idempotency w WHERE w.group_id = p_group AND w.key = p_key;
        IF i.fingerprint = p_fingerprint THEN
            RETURN QUERY SELECT i.status::int, true, i.answer;
            RETURN;
        ELSIF FOUND THEN
            RETURN QUERY SELECT 422, false, kernel_problem('idempotency-key-reused',
                'This idempotency key was already used for another request. Send that request '
                'again, or take a new key.')::text;
            RETURN;
        END IF;
    END IF;
    IF s.status <> 'active' THEN
        RETURN QUERY SELECT 409, false, kernel_problem('subscription-' || s.status, format(
            'The subscription is %s: it takes no new numbers.', s.status))::text;
        RETURN;
    END IF;

    -- 1. Which SKUs, and how many of each.
    IF p_numbers IS NULL THEN
        SELECT k.id INTO v_sku FROM catalogue_sku k
        WHERE k.group_id = p_group AND k.code = p_sku AND k.metric = 'number';
        IF NOT FOUND THEN
            RETURN QUERY SELECT 422, false, json_build_object(
                'code', 'invalid-fields', 'detail', 'sku: there is no such entitlement',
                'errors', json_build_array(json_build_object(
                    'field', 'sku', 'message', 'there is no such entitlement')))::text;
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

    -- 2. The entitlements, locked before the numbers: whoever holds numbers is entitled to them.
    PERFORM FROM ledger_balance b
    WHERE b.subscription_id = p_subscription AND b.sku_id = ANY (v_skus)
    ORDER BY b.sku_id FOR UPDATE;
    FOR r IN
        SELECT k.code, w.needed, coalesce(b.granted, 0) AS granted, coalesce(b.used, 0) AS used
        FROM unnest(v_skus, v_needed) AS w(sku_id, needed)
        JOIN catalogue_sku k ON k.id = w.sku_id
        LEFT JOIN ledger_balance b ON b.subscription_id = p_subscription AND b.sku_id = w.sku_id
        WHERE w.needed > coalesce(b.granted - b.used, 0)
    LOOP
        v_refusals := v_refusals || json_build_object(
            'sku', r.code, 'granted', r.granted, 'used', r.used, 'requested', r.needed,
            'missing', r.needed - (r.granted - r.used));
    END LOOP;
    IF cardinality(v_refusals) > 0 THEN
        RETURN QUERY SELECT 409, false, numbers_no_entitlement(v_refusals);
        RETURN;
    END IF;

    -- 3. The numbers.
    IF p_numbers IS NOT NULL THEN
        PERFORM FROM numbers_number n WHERE n.e164 = ANY (p_numbers) ORDER BY n.e164 FOR UPDATE;
        -- Decided again by what was committed meanwhile.
        v_answer := numbers_unavailable(p_numbers, p_group, p_subscription);
        IF v_answer IS NOT NULL THEN
            RETURN QUERY SELECT 409, false, v_answer;
            RETURN;
        END IF;
    ELSIF p_contiguous THEN
        v_picked := numbers_pick_contiguous(v_sku, p_quantity);
    ELSE
        v_picked := numbers_pick(v_sku, p_quantity, p_patient);
    END IF;
    IF p_numbers IS NULL AND cardinality(v_picked) < p_quantity THEN
        IF NOT p_patient AND NOT p_contiguous THEN
            RETURN QUERY SELECT 0, false, NULL::text;
            RETURN;
        END IF;
        RETURN QUERY SELECT 409, false, numbers_none_free(v_sku, p_quantity, p_contiguous);
        RETURN;
    END IF;

    -- 4. The writes.
    v_consuming := ARRAY(
        SELECT n.e164 FROM numbers_number n
        WHERE n.e164 = ANY (v_picked) AND n.status = 'free' ORDER BY n.e164);
    FOR r IN
        SELECT n.sku_id, array_agg(n.e164 ORDER BY n.e164) AS holders
        FROM numbers_number n WHERE n.e164 = ANY (v_consuming) GROUP BY n.sku_id ORDER BY n.sku_id
    LOOP
        IF ledger_consume(p_subscription, r.sku_id, 'number', r.holders, p_actor) IS NOT NULL THEN
            RAISE EXCEPTION 'an entitlement was consumed under a lock that was held';
        END IF;
    END LOOP;
    UPDATE numbers_number n
    SET status = p_status, subscription_id = p_subscription, until = p_until
    WHERE n.e164 = ANY (v_picked);
    v_answer := numbers_record(v_picked, s, p_actor, p_request, 'number.' || p_status);
    IF p_key IS NOT NULL THEN
        INSERT INTO tenancy_idempotency (group_id, key, fingerprint, status, answer, at)
        VALUES (p_group, p_key, p_fingerprint, 201, v_answer, clock_timestamp());
    END IF;
    RETURN QUERY SELECT 201, false, v_answer;
END
$$;

-- The refusal that names those of the numbers that this subscription cannot take; null when it can
-- take all. A number of another group looks like one that does not exist.
CREATE OR REPLACE FUNCTION numbers_unavailable(
    p_numbers text[], p_group uuid, p_subscription uuid
) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'code', 'number-not-available',
        'detail', format('Not to be had: %s. Nothing was taken; leave these out, or ask for the next '
            'free ones of a SKU.', string_agg(x.e164 || ' (' || x.status || ')', ', ' ORDER BY x.e164)),
        'numbers', json_agg(json_build_object('e164', x.e164, 'status', x.status) ORDER BY x.e164))::text
    FROM (
        SELECT w.e164, CASE WHEN n.e164 IS NULL THEN 'unknown'
                            WHEN n.subscription_id = p_subscription THEN n.status
                            ELSE 'taken' END AS status
        FROM unnest(p_numbers) AS w(e164)
        LEFT JOIN numbers_number n ON n.e164 = w.e164 AND n.group_id = p_group
        WHERE n.e164 IS NULL
           OR NOT (n.status = 'free' OR (n.status = 'reserved' AND n.subscription_id = p_subscription))
    ) x
    HAVING count(*) > 0
$$;

CREATE OR REPLACE FUNCTION numbers_no_entitlement(p_refusals json[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'no-entitlement',
        'detail', (SELECT string_agg(format(
            '%s: %s ordered, %s in use; %s more needed.', f ->> 'sku', f ->> 'granted', f ->> 'used',
            f ->> 'missing'), ' ') FROM unnest(p_refusals) AS f) || ' Release numbers, or order more.',
        'refusals', array_to_json(p_refusals))::text
$$;

CREATE OR REPLACE FUNCTION numbers_none_free(p_sku uuid, p_quantity int, p_contiguous boolean)
RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'code', 'no-free-number',
        'detail', CASE WHEN p_contiguous
            THEN format('There are not %s consecutive free numbers of %s; ask for fewer, or for '
                        'numbers that need not be consecutive.', p_quantity, k.code)
            ELSE format('There are not %s free numbers of %s in the inventory; ask for fewer, or have '
                        'the provider add a range.', p_quantity, k.code) END)::text
    FROM catalogue_sku k WHERE k.id = p_sku
$$;

-- Write the events and the audit record of numbers whose rows were just changed; their documents.
CREATE OR REPLACE FUNCTION numbers_record(
    p_numbers text[], s tenancy_subscription, p_actor text, p_request text, p_type text
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_documents json[];
    v_epoch int := events_epoch();
BEGIN
    v_documents := ARRAY(
        SELECT numbers_document(n) FROM numbers_number n
        WHERE n.e164 = ANY (p_numbers) ORDER BY n.e164);
    INSERT INTO events_event
        (epoch, xid, group_id, path, subscription_id, subject, type, actor, data, at)
    SELECT v_epoch, pg_current_xact_id(), s.group_id, s.path, s.id, d ->> 'e164', p_type, p_actor, d,
           clock_timestamp()
    FROM unnest(v_documents) AS d;
    INSERT INTO tenancy_auditrecord
        (at, group_id, path, actor, request_id, verb, object_type, object_id, detail)
    VALUES (clock_timestamp(), s.group_id, s.path, p_actor, p_request, p_type, 'subscription',
            s.id::text, json_build_object('numbers', p_numbers));
    RETURN json_build_object('items', array_to_json(v_documents))::text;
END
$$;
