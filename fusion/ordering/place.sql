-- Place orders of one group: one round trip, all decided under the locks before the first write.
--
-- p_orders: an array of {id, key?, fingerprint?, subscription_id, external_reference?,
-- effective_at?, lines: [{product_id, action, quantity}]}. The caller has checked the fields, and
-- no key or reference occurs twice. `id` is the id of the new order; `key` the caller's idempotency
-- key and `fingerprint` (hex) the hash of its request.
--
-- Returns one row per order, in their order: status 201 with the order's document, or the status of
-- a refusal with {code, detail, ...}. Each order is atomic; a refused order has written nothing.
-- Locks: names (keys, references), subscriptions by id, balances by subscription and SKU.
--
-- p_preview: judge each order as if it were due now, without locks or writes; returns 200 with
-- {allowed, balances, refusals}, or 404.
CREATE OR REPLACE FUNCTION ordering_place(
    p_group uuid, p_actor text, p_request text, p_orders jsonb, p_preview boolean DEFAULT false
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
-- Planning costs three times as much as execution: plan once per connection. Such a plan may be
-- made while the tables are still empty and stay in use while they grow: it must use the indexes.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    plan ordering_plan;
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
    v_placed int[] := '{}'; v_drawn bigint[];  -- the orders that get a number, and their numbers
    -- by order: its lines, if they are to be judged now
    o_first int[] := array_fill(NULL::int, ARRAY[v_count]);
    o_last int[] := o_first;
    -- by line
    l_order int[]; l_position int[]; l_subscription uuid[]; l_action text[]; l_product uuid[];
    l_revision int[]; l_quantity bigint[]; l_code text[]; l_status text[];
BEGIN
    -- Servers of the previous release pass references and keys uncleaned.
    SELECT array_agg(id), array_agg(kernel_clean(key)), array_agg(fingerprint),
           array_agg(subscription_id), array_agg(kernel_clean(external_reference)),
           array_agg(effective_at)
    INTO v_id, v_key, v_fingerprint, v_subscription, v_reference, v_effective
    FROM jsonb_to_recordset(p_orders) AS x(
        id uuid, key text, fingerprint text, subscription_id uuid, external_reference text,
        effective_at timestamptz);

    IF NOT p_preview THEN
        -- 1. Names: orders with an equal key wait for the first of them, and then find its answer.
        v_names := ARRAY(
            SELECT 'key:' || k FROM unnest(v_key) AS k WHERE k IS NOT NULL UNION ALL
            SELECT 'order:' || e FROM unnest(v_reference) AS e WHERE e IS NOT NULL);
        -- 2. The locks. The statements after this one see what was committed before the locks were
        --    acquired. Only a group places orders: keys and references are its own.
        PERFORM ordering_lock(p_group, p_group, v_names, v_subscription);
    END IF;

    -- 3. Checks of each order alone. Visibility comes before a replay.
    FOR r IN
        SELECT w.o, s.id IS NULL AS unknown, s.status AS subscription_status,
               i.same, i.status AS stored_status, i.answer AS stored_answer,
               taken.id AS taken_by
        FROM unnest(v_subscription, v_key, v_fingerprint, v_reference) WITH ORDINALITY
             AS w(subscription_id, key, fingerprint, reference, o)
        LEFT JOIN tenancy_subscription s ON s.id = w.subscription_id AND s.group_id = p_group
        LEFT JOIN LATERAL (
            SELECT * FROM tenancy_stored_answer(
                p_group, p_group, w.key, decode(w.fingerprint, 'hex'))
            WHERE w.key IS NOT NULL) i ON true
        LEFT JOIN ordering_order taken
               ON taken.group_id = p_group AND taken.external_reference = w.reference
              AND taken.external_reference IS NOT NULL
              AND taken.state IN ('scheduled', 'completed')
    LOOP
        IF r.unknown THEN
            v_status[r.o] := 404;
            v_answer[r.o] := kernel_problem('not-found',
                'The subscription does not exist, or you cannot see it.');
        ELSIF r.same THEN
            v_status[r.o] := r.stored_status;
            v_answer[r.o] := r.stored_answer;
            v_replayed[r.o] := true;
        ELSIF NOT r.same THEN
            v_status[r.o] := 422;
            v_answer[r.o] := kernel_problem('idempotency-key-reused',
                'This idempotency key was already used for another request. Repeat that request, or '
                'use a new key.');
        ELSIF v_effective[r.o] <= kernel_now() THEN
            v_status[r.o] := 422;
            v_answer[r.o] := json_build_object(
                'code', 'invalid-fields',
                'detail', 'effective_at: must be in the future; omit it to order immediately',
                'errors', json_build_array(json_build_object(
                    'field', 'effective_at',
                    'message', 'must be in the future; omit it to order immediately')));
        ELSIF r.subscription_status = 'terminated' THEN
            v_status[r.o] := 409;
            v_answer[r.o] := kernel_problem('subscription-terminated',
                'The subscription is terminated. This is final, and you can no longer order for it.');
        ELSIF r.taken_by IS NOT NULL THEN
            v_status[r.o] := 409;
            v_answer[r.o] := ordering_reference_taken(r.taken_by, p_orders -> (r.o - 1)::int);
        END IF;
    END LOOP;

    -- 4. The lines of the orders that are still valid, with their products as they are now.
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
        -- Also checks orders that are already refused or were placed before: an invisible product
        -- comes first.
        WHERE coalesce(v_status[d.o], 409) <> 404
        ORDER BY d.o, w.position
    ) x;

    FOR l IN 1 .. coalesce(cardinality(l_order), 0) LOOP
        IF l_status[l] IS NULL THEN
            v_status[l_order[l]] := 404;
            v_replayed[l_order[l]] := false;
            v_answer[l_order[l]] := kernel_problem('not-found', format(
                'The product in lines.%s does not exist, or you cannot see it.',
                l_position[l] - 1));
        ELSIF l_status[l] = 'retired' AND l_action[l] = 'add'
              AND v_status[l_order[l]] IS NULL THEN
            v_status[l_order[l]] := 409;
            v_answer[l_order[l]] := kernel_problem('product-retired', format(
                'Product %s is retired: it can be removed but not added. Order another product, or ask '
                'the provider to reactivate this one.', l_code[l]));
        END IF;
    END LOOP;
    FOR l IN 1 .. coalesce(cardinality(l_order), 0) LOOP
        CONTINUE WHEN v_status[l_order[l]] IS NOT NULL
                   OR (v_effective[l_order[l]] IS NOT NULL AND NOT p_preview);
        o_first[l_order[l]] := coalesce(o_first[l_order[l]], l);
        o_last[l_order[l]] := l;
    END LOOP;

    -- 5. Judge.
    plan := ordering_decide(o_first, o_last, coalesce(l_subscription, '{}'), coalesce(l_action, '{}'),
                            l_product, l_revision, l_quantity, NOT p_preview);
    FOR o IN 1 .. v_count LOOP
        IF plan.problem[o] IS NOT NULL THEN
            v_status[o] := 409;
            v_answer[o] := plan.problem[o];
        END IF;
        IF p_preview AND coalesce(v_status[o], 409) = 409 THEN
            v_status[o] := 200;
            v_answer[o] := ordering_preview(v_answer[o]::json, plan.preview[o]);
        ELSIF v_status[o] IS NULL THEN
            v_placed := v_placed || o;
        END IF;
    END LOOP;
    IF cardinality(v_placed) > 0 THEN
        v_drawn := ordering_next_numbers(p_group, cardinality(v_placed));
        FOR i IN 1 .. cardinality(v_placed) LOOP
            v_number[v_placed[i]] := v_drawn[i];
        END LOOP;
    END IF;

    -- 6. Write.
    IF num_nonnulls(VARIADIC v_number) > 0 THEN
        v_now := kernel_now();
        INSERT INTO ordering_order (
            id, number, kind, state, group_id, distributor_id, reseller_id, tenant_id,
            subscription_id, external_reference, placed_by, placed_at, effective_at, completed_at,
            changes, warnings)
        SELECT w.id, w.number, 'change', CASE WHEN w.effective IS NULL THEN 'completed' ELSE 'scheduled' END,
               s.group_id, s.distributor_id, s.reseller_id, s.tenant_id, s.id, w.reference, p_actor,
               v_now, w.effective, CASE WHEN w.effective IS NULL THEN v_now END, w.changes,
               CASE WHEN w.effective IS NOT NULL
                    THEN ordering_warnings(s.id, w.effective, 'change') END
        FROM unnest(v_id, v_number, v_subscription, v_reference, v_effective, plan.changes)
             AS w(id, number, subscription_id, reference, effective, changes)
        JOIN tenancy_subscription s ON s.id = w.subscription_id
        WHERE w.number IS NOT NULL;

        INSERT INTO ordering_orderline
            (order_id, position, action, product_id, revision, quantity, taken)
        SELECT v_id[w.o], w.position, w.action, w.product_id, w.revision, w.quantity, w.taken
        FROM unnest(l_order, l_position, l_action, l_product, l_revision, l_quantity, plan.taken)
             AS w(o, position, action, product_id, revision, quantity, taken)
        WHERE v_number[w.o] IS NOT NULL;

        PERFORM ordering_write(plan, p_group, v_id, v_number, l_position, p_actor, v_now);
        v_answer := ordering_record(v_id, v_number, v_key, v_fingerprint, v_answer,
                                    p_group, p_actor, p_request, v_now);
    END IF;
    RETURN QUERY
        SELECT coalesce(u.s, 201), u.p, u.a FROM unnest(v_status, v_replayed, v_answer) AS u(s, p, a);
END
$$;

-- All locks of orders of a group, in the order that prevents deadlocks: names, the group,
-- subscriptions; balances come later, under their subscription's lock. A caller that places several
-- runs of orders in one transaction takes the locks of all of them first.
CREATE OR REPLACE FUNCTION ordering_lock(
    p_group uuid, p_organization uuid, p_names text[], p_subscription uuid[]
) RETURNS void
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
BEGIN
    IF cardinality(p_names) > 0 THEN
        PERFORM tenancy_lock_names(p_group, p_organization, p_names);
    END IF;
    -- Orders share this lock; removing a product takes it exclusively, to be sure that no order in
    -- progress names the product (migrations/0003_ordered_products_stay.py).
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('ordering:' || p_group::text, 0));
    PERFORM FROM tenancy_subscription s
    WHERE s.id = ANY (p_subscription) AND s.group_id = p_group
    ORDER BY s.id FOR NO KEY UPDATE;
END
$$;

-- The answer of a preview: `refusals` are the balances that prevent the order, or its one reason.
CREATE OR REPLACE FUNCTION ordering_preview(p_problem json, p_balances json) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'allowed', p_problem IS NULL,
        'balances', coalesce(p_balances, '[]'),
        'refusals', CASE WHEN p_problem IS NULL THEN '[]'::json
                         ELSE coalesce(p_problem -> 'refusals', json_build_array(p_problem)) END)::text
$$;

-- Write the events, the audit records and the stored answers of the orders that were placed (those
-- with a number); returns the answers with their documents.
CREATE OR REPLACE FUNCTION ordering_record(
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
         detail, address)
    SELECT p_now, p_group, s.path, s.id, p_actor, split_part(p_request, ' ', 1), 'order.place',
           'order', o.id::text, json_build_object('number', o.number, 'state', o.state),
           nullif(split_part(p_request, ' ', 2), '')
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
