-- Read the holdings and balances that lines of orders may change into arrays with slot numbers: so
-- the rule (`decide.sql`) takes a thousand small steps for a batch of a thousand orders, and a few
-- for one. Lines of orders without p_first are left out. p_lock: lock the balances (a preview locks
-- none and promises nothing).
CREATE OR REPLACE FUNCTION ordering_read_books(
    p_group uuid, p_first int[], l ordering_lines, p_lock boolean
) RETURNS ordering_books
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    r record;
    h_subscription uuid[] := '{}'; h_product uuid[] := '{}'; h_revision int[] := '{}';
    h_quantity bigint[] := '{}'; h_first int[] := '{}'; h_last int[] := '{}';
    l_first int[] := '{}'; l_last int[] := '{}'; l_own int[] := '{}';
    i_balance int[] := '{}'; i_quantity bigint[] := '{}';
    b_subscription uuid[] := '{}'; b_sku uuid[] := '{}'; b_code text[] := '{}';
    b_granted bigint[] := '{}'; b_used bigint[] := '{}';
    i int := 0;
BEGIN
    -- 1. Holdings: a row per line and holding of its product; an addition includes the holding it
    --    will add to even if it does not exist yet.
    FOR r IN
        SELECT s.*, min(s.slot) OVER same_product AS first, max(s.slot) OVER same_product AS last
        FROM (
            SELECT w.line, w.subscription_id, w.product_id, x.revision, x.quantity, x.own,
                   dense_rank() OVER (
                       ORDER BY w.subscription_id, w.product_id, x.revision DESC NULLS LAST) AS slot
            FROM unnest(l."order", l.subscription, l.product, l.revision) WITH ORDINALITY
                 AS w(o, subscription_id, product_id, revision, line)
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
                      AND d.product_id = w.product_id AND d.revision = w.revision)
            ) x ON true
            WHERE p_first[w.o] IS NOT NULL
        ) s
        WINDOW same_product AS (PARTITION BY s.subscription_id, s.product_id)
        ORDER BY s.slot
    LOOP
        h_subscription[r.slot] := r.subscription_id; h_product[r.slot] := r.product_id;
        h_revision[r.slot] := r.revision; h_quantity[r.slot] := coalesce(r.quantity, 0);
        l_first[r.line] := r.first; l_last[r.line] := r.last;
        IF r.own THEN
            l_own[r.line] := r.slot;
        END IF;
    END LOOP;

    -- 2. The items of those revisions, and the balances that they touch.
    FOR r IN
        SELECT w.slot, w.subscription_id, m.sku_id, m.quantity, s.code,
               dense_rank() OVER (ORDER BY w.subscription_id, m.sku_id) AS balance
        FROM unnest(h_subscription, h_product, h_revision) WITH ORDINALITY
             AS w(subscription_id, product_id, revision, slot)
        JOIN catalogue_revisionitem m
          ON m.group_id = p_group AND m.product_id = w.product_id AND m.revision = w.revision
        JOIN catalogue_sku s ON s.id = m.sku_id
        ORDER BY w.slot, balance
    LOOP
        i := i + 1;
        i_balance[i] := r.balance; i_quantity[i] := r.quantity;
        h_first[r.slot] := coalesce(h_first[r.slot], i); h_last[r.slot] := i;
        b_subscription[r.balance] := r.subscription_id; b_sku[r.balance] := r.sku_id;
        b_code[r.balance] := r.code; b_granted[r.balance] := 0; b_used[r.balance] := 0;
    END LOOP;

    -- 3. The balances, locked in the global lock order: subscription, then SKU. Nobody changes a
    --    balance while another holds its subscription's lock.
    IF p_lock THEN
        FOR r IN
            SELECT w.balance, d.granted, d.used
            FROM unnest(b_subscription, b_sku) WITH ORDINALITY AS w(subscription_id, sku_id, balance)
            JOIN ledger_balance d ON d.group_id = p_group AND d.subscription_id = w.subscription_id
                                 AND d.sku_id = w.sku_id
            ORDER BY d.subscription_id, d.sku_id FOR UPDATE OF d
        LOOP
            b_granted[r.balance] := r.granted; b_used[r.balance] := r.used;
        END LOOP;
    ELSE
        FOR r IN
            SELECT w.balance, d.granted, d.used
            FROM unnest(b_subscription, b_sku) WITH ORDINALITY AS w(subscription_id, sku_id, balance)
            JOIN ledger_balance d ON d.group_id = p_group AND d.subscription_id = w.subscription_id
                                 AND d.sku_id = w.sku_id
        LOOP
            b_granted[r.balance] := r.granted; b_used[r.balance] := r.used;
        END LOOP;
    END IF;
    RETURN ROW(h_subscription, h_product, h_revision, h_quantity, h_first, h_last,
               l_first, l_last, l_own, i_balance, i_quantity,
               b_subscription, b_sku, b_code, b_granted, b_used)::ordering_books;
END
$$;
