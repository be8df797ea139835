-- The yardstick of `make bench`: how the first release placed an order, carried over to the columns
-- of now and nothing else. `ratio` is measured against it, so that a function that gets dearer cannot
-- hide; `ratio_now` against the function that serves. Only the names have `bench_` in front.
DROP TYPE IF EXISTS bench_ordering_plan CASCADE;
CREATE TYPE bench_ordering_plan AS (
    problem json[],
    preview json[],
    changes json[],
    taken json[],
    entry_order int[], entry_line int[], entry_balance int[],
    entry_quantity bigint[],
    entry_sequence bigint[], entry_granted bigint[],
    balance_subscription uuid[], balance_sku uuid[], balance_code text[], balance_type text[],
    balance_metric text[], balance_before bigint[], balance_granted bigint[], balance_used bigint[],
    balance_first bigint[], balance_sequence bigint[],
    holding_subscription uuid[], holding_product uuid[], holding_revision int[],
    holding_before bigint[], holding_quantity bigint[]
);

CREATE OR REPLACE FUNCTION bench_tenancy_lock_names(p_group uuid, p_names text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(p_names) > 2 THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('bench_tenancy_lock_names', pg_backend_pid() % 3));
    END IF;
    PERFORM pg_advisory_xact_lock(l.lock)
    FROM (SELECT DISTINCT hashtextextended(p_group::text || name, 0) AS lock
          FROM unnest(p_names) AS name WHERE name IS NOT NULL
          ORDER BY 1) l;
END
$$;

CREATE OR REPLACE FUNCTION bench_ordering_write(
    plan bench_ordering_plan, p_group uuid, p_order uuid[], p_number bigint[], p_position int[],
    p_actor text, p_now timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_entry (
        group_id, subscription_id, sku_id, sequence, kind, quantity, granted_after, used_after,
        order_id, order_number, order_position, actor, at)
    SELECT p_group, plan.balance_subscription[e.balance], plan.balance_sku[e.balance], e.sequence,
           CASE WHEN e.quantity > 0 THEN 'grant' ELSE 'revoke' END, abs(e.quantity), e.granted,
           plan.balance_used[e.balance], p_order[e.o], p_number[e.o], p_position[e.line],
           p_actor, p_now
    FROM unnest(plan.entry_order, plan.entry_line, plan.entry_balance, plan.entry_quantity,
                plan.entry_sequence, plan.entry_granted)
         AS e(o, line, balance, quantity, sequence, granted);
    INSERT INTO ledger_balance (
        subscription_id, sku_id, group_id, sku, type, metric, granted, used, sequence)
    SELECT b.subscription_id, b.sku_id, p_group, b.code, b.type, b.metric, b.granted, b.used,
           b.sequence
    FROM unnest(plan.balance_subscription, plan.balance_sku, plan.balance_code, plan.balance_type,
                plan.balance_metric, plan.balance_granted, plan.balance_used, plan.balance_first,
                plan.balance_sequence)
         AS b(subscription_id, sku_id, code, type, metric, granted, used, first, sequence)
    WHERE b.sequence <> b.first
    ON CONFLICT (group_id, subscription_id, sku_id)
    DO UPDATE SET granted = excluded.granted, sequence = excluded.sequence;
    INSERT INTO ordering_holding (group_id, subscription_id, product_id, revision, quantity)
    SELECT p_group, h.subscription_id, h.product_id, h.revision, h.quantity
    FROM unnest(plan.holding_subscription, plan.holding_product, plan.holding_revision,
                plan.holding_before, plan.holding_quantity)
         AS h(subscription_id, product_id, revision, before, quantity)
    WHERE h.quantity <> h.before
    ON CONFLICT (group_id, subscription_id, product_id, revision) DO UPDATE SET quantity = excluded.quantity;
    PERFORM ledger_emit_crossed(b.subscription_id, b.sku_id, p_actor, b.before, b.used)
    FROM unnest(plan.balance_subscription, plan.balance_sku, plan.balance_before,
                plan.balance_granted, plan.balance_used)
         AS b(subscription_id, sku_id, before, granted, used)
    WHERE b.used > 0 AND b.granted < b.before;
END
$$;

CREATE OR REPLACE FUNCTION bench_ordering_place(
    p_group uuid, p_actor text, p_request text, p_orders jsonb, p_preview boolean DEFAULT false
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    plan bench_ordering_plan;
    r record;
    v_count int := jsonb_array_length(p_orders);
    v_now timestamptz;
    v_names text[];
    v_id uuid[]; v_key text[]; v_fingerprint text[]; v_subscription uuid[]; v_reference text[];
    v_effective timestamptz[];
    v_status int[] := array_fill(NULL::int, ARRAY[v_count]);
    v_replayed boolean[] := array_fill(false, ARRAY[v_count]);
    v_answer text[] := array_fill(NULL::text, ARRAY[v_count]);
    v_number bigint[] := array_fill(NULL::bigint, ARRAY[v_count]);
    o_first int[] := array_fill(NULL::int, ARRAY[v_count]);
    o_last int[] := o_first;
    l_order int[]; l_position int[]; l_subscription uuid[]; l_action text[]; l_product uuid[];
    l_revision int[]; l_quantity bigint[]; l_code text[]; l_status text[];
BEGIN
    SELECT array_agg(id), array_agg(key), array_agg(fingerprint), array_agg(subscription_id),
           array_agg(external_reference), array_agg(effective_at)
    INTO v_id, v_key, v_fingerprint, v_subscription, v_reference, v_effective
    FROM jsonb_to_recordset(p_orders) AS x(
        id uuid, key text, fingerprint text, subscription_id uuid, external_reference text,
        effective_at timestamptz);
    IF NOT p_preview THEN
        v_names := ARRAY(
            SELECT 'key:' || k FROM unnest(v_key) AS k WHERE k IS NOT NULL UNION ALL
            SELECT 'order:' || e FROM unnest(v_reference) AS e WHERE e IS NOT NULL);
        PERFORM bench_ordering_lock(p_group, v_names, v_subscription);
    END IF;
    FOR r IN
        SELECT w.o, s.id IS NULL AS unknown, s.status AS subscription_status,
               encode(i.fingerprint, 'hex') AS fingerprint, i.status AS stored_status,
               i.answer AS stored_answer, taken.number AS taken_by
        FROM unnest(v_subscription, v_key, v_reference) WITH ORDINALITY
             AS w(subscription_id, key, reference, o)
        LEFT JOIN tenancy_subscription s ON s.id = w.subscription_id AND s.group_id = p_group
        LEFT JOIN tenancy_idempotency i ON i.group_id = p_group AND i.key = w.key
        LEFT JOIN ordering_order taken
               ON taken.group_id = p_group AND taken.external_reference = w.reference
              AND taken.external_reference IS NOT NULL
              AND taken.state IN ('scheduled', 'completed')
    LOOP
        IF r.unknown THEN
            v_status[r.o] := 404;
            v_answer[r.o] := kernel_problem('not-found',
                'There is no such subscription, or it is not visible to you.');
        ELSIF r.fingerprint = v_fingerprint[r.o] THEN
            v_status[r.o] := r.stored_status;
            v_answer[r.o] := r.stored_answer;
            v_replayed[r.o] := true;
        ELSIF r.fingerprint IS NOT NULL THEN
            v_status[r.o] := 422;
            v_answer[r.o] := kernel_problem('idempotency-key-reused', 'This idempotency key was '
                'already used for another request. Send that request again, or take a new key.');
        ELSIF v_effective[r.o] <= clock_timestamp() THEN
            v_status[r.o] := 422;
            v_answer[r.o] := json_build_object(
                'code', 'invalid-fields',
                'detail', 'effective_at: must be in the future; leave it out to order at once',
                'errors', json_build_array(json_build_object(
                    'field', 'effective_at',
                    'message', 'must be in the future; leave it out to order at once')));
        ELSIF r.subscription_status = 'terminated' THEN
            v_status[r.o] := 409;
            v_answer[r.o] := kernel_problem('subscription-terminated',
                'The subscription is terminated; that is final, nothing can be ordered for it.');
        ELSIF r.taken_by IS NOT NULL THEN
            v_status[r.o] := 409;
            v_answer[r.o] := kernel_problem('external-reference-taken', format(
                'Order %s already carries the external reference %s; it is free again only when '
                'that order fails or is cancelled.', r.taken_by, v_reference[r.o]));
        END IF;
    END LOOP;
    SELECT array_agg(x.o), array_agg(x.position), array_agg(v_subscription[x.o]),
           array_agg(x.action), array_agg(x.product_id), array_agg(x.revision),
           array_agg(x.quantity), array_agg(x.code), array_agg(x.status)
    INTO l_order, l_position, l_subscription, l_action, l_product, l_revision, l_quantity,
         l_code, l_status
    FROM (
        SELECT d.o::int AS o, w.position::int AS position, w.line ->> 'action' AS action,
               (w.line ->> 'product_id')::uuid AS product_id,
               (w.line ->> 'quantity')::bigint AS quantity,
               CASE w.line ->> 'action' WHEN 'add' THEN p.revision END AS revision,
               p.code, p.status
        FROM jsonb_array_elements(p_orders) WITH ORDINALITY AS d(doc, o)
        CROSS JOIN jsonb_array_elements(d.doc -> 'lines') WITH ORDINALITY AS w(line, position)
        LEFT JOIN catalogue_product p
               ON p.id = (w.line ->> 'product_id')::uuid AND p.group_id = p_group
        WHERE coalesce(v_status[d.o], 409) IN (409, 422)
        ORDER BY d.o, w.position
    ) x;
    FOR l IN 1 .. coalesce(cardinality(l_order), 0) LOOP
        IF l_status[l] IS NULL THEN
            v_status[l_order[l]] := 404;
            v_answer[l_order[l]] := kernel_problem('not-found', format(
                'There is no such product (lines.%s), or it is not visible to you.',
                l_position[l] - 1));
        ELSIF l_status[l] = 'retired' AND l_action[l] = 'add'
              AND v_status[l_order[l]] IS NULL THEN
            v_status[l_order[l]] := 409;
            v_answer[l_order[l]] := kernel_problem('product-retired', format(
                'Product %s is retired: what is held can be removed, but nothing added. Order '
                'another product, or have this one reactivated.', l_code[l]));
        END IF;
    END LOOP;
    FOR l IN 1 .. coalesce(cardinality(l_order), 0) LOOP
        CONTINUE WHEN v_status[l_order[l]] IS NOT NULL
                   OR (v_effective[l_order[l]] IS NOT NULL AND NOT p_preview);
        o_first[l_order[l]] := coalesce(o_first[l_order[l]], l);
        o_last[l_order[l]] := l;
    END LOOP;
    plan := bench_ordering_decide(p_group, o_first, o_last, coalesce(l_subscription, '{}'), coalesce(l_action, '{}'),
                            l_product, l_revision, l_quantity, NOT p_preview);
    FOR o IN 1 .. v_count LOOP
        IF plan.problem[o] IS NOT NULL THEN
            v_status[o] := 409;
            v_answer[o] := plan.problem[o];
        END IF;
        IF p_preview AND coalesce(v_status[o], 409) = 409 THEN
            v_status[o] := 200;
            v_answer[o] := bench_ordering_preview(v_answer[o]::json, plan.preview[o]);
        ELSIF v_status[o] IS NULL THEN
            v_number[o] := (ordering_next_numbers(p_group, 1))[1];
        END IF;
    END LOOP;
    IF num_nonnulls(VARIADIC v_number) > 0 THEN
        v_now := clock_timestamp();
        INSERT INTO ordering_order (
            id, number, kind, state, group_id, distributor_id, reseller_id, tenant_id,
            subscription_id, external_reference, placed_by, placed_at, effective_at, completed_at,
            changes)
        SELECT w.id, w.number, 'change', CASE WHEN w.effective IS NULL THEN 'completed' ELSE 'scheduled' END,
               s.group_id, s.distributor_id, s.reseller_id, s.tenant_id, s.id, w.reference, p_actor,
               v_now, w.effective, CASE WHEN w.effective IS NULL THEN v_now END, w.changes
        FROM unnest(v_id, v_number, v_subscription, v_reference, v_effective, plan.changes)
             AS w(id, number, subscription_id, reference, effective, changes)
        JOIN tenancy_subscription s ON s.id = w.subscription_id
        WHERE w.number IS NOT NULL;
        INSERT INTO ordering_orderline
            (group_id, order_id, position, action, product_id, revision, quantity, taken)
        SELECT p_group, v_id[w.o], w.position, w.action, w.product_id, w.revision, w.quantity, w.taken
        FROM unnest(l_order, l_position, l_action, l_product, l_revision, l_quantity, plan.taken)
             AS w(o, position, action, product_id, revision, quantity, taken)
        WHERE v_number[w.o] IS NOT NULL;
        PERFORM bench_ordering_write(plan, p_group, v_id, v_number, l_position, p_actor, v_now);
        v_answer := bench_ordering_record(v_id, v_number, v_key, v_fingerprint, v_answer,
                                    p_group, p_actor, p_request, v_now);
    END IF;
    RETURN QUERY
        SELECT coalesce(u.s, 201), u.p, u.a FROM unnest(v_status, v_replayed, v_answer) AS u(s, p, a);
END
$$;

CREATE OR REPLACE FUNCTION bench_ordering_lock(
    p_group uuid, p_names text[], p_subscription uuid[]
) RETURNS void
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
BEGIN
    IF cardinality(p_names) > 0 THEN
        PERFORM bench_tenancy_lock_names(p_group, p_names);
    END IF;
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('ordering:' || p_group::text, 0));
    PERFORM FROM tenancy_subscription s
    WHERE s.id = ANY (p_subscription) AND s.group_id = p_group
    ORDER BY s.id FOR NO KEY UPDATE;
END
$$;

CREATE OR REPLACE FUNCTION bench_ordering_preview(p_problem json, p_balances json) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'allowed', p_problem IS NULL,
        'balances', coalesce(p_balances, '[]'),
        'refusals', CASE WHEN p_problem IS NULL THEN '[]'::json
                         ELSE coalesce(p_problem -> 'refusals', json_build_array(p_problem)) END)::text
$$;

CREATE OR REPLACE FUNCTION bench_ordering_record(
    p_id uuid[], p_number bigint[], p_key text[], p_fingerprint text[], p_answer text[],
    p_group uuid, p_actor text, p_request text, p_now timestamptz
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    v_answer text[];
    v_epoch int := events_epoch();
BEGIN
    SELECT array_agg(CASE WHEN w.number IS NULL THEN w.answer ELSE d.document::text END ORDER BY w.o)
    INTO v_answer
    FROM unnest(p_id, p_number, p_answer) WITH ORDINALITY AS w(id, number, answer, o)
    LEFT JOIN ordering_document d ON d.id = w.id;
    INSERT INTO events_event
        (epoch, xid, group_id, path, subscription_id, subject, type, actor, data, at)
    SELECT v_epoch, pg_current_xact_id(), p_group, s.path, s.id, o.id::text, 'order.' || o.state,
           p_actor, w.answer::json, p_now
    FROM unnest(p_id, p_number, v_answer) WITH ORDINALITY AS w(id, number, answer, position)
    JOIN ordering_order o ON o.id = w.id
    JOIN tenancy_subscription s ON s.id = o.subscription_id
    WHERE w.number IS NOT NULL
    ORDER BY w.position;
    INSERT INTO tenancy_auditrecord
        (at, group_id, path, subscription_id, actor, request_id, verb, object_type, object_id,
         detail)
    SELECT p_now, p_group, s.path, s.id, p_actor, p_request, 'order.place', 'order', o.id::text,
           json_build_object('number', o.number, 'state', o.state)
    FROM unnest(p_id, p_number) AS w(id, number)
    JOIN ordering_order o ON o.id = w.id
    JOIN tenancy_subscription s ON s.id = o.subscription_id
    WHERE w.number IS NOT NULL;
    INSERT INTO tenancy_idempotency
        (group_id, organization_id, key, fingerprint, status, answer, at)
    SELECT p_group, p_group, w.key, decode(w.fingerprint, 'hex'), 201, w.answer, p_now
    FROM unnest(p_key, p_fingerprint, p_number, v_answer) AS w(key, fingerprint, number, answer)
    WHERE w.key IS NOT NULL AND w.number IS NOT NULL;
    RETURN v_answer;
END
$$;
