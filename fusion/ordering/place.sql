-- Place orders of one group: one round trip, all decided under the locks before the first write.
--
-- p_calls: an array of {id, actor, request, path, key?, fingerprint?, subscription_id,
-- external_reference?, effective_at?, note?, metadata?, charge_from?, connector?, lines: [{product_id | product_code |
-- product_external_reference, action, quantity, revision?, expected_quantity?,
-- external_reference?}]}, or instead of lines {reverses: order}. The caller has checked the fields, and
-- no key, reference or order to reverse occurs twice.
-- `id` is the id of the new order; `path` that of the caller's organization; `key` the caller's
-- idempotency key and `fingerprint` (hex) the hash of its request.
--
-- Returns one row per order, in their order: status 201 with the order's document, 200 with
-- {unchanged, held} if nothing had to be stored, or the status of a refusal with {code, detail, ...}.
-- Each order is atomic; a refused order has written nothing. Locks: names (keys, references),
-- subscriptions by id, balances by subscription and SKU.
CREATE OR REPLACE FUNCTION ordering_place_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
-- Planning costs three times as much as execution: plan once per connection. Such a plan may be
-- made while the tables are still empty and stay in use while they grow: it must use the indexes.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    c ordering_calls := ordering_read_calls(p_calls);
    l ordering_lines_v3;
    a ordering_answers;
    k ordering_books;
    v ordering_decisions_v2;
    v_effective timestamptz[] := c.effective;  -- by order: its date, if it is scheduled
    v_status int[]; v_answer text[]; v_problem json[]; v_sets boolean;
    v_later boolean[];                         -- by order: whether it is scheduled
    v_first int[]; v_last int[];               -- by order: its lines, if they are to be judged
    v_placed int[] := '{}'; v_drawn bigint[];  -- the orders that get a number, and their numbers
    v_number bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(c.id)]);
BEGIN
    -- Orders with an equal key wait for the first of them. The statements after this one see what
    -- was committed before the locks were acquired.
    PERFORM access_lock(p_group, c.path, c.subscription, c.key, c.name, ordering_gate(p_group));
    IF p_calls @? '$[*].reverses' THEN p_calls := ordering_read_reversals(p_group, p_calls); END IF;
    l := ordering_requested_lines(p_group, p_calls, c.subscription);
    a := ordering_check(p_group, p_calls, c, l);
    IF num_nonnulls(VARIADIC v_effective) > 0 THEN
        c := ordering_scheduled(c); v_effective := c.effective;
    END IF;
    v_status := a.status; v_answer := a.answer; v_sets := 'set' = ANY (l.action);
    v_first := array_fill(NULL::int, ARRAY[cardinality(c.id)]); v_last := v_first;
    FOR i IN 1 .. coalesce(cardinality(l.action), 0) LOOP
        CONTINUE WHEN v_status[l."order"[i]] IS NOT NULL;
        IF v_effective[l."order"[i]] IS NOT NULL THEN v_later[l."order"[i]] := true; END IF;
        v_first[l."order"[i]] := coalesce(v_first[l."order"[i]], i);
        v_last[l."order"[i]] := i;
    END LOOP;

    k := ordering_read_books(p_group, v_first, l, true);
    v := ordering_decide(l, k, v_first, v_last, v_later, false);
    IF v_later IS NOT NULL THEN v := ordering_not_done(l, v, v_later); END IF;
    v_problem := v.problem;
    FOR o IN 1 .. cardinality(v_status) LOOP
        IF v_problem[o] IS NOT NULL THEN
            v_status[o] := 409;
            v_answer[o] := v_problem[o];
        ELSIF v_sets AND v_status[o] IS NULL AND ordering_is_without_effect(c, l, v, o) THEN
            v_status[o] := 200;
            v_answer[o] := ordering_unchanged(l, v, o);
        ELSIF v_status[o] IS NULL THEN
            v_placed := v_placed || o;
        END IF;
    END LOOP;
    IF cardinality(v_placed) > 0 THEN
        v_drawn := ordering_next_numbers(p_group, cardinality(v_placed));
        FOR i IN 1 .. cardinality(v_placed) LOOP
            v_number[v_placed[i]] := v_drawn[i];
        END LOOP;
        v_answer := ordering_write_placed(p_group, p_calls, c, l, k, v, v_number, v_answer);
    END IF;
    FOR o IN 1 .. cardinality(v_status) LOOP
        status := coalesce(v_status[o], 201);
        replayed := coalesce(a.replayed[o], false);
        answer := v_answer[o];
        RETURN NEXT;
    END LOOP;
END
$$;

-- The decisions, where the lines of scheduled orders have not found or taken anything yet.
CREATE OR REPLACE FUNCTION ordering_not_done(
    l ordering_lines_v3, v ordering_decisions_v2, p_later boolean[]
) RETURNS ordering_decisions_v2
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    FOR i IN 1 .. cardinality(l.action) LOOP
        CONTINUE WHEN p_later[l."order"[i]] IS NOT TRUE;
        v.held[i] := NULL; v.taken[i] := NULL;
    END LOOP;
    RETURN v;
END
$$;

-- Whether an order needs no row: it only sets quantities that are held already, at once (its date may be
-- past), and nobody can ask for it by its key or by a reference.
CREATE OR REPLACE FUNCTION ordering_is_without_effect(
    c ordering_calls, l ordering_lines_v3, v ordering_decisions_v2, o int
) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT num_nonnulls(c.key[o], c.reference[o], c.effective[o]) = 0 AND NOT EXISTS (
        SELECT FROM unnest(l."order", l.action, l.quantity, v.held, l.reference)
             AS w(o_, action, quantity, held, reference)
        WHERE w.o_ = o AND (w.held IS DISTINCT FROM w.quantity OR w.reference IS NOT NULL))
$$;

-- The answer to such an order: the quantity held; of several products, also by product.
CREATE OR REPLACE FUNCTION ordering_unchanged(l ordering_lines_v3, v ordering_decisions_v2, o int)
RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN count(*) = 1
                THEN json_build_object('unchanged', true, 'held', min(w.held))
                ELSE json_build_object('unchanged', true, 'held', NULL, 'holdings', json_agg(
                    json_build_object('product_id', w.product, 'product_code', w.code, 'held', w.held)
                    ORDER BY w.position)) END
    FROM unnest(l."order", l.position, l.product, l.code, v.held)
         AS w(o_, position, product, code, held)
    WHERE w.o_ = o
$$;

-- The gate that orders of a group share. Removing a product takes it exclusively, to be sure that no
-- order in progress names the product (migrations/0003_ordered_products_stay.py).
CREATE OR REPLACE FUNCTION ordering_gate(p_group uuid) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT 'ordering:' || p_group::text
$$;
