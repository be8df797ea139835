-- The yardstick of `make bench`, continued: how the first release assigned numbers. Functions that
-- the measured calls do not reach are the present ones.
CREATE OR REPLACE FUNCTION bench_numbers_enter(
    p_group uuid, p_path text, p_subscription uuid, p_key text, p_fingerprint bytea,
    p_growing boolean,
    OUT s tenancy_subscription, OUT status int, OUT replayed boolean, OUT answer text
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    i tenancy_idempotency;
BEGIN
    replayed := false;
    IF p_key IS NOT NULL THEN
        PERFORM tenancy_lock_names(p_group, ARRAY['key:' || p_key]);
    END IF;
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = p_subscription AND w.group_id = p_group AND starts_with(w.path, p_path)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        status := 404;
        answer := kernel_problem('not-found',
            'There is no such subscription, or it is not visible to you.')::text;
        RETURN;
    END IF;
    IF p_key IS NOT NULL THEN
        SELECT w.* INTO i FROM tenancy_idempotency w WHERE w.group_id = p_group AND w.key = p_key;
        IF i.fingerprint = p_fingerprint THEN
            status := i.status;
            replayed := true;
            answer := i.answer;
            RETURN;
        ELSIF FOUND THEN
            status := 422;
            answer := kernel_problem('idempotency-key-reused',
                'This idempotency key was already used for another request. Send that request '
                'again, or take a new key.')::text;
            RETURN;
        END IF;
    END IF;
    IF p_growing AND s.status <> 'active' THEN
        status := 409;
        answer := kernel_problem('subscription-' || s.status, format(
            'The subscription is %s: it takes no new numbers.', s.status))::text;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION bench_numbers_assign(
    p_group uuid, p_path text, p_actor text, p_request text, p_key text, p_fingerprint bytea,
    p_subscription uuid, p_numbers text[], p_sku text, p_quantity int, p_contiguous boolean,
    p_status text, p_until timestamptz, p_patient boolean DEFAULT false
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
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
    FROM bench_numbers_enter(p_group, p_path, p_subscription, p_key, p_fingerprint, true) w;
    IF p_until <= clock_timestamp() AND (r.status IS NULL OR r.status = 409) THEN
        r.status := 422;
        r.answer := numbers_wrong_field('until', 'must be in the future');
    END IF;
    IF r.status IS NOT NULL THEN
        RETURN QUERY SELECT r.status, r.replayed, r.answer;
        RETURN;
    END IF;
    s := r.s;

    IF p_numbers IS NULL THEN
        SELECT k.id INTO v_sku FROM catalogue_sku k
        WHERE k.group_id = p_group AND k.code = p_sku AND k.metric = 'number';
        IF NOT FOUND THEN
            RETURN QUERY SELECT 422, false, numbers_wrong_field('sku', 'there is no such entitlement');
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

    v_answer := bench_numbers_not_entitled(p_group, p_subscription, v_skus, v_needed);
    IF v_answer IS NOT NULL THEN
        RETURN QUERY SELECT 409, false, v_answer;
        RETURN;
    END IF;

    IF p_numbers IS NOT NULL THEN
        PERFORM FROM numbers_number n WHERE n.e164 = ANY (p_numbers) ORDER BY n.e164 FOR UPDATE;
        v_answer := numbers_unavailable(p_numbers, p_group, p_subscription);
        IF v_answer IS NOT NULL THEN
            RETURN QUERY SELECT 409, false, v_answer;
            RETURN;
        END IF;
    ELSE
        v_picked := CASE WHEN p_contiguous THEN numbers_select_block(v_sku, p_quantity)
                         ELSE bench_numbers_pick(v_sku, p_quantity, p_patient) END;
        IF cardinality(v_picked) < p_quantity THEN
            IF (NOT p_patient AND NOT p_contiguous)
                    OR numbers_enough_free(v_sku, p_quantity, p_contiguous) THEN
                RETURN QUERY SELECT 0, false, NULL::text;
            ELSE
                RETURN QUERY SELECT 409, false, numbers_none_free(v_sku, p_quantity, p_contiguous);
            END IF;
            RETURN;
        END IF;
    END IF;

    PERFORM bench_numbers_consume(v_picked, p_group, p_subscription, p_actor);
    UPDATE numbers_number n
    SET status = p_status, until = p_until, subscription_id = s.id, distributor_id = s.distributor_id,
        reseller_id = s.reseller_id, tenant_id = s.tenant_id
    WHERE n.e164 = ANY (v_picked);
    v_documents := numbers_documents(v_picked);
    PERFORM bench_numbers_record(v_documents, s, p_actor, p_request, 'number.' || p_status);
    v_answer := json_build_object('items', array_to_json(v_documents))::text;
    PERFORM bench_numbers_remember(p_group, p_key, p_fingerprint, 201, v_answer);
    RETURN QUERY SELECT 201, false, v_answer;
END
$$;

CREATE OR REPLACE FUNCTION bench_numbers_consume(
    p_numbers text[], p_group uuid, p_subscription uuid, p_actor text
) RETURNS void
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
        IF bench_ledger_consume(p_group, p_subscription, r.sku_id, 'number', r.holders, p_actor)
           IS NOT NULL THEN
            RAISE EXCEPTION 'an entitlement was consumed under a lock that was held';
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION bench_numbers_not_entitled(
    p_group uuid, p_subscription uuid, p_skus uuid[], p_needed int[]
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_refusals json;
    v_told text;
BEGIN
    PERFORM FROM ledger_balance b
    WHERE b.group_id = p_group AND b.subscription_id = p_subscription AND b.sku_id = ANY (p_skus)
    ORDER BY b.sku_id FOR UPDATE;
    SELECT json_agg(json_build_object(
               'sku', k.code, 'granted', x.granted, 'used', x.used, 'requested', x.needed,
               'missing', x.needed - (x.granted - x.used)) ORDER BY k.code),
           string_agg(format('%s: %s ordered, %s in use; %s more needed.', k.code, x.granted, x.used,
                             x.needed - (x.granted - x.used)), ' ' ORDER BY k.code)
    INTO v_refusals, v_told
    FROM (
        SELECT w.sku_id, w.needed, coalesce(b.granted, 0) AS granted, coalesce(b.used, 0) AS used
        FROM unnest(p_skus, p_needed) AS w(sku_id, needed)
        LEFT JOIN ledger_balance b ON b.group_id = p_group AND b.subscription_id = p_subscription
                                  AND b.sku_id = w.sku_id
        WHERE w.needed > coalesce(b.granted - b.used, 0)
    ) x JOIN catalogue_sku k ON k.id = x.sku_id;
    IF v_refusals IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('code', 'no-entitlement',
        'detail', v_told || ' Release numbers, or order more.', 'refusals', v_refusals)::text;
END
$$;

CREATE OR REPLACE FUNCTION bench_numbers_pick(p_sku uuid, p_quantity int, p_patient boolean) RETURNS text[]
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT p_patient THEN
        RETURN ARRAY(
            SELECT n.e164 FROM numbers_number n
            WHERE n.sku_id BETWEEN p_sku AND p_sku AND n.status = 'free'
            ORDER BY n.sku_id, n.e164 LIMIT p_quantity FOR UPDATE SKIP LOCKED);
    END IF;
    PERFORM numbers_lock_stock(p_sku);
    RETURN ARRAY(
        SELECT n.e164 FROM numbers_number n
        WHERE n.sku_id BETWEEN p_sku AND p_sku AND n.status = 'free'
        ORDER BY n.sku_id, n.e164 LIMIT p_quantity FOR UPDATE);
END
$$;

CREATE OR REPLACE FUNCTION bench_numbers_record(
    p_documents json[], s tenancy_subscription, p_actor text, p_request text, p_type text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_epoch int := events_epoch();
BEGIN
    INSERT INTO events_event
        (epoch, xid, group_id, path, subscription_id, subject, type, actor, data, at)
    SELECT v_epoch, pg_current_xact_id(), s.group_id, s.path, s.id, d ->> 'e164', p_type, p_actor, d,
           clock_timestamp()
    FROM unnest(p_documents) AS d;
    PERFORM bench_numbers_audit(ARRAY(SELECT d ->> 'e164' FROM unnest(p_documents) AS d),
                          s, p_actor, p_request, p_type);
END
$$;

CREATE OR REPLACE FUNCTION bench_numbers_audit(
    p_numbers text[], s tenancy_subscription, p_actor text, p_request text, p_verb text
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO tenancy_auditrecord
        (at, group_id, path, subscription_id, actor, request_id, verb, object_type, object_id,
         detail)
    VALUES (clock_timestamp(), s.group_id, s.path, s.id, p_actor, p_request, p_verb,
            'subscription', s.id::text, json_build_object('numbers', p_numbers))
$$;

CREATE OR REPLACE FUNCTION bench_numbers_remember(
    p_group uuid, p_key text, p_fingerprint bytea, p_status int, p_answer text
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO tenancy_idempotency (group_id, organization_id, key, fingerprint, status, answer, at)
    SELECT p_group, p_group, p_key, p_fingerprint, p_status, p_answer, clock_timestamp()
    WHERE p_key IS NOT NULL
$$;
