-- The days of the overview's history (fusion/reporting/models.py): what organizations had and used at
-- the end of each of the last 90 days, from the ledger. A day's final value is the present value
-- minus all changes since. For channels, the ledger has only the ordered quantity.

-- The changes made by an entry.
CREATE OR REPLACE FUNCTION billing_granted(p_kind text, p_quantity bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE p_kind WHEN 'grant' THEN p_quantity WHEN 'revoke' THEN -p_quantity ELSE 0 END
$$;

CREATE OR REPLACE FUNCTION billing_used(p_kind text, p_quantity bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE p_kind WHEN 'consume' THEN p_quantity WHEN 'release' THEN -p_quantity ELSE 0 END
$$;

-- Update the days of a group up to p_today. p_from is the day of the last refresh, NULL before the
-- first.
CREATE OR REPLACE FUNCTION billing_refresh_days(p_group uuid, p_from date, p_today date)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_from IS NULL THEN
        PERFORM billing_write_days(p_group, false, p_today - 90, p_today, NULL);
    ELSE
        PERFORM billing_write_days(p_group, true, p_today - 90, p_today, NULL);
        IF p_from < p_today THEN
            PERFORM billing_write_days(
                p_group, false, greatest(p_from, p_today - 90), p_today, p_from);
        END IF;
    END IF;
    IF p_from IS DISTINCT FROM p_today THEN
        -- Keeps the days that are shown, and the last one before them, for the initial value.
        DELETE FROM billing_day d
        WHERE d.group_id = p_group AND d.day < p_today - 90 AND EXISTS (
            SELECT FROM billing_day n
            WHERE n.group_id = d.group_id AND n.organization_id = d.organization_id AND n.sku_id = d.sku_id
              AND n.day > d.day AND n.day <= p_today - 90);
    END IF;
    PERFORM billing_write_today(p_group, p_today);
END
$$;

-- Today has the present values; for channels the observed peak.
CREATE OR REPLACE FUNCTION billing_write_today(p_group uuid, p_today date) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO billing_day AS d (group_id, organization_id, sku_id, day, granted, used)
    SELECT t.group_id, t.organization_id, t.sku_id, p_today, t.granted, t.used
    FROM billing_total t
    LEFT JOIN LATERAL (
        SELECT l.granted, l.used FROM billing_day l
        WHERE l.group_id = t.group_id AND l.organization_id = t.organization_id AND l.sku_id = t.sku_id
        ORDER BY l.day DESC LIMIT 1) last ON true
    WHERE t.group_id = p_group
      AND (last.granted, last.used) IS DISTINCT FROM (t.granted, t.used)
    ON CONFLICT (group_id, organization_id, sku_id, day) DO UPDATE
    SET granted = excluded.granted,
        used = CASE WHEN (SELECT m.live FROM catalogue_sku k
                                JOIN catalogue_metric m ON m.code = k.metric WHERE k.id = d.sku_id)
                    THEN greatest(d.used, excluded.used) ELSE excluded.used END
$$;

-- Write the days from the one before p_from up to the one before p_today, of all histories or, with
-- p_new, of those that have no days yet. Known daily peaks are kept: up to p_known, from the last
-- row until then; NULL if unknown.
CREATE OR REPLACE FUNCTION billing_write_days(
    p_group uuid, p_new boolean, p_from date, p_today date, p_known date
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO billing_day AS d (group_id, organization_id, sku_id, day, granted, used)
    SELECT t.group_id, t.organization_id, t.sku_id, x.day, t.granted - x.granted_since,
           CASE WHEN NOT m.live THEN t.used - x.used_since
                WHEN x.day <= p_known THEN (
                    SELECT l.used FROM billing_day l
                    WHERE l.group_id = t.group_id AND l.organization_id = t.organization_id AND l.sku_id = t.sku_id
                      AND l.day <= x.day ORDER BY l.day DESC LIMIT 1) END
    FROM billing_total t
    JOIN catalogue_sku k ON k.id = t.sku_id
    JOIN catalogue_metric m ON m.code = k.metric
    JOIN (
        SELECT organization_id, sku_id, day,
               coalesce(sum(granted) OVER later, 0)::bigint AS granted_since,
               coalesce(sum(used) OVER later, 0)::bigint AS used_since
        FROM (
            SELECT * FROM billing_changes(p_group, p_from, p_today) WHERE NOT p_new
            UNION ALL
            SELECT * FROM billing_first_changes(p_group, p_from) WHERE p_new
        ) changes
        WINDOW later AS (PARTITION BY organization_id, sku_id ORDER BY day
                         ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
    ) x ON x.organization_id = t.organization_id AND x.sku_id = t.sku_id
    WHERE t.group_id = p_group AND x.day < p_today
    ON CONFLICT (group_id, organization_id, sku_id, day) DO UPDATE
    SET granted = excluded.granted, used = coalesce(excluded.used, d.used)
    WHERE (d.granted, d.used)
          IS DISTINCT FROM (excluded.granted, coalesce(excluded.used, d.used))
$$;

-- What moves of subscriptions changed, from p_since on, inclusive: their balances at that instant leave the
-- former owners and come to the next.
CREATE OR REPLACE FUNCTION billing_moves(p_group uuid, p_since timestamptz)
RETURNS TABLE (distributor_id uuid, reseller_id uuid, path text, sku_id uuid, at timestamptz,
               granted bigint, used bigint)
LANGUAGE sql STABLE AS $$
    SELECT x.distributor_id, x.reseller_id, x.path, b.sku_id, w.until,
           x.sign * e.granted_after, x.sign * e.used_after
    FROM tenancy_subscriptionowner w
    JOIN tenancy_ownership n
      ON n.group_id = p_group AND n.subscription_id = w.subscription_id AND n.since = w.until
    CROSS JOIN LATERAL (VALUES (w.distributor_id, w.reseller_id, w.path, -1),
                               (n.distributor_id, n.reseller_id, n.path, 1)
                       ) AS x(distributor_id, reseller_id, path, sign)
    JOIN ledger_balance b ON b.group_id = p_group AND b.subscription_id = w.subscription_id
    CROSS JOIN LATERAL (
        SELECT ledger_sequence_at(p_group, b.subscription_id, b.sku_id, b.sequence,
                                  w.until - interval '1 microsecond') AS sequence OFFSET 0) v
    CROSS JOIN LATERAL (
        SELECT l.granted_after, l.used_after FROM ledger_entry l
        WHERE (l.group_id, l.subscription_id, l.sku_id, l.sequence)
              = (p_group, b.subscription_id, b.sku_id, v.sequence)
        OFFSET 0) e
    WHERE w.group_id = p_group AND w.until >= p_since
$$;

-- The changes per organization, SKU and day, from p_from on, inclusive, of the owners of the time; and an
-- empty row for the days around p_from, so that each history has a beginning, and for each day written
-- before, so that it is written again.
CREATE OR REPLACE FUNCTION billing_changes(p_group uuid, p_from date, p_today date)
RETURNS TABLE (organization_id uuid, sku_id uuid, day date, granted bigint, used bigint)
LANGUAGE sql STABLE AS $$
    SELECT o.id, x.sku_id, x.day, sum(x.granted)::bigint, sum(x.used)::bigint
    FROM (
        SELECT s.group_id, s.distributor_id, s.reseller_id, e.sku_id,
               (e.at AT TIME ZONE 'UTC')::date AS day,
               sum(billing_granted(e.kind, e.quantity)) AS granted,
               sum(billing_used(e.kind, e.quantity)) AS used
        FROM ledger_entry e
        JOIN tenancy_ownership s
          ON s.group_id = p_group AND s.subscription_id = e.subscription_id AND e.at >= s.since AND e.at < s.until
        WHERE e.group_id = p_group AND e.at >= p_from::timestamp AT TIME ZONE 'UTC'
        GROUP BY 1, 2, 3, 4, 5
        UNION ALL
        SELECT p_group, m.distributor_id, m.reseller_id, m.sku_id, (m.at AT TIME ZONE 'UTC')::date,
               m.granted, m.used
        FROM billing_moves(p_group, p_from::timestamp AT TIME ZONE 'UTC') m
        UNION ALL
        SELECT t.organization_id, NULL, NULL, t.sku_id, d.day, 0, 0
        FROM billing_total t CROSS JOIN (VALUES (p_from - 1), (p_from), (p_from + 1)) AS d(day)
        WHERE t.group_id = p_group
        UNION ALL
        SELECT d.organization_id, NULL, NULL, d.sku_id, d.day, 0, 0
        FROM billing_day d WHERE d.group_id = p_group AND d.day BETWEEN p_from AND p_today - 1
    ) x
    CROSS JOIN LATERAL (VALUES (x.group_id), (x.distributor_id), (x.reseller_id)) AS o(id)
    WHERE o.id IS NOT NULL
    GROUP BY 1, 2, 3
$$;

-- The same for the histories without days yet: few, and each with few balances.
CREATE OR REPLACE FUNCTION billing_first_changes(p_group uuid, p_from date)
RETURNS TABLE (organization_id uuid, sku_id uuid, day date, granted bigint, used bigint)
LANGUAGE sql STABLE AS $$
    WITH new AS MATERIALIZED (
        SELECT t.organization_id, t.sku_id FROM billing_total t
        WHERE t.group_id = p_group AND NOT EXISTS (
            SELECT FROM billing_day d
            WHERE d.group_id = p_group AND d.organization_id = t.organization_id AND d.sku_id = t.sku_id)
    )
    SELECT x.organization_id, x.sku_id, x.day, sum(x.granted)::bigint, sum(x.used)::bigint
    FROM (
        SELECT n.organization_id, n.sku_id, (e.at AT TIME ZONE 'UTC')::date AS day,
               billing_granted(e.kind, e.quantity) AS granted,
               billing_used(e.kind, e.quantity) AS used
        FROM new n
        JOIN ledger_balance b ON b.group_id = p_group AND b.sku_id = n.sku_id
        JOIN tenancy_ownership s ON s.group_id = p_group AND s.subscription_id = b.subscription_id
             AND n.organization_id IN (s.group_id, s.distributor_id, s.reseller_id)
        JOIN ledger_entry e ON (e.group_id, e.subscription_id, e.sku_id)
                               = (b.group_id, b.subscription_id, b.sku_id)
             AND e.at >= s.since AND e.at < s.until
        WHERE e.at >= p_from::timestamp AT TIME ZONE 'UTC'
        UNION ALL
        SELECT n.organization_id, n.sku_id, (m.at AT TIME ZONE 'UTC')::date, m.granted, m.used
        FROM new n
        JOIN billing_moves(p_group, p_from::timestamp AT TIME ZONE 'UTC') m
          ON m.sku_id = n.sku_id AND n.organization_id IN (p_group, m.distributor_id, m.reseller_id)
        UNION ALL
        SELECT n.organization_id, n.sku_id, p_from - 1, 0, 0 FROM new n
    ) x
    GROUP BY 1, 2, 3
$$;

-- Rewrite all days of a group, because entries of the past may have been added since. The daily
-- peaks come from the call records, which are complete from p_calls_from on. Called in a
-- transaction of one snapshot. Returns its time; NULL if another transaction is refreshing now.
CREATE OR REPLACE FUNCTION billing_fill_history(p_group uuid, p_calls_from date)
RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('billing_refresh:' || p_group, 0)) THEN
        RETURN NULL;
    END IF;
    DELETE FROM billing_groupstate s WHERE s.group_id = p_group;
    v_now := billing_refresh_group(p_group, interval '0');
    PERFORM billing_write_calls(
        p_group, greatest(p_calls_from, (v_now AT TIME ZONE 'UTC')::date - 90),
        (v_now AT TIME ZONE 'UTC')::date);
    RETURN v_now;
END
$$;

-- The peak of concurrent calls on each day from p_from up to the one before p_today.
CREATE OR REPLACE FUNCTION billing_write_calls(p_group uuid, p_from date, p_today date)
RETURNS void
LANGUAGE sql AS $$
    WITH channels AS (
        SELECT t.group_id, t.organization_id, t.sku_id
        FROM billing_total t
        JOIN catalogue_sku k ON k.id = t.sku_id
        JOIN catalogue_metric m ON m.code = k.metric AND m.live
        WHERE t.group_id = p_group
    ), calls AS (
        SELECT r.group_id, r.distributor_id, r.reseller_id, r.admitted_at, r.ended_at
        FROM trunks_callrecord r WHERE r.group_id = p_group AND r.ended_at >= p_from::timestamp AT TIME ZONE 'UTC'
        UNION ALL
        SELECT s.group_id, s.distributor_id, s.reseller_id, c.admitted_at, c.lease_expires_at
        FROM trunks_call c JOIN tenancy_subscription s ON s.id = c.subscription_id
        WHERE c.group_id = p_group AND c.ended_at IS NULL
    ), steps AS (
        SELECT o.id, x.at, x.step
        FROM calls c
        CROSS JOIN LATERAL (VALUES (c.admitted_at, 1), (c.ended_at, -1)) AS x(at, step)
        CROSS JOIN LATERAL (VALUES (c.group_id), (c.distributor_id), (c.reseller_id)) AS o(id)
        WHERE o.id IS NOT NULL
        UNION ALL  -- each day begins with the calls in progress at the end of the previous one
        SELECT c.organization_id, d AT TIME ZONE 'UTC', 0
        FROM channels c CROSS JOIN generate_series(
            p_from::timestamp, (p_today - 1)::timestamp, interval '1 day') AS d
    ), most AS (
        SELECT id, (at AT TIME ZONE 'UTC')::date AS day, max(live)::bigint AS used
        FROM (SELECT id, at, sum(step) OVER (PARTITION BY id ORDER BY at, step) AS live
              FROM steps) counted
        GROUP BY 1, 2
    )
    INSERT INTO billing_day AS d (group_id, organization_id, sku_id, day, granted, used)
    SELECT c.group_id, m.id, c.sku_id, m.day, l.granted, m.used
    FROM most m
    JOIN channels c ON c.organization_id = m.id
    CROSS JOIN LATERAL (
        SELECT w.granted FROM billing_day w
        WHERE w.group_id = p_group AND w.organization_id = m.id AND w.sku_id = c.sku_id AND w.day <= m.day
        ORDER BY w.day DESC LIMIT 1) l
    WHERE m.day BETWEEN p_from AND p_today - 1
    ON CONFLICT (group_id, organization_id, sku_id, day) DO UPDATE SET used = excluded.used
$$;
