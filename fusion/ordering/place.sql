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
    v_path CONSTANT text[] := array_fill(replace(p_group::text, '-', '') || '/', ARRAY[v_count]);
    v_id uuid[]; v_key text[]; v_fingerprint bytea[]; v_subscription uuid[]; v_reference text[];
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
    SELECT array_agg(id), array_agg(kernel_clean(key)), array_agg(decode(fingerprint, 'hex')),
           array_agg(subscription_id), array_agg(kernel_clean(external_reference)),
           array_agg(effective_at)
    INTO v_id, v_key, v_fingerprint, v_subscription, v_reference, v_effective
    FROM jsonb_to_recordset(p_orders) AS x(
        id uuid, key text, fingerprint text, subscription_id uuid, external_reference text,
        effective_at timestamptz);

    IF NOT p_preview THEN
        -- 1. The locks: orders with an equal key wait for the first of them. The statements after
        --    this one see what was committed before the locks were acquired.
        PERFORM ordering_lock(p_group, v_path, v_subscription, v_key, v_reference);
    END IF;

    -- 2. Checks of each order alone. Visibility comes before a replay.
    FOR r IN
        SELECT f.nth AS o, (f.s).status AS subscription_status, f.status, f.replayed, f.answer,
               taken.id AS taken_by
        FROM access_find(p_group, v_path, v_subscription, v_key, v_fingerprint) f
        LEFT JOIN ordering_order taken
               ON taken.group_id = p_group AND taken.external_reference = v_reference[f.nth]
              AND taken.external_reference IS NOT NULL
              AND taken.state IN ('scheduled', 'completed')
    LOOP
        IF r.status IS NOT NULL THEN
            v_status[r.o] := r.status;
            v_replayed[r.o] := r.replayed;
            v_answer[r.o] := r.answer;
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

    -- 3. The lines of the orders that are still valid, with their products as they are now.
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

    -- 4. Judge.
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

    -- 5. Write.
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
            (group_id, order_id, position, action, product_id, revision, quantity, taken)
        SELECT p_group, v_id[w.o], w.position, w.action, w.product_id, w.revision, w.quantity, w.taken
        FROM unnest(l_order, l_position, l_action, l_product, l_revision, l_quantity, plan.taken)
             AS w(o, position, action, product_id, revision, quantity, taken)
        WHERE v_number[w.o] IS NOT NULL;

        PERFORM ordering_write(plan, p_group, v_id, v_number, l_position, p_actor, v_now);
        v_answer := ordering_record(v_id, v_number, v_path, v_key, v_fingerprint, v_answer,
                                    p_group, p_actor, p_request, v_now);
    END IF;
    RETURN QUERY
        SELECT coalesce(u.s, 201), u.p, u.a FROM unnest(v_status, v_replayed, v_answer) AS u(s, p, a);
END
$$;

-- Take all locks of orders of a group: see access_lock. The arrays are by order. A caller that
-- places several runs of orders in one transaction takes the locks of all of them first.
CREATE OR REPLACE FUNCTION ordering_lock(
    p_group uuid, p_path text[], p_subscription uuid[], p_key text[], p_reference text[]
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Orders share the gate; removing a product takes it exclusively, to be sure that no order in
    -- progress names the product (migrations/0003_ordered_products_stay.py).
    PERFORM access_lock(p_group, p_path, p_subscription, p_key,
                        ARRAY(SELECT 'order:' || e FROM unnest(p_reference) AS e WHERE e IS NOT NULL),
                        'ordering:' || p_group);
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
    p_id uuid[], p_number bigint[], p_path text[], p_key text[], p_fingerprint bytea[],
    p_answer text[], p_group uuid, p_actor text, p_request text, p_now timestamptz
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    v_answer text[];
    v_facts events_fact[];
    v_records access_record[];
    v_answers access_answer[];
BEGIN
    SELECT array_agg(CASE WHEN w.number IS NULL THEN w.answer ELSE d.document::text END ORDER BY w.nth),
           array_agg(ordering_fact(o, s.path, d.document, p_actor) ORDER BY w.nth)
               FILTER (WHERE w.number IS NOT NULL),
           array_agg(ordering_audited(o, s.path, p_actor, p_request, 'order.place') ORDER BY w.nth)
               FILTER (WHERE w.number IS NOT NULL),
           array_agg(ROW(w.path, w.key, w.fingerprint, 201, d.document::text)::access_answer)
               FILTER (WHERE w.key IS NOT NULL AND w.number IS NOT NULL)
    INTO v_answer, v_facts, v_records, v_answers
    FROM unnest(p_id, p_number, p_path, p_key, p_fingerprint, p_answer) WITH ORDINALITY
         AS w(id, number, path, key, fingerprint, answer, nth)
    LEFT JOIN ordering_order o ON o.id = w.id
    LEFT JOIN ordering_document d ON d.id = w.id
    LEFT JOIN tenancy_subscription s ON s.id = o.subscription_id;
    PERFORM access_finish(p_group, p_now, v_facts, v_records, v_answers);
    RETURN v_answer;
END
$$;
