-- Previews for a date: what an order would do on its date, after all that is due before it.

-- For the orders of a call that are judged (p_placed not NULL), by subscription and in turn together with what is
-- scheduled for it: `due`, what an order with a date does then, and `after`, SKU code → what is granted once
-- everything has been carried out ({} if that is unknown; NULL without anything else). No row where nothing is
-- scheduled. p_placed: by order, whether it would be placed: the others change nothing. The next thousand scheduled
-- orders are judged.
CREATE OR REPLACE FUNCTION ordering_judge_dated(
    p_group uuid, p_calls jsonb, c ordering_calls, l ordering_lines_v3, p_first int[], p_last int[],
    p_at timestamptz[], p_placed boolean[]
) RETURNS TABLE (nth int, due json, after json)
LANGUAGE plpgsql AS $$
DECLARE
    v_most CONSTANT int := 1000;
    v_ends timestamptz[]; v_reverses uuid[];
    v_next ordering_order[]; v_orders ordering_order[];
    v_subscription uuid; v_all int[]; v_elements int[];
    g ordering_course;
    v_problem json[]; v_changes json[]; v_balances json[]; v_holdings json[];
    v_failed int; v_end int;  -- the steps that fail and that terminate, or beyond all
    v_after json; i int;
BEGIN
    FOR o IN 1 .. cardinality(p_first) LOOP
        v_ends[o] := p_calls -> o - 1 ->> 'ends_at'; v_reverses[o] := p_calls -> o - 1 ->> 'reverses';
    END LOOP;
    FOR v_subscription, v_all IN
        SELECT w.subscription, array_agg(w.o ORDER BY w.o)
        FROM unnest(c.subscription, p_placed) WITH ORDINALITY AS w(subscription, placed, o)
        WHERE w.placed IS NOT NULL GROUP BY w.subscription
    LOOP
        v_next := ordering_next_orders(p_group, v_subscription, v_most + 1);
        v_orders := v_next[:v_most];
        v_elements := ARRAY(SELECT e FROM unnest(v_all) AS e WHERE p_placed[e]);
        CONTINUE WHEN cardinality(v_orders) = 0 AND NOT EXISTS (
            SELECT FROM unnest(v_elements) AS e WHERE num_nonnulls(p_at[e], v_ends[e]) > 0);
        g := ordering_plan_course(v_orders, v_elements, l, p_first, p_last, p_at, v_ends, v_reverses);
        SELECT array_agg(w.problem ORDER BY w.step), array_agg(w.changes ORDER BY w.step),
               array_agg(w.balances ORDER BY w.step), array_agg(w.holdings ORDER BY w.step)
        INTO v_problem, v_changes, v_balances, v_holdings
        FROM ordering_foresee(p_group, g) w;
        v_failed := ordering_first_failure(g, v_problem);
        v_end := coalesce(array_position(g.kind, 'termination'), cardinality(g.kind) + 1);
        v_after := ordering_granted_finally(
            p_group, v_subscription, v_changes, v_end <= cardinality(g.kind),
            v_failed <= cardinality(g.kind) OR v_end > cardinality(g.kind) AND v_next[v_most + 1].id IS NOT NULL);
        FOREACH nth IN ARRAY v_all LOOP
            due := NULL;
            after := CASE WHEN g.element = ARRAY[nth] THEN NULL WHEN p_placed[nth] THEN v_after ELSE '{}' END;
            IF p_at[nth] IS NOT NULL THEN
                i := (SELECT w.step FROM unnest(g.element, g.is_end) WITH ORDINALITY AS w(element, is_end, step)
                      WHERE w.element = nth AND NOT w.is_end);
                due := ordering_when_due(
                    i, p_at[nth], g, v_orders, v_next[v_most + 1], v_problem, v_changes[i], v_balances[i],
                    v_holdings[i], v_failed, v_end);
            END IF;
            RETURN NEXT;
        END LOOP;
    END LOOP;
END
$$;

-- The preview of one step of a course: {allowed, balances, holdings, refusals, counted, counted_orders,
-- unknown_from}. p_beyond: the first scheduled order that is not in the course, if any.
CREATE OR REPLACE FUNCTION ordering_when_due(
    p_step int, p_date timestamptz, g ordering_course, p_orders ordering_order[], p_beyond ordering_order,
    p_problem json[], p_changes json, p_balances json, p_holdings json, p_failed int, p_end int
) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_ended CONSTANT boolean := p_step > p_end;
    v_unknown CONSTANT json := CASE
        WHEN v_ended THEN NULL
        WHEN p_failed < p_step THEN ordering_step(g, p_orders, p_failed, p_problem[p_failed])
        WHEN p_beyond.effective_at <= p_date THEN json_build_object(
            'order_id', p_beyond.id, 'number', p_beyond.number, 'kind', p_beyond.kind,
            'effective_at', kernel_instant(p_beyond.effective_at), 'index', NULL, 'refusal', NULL) END;
    v_problem CONSTANT json := CASE
        WHEN v_ended THEN ordering_ended_before(p_orders[g.stored[p_end]])
        WHEN v_unknown IS NOT NULL THEN NULL
        WHEN p_problem[p_step] IS NULL AND p_changes IS NULL THEN kernel_problem(
            'order-not-reversible', 'By that date the order has ended: its end takes back the rest.')
        ELSE p_problem[p_step] END;
    v_is_known CONSTANT boolean := v_unknown IS NULL AND NOT v_ended;
    v_count int; v_counted json;
BEGIN
    SELECT count(*), json_agg(ordering_step(g, p_orders, w.step, NULL) ORDER BY w.step)
                     FILTER (WHERE w.nth <= 20)
    INTO v_count, v_counted
    FROM (SELECT x.step::int, row_number() OVER (ORDER BY x.step DESC) AS nth
          FROM unnest(g.at) WITH ORDINALITY AS x(at, step) WHERE x.step < p_step AND x.at IS NOT NULL) w;
    RETURN json_build_object(
        'allowed', CASE WHEN v_unknown IS NULL THEN v_problem IS NULL END,
        'balances', coalesce(CASE WHEN v_is_known THEN p_balances END, '[]'),
        'holdings', coalesce(CASE WHEN v_is_known THEN p_holdings END, '[]'),
        'refusals', ordering_refusals_of(v_problem),
        'counted', coalesce(v_counted, '[]'), 'counted_orders', v_count,
        'unknown_from', v_unknown);
END
$$;

-- One step of a course; `index` is the place of an order of the call, from 0, and `refusal` why it could not be
-- done.
CREATE OR REPLACE FUNCTION ordering_step(
    g ordering_course, p_orders ordering_order[], p_step int, p_refusal json
) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    o CONSTANT ordering_order := p_orders[g.stored[p_step]];
BEGIN
    RETURN CASE WHEN p_refusal IS NULL THEN json_build_object(
        'order_id', o.id, 'number', o.number, 'kind', g.kind[p_step],
        'effective_at', kernel_instant(g.at[p_step]), 'index', g.element[p_step] - 1)
    ELSE json_build_object(
        'order_id', o.id, 'number', o.number, 'kind', g.kind[p_step],
        'effective_at', kernel_instant(g.at[p_step]), 'index', g.element[p_step] - 1, 'refusal', p_refusal) END;
END
$$;

-- Why an order does nothing that is dated after a scheduled termination.
CREATE OR REPLACE FUNCTION ordering_ended_before(p_termination ordering_order) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'code', 'cancelled-by-termination',
        'detail', format(
            'Order %s terminates the subscription at %s and will then cancel this order. To prevent that, cancel '
            'the termination.', p_termination.number, kernel_instant(p_termination.effective_at)),
        'order_id', p_termination.id, 'number', p_termination.number,
        'effective_at', kernel_instant(p_termination.effective_at))
$$;

-- What is granted in the end, by SKU code; {} if that is unknown.
CREATE OR REPLACE FUNCTION ordering_granted_finally(
    p_group uuid, p_subscription uuid, p_changes json[], p_ends boolean, p_unknown boolean
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT json_object_agg(b.sku, CASE WHEN p_ends THEN 0 ELSE b.granted END)
         FROM ordering_granted_after(p_group, p_subscription, p_changes) b WHERE NOT p_unknown), '{}')
$$;
