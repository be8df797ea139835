-- The rule of ordering: what a sequence of orders does to holdings and balances, or why each is
-- refused. The orders are judged one after another in memory, each as if the orders before it had
-- been applied; then the caller writes the verdict. What is read often is copied first: each access
-- to a member of a composite value costs.
--
-- p_first, p_last: by order, the range of its lines; an order without lines is skipped. p_preview:
-- also show the balances before and after each order.
CREATE OR REPLACE FUNCTION ordering_decide(
    l ordering_lines, k ordering_books, p_first int[], p_last int[], p_preview boolean
) RETURNS ordering_decisions
LANGUAGE plpgsql AS $$
DECLARE
    l_action CONSTANT text[] := l.action; l_own CONSTANT int[] := k.line_own;
    l_first CONSTANT int[] := k.line_first; l_last CONSTANT int[] := k.line_last;
    h_first CONSTANT int[] := k.holding_first; h_last CONSTANT int[] := k.holding_last;
    h_quantity bigint[] := k.holding_quantity;
    b_code CONSTANT text[] := k.balance_code; b_granted bigint[] := k.balance_granted;
    b_change bigint[] := array_fill(0::bigint, ARRAY[cardinality(b_granted)]);
    b_order int[] := array_fill(0, ARRAY[cardinality(b_granted)]);  -- the last one that touched it
    b_entries int[] := b_order; n int := 0;
    e_line int[]; e_balance int[]; e_quantity bigint[]; e_granted bigint[]; e_nth int[];
    o_problem json[] := array_fill(NULL::json, ARRAY[cardinality(p_first)]);
    o_preview json[] := o_problem; o_changes json[] := o_problem;
    l_taken json[] := array_fill(NULL::json, ARRAY[cardinality(l.action)]);
    -- the order being judged
    v_mark int; v_line_mark int; v_touched int[]; v_missing json[]; v_refusals json[]; b int;
    v_need bigint; v_take bigint; v_held bigint; v_taken json[]; u_holding int[]; u_quantity bigint[];  -- to undo
BEGIN
    FOR o IN 1 .. cardinality(p_first) LOOP
        CONTINUE WHEN p_first[o] IS NULL;
        v_mark := n; v_touched := '{}'; v_missing := '{}'; v_refusals := '{}';
        u_holding := '{}'; u_quantity := '{}';

        -- Grants before revokes, so that the ledger goes up before it goes down.
        FOR i IN p_first[o] .. p_last[o] LOOP
            CONTINUE WHEN l_action[i] <> 'add';
            h_quantity[l_own[i]] := h_quantity[l_own[i]] + l.quantity[i];
            u_holding := u_holding || l_own[i]; u_quantity := u_quantity || l.quantity[i];
            FOR m IN h_first[l_own[i]] .. h_last[l_own[i]] LOOP
                n := n + 1;
                e_line[n] := i; e_balance[n] := k.item_balance[m];
                e_quantity[n] := l.quantity[i] * k.item_quantity[m];
            END LOOP;
        END LOOP;
        FOR i IN p_first[o] .. p_last[o] LOOP
            CONTINUE WHEN l_action[i] <> 'remove';
            v_need := l.quantity[i]; v_taken := '{}'; v_line_mark := n; v_held := 0;
            FOR h IN l_first[i] .. l_last[i] LOOP
                v_held := v_held + h_quantity[h];
                v_take := least(v_need, h_quantity[h]);
                CONTINUE WHEN v_take = 0;
                v_need := v_need - v_take;
                h_quantity[h] := h_quantity[h] - v_take;
                u_holding := u_holding || h; u_quantity := u_quantity || -v_take;
                v_taken := v_taken || json_build_object('revision', k.holding_revision[h], 'quantity', v_take);
                <<item>>
                FOR m IN h_first[h] .. h_last[h] LOOP
                    FOR e IN v_line_mark + 1 .. n LOOP  -- one entry per line and SKU
                        IF e_balance[e] = k.item_balance[m] THEN
                            e_quantity[e] := e_quantity[e] - v_take * k.item_quantity[m];
                            CONTINUE item;
                        END IF;
                    END LOOP;
                    n := n + 1;
                    e_line[n] := i; e_balance[n] := k.item_balance[m];
                    e_quantity[n] := -v_take * k.item_quantity[m];
                END LOOP;
            END LOOP;
            l_taken[i] := array_to_json(v_taken);
            IF v_need > 0 THEN
                v_missing := v_missing || ordering_missing(l.product[i], v_held, l.quantity[i]);
            END IF;
        END LOOP;

        -- Sum up, and check the sums once.
        FOR e IN v_mark + 1 .. n LOOP
            IF b_order[e_balance[e]] <> o THEN
                b_order[e_balance[e]] := o; b_change[e_balance[e]] := 0;
                v_touched := v_touched || e_balance[e];
            END IF;
            b_change[e_balance[e]] := b_change[e_balance[e]] + e_quantity[e];
        END LOOP;
        FOREACH b IN ARRAY v_touched LOOP
            v_refusals := ordering_check_sum(v_refusals, b_code[b], b_granted[b], k.balance_used[b], b_change[b]);
        END LOOP;
        IF cardinality(v_missing) > 0 OR cardinality(v_refusals) > 0 THEN
            o_problem[o] := ordering_problem_of(v_missing, v_refusals);
        END IF;
        o_preview[o] := CASE WHEN p_preview THEN ordering_effects(k, v_touched, b_granted, b_change) END;
        IF o_problem[o] IS NULL THEN
            o_changes[o] := ordering_changes(v_touched, b_code, b_change);
            FOR e IN v_mark + 1 .. n LOOP
                b := e_balance[e];
                b_granted[b] := b_granted[b] + e_quantity[e]; e_granted[e] := b_granted[b];
                b_entries[b] := b_entries[b] + 1; e_nth[e] := b_entries[b];
            END LOOP;
        ELSE  -- undo its changes
            FOR i IN 1 .. cardinality(u_holding) LOOP
                h_quantity[u_holding[i]] := h_quantity[u_holding[i]] - u_quantity[i];
            END LOOP;
            n := v_mark;
        END IF;
    END LOOP;
    RETURN ROW(o_problem, o_preview, o_changes, l_taken, e_line[1:n], e_balance[1:n],
               e_quantity[1:n], e_granted, e_nth, b_entries, h_quantity)::ordering_decisions;
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
