-- The rule of ordering: what a sequence of orders does to holdings and balances, or why each is
-- refused. The orders are judged one after another in memory, each as if the orders before it had
-- been applied; then the caller writes the verdict. What is read often is copied first: each access
-- to a member of a composite value costs.
--
-- p_first, p_last: by order, the range of its lines; an order without lines is skipped. p_preview:
-- also show the balances before and after each order.
CREATE OR REPLACE FUNCTION ordering_decide(
    p_first int[], p_last int[], l ordering_lines, k ordering_books, p_preview boolean
) RETURNS ordering_verdict
LANGUAGE plpgsql AS $$
DECLARE
    l_action CONSTANT text[] := l.action; l_own CONSTANT int[] := k.line_own;
    l_first CONSTANT int[] := k.line_first; l_last CONSTANT int[] := k.line_last;
    h_first CONSTANT int[] := k.holding_first; h_last CONSTANT int[] := k.holding_last;
    h_quantity bigint[] := k.holding_quantity;
    b_code CONSTANT text[] := k.balance_code; b_granted bigint[] := k.balance_granted;
    b_change bigint[] := array_fill(0::bigint, ARRAY[cardinality(b_granted)]);
    b_order int[] := array_fill(0, ARRAY[cardinality(b_granted)]);  -- the last one that touched it
    e_line int[] := '{}'; e_balance int[] := '{}'; e_quantity bigint[] := '{}'; n int := 0;
    o_problem json[] := array_fill(NULL::json, ARRAY[cardinality(p_first)]);
    o_preview json[] := o_problem;
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
                v_taken := v_taken || json_build_object(
                    'revision', k.holding_revision[h], 'quantity', v_take);
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
            v_refusals := ordering_check_sum(
                v_refusals, b_code[b], b_granted[b], k.balance_used[b], b_change[b]);
        END LOOP;
        IF cardinality(v_missing) > 0 OR cardinality(v_refusals) > 0 THEN
            o_problem[o] := ordering_problem_of(v_missing, v_refusals);
        END IF;
        IF p_preview THEN
            o_preview[o] := ordering_effects(k, v_touched, b_granted, b_change);
        END IF;
        IF o_problem[o] IS NULL THEN
            FOREACH b IN ARRAY v_touched LOOP
                b_granted[b] := b_granted[b] + b_change[b];
            END LOOP;
        ELSE  -- undo its changes
            FOR i IN 1 .. cardinality(u_holding) LOOP
                h_quantity[u_holding[i]] := h_quantity[u_holding[i]] - u_quantity[i];
            END LOOP;
            n := v_mark;
        END IF;
    END LOOP;
    RETURN ROW(o_problem, o_preview, l_taken, e_line[1:n], e_balance[1:n], e_quantity[1:n],
               h_quantity)::ordering_verdict;
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

-- The net changes of balances by each of p_count orders, as the order shows them; NULL for orders
-- without entries.
CREATE OR REPLACE FUNCTION ordering_changes(
    p_count int, l ordering_lines, k ordering_books, v ordering_verdict
) RETURNS json[]
LANGUAGE plpgsql AS $$
BEGIN
    RETURN ARRAY(
        SELECT c.changes
        FROM generate_series(1, p_count) AS g(o)
        LEFT JOIN (
            SELECT e.o, coalesce(
                       json_agg(json_build_object('sku', e.code, 'granted_delta', e.change)
                                ORDER BY e.code) FILTER (WHERE e.change <> 0), '[]') AS changes
            FROM (SELECT l."order"[w.line] AS o, b.code, sum(w.quantity)::bigint AS change
                  FROM unnest(v.entry_line, v.entry_balance, v.entry_quantity)
                       AS w(line, balance, quantity)
                  JOIN unnest(k.balance_code) WITH ORDINALITY AS b(code, slot) ON b.slot = w.balance
                  GROUP BY 1, 2) e
            GROUP BY e.o) c ON c.o = g.o
        ORDER BY g.o);
END
$$;
