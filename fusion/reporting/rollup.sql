-- Refresh the sums of the overview (fusion/billing/models.py). Writes only rows that differ;
-- history.sql writes the days.
--
-- Called in a transaction of one snapshot, so that all sums are of the same time. One at a time: a
-- second caller, and one within p_least after the last refresh, does nothing. Returns the time of
-- the snapshot, NULL if nothing was done.
CREATE OR REPLACE FUNCTION billing_refresh(p_least interval) RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    v_now CONSTANT timestamptz := kernel_now();
    v_today CONSTANT date := (v_now AT TIME ZONE 'UTC')::date;
    state billing_rollup;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('billing_refresh')) THEN
        RETURN NULL;
    END IF;
    SELECT * INTO state FROM billing_rollup WHERE id = 1;
    IF state.as_of > v_now - p_least THEN
        RETURN NULL;
    END IF;
    PERFORM billing_refresh_totals();
    PERFORM billing_refresh_full();
    PERFORM billing_refresh_days(state.day, v_today);
    UPDATE billing_rollup SET as_of = v_now, day = v_today WHERE id = 1;
    RETURN v_now;
END
$$;

-- Live calls by subscription: few compared with the balances.
CREATE OR REPLACE VIEW billing_live AS
SELECT c.subscription_id, count(*) AS calls
FROM trunks_call c
WHERE c.ended_at IS NULL AND c.lease_expires_at > (SELECT kernel_now())
GROUP BY c.subscription_id;

CREATE OR REPLACE FUNCTION billing_refresh_totals() RETURNS void
LANGUAGE sql AS $$
    WITH used AS (
        SELECT s.group_id, s.distributor_id, s.reseller_id, b.sku_id, b.granted,
               CASE WHEN m.live THEN coalesce(l.calls, 0) ELSE b.used END AS used
        FROM ledger_balance b
        JOIN catalogue_metric m ON m.code = b.metric
        JOIN tenancy_subscription s ON s.id = b.subscription_id
        LEFT JOIN billing_live l ON l.subscription_id = b.subscription_id
    ), few AS (
        SELECT group_id, distributor_id, reseller_id, sku_id,
               sum(granted) AS granted, sum(used) AS used, count(*) AS balances
        FROM used GROUP BY 1, 2, 3, 4
    ), new AS MATERIALIZED (
        SELECT f.group_id, o.id, f.sku_id, sum(f.granted)::bigint AS granted, sum(f.used)::bigint AS used,
               sum(f.balances)::int AS balances
        FROM few f
        CROSS JOIN LATERAL (VALUES (f.group_id), (f.distributor_id), (f.reseller_id)) AS o(id)
        WHERE o.id IS NOT NULL GROUP BY 1, 2, 3
    ), gone AS (
        DELETE FROM billing_total t
        WHERE NOT EXISTS (
            SELECT FROM new n WHERE n.id = t.organization_id AND n.sku_id = t.sku_id)
    )
    INSERT INTO billing_total AS t (group_id, organization_id, sku_id, granted, used, balances)
    SELECT group_id, id, sku_id, granted, used, balances FROM new
    ON CONFLICT (group_id, organization_id, sku_id) DO UPDATE
    SET granted = excluded.granted, used = excluded.used, balances = excluded.balances
    WHERE (t.granted, t.used, t.balances)
          IS DISTINCT FROM (excluded.granted, excluded.used, excluded.balances)
$$;

-- The usage in per cent, rounded down. More than granted may be in use.
CREATE OR REPLACE FUNCTION billing_percent(p_used bigint, p_granted bigint) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_used <= 0 THEN 0
                WHEN p_granted = 0 THEN 100
                ELSE least(p_used * 100 / p_granted, 1000000)::int END
$$;

CREATE OR REPLACE FUNCTION billing_refresh_full() RETURNS void
LANGUAGE sql AS $$
    WITH new AS MATERIALIZED (
        SELECT b.subscription_id, b.sku_id, s.group_id, s.path, b.granted, u.used,
               billing_percent(u.used, b.granted) AS percent
        FROM ledger_balance b
        JOIN catalogue_metric m ON m.code = b.metric
        JOIN tenancy_subscription s ON s.id = b.subscription_id
        LEFT JOIN billing_live l ON l.subscription_id = b.subscription_id
        CROSS JOIN LATERAL (VALUES (
            CASE WHEN m.live THEN coalesce(l.calls, 0) ELSE b.used END
        )) AS u(used)
        WHERE u.used > 0 AND u.used * 100 >= b.granted * 80
    ), gone AS (
        DELETE FROM billing_nearlyfull f
        WHERE NOT EXISTS (
            SELECT FROM new n
            WHERE n.subscription_id = f.subscription_id AND n.sku_id = f.sku_id)
    )
    INSERT INTO billing_nearlyfull AS f
        (subscription_id, sku_id, group_id, path, granted, used, percent)
    SELECT subscription_id, sku_id, group_id, path, granted, used, percent FROM new
    ON CONFLICT (group_id, subscription_id, sku_id) DO UPDATE
    SET granted = excluded.granted, used = excluded.used, percent = excluded.percent
    WHERE (f.granted, f.used) IS DISTINCT FROM (excluded.granted, excluded.used)
$$;
