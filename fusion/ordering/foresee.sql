-- What will be held: scheduled orders, and perhaps further ones, carried out in turn in memory, in the
-- sequence and with the rule of the worker (apply.sql). Nothing is locked and nothing is promised. What
-- another order's end or reversal cancels is left out, as the worker would; a termination ends it all.

DO $do$
BEGIN
    IF to_regtype('ordering_course') IS NULL THEN
        CREATE TYPE ordering_course AS (  -- by step, in sequence
            stored int[],        -- which of the stored orders it is, or
            element int[],       -- which of the further orders,
            is_end boolean[],    -- and whether its end
            kind text[], at timestamptz[],  -- NULL: at once
            first int[], last int[],  -- its lines
            reverses uuid[], expires uuid[],
            lines ordering_lines_v3);
    END IF;
END
$do$;

-- The next scheduled orders of a subscription that change holdings, at most p_most, as they will be applied.
CREATE OR REPLACE FUNCTION ordering_next_orders(p_group uuid, p_subscription uuid, p_most int)
RETURNS ordering_order[]
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
    SELECT ARRAY(
        SELECT o FROM ordering_order o
        WHERE o.group_id = p_group AND o.subscription_id = p_subscription AND o.state = 'scheduled'
          AND o.kind NOT IN ('suspension', 'resumption')
        ORDER BY o.effective_at, o.kind = 'termination', o.placed_at, o.id LIMIT p_most)
$$;

-- The course of stored orders and of further ones, p_elements, whose lines in l are from p_first to p_last; all
-- of one subscription. By number of a further order: p_at is its date, NULL for at once; p_ends its end, and
-- p_reverses the order that it reverses, if any. At one instant the stored orders come first.
CREATE OR REPLACE FUNCTION ordering_plan_course(
    p_orders ordering_order[], p_elements int[], l ordering_lines_v3, p_first int[], p_last int[],
    p_at timestamptz[], p_ends timestamptz[], p_reverses uuid[]
) RETURNS ordering_course
LANGUAGE plpgsql STABLE AS $$
DECLARE
    g ordering_course;
    v_lines ordering_lines_v3 := ordering_stored_lines(p_orders);
    v_order int[] := v_lines."order";
    v_first int[]; v_last int[];  -- by stored order
    g_first int[]; g_last int[];
    n int := coalesce(cardinality(v_order), 0);
BEGIN
    SELECT array_agg(w.stored ORDER BY w.nth), array_agg(w.element ORDER BY w.nth),
           array_agg(w.is_end ORDER BY w.nth), array_agg(w.kind ORDER BY w.nth),
           array_agg(w.at ORDER BY w.nth), array_agg(w.reverses ORDER BY w.nth), array_agg(w.expires ORDER BY w.nth)
    INTO g.stored, g.element, g.is_end, g.kind, g.at, g.reverses, g.expires
    FROM (SELECT u.*, row_number() OVER (
              ORDER BY u.at NULLS FIRST, u.kind = 'termination', u.stored, u.element, u.is_end) AS nth FROM (
        SELECT o.ordinality::int AS stored, NULL::int AS element, false AS is_end, o.kind,
               o.effective_at AS at, o.reverses, o.expires
        FROM unnest(p_orders) WITH ORDINALITY AS o
        UNION ALL
        SELECT NULL, e, false, 'change', p_at[e], p_reverses[e], NULL FROM unnest(p_elements) AS e
        UNION ALL
        SELECT NULL, e, true, 'expiry', p_ends[e], NULL, NULL FROM unnest(p_elements) AS e
        WHERE p_ends[e] IS NOT NULL) u) w;
    FOR i IN 1 .. n LOOP
        v_first[v_order[i]] := coalesce(v_first[v_order[i]], i); v_last[v_order[i]] := i;
    END LOOP;
    FOR i IN 1 .. coalesce(cardinality(g.stored), 0) LOOP
        IF g.stored[i] IS NOT NULL THEN
            g_first[i] := v_first[g.stored[i]]; g_last[i] := v_last[g.stored[i]];
        ELSE
            v_lines := ordering_append_lines(
                v_lines, l, p_first[g.element[i]], p_last[g.element[i]], g.is_end[i]);
            g_first[i] := n + 1; n := cardinality(v_lines.action); g_last[i] := n;
        END IF;
    END LOOP;
    v_lines."order" := array_fill(1, ARRAY[n]); v_lines.action := coalesce(v_lines.action, '{}');
    g.first := g_first; g.last := g_last; g.lines := v_lines;
    RETURN g;
END
$$;

-- The lines, followed by those from p_from to p_to of p_more; p_expire: as the end of their order takes them.
CREATE OR REPLACE FUNCTION ordering_append_lines(
    l ordering_lines_v3, p_more ordering_lines_v3, p_from int, p_to int, p_expire boolean
) RETURNS ordering_lines_v3
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_count CONSTANT int := greatest(p_to - p_from + 1, 0);
BEGIN
    l.subscription := coalesce(l.subscription, '{}') || p_more.subscription[p_from:p_to];
    l.action := coalesce(l.action, '{}') || CASE WHEN p_expire THEN array_fill('expire'::text, ARRAY[v_count])
                                                 ELSE p_more.action[p_from:p_to] END;
    l.product := coalesce(l.product, '{}') || p_more.product[p_from:p_to];
    l.revision := coalesce(l.revision, '{}') || p_more.revision[p_from:p_to];
    l.quantity := coalesce(l.quantity, '{}') || p_more.quantity[p_from:p_to];
    l.expected := coalesce(l.expected, '{}') || CASE WHEN p_expire THEN array_fill(NULL::bigint, ARRAY[v_count])
                                                     ELSE p_more.expected[p_from:p_to] END;
    l.ruled := coalesce(l.ruled, '{}') || CASE WHEN p_expire THEN array_fill(false, ARRAY[v_count])
                                               ELSE p_more.ruled[p_from:p_to] END;
    RETURN l;
END
$$;

-- Carry a course out, up to a termination: by step why it could not be done (then it changes nothing), the
-- changes of balances, and of the further orders also balances and holdings before and after. An order that
-- another one cancels is returned without problem and changes.
CREATE OR REPLACE FUNCTION ordering_foresee(p_group uuid, g ordering_course)
RETURNS TABLE (step int, problem json, changes json, balances json, holdings json)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
    l CONSTANT ordering_lines_v3 := g.lines;
    g_first int[] := g.first; g_last CONSTANT int[] := g.last;
    g_element CONSTANT int[] := g.element;
    g_reverses CONSTANT uuid[] := g.reverses; g_expires CONSTANT uuid[] := g.expires;
    v_cuts boolean[];  -- by step: whether what comes after it depends on it
    v_count int := coalesce(array_position(g.kind, 'termination') - 1, cardinality(g.kind), 0);
    k ordering_books;
    v ordering_decisions_v2;
    a int := 1; b int;  -- steps that are judged together
BEGIN
    IF v_count = 0 THEN RETURN; END IF;
    FOR i IN 1 .. v_count LOOP
        v_cuts[i] := i = v_count OR num_nonnulls(g_element[i], g_element[i + 1]) > 0
            OR coalesce(g_reverses[i] = ANY (g_expires), false) OR coalesce(g_expires[i] = ANY (g_reverses), false);
    END LOOP;
    k := ordering_read_books(p_group, '{1}', l, false);
    WHILE a <= v_count LOOP
        b := a;
        WHILE NOT v_cuts[b] LOOP b := b + 1; END LOOP;
        v := ordering_decide(l, k, g_first[a:b], g_last[a:b], NULL, g_element[a] IS NOT NULL);
        FOR i IN a .. b LOOP
            step := i;
            problem := v.problem[i - a + 1]; changes := v.changes[i - a + 1]; balances := v.preview[i - a + 1];
            holdings := CASE WHEN g_element[i] IS NOT NULL THEN
                ordering_effects_on_holdings(l, k, v, g_first[i], g_last[i], problem IS NULL) END;
            RETURN NEXT;
        END LOOP;
        k := ordering_advance(k, v);
        IF problem IS NULL AND g_first[b] IS NOT NULL THEN
            FOR i IN b + 1 .. v_count LOOP
                IF g_reverses[i] = g_expires[b] OR g_expires[i] = g_reverses[b] THEN g_first[i] := NULL; END IF;
            END LOOP;
        END IF;
        a := b + 1;
    END LOOP;
END
$$;

-- The books once decided orders have been carried out.
CREATE OR REPLACE FUNCTION ordering_advance(k ordering_books, v ordering_decisions_v2) RETURNS ordering_books
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    b_granted bigint[] := k.balance_granted;
BEGIN
    FOR e IN 1 .. coalesce(cardinality(v.entry_balance), 0) LOOP
        b_granted[v.entry_balance[e]] := v.entry_granted[e];
    END LOOP;
    k.balance_granted := b_granted; k.holding_quantity := v.holding_quantity;
    RETURN k;
END
$$;

-- The products of an order, whose lines are from p_first to p_last, with the quantities held before and after
-- it; p_allowed: otherwise the order changes nothing, and the quantity after it is NULL.
CREATE OR REPLACE FUNCTION ordering_effects_on_holdings(
    l ordering_lines_v3, k ordering_books, v ordering_decisions_v2, p_first int, p_last int, p_allowed boolean
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT coalesce(json_agg(json_build_object(
               'product_id', w.product, 'product_code', p.code, 'held_before', w.before,
               'held_after', CASE WHEN p_allowed THEN w.after END) ORDER BY p.code), '[]')
    FROM (SELECT h.product, sum(h.before)::bigint AS before, sum(h.after)::bigint AS after
          FROM unnest(k.holding_subscription, k.holding_product, k.holding_quantity, v.holding_quantity)
               AS h(subscription, product, before, after)
          WHERE h.subscription = l.subscription[p_first] AND h.product = ANY (l.product[p_first:p_last])
          GROUP BY 1) w
    JOIN catalogue_product p ON p.id = w.product
$$;
