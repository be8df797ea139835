-- The yardstick of `make bench`, continued: the rule that the first release judged orders by.
CREATE OR REPLACE FUNCTION bench_ordering_refusal(
    p_code text, p_sku text, p_granted bigint, p_used bigint, p_requested bigint, p_missing bigint
) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', p_code,
        'detail', CASE p_code
            WHEN 'below-use' THEN format(
                '%s: %s granted, %s in use; taking %s away needs %s to be released first.',
                p_sku, p_granted, p_used, p_requested, p_missing)
            ELSE format(
                '%s: %s granted; adding %s would pass the ceiling of 2000000000 by %s.',
                p_sku, p_granted, p_requested, p_missing) END,
        'sku', p_sku, 'granted', p_granted, 'used', p_used,
        'requested', p_requested, 'missing', p_missing)
$$;

CREATE OR REPLACE FUNCTION bench_ordering_problem_of(p_refusals json[]) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', p_refusals[1] ->> 'code',
        'detail', (SELECT string_agg(r ->> 'detail', ' ') FROM unnest(p_refusals) AS r),
        'refusals', array_to_json(p_refusals))
$$;

CREATE OR REPLACE FUNCTION bench_ordering_problem_not_held(p_missing json[]) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'not-held',
        'detail', (SELECT string_agg(format(
            'The subscription holds %s of product %s, %s fewer than the %s to be removed.',
            m ->> 'held', m ->> 'product_code', m ->> 'missing', m ->> 'requested'), ' ')
            FROM unnest(p_missing) AS m),
        'holdings', array_to_json(p_missing))
$$;

CREATE OR REPLACE FUNCTION bench_ordering_decide(
    p_group uuid,
    p_line_first int[], p_line_last int[],
    p_subscription uuid[], p_action text[], p_product uuid[], p_revision int[], p_quantity bigint[],
    p_lock boolean
) RETURNS bench_ordering_plan
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    plan bench_ordering_plan;
    r record;
    v_ceiling CONSTANT bigint := 2000000000;
    h_subscription uuid[] := '{}'; h_product uuid[] := '{}'; h_revision int[] := '{}';
    h_before bigint[] := '{}'; h_quantity bigint[] := '{}';
    h_first int[] := '{}'; h_last int[] := '{}';
    l_first int[] := array_fill(NULL::int, ARRAY[cardinality(p_action)]);
    l_last int[] := l_first; l_own int[] := l_first;
    i_balance int[] := '{}'; i_quantity bigint[] := '{}';
    b_subscription uuid[] := '{}'; b_sku uuid[] := '{}'; b_code text[] := '{}'; b_type text[] := '{}';
    b_metric text[] := '{}'; b_before bigint[] := '{}'; b_granted bigint[] := '{}';
    b_used bigint[] := '{}'; b_first bigint[] := '{}'; b_sequence bigint[] := '{}';
    b_change bigint[] := '{}'; b_order int[] := '{}';
    e_order int[] := '{}'; e_line int[] := '{}'; e_balance int[] := '{}'; e_quantity bigint[] := '{}';
    e_sequence bigint[] := '{}'; e_granted bigint[] := '{}'; n int := 0;
    o_problem json[] := array_fill(NULL::json, ARRAY[cardinality(p_line_first)]);
    o_preview json[] := o_problem; o_changes json[] := o_problem;
    l_taken json[] := array_fill(NULL::json, ARRAY[cardinality(p_action)]);
    v_mark int; v_line_mark int; v_touched int[]; v_missing json[]; v_refusals json[];
    u_holding int[]; u_quantity bigint[];
    v_need bigint; v_take bigint; v_held bigint; v_taken json[]; v_after bigint; v_amount bigint;
    o int; l int; h int; i int; b int; e int;
BEGIN
    FOR r IN
        SELECT s.*,
               min(s.slot) OVER same_product AS first, max(s.slot) OVER same_product AS last
        FROM (
            SELECT w.line, w.subscription_id, w.product_id, x.revision, x.quantity, x.own,
                   dense_rank() OVER (
                       ORDER BY w.subscription_id, w.product_id, x.revision DESC NULLS LAST) AS slot
            FROM unnest(p_subscription, p_product, p_revision) WITH ORDINALITY
                 AS w(subscription_id, product_id, revision, line)
            LEFT JOIN LATERAL (
                SELECT d.revision, d.quantity, d.revision IS NOT DISTINCT FROM w.revision AS own
                FROM ordering_holding d
                WHERE d.group_id = p_group AND d.subscription_id = w.subscription_id
                  AND d.product_id = w.product_id
                UNION ALL
                SELECT w.revision, 0, true
                WHERE w.revision IS NOT NULL AND NOT EXISTS (
                    SELECT FROM ordering_holding d
                    WHERE d.group_id = p_group AND d.subscription_id = w.subscription_id
                  AND d.product_id = w.product_id
                      AND d.revision = w.revision)
            ) x ON true
        ) s
        WINDOW same_product AS (PARTITION BY s.subscription_id, s.product_id)
        ORDER BY s.slot
    LOOP
        h_subscription[r.slot] := r.subscription_id;
        h_product[r.slot] := r.product_id;
        h_revision[r.slot] := r.revision;
        h_before[r.slot] := coalesce(r.quantity, 0);
        h_quantity[r.slot] := coalesce(r.quantity, 0);
        l_first[r.line] := r.first;
        l_last[r.line] := r.last;
        IF r.own THEN
            l_own[r.line] := r.slot;
        END IF;
    END LOOP;
    i := 0;
    FOR r IN
        SELECT w.slot, w.subscription_id, m.sku_id, m.quantity, k.code, k.type, k.metric,
               dense_rank() OVER (ORDER BY w.subscription_id, m.sku_id) AS balance
        FROM unnest(h_subscription, h_product, h_revision) WITH ORDINALITY
             AS w(subscription_id, product_id, revision, slot)
        JOIN catalogue_revisionitem m ON m.group_id = p_group AND m.product_id = w.product_id
                                     AND m.revision = w.revision
        JOIN catalogue_sku k ON k.id = m.sku_id
        ORDER BY w.slot, balance
    LOOP
        i := i + 1;
        i_balance[i] := r.balance;
        i_quantity[i] := r.quantity;
        IF h_first[r.slot] IS NULL THEN
            h_first[r.slot] := i;
        END IF;
        h_last[r.slot] := i;
        b_subscription[r.balance] := r.subscription_id;
        b_sku[r.balance] := r.sku_id;
        b_code[r.balance] := r.code;
        b_type[r.balance] := r.type;
        b_metric[r.balance] := r.metric;
        b_before[r.balance] := 0;
        b_granted[r.balance] := 0;
        b_used[r.balance] := 0;
        b_first[r.balance] := 0;
        b_sequence[r.balance] := 0;
        b_change[r.balance] := 0;
        b_order[r.balance] := 0;
    END LOOP;
    IF p_lock THEN
        PERFORM FROM unnest(b_subscription, b_sku) AS w(subscription_id, sku_id)
        JOIN ledger_balance d ON d.group_id = p_group AND d.subscription_id = w.subscription_id
                             AND d.sku_id = w.sku_id
        ORDER BY d.subscription_id, d.sku_id
        FOR UPDATE OF d;
    END IF;
    FOR r IN
        SELECT w.balance, d.granted, d.used, d.sequence
        FROM unnest(b_subscription, b_sku) WITH ORDINALITY AS w(subscription_id, sku_id, balance)
        JOIN ledger_balance d ON d.group_id = p_group AND d.subscription_id = w.subscription_id
                             AND d.sku_id = w.sku_id
    LOOP
        b_before[r.balance] := r.granted;
        b_granted[r.balance] := r.granted;
        b_used[r.balance] := r.used;
        b_first[r.balance] := r.sequence;
        b_sequence[r.balance] := r.sequence;
    END LOOP;
    FOR o IN 1 .. cardinality(p_line_first) LOOP
        CONTINUE WHEN p_line_first[o] IS NULL;
        v_mark := n; v_touched := '{}'; v_missing := '{}'; v_refusals := '{}';
        u_holding := '{}'; u_quantity := '{}';
        FOR l IN p_line_first[o] .. p_line_last[o] LOOP
            CONTINUE WHEN p_action[l] <> 'add';
            h := l_own[l];
            h_quantity[h] := h_quantity[h] + p_quantity[l];
            u_holding := u_holding || h;
            u_quantity := u_quantity || p_quantity[l];
            FOR i IN h_first[h] .. h_last[h] LOOP
                n := n + 1;
                e_order[n] := o; e_line[n] := l; e_balance[n] := i_balance[i];
                e_quantity[n] := p_quantity[l] * i_quantity[i];
            END LOOP;
        END LOOP;
        FOR l IN p_line_first[o] .. p_line_last[o] LOOP
            CONTINUE WHEN p_action[l] <> 'remove';
            v_need := p_quantity[l]; v_taken := '{}'; v_line_mark := n; v_held := 0;
            FOR h IN l_first[l] .. l_last[l] LOOP
                v_held := v_held + h_quantity[h];
                v_take := least(v_need, h_quantity[h]);
                CONTINUE WHEN v_take = 0;
                v_need := v_need - v_take;
                h_quantity[h] := h_quantity[h] - v_take;
                u_holding := u_holding || h;
                u_quantity := u_quantity || -v_take;
                v_taken := v_taken || json_build_object('revision', h_revision[h], 'quantity', v_take);
                <<item>>
                FOR i IN h_first[h] .. h_last[h] LOOP
                    v_amount := v_take * i_quantity[i];
                    FOR e IN v_line_mark + 1 .. n LOOP
                        IF e_balance[e] = i_balance[i] THEN
                            e_quantity[e] := e_quantity[e] - v_amount;
                            CONTINUE item;
                        END IF;
                    END LOOP;
                    n := n + 1;
                    e_order[n] := o; e_line[n] := l; e_balance[n] := i_balance[i];
                    e_quantity[n] := -v_amount;
                END LOOP;
            END LOOP;
            l_taken[l] := array_to_json(v_taken);
            IF v_need > 0 THEN
                v_missing := v_missing || json_build_object(
                    'product_id', p_product[l],
                    'product_code', (SELECT code FROM catalogue_product WHERE id = p_product[l]),
                    'held', v_held, 'requested', p_quantity[l], 'missing', v_need);
            END IF;
        END LOOP;
        FOR e IN v_mark + 1 .. n LOOP
            b := e_balance[e];
            IF b_order[b] <> o THEN
                b_order[b] := o;
                b_change[b] := 0;
                v_touched[cardinality(v_touched) + 1] := b;
            END IF;
            b_change[b] := b_change[b] + e_quantity[e];
        END LOOP;
        IF cardinality(v_missing) > 0 THEN
            o_problem[o] := bench_ordering_problem_not_held(v_missing);
        ELSE
            FOREACH b IN ARRAY v_touched LOOP
                v_after := b_granted[b] + b_change[b];
                IF b_change[b] < 0 AND v_after < b_used[b] THEN
                    v_refusals := v_refusals || bench_ordering_refusal(
                        'below-use', b_code[b], b_granted[b], b_used[b], -b_change[b],
                        b_used[b] - v_after);
                ELSIF v_after > v_ceiling THEN
                    v_refusals := v_refusals || bench_ordering_refusal(
                        'conflict', b_code[b], b_granted[b], b_used[b], b_change[b],
                        v_after - v_ceiling);
                END IF;
            END LOOP;
            IF cardinality(v_refusals) > 0 THEN
                o_problem[o] := bench_ordering_problem_of(v_refusals);
            END IF;
        END IF;
        IF NOT p_lock THEN
            o_preview[o] := (
                SELECT json_agg(json_build_object(
                    'sku', b_code[t], 'granted_before', b_granted[t],
                    'granted_after', b_granted[t] + b_change[t],
                    'used', CASE WHEN b_metric[t] = 'sip_channel'
                                 THEN ledger_leased(b_subscription[t]) ELSE b_used[t] END)
                    ORDER BY b_code[t])
                FROM unnest(v_touched) AS t);
        END IF;
        IF o_problem[o] IS NOT NULL THEN
            FOR i IN 1 .. cardinality(u_holding) LOOP
                h_quantity[u_holding[i]] := h_quantity[u_holding[i]] - u_quantity[i];
            END LOOP;
            n := v_mark;
        ELSE
            FOR e IN v_mark + 1 .. n LOOP
                b := e_balance[e];
                b_granted[b] := b_granted[b] + e_quantity[e];
                b_sequence[b] := b_sequence[b] + 1;
                e_granted[e] := b_granted[b];
                e_sequence[e] := b_sequence[b];
            END LOOP;
            o_changes[o] := (
                SELECT coalesce(json_agg(
                    json_build_object('sku', b_code[t], 'granted_delta', b_change[t])
                    ORDER BY b_code[t]), '[]')
                FROM unnest(v_touched) AS t WHERE b_change[t] <> 0);
        END IF;
    END LOOP;
    plan.problem := o_problem; plan.preview := o_preview; plan.changes := o_changes;
    plan.taken := l_taken;
    plan.entry_order := e_order[1:n]; plan.entry_line := e_line[1:n];
    plan.entry_balance := e_balance[1:n]; plan.entry_quantity := e_quantity[1:n];
    plan.entry_sequence := e_sequence[1:n]; plan.entry_granted := e_granted[1:n];
    plan.balance_subscription := b_subscription; plan.balance_sku := b_sku;
    plan.balance_code := b_code; plan.balance_type := b_type; plan.balance_metric := b_metric;
    plan.balance_before := b_before; plan.balance_granted := b_granted;
    plan.balance_used := b_used;
    plan.balance_first := b_first; plan.balance_sequence := b_sequence;
    plan.holding_subscription := h_subscription; plan.holding_product := h_product;
    plan.holding_revision := h_revision; plan.holding_before := h_before;
    plan.holding_quantity := h_quantity;
    RETURN plan;
END
$$;
