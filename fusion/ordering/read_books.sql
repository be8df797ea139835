-- Read the holdings and balances that lines of orders may change into arrays with slot numbers: so
-- the rule (`decide.sql`) takes a thousand small steps for a batch of a thousand orders, and a few
-- for one. Lines of orders without p_first are left out. p_lock: lock the balances (a preview locks
-- none and promises nothing).
CREATE OR REPLACE FUNCTION ordering_read_books(
    p_group uuid, p_first int[], l ordering_lines_v3, p_lock boolean
) RETURNS ordering_books
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    k ordering_books;
    r record;
    h_subscription uuid[]; h_product uuid[]; h_revision int[]; h_quantity bigint[];
    h_first int[]; h_last int[]; l_first int[]; l_last int[]; l_own int[];
    i_balance int[]; i_quantity bigint[]; l_action CONSTANT text[] := l.action;
    b_subscription uuid[]; b_sku uuid[]; b_code text[]; b_granted bigint[] := '{}'; b_used bigint[];
    p_last int[];                                     -- by first holding of a product: the last one
    h int := 0; i int := 0; b int; n int := 0;        -- holding, item, balance; how many balances
    v_from int; v_subscription uuid; v_product uuid;  -- the first holding or balance of these
BEGIN
    -- 1. Holdings: a row per line and holding of its product; a line with a revision includes the
    --    holding of that revision even if it does not exist yet. They are numbered as they come: window functions
    --    would cost a single order more than all of this.
    FOR r IN
        SELECT w.line, w.subscription_id, w.product_id, x.revision, x.quantity, x.own
        FROM unnest(l."order", l.subscription, l.product, l.revision) WITH ORDINALITY
             AS w(o, subscription_id, product_id, revision, line)
        LEFT JOIN LATERAL (
            SELECT d.revision, d.quantity, d.revision IS NOT DISTINCT FROM w.revision AS own
            FROM ordering_holding d
            WHERE d.group_id = p_group AND d.subscription_id = w.subscription_id AND d.product_id = w.product_id
            UNION ALL
            SELECT w.revision, 0, true
            WHERE w.revision IS NOT NULL AND NOT EXISTS (
                SELECT FROM ordering_holding d
                WHERE d.group_id = p_group AND d.subscription_id = w.subscription_id
                  AND d.product_id = w.product_id AND d.revision = w.revision)
        ) x ON true
        WHERE p_first[w.o] IS NOT NULL
        ORDER BY w.subscription_id, w.product_id, x.revision DESC NULLS LAST
    LOOP
        IF (v_subscription, v_product) IS DISTINCT FROM (r.subscription_id, r.product_id) THEN
            h := h + 1; v_from := h;
            v_subscription := r.subscription_id; v_product := r.product_id;
        ELSIF h_revision[h] IS DISTINCT FROM r.revision THEN
            h := h + 1;
        END IF;
        h_subscription[h] := r.subscription_id; h_product[h] := r.product_id;
        h_revision[h] := r.revision; h_quantity[h] := coalesce(r.quantity, 0);
        l_first[r.line] := v_from; p_last[v_from] := h;
        l_own[r.line] := CASE WHEN r.own THEN h ELSE l_own[r.line] END;
    END LOOP;
    FOR line IN 1 .. coalesce(cardinality(l."order"), 0) LOOP
        l_last[line] := p_last[l_first[line]];
        CONTINUE WHEN l_action[line] <> 'remove' OR l_own[line] IS NULL;  -- it names a revision
        l_first[line] := l_own[line]; l_last[line] := l_own[line];
    END LOOP;
    -- 2. The items of those revisions, and the balances that they touch.
    v_subscription := NULL;
    FOR r IN
        SELECT w.slot, w.subscription_id, m.sku_id, m.quantity, s.code
        FROM unnest(h_subscription, h_product, h_revision) WITH ORDINALITY
             AS w(subscription_id, product_id, revision, slot)
        CROSS JOIN LATERAL (  -- each by its key: see access_lock
            SELECT x.sku_id, x.quantity FROM catalogue_revisionitem x
            WHERE x.group_id = p_group AND x.product_id = w.product_id AND x.revision = w.revision OFFSET 0) m
        CROSS JOIN LATERAL (SELECT x.code FROM catalogue_sku x WHERE x.id = m.sku_id OFFSET 0) s
        ORDER BY w.slot, m.sku_id
    LOOP
        IF v_subscription IS DISTINCT FROM r.subscription_id THEN
            v_subscription := r.subscription_id; v_from := n + 1;
        END IF;
        b := v_from;
        WHILE b_sku[b] <> r.sku_id LOOP b := b + 1; END LOOP;
        IF b > n THEN
            n := b;
            b_subscription[b] := r.subscription_id; b_sku[b] := r.sku_id; b_code[b] := r.code;
            b_granted[b] := 0; b_used[b] := 0;
        END IF;
        i := i + 1;
        i_balance[i] := b; i_quantity[i] := r.quantity;
        h_first[r.slot] := coalesce(h_first[r.slot], i); h_last[r.slot] := i;
    END LOOP;

    k := ROW(h_subscription, h_product, h_revision, h_quantity, h_first, h_last, l_first, l_last, l_own,
             i_balance, i_quantity, b_subscription, b_sku, b_code, b_granted, b_used)::ordering_books;
    RETURN CASE WHEN p_lock THEN ordering_lock_balances(p_group, k) ELSE ordering_read_balances(p_group, k) END;
END
$$;

-- The books with the balances, locked in the global lock order: subscription, then SKU. Nobody changes a
-- balance while another holds its subscription's lock.
CREATE OR REPLACE FUNCTION ordering_lock_balances(p_group uuid, k ordering_books) RETURNS ordering_books
LANGUAGE plpgsql AS $$
DECLARE
    b_granted bigint[] := k.balance_granted;
    b_used bigint[] := k.balance_used;
    r record;
BEGIN
    FOR r IN
        SELECT w.balance, d.granted, d.used
        FROM (SELECT * FROM unnest(k.balance_subscription, k.balance_sku) WITH ORDINALITY
                            AS x(subscription_id, sku_id, balance)
              ORDER BY x.subscription_id, x.sku_id) w
        CROSS JOIN LATERAL (SELECT x.granted, x.used FROM ledger_balance x
                            WHERE x.group_id = p_group AND x.subscription_id = w.subscription_id
                              AND x.sku_id = w.sku_id FOR UPDATE) d
    LOOP
        b_granted[r.balance] := r.granted; b_used[r.balance] := r.used;
    END LOOP;
    k.balance_granted := b_granted; k.balance_used := b_used;
    RETURN k;
END
$$;

-- The books with the balances as they are now, not locked.
CREATE OR REPLACE FUNCTION ordering_read_balances(p_group uuid, k ordering_books)
RETURNS ordering_books
LANGUAGE plpgsql AS $$
BEGIN
    SELECT array_agg(coalesce(d.granted, 0) ORDER BY w.balance),
           array_agg(coalesce(d.used, 0) ORDER BY w.balance)
    INTO k.balance_granted, k.balance_used
    FROM unnest(k.balance_subscription, k.balance_sku) WITH ORDINALITY
         AS w(subscription_id, sku_id, balance)
    LEFT JOIN LATERAL (
        SELECT b.granted, b.used FROM ledger_balance b
        WHERE b.group_id = p_group AND b.subscription_id = w.subscription_id AND b.sku_id = w.sku_id
        OFFSET 0) d ON true;
    k.balance_granted := coalesce(k.balance_granted, '{}');
    RETURN k;
END
$$;
