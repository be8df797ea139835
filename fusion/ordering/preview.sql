-- Previews: what orders would do, without locks, writes or promises. Keys are not looked up.

-- Preview orders in turn, each as if those before it had been placed. p_calls as in ordering_place_v2, without
-- `id`, `key` and `fingerprint`. Returns one row per order: status 200 with {allowed, balances, holdings,
-- warnings, refusals, when_due}, or the status of a refusal that names a wrong or invisible field.
CREATE OR REPLACE FUNCTION ordering_preview_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    c ordering_calls := ordering_read_calls(p_calls);
    v_at timestamptz[] := (ordering_scheduled(c)).effective;  -- by order: its date, if it would be scheduled
    l ordering_lines_v3;
    a ordering_answers;
    v_first int[] := array_fill(NULL::int, ARRAY[cardinality(c.subscription)]); v_last int[] := v_first;
    v_now json[] := array_fill(NULL::json, ARRAY[cardinality(v_first)]);
    v_due json[] := v_now; v_after json[] := v_now;
    v_placed boolean[];  -- by order: whether it would be placed
    r record;
BEGIN
    p_calls := ordering_read_reversals(p_group, p_calls);
    l := ordering_requested_lines(p_group, p_calls, c.subscription);
    a := ordering_check(p_group, p_calls, c, l);
    FOR i IN 1 .. cardinality(l.action) LOOP
        CONTINUE WHEN a.status[l."order"[i]] IS NOT NULL;
        v_first[l."order"[i]] := coalesce(v_first[l."order"[i]], i); v_last[l."order"[i]] := i;
    END LOOP;
    FOR r IN SELECT * FROM ordering_judge_now(p_group, c, l, a, v_first, v_last, v_at) LOOP
        v_now[r.nth] := r.answer; v_placed[r.nth] := r.placed;
    END LOOP;
    FOR r IN SELECT * FROM ordering_judge_dated(p_group, p_calls, c, l, v_first, v_last, v_at, v_placed) LOOP
        v_due[r.nth] := r.due; v_after[r.nth] := r.after;
    END LOOP;
    FOR o IN 1 .. cardinality(v_first) LOOP
        IF a.status[o] <> 409 THEN
            status := a.status[o]; answer := a.answer[o];
        ELSE
            status := 200;
            answer := json_build_object(
                'allowed', v_now[o] -> 'allowed',
                'balances', CASE WHEN v_after[o] IS NULL THEN v_now[o] -> 'balances'
                                 ELSE ordering_preview_pending(v_now[o] -> 'balances', v_after[o]) END,
                'holdings', v_now[o] -> 'holdings', 'warnings', v_now[o] -> 'warnings',
                'refusals', v_now[o] -> 'refusals', 'when_due', v_due[o]);
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Judge orders in turn as if they were due now; by order: {allowed, balances, holdings, warnings, refusals}, and
-- whether it would be placed, NULL if its quantities do not matter. What is scheduled is placed in any case, and
-- changes nothing now.
CREATE OR REPLACE FUNCTION ordering_judge_now(
    p_group uuid, c ordering_calls, l ordering_lines_v3, a ordering_answers, p_first int[], p_last int[],
    p_at timestamptz[]
) RETURNS TABLE (nth int, answer json, placed boolean)
LANGUAGE plpgsql AS $$
DECLARE
    k ordering_books := ordering_read_books(p_group, p_first, l, false);
    v ordering_decisions_v2;
    v_problem json; v_holdings json;
    v_references text[] := '{}';  -- of the orders that would be placed
    v_none CONSTANT bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(p_first)]);
    v_number bigint[];
BEGIN
    FOR o IN 1 .. cardinality(p_first) LOOP
        CONTINUE WHEN a.status[o] <> 409;
        v_problem := a.answer[o]::json; v := NULL; v_holdings := '[]';
        IF v_problem IS NULL AND c.reference[o] = ANY (v_references) THEN
            v_problem := kernel_problem('external-reference-taken', format(
                'An order before it in this batch has the external reference %s.', c.reference[o]));
        ELSIF v_problem IS NULL THEN
            v := ordering_decide(l, k, p_first[o:o], p_last[o:o], NULL, true);
            v_problem := v.problem[1];
            v_holdings := ordering_effects_on_holdings(l, k, v, p_first[o], p_last[o], v_problem IS NULL);
        END IF;
        nth := o;
        placed := CASE WHEN v.changes IS NOT NULL THEN v_problem IS NULL OR p_at[o] IS NOT NULL END;
        v_number := v_none; v_number[o] := 0;
        answer := json_build_object(
            'allowed', v_problem IS NULL,
            'balances', coalesce(v.preview[1], '[]'),
            'holdings', v_holdings,
            'warnings', coalesce(ordering_join_warnings(
                ordering_late(c.effective[o], kernel_now()),
                CASE WHEN 'set' = ANY (l.action[p_first[o]:p_last[o]]) THEN (
                    SELECT json_build_array(w) FROM ordering_pending(p_group, c, l, v_number, o) AS w
                    WHERE w IS NOT NULL) END), '[]'),
            'refusals', ordering_refusals_of(v_problem));
        RETURN NEXT;
        CONTINUE WHEN placed IS NOT TRUE;
        v_references := v_references || c.reference[o];
        IF p_at[o] IS NULL THEN k := ordering_advance(k, v); END IF;
    END LOOP;
END
$$;

-- The refusals that a preview shows: the balances that prevent the order, or its one reason.
CREATE OR REPLACE FUNCTION ordering_refusals_of(p_problem json) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_problem IS NULL THEN '[]'::json
                ELSE coalesce(p_problem -> 'refusals', json_build_array(p_problem)) END
$$;

-- The balances of a preview, with what is granted once all that is scheduled has been carried out too;
-- p_after: SKU code → granted, {} if that is unknown.
CREATE OR REPLACE FUNCTION ordering_preview_pending(p_balances json, p_after json) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(json_agg(json_build_object(
        'sku', w.sku, 'granted_before', w.granted_before, 'granted_after', w.granted_after,
        'granted_after_pending', p_after -> w.sku, 'used', w.used) ORDER BY w.sku), '[]')
    FROM json_to_recordset(p_balances) AS w(
        sku text, granted_before bigint, granted_after bigint, used bigint)
$$;
