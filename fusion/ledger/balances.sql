-- The balances of subscriptions as the API shows them, by SKU code: every SKU that was ever granted, or
-- that a scheduled order grants. `pending` has what scheduled orders change; it is looked up only where
-- there are any, and without `without_pending`. A call has {path, subscription_id, without_pending?};
-- returns for each 200 with {items}, or 404 with {code, detail}.
--
-- The ledger has no entries for SIP channels: trunks_live_calls counts the calls that use them, and
-- these may be more than is granted.
CREATE OR REPLACE FUNCTION ledger_balances_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    v_call jsonb;
    v_subscription uuid;
BEGIN
    replayed := false;
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        v_call := p_calls -> i; v_subscription := v_call ->> 'subscription_id';
        SELECT 200, json_build_object('items', coalesce(
            (SELECT json_agg(json_build_object(
                 'sku', b.sku, 'type', b.type, 'metric', b.metric, 'granted', b.granted,
                 'used', b.used, 'available', greatest(b.granted - b.used, 0),
                 'pending', '[]'::json) ORDER BY b.sku)
             FROM (SELECT w.sku, w.type, w.metric, w.granted, ledger_used(w, w.metric = ANY (ARRAY(
                              SELECT m.code FROM catalogue_metric m WHERE m.live))) AS used
                   FROM ledger_balance w
                   WHERE w.group_id = s.group_id AND w.subscription_id = s.id
                   OFFSET 0) b  -- evaluated once
            ), '[]'))::text
        INTO status, answer
        FROM tenancy_subscription s
        WHERE s.id = v_subscription AND s.group_id = p_group
          AND access_sees(v_call ->> 'path', s.path);
        IF NOT FOUND THEN
            status := 404;
            answer := access_unknown_subscription();
        ELSIF v_call ->> 'without_pending' IS NULL AND EXISTS (
                SELECT FROM ordering_order o
                WHERE o.subscription_id = v_subscription AND o.state = 'scheduled') THEN
            answer := ledger_with_pending(
                p_group, answer::json -> 'items', ordering_pending_changes(p_group, v_subscription));
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- The balances as JSON text with what is pending, by SKU code; also of SKUs without a balance. p_pending as from
-- ordering_pending_changes.
CREATE OR REPLACE FUNCTION ledger_with_pending(p_group uuid, p_items json, p_pending json) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT json_build_object('items', coalesce(json_agg(json_build_object(
        'sku', w.sku, 'type', w.type, 'metric', w.metric, 'granted', w.granted, 'used', w.used,
        'available', w.available, 'pending', coalesce(p_pending -> 'changes' -> w.sku, '[]')) ORDER BY w.sku), '[]'),
        'pending_rest', p_pending -> 'rest')::text
    FROM (
        SELECT b.* FROM json_to_recordset(p_items) AS b(
            sku text, type text, metric text, granted bigint, used bigint, available bigint)
        UNION ALL
        SELECT s.code, s.type, s.metric, 0, 0, 0 FROM catalogue_sku s
        WHERE s.group_id = p_group AND s.code IN (SELECT json_object_keys(p_pending -> 'changes'))
          AND s.code NOT IN (SELECT b ->> 'sku' FROM json_array_elements(p_items) AS b)) w
$$;

-- The used quantity of a balance; p_live says how its metric is counted. A plain expression, so that
-- it is inlined.
CREATE OR REPLACE FUNCTION ledger_used(b ledger_balance, p_live boolean) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN p_live THEN trunks_live_calls(b.subscription_id) ELSE b.used END
$$;

-- The number of the newest entry of a balance until p_at, inclusive; 0 if there is none. p_last is that of its
-- newest entry of all. Entries are numbered without gaps in the order of their time, so each look-up by key
-- halves the range: 20 look-ups among a million entries.
CREATE OR REPLACE FUNCTION ledger_sequence_at(
    p_group uuid, p_subscription uuid, p_sku uuid, p_last bigint, p_at timestamptz
) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_from bigint := 0;
    v_to bigint := p_last;
    v_middle bigint := p_last;
BEGIN
    WHILE v_from < v_to LOOP
        IF (SELECT e.at FROM ledger_entry e
            WHERE e.group_id = p_group AND e.subscription_id = p_subscription AND e.sku_id = p_sku
              AND e.sequence = v_middle) <= p_at
        THEN
            v_from := v_middle;
        ELSE
            v_to := v_middle - 1;
        END IF;
        v_middle := (v_from + v_to + 1) / 2;
    END LOOP;
    RETURN v_from;
END
$$;

-- The balances at an instant (inclusive): the newest entry of each balance until then. For SIP
-- channels `used` is the peak of that minute, NULL if unknown.
CREATE OR REPLACE FUNCTION ledger_balances_at(
    p_subscription uuid, p_path text, p_at timestamptz
) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT json_build_object('items', coalesce(
        (SELECT json_agg(json_build_object(
             'sku', b.sku, 'type', b.type, 'metric', b.metric, 'granted', e.granted_after,
             'used', u.used,
             'available', CASE WHEN u.used IS NOT NULL
                               THEN greatest(e.granted_after - u.used, 0) END) ORDER BY b.sku)
         FROM ledger_balance b
         JOIN catalogue_metric m ON m.code = b.metric
         CROSS JOIN LATERAL (
             SELECT ledger_sequence_at(b.group_id, b.subscription_id, b.sku_id, b.sequence, p_at) AS sequence
             OFFSET 0) n
         CROSS JOIN LATERAL (
             SELECT l.granted_after, l.used_after FROM ledger_entry l
             WHERE (l.group_id, l.subscription_id, l.sku_id, l.sequence)
                   = (b.group_id, b.subscription_id, b.sku_id, n.sequence)
             OFFSET 0) e  -- one look-up by key, whatever the planner knows of the table
         CROSS JOIN LATERAL (
             SELECT CASE WHEN m.live THEN trunks_live_calls_at(s.id, p_at)
                         ELSE e.used_after END AS used OFFSET 0) u
         WHERE b.group_id = s.group_id AND b.subscription_id = s.id), '[]'))::text
    FROM tenancy_subscription s
    WHERE s.id = p_subscription AND access_sees(p_path, s.path)
$$;
