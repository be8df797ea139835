-- The rule of ordering: what a sequence of orders does to holdings and balances, or why each is
-- refused. The orders are judged one after another in memory, each as if the orders before it had
-- been applied; then the caller writes the verdict. What is read often is copied first: each access
-- to a member of a composite value costs.
--
-- p_first, p_last: by order, the range of its lines; an order without lines is skipped. p_later: by
-- order, whether it is scheduled: then it changes nothing, and what would refuse it now is a warning.
-- p_preview: also show the balances before and after each order. What expires is taken from the order's
-- own revision first; all else from the newest.
CREATE OR REPLACE FUNCTION ordering_decide(
    l ordering_lines_v3, k ordering_books, p_first int[], p_last int[], p_later boolean[], p_preview boolean
) RETURNS ordering_decisions_v2 LANGUAGE plpgsql AS $$
DECLARE
    l_action text[] := l.action; l_quantity bigint[] := l.quantity;  -- a `set` becomes one of the others
    l_own CONSTANT int[] := k.line_own;
    l_first CONSTANT int[] := k.line_first; l_last CONSTANT int[] := k.line_last;
    h_first CONSTANT int[] := k.holding_first; h_last CONSTANT int[] := k.holding_last;
    h_quantity bigint[] := k.holding_quantity;
    b_code CONSTANT text[] := k.balance_code; b_granted bigint[] := k.balance_granted;
    b_change bigint[] := array_fill(0::bigint, ARRAY[cardinality(b_granted)]);
    b_order int[] := array_fill(0, ARRAY[cardinality(b_granted)]);  -- the last one that touched it
    b_entries int[] := b_order; n int := 0;
    e_line int[]; e_balance int[]; e_quantity bigint[]; e_granted bigint[]; e_nth int[];
    o_problem json[] := array_fill(NULL::json, ARRAY[cardinality(p_first)]);
    o_preview json[] := o_problem; o_changes json[] := o_problem; o_warning json[] := o_problem;
    l_taken json[] := array_fill(NULL::json, ARRAY[cardinality(l.action)]);
    l_held bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(l.action)]);
    v_ruled CONSTANT boolean := true = ANY (l.ruled);
    v_compares CONSTANT boolean := l.action && '{set,expire}' OR num_nonnulls(VARIADIC l.expected) > 0;
    -- the order being judged, and its moves: of a quantity of one holding by one line
    r record; v_mark int; v_line_mark int; v_move_mark int; v_moves int; b int;
    v_touched int[]; v_changed json[]; v_missing json[]; v_refusals json[]; v_taken json[];
    v_need bigint; v_take bigint; v_held bigint; m_line int[]; m_holding int[]; m_quantity bigint[]; v_own int; h int;
BEGIN
    FOR o IN 1 .. cardinality(p_first) LOOP
        CONTINUE WHEN p_first[o] IS NULL;
        v_mark := n; v_touched := '{}'; v_changed := '{}'; v_missing := '{}'; v_refusals := '{}'; v_moves := 0;
        IF v_compares THEN
            FOR r IN SELECT * FROM ordering_compare(l, k, h_quantity, p_first[o], p_last[o], false) LOOP
                l_action[r.line] := r.action; l_quantity[r.line] := r.quantity;
                l_held[r.line] := r.held; l_taken[r.line] := r.taken; v_changed := v_changed || r.changed;
            END LOOP;
        END IF;
        -- Grants before revokes, so the ledger first goes up. What was held before the order is removed.
        FOR i IN p_first[o] .. p_last[o] LOOP
            CONTINUE WHEN l_action[i] <> 'add';
            IF l_own[i] IS NULL THEN v_changed := v_changed || ordering_is_retired(l.product[i]); CONTINUE; END IF;
            v_moves := v_moves + 1;
            m_line[v_moves] := i; m_holding[v_moves] := l_own[i]; m_quantity[v_moves] := l_quantity[i];
        END LOOP;
        FOR i IN p_first[o] .. p_last[o] LOOP
            CONTINUE WHEN l_action[i] <> 'remove'; v_need := l_quantity[i]; v_taken := '{}'; v_held := 0;
            v_own := CASE WHEN v_compares AND l.action[i] = 'expire' THEN l_own[i] END;  -- it goes first
            FOR x IN l_first[i] - (v_own IS NOT NULL)::int .. l_last[i] LOOP
                CONTINUE WHEN x = v_own;
                h := CASE WHEN x < l_first[i] THEN v_own ELSE x END;
                v_held := v_held + h_quantity[h]; v_take := least(v_need, h_quantity[h]);
                CONTINUE WHEN v_take = 0; v_need := v_need - v_take; v_moves := v_moves + 1;
                m_line[v_moves] := i; m_holding[v_moves] := h; m_quantity[v_moves] := -v_take;
                v_taken := v_taken || json_build_object('revision', k.holding_revision[h], 'quantity', v_take);
            END LOOP;
            l_taken[i] := array_to_json(v_taken); CONTINUE WHEN v_need = 0;
            v_missing := v_missing || ordering_missing(l.product[i], l.revision[i], v_held, l_quantity[i]);
        END LOOP;
        FOR j IN 1 .. v_moves LOOP
            IF j = 1 OR m_line[j] <> m_line[j - 1] THEN v_line_mark := n; END IF; v_move_mark := n;
            <<item>>
            FOR m IN h_first[m_holding[j]] .. h_last[m_holding[j]] LOOP
                FOR e IN v_line_mark + 1 .. v_move_mark LOOP  -- one entry per line and SKU
                    IF e_balance[e] = k.item_balance[m] THEN
                        e_quantity[e] := e_quantity[e] + m_quantity[j] * k.item_quantity[m];
                        CONTINUE item;
                    END IF;
                END LOOP;
                n := n + 1; e_line[n] := m_line[j];
                e_balance[n] := k.item_balance[m]; e_quantity[n] := m_quantity[j] * k.item_quantity[m];
            END LOOP;
        END LOOP;
        -- Sum up, and check the sums once.
        FOR e IN v_mark + 1 .. n LOOP
            IF b_order[e_balance[e]] <> o THEN
                b_order[e_balance[e]] := o; b_change[e_balance[e]] := 0; v_touched := v_touched || e_balance[e];
            END IF;
            b_change[e_balance[e]] := b_change[e_balance[e]] + e_quantity[e];
        END LOOP;
        FOREACH b IN ARRAY v_touched LOOP
            v_refusals := ordering_check_sum(v_refusals, b_code[b], b_granted[b], k.balance_used[b], b_change[b]);
        END LOOP;
        IF v_ruled AND v_moves > 0 AND true = ANY (l.ruled[p_first[o]:p_last[o]]) THEN
            v_refusals := v_refusals || ordering_check_rules(k, h_quantity, m_holding[:v_moves], m_quantity[:v_moves]);
        END IF;
        o_preview[o] := CASE WHEN p_preview THEN ordering_effects(k, v_touched, b_granted, b_change) END;
        IF cardinality(v_changed) + cardinality(v_missing) + cardinality(v_refusals) > 0 THEN
            o_problem[o] := ordering_problem_of(v_changed, v_missing, v_refusals);
        END IF;
        IF p_later[o] THEN o_warning[o] := o_problem[o]; o_problem[o] := NULL; n := v_mark; CONTINUE; END IF;
        IF o_problem[o] IS NOT NULL THEN n := v_mark; CONTINUE; END IF;
        o_changes[o] := ordering_changes(v_touched, b_code, b_change);
        FOR e IN v_mark + 1 .. n LOOP
            b := e_balance[e]; b_granted[b] := b_granted[b] + e_quantity[e]; e_granted[e] := b_granted[b];
            b_entries[b] := b_entries[b] + 1; e_nth[e] := b_entries[b];
        END LOOP;
        FOR j IN 1 .. v_moves LOOP h_quantity[m_holding[j]] := h_quantity[m_holding[j]] + m_quantity[j]; END LOOP;
    END LOOP;
    RETURN ROW(o_problem, o_preview, o_changes, o_warning, l_taken, l_held, e_line[1:n], e_balance[1:n],
               e_quantity[1:n], e_granted, e_nth, b_entries, h_quantity)::ordering_decisions_v2;
END
$$;

-- What each line of an order that sets or expects a quantity does, by what is held before the order:
-- a `set` adds or removes the difference, or nothing. `changed` says why it cannot: another quantity
-- than expected is held, or the product was retired when the order was placed. `held` and `taken` are
-- stored with a `set`. What expires is removed as far as it is held. p_later: nothing is done yet.
CREATE OR REPLACE FUNCTION ordering_compare(
    l ordering_lines_v3, k ordering_books, p_quantity bigint[], p_first int, p_last int, p_later boolean
) RETURNS TABLE (line int, action text, quantity bigint, held bigint, taken json, changed json)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_held bigint;
    v_more bigint;
BEGIN
    FOR i IN p_first .. p_last LOOP
        CONTINUE WHEN l.action[i] NOT IN ('set', 'expire') AND l.expected[i] IS NULL;
        v_held := 0;
        FOR h IN k.line_first[i] .. k.line_last[i] LOOP
            v_held := v_held + p_quantity[h];
        END LOOP;
        line := i; action := l.action[i]; quantity := l.quantity[i]; held := NULL; taken := NULL;
        changed := CASE
            WHEN l.expected[i] <> v_held THEN
                ordering_changed(l.product[i], l.revision[i], action, v_held, l.expected[i])
            WHEN action = 'set' AND quantity > v_held AND l.revision[i] IS NULL THEN
                ordering_is_retired(l.product[i]) END;
        IF action = 'set' AND p_later IS NOT TRUE THEN
            v_more := quantity - v_held;
            action := CASE WHEN v_more > 0 AND l.revision[i] IS NOT NULL THEN 'add'
                           WHEN v_more < 0 THEN 'remove' ELSE 'none' END;
            quantity := abs(v_more); held := v_held; taken := '[]';
        ELSIF action = 'expire' THEN
            quantity := least(quantity, v_held); taken := '[]';
            action := CASE WHEN quantity > 0 THEN 'remove' ELSE 'none' END;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- The balances that an order touches, before and after it, as a preview shows them.
CREATE OR REPLACE FUNCTION ordering_effects(
    k ordering_books, p_touched int[], p_granted bigint[], p_change bigint[]
) RETURNS json
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (
        SELECT json_agg(json_build_object(
            'sku', k.balance_code[b], 'granted_before', p_granted[b],
            'granted_after', p_granted[b] + p_change[b],
            'used', CASE WHEN m.live THEN trunks_live_calls(k.balance_subscription[b])
                         ELSE k.balance_used[b] END) ORDER BY k.balance_code[b])
        FROM unnest(p_touched) AS b
        JOIN catalogue_sku s ON s.id = k.balance_sku[b]
        JOIN catalogue_metric m ON m.code = s.metric);
END
$$;

-- The net changes of balances by an order, as the order shows them: sorted by SKU code.
CREATE OR REPLACE FUNCTION ordering_changes(p_touched int[], p_code text[], p_change bigint[])
RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_sorted int[] := '{}';
    v_changes json[] := '{}';
    i int;
    b int;
BEGIN
    FOREACH b IN ARRAY p_touched LOOP
        i := cardinality(v_sorted);
        WHILE i > 0 AND p_code[v_sorted[i]] > p_code[b] LOOP
            v_sorted[i + 1] := v_sorted[i];
            i := i - 1;
        END LOOP;
        v_sorted[i + 1] := b;
    END LOOP;
    FOREACH b IN ARRAY v_sorted LOOP
        CONTINUE WHEN p_change[b] = 0;
        v_changes := v_changes || json_build_object('sku', p_code[b], 'granted_delta', p_change[b]);
    END LOOP;
    RETURN array_to_json(v_changes);
END
$$;
