-- Refresh the sums of the overview (fusion/reporting/models.py), group by group, from what has
-- changed. Writes only rows that differ; history.sql writes the days.

-- Whether sums of the group may have changed: it has events since, calls, or another day began.
CREATE OR REPLACE FUNCTION billing_may_differ(s billing_groupstate, p_today date) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT s.day <> p_today OR s.live
        OR EXISTS (SELECT FROM trunks_call c WHERE c.group_id = s.group_id AND c.ended_at IS NULL)
        OR EXISTS (SELECT FROM events_event e
                   WHERE e.group_id = s.group_id AND (e.epoch, e.xid) >= (s.epoch, s.xid))
$$;

-- The groups whose sums must be refreshed. The sums of all others are those of now.
CREATE OR REPLACE FUNCTION billing_changed_groups(p_least interval) RETURNS SETOF uuid
LANGUAGE plpgsql AS $$
DECLARE
    v_now CONSTANT timestamptz := kernel_now();
    v_today CONSTANT date := (v_now AT TIME ZONE 'UTC')::date;
BEGIN
    UPDATE billing_groupstate s SET as_of = v_now
    WHERE s.group_id IN (
        SELECT w.group_id FROM billing_groupstate w
        WHERE w.as_of <= v_now - p_least AND NOT billing_may_differ(w, v_today)
        ORDER BY w.group_id FOR UPDATE SKIP LOCKED);
    RETURN QUERY
        SELECT o.id FROM tenancy_organization o
        LEFT JOIN billing_groupstate s ON s.group_id = o.id
        WHERE o.parent_id IS NULL
          AND (s.group_id IS NULL OR s.as_of < v_now AND s.as_of <= v_now - p_least)
        ORDER BY o.id;
END
$$;

-- Refresh the sums of a group. Called in a transaction of one snapshot, so that all sums are of the
-- same time. One at a time: a second caller, and one within p_least after the last refresh, does
-- nothing. Returns the time of the snapshot, NULL if nothing was done.
--
-- A balance changes in the transaction of an event that names its subscription: only subscriptions
-- with events since the last refresh are summed. Once a day, after a day without refresh, and after a
-- move all balances are compared.
CREATE OR REPLACE FUNCTION billing_refresh_group(p_group uuid, p_least interval)
RETURNS timestamptz
LANGUAGE plpgsql AS $$
DECLARE
    v_now CONSTANT timestamptz := kernel_now();
    v_today CONSTANT date := (v_now AT TIME ZONE 'UTC')::date;
    v_horizon CONSTANT xid8 := pg_snapshot_xmin(pg_current_snapshot());
    v_changed uuid[];  -- NULL: compare all
    state billing_groupstate;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('billing_refresh:' || p_group, 0)) THEN
        RETURN NULL;
    END IF;
    SELECT * INTO state FROM billing_groupstate s WHERE s.group_id = p_group;
    IF state.as_of > v_now - p_least THEN
        RETURN NULL;
    ELSIF state.group_id IS NULL THEN
        DELETE FROM billing_total t WHERE t.group_id = p_group;
        DELETE FROM billing_counted c WHERE c.group_id = p_group;
    ELSIF state.day = v_today THEN
        v_changed := ARRAY(
            SELECT DISTINCT e.subscription_id FROM events_event e
            WHERE e.group_id = p_group AND (e.epoch, e.xid) >= (state.epoch, state.xid)
              AND e.subscription_id IS NOT NULL);
    END IF;
    IF EXISTS (SELECT FROM events_event e
               WHERE e.group_id = p_group AND (e.epoch, e.xid) >= (state.epoch, state.xid)
                 AND e.type = 'subscription.moved') THEN
        PERFORM billing_count_again(p_group);
        v_changed := NULL;
    END IF;
    PERFORM billing_add_changes(p_group, v_changed);
    PERFORM billing_count_calls(p_group);
    PERFORM billing_refresh_full(p_group, v_changed);
    PERFORM billing_refresh_days(p_group, state.day, v_today);
    INSERT INTO billing_groupstate AS s (group_id, as_of, day, epoch, xid, live)
    VALUES (p_group, v_now, v_today, events_epoch(), v_horizon,
            EXISTS (SELECT FROM billing_live l WHERE l.group_id = p_group))
    ON CONFLICT (group_id) DO UPDATE
    SET as_of = excluded.as_of, day = excluded.day, epoch = excluded.epoch, xid = excluded.xid,
        live = excluded.live;
    RETURN v_now;
END
$$;

-- Forget whose the counted balances are: subscriptions have moved. Totals stay, so that a former owner's
-- history goes on, with nothing in it.
CREATE OR REPLACE FUNCTION billing_count_again(p_group uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE billing_total t SET granted = 0, used = 0, balances = 0 WHERE t.group_id = p_group;
    DELETE FROM billing_counted c WHERE c.group_id = p_group;
    DELETE FROM billing_nearlyfull f WHERE f.group_id = p_group;
END
$$;

-- Live calls by subscription: few compared with the balances.
CREATE OR REPLACE VIEW billing_live AS
SELECT c.subscription_id, count(*) AS calls, c.group_id
FROM trunks_call c
WHERE c.ended_at IS NULL AND c.lease_expires_at > (SELECT kernel_now())
GROUP BY c.group_id, c.subscription_id;

-- Add to the totals what changed in the balances of these subscriptions, or of all (NULL), since
-- they were counted.
CREATE OR REPLACE FUNCTION billing_add_changes(p_group uuid, p_changed uuid[]) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT b.subscription_id, b.sku_id, b.granted, b.used,
               b.granted - coalesce(c.granted, 0) AS more_granted,
               b.used - coalesce(c.used, 0) AS more_used, (c.sku_id IS NULL)::int AS more
        FROM ledger_balance b
        LEFT JOIN billing_counted c USING (group_id, subscription_id, sku_id)
        WHERE b.group_id = p_group
          AND (p_changed IS NULL OR b.subscription_id = ANY (p_changed))
          AND (c.granted, c.used) IS DISTINCT FROM (b.granted, b.used)
    ), counted AS (
        INSERT INTO billing_counted AS c (group_id, subscription_id, sku_id, granted, used)
        SELECT p_group, subscription_id, sku_id, granted, used FROM changed
        ON CONFLICT (group_id, subscription_id, sku_id) DO UPDATE
        SET granted = excluded.granted, used = excluded.used
    )
    INSERT INTO billing_total AS t (group_id, organization_id, sku_id, granted, used, balances)
    SELECT p_group, o.id, c.sku_id, sum(c.more_granted), sum(c.more_used), sum(c.more)
    FROM changed c
    JOIN tenancy_subscription s ON s.id = c.subscription_id
    CROSS JOIN LATERAL (VALUES (s.group_id), (s.distributor_id), (s.reseller_id)) AS o(id)
    WHERE o.id IS NOT NULL GROUP BY o.id, c.sku_id
    ON CONFLICT (group_id, organization_id, sku_id) DO UPDATE
    SET granted = t.granted + excluded.granted, used = t.used + excluded.used,
        balances = t.balances + excluded.balances;
END
$$;

-- Of metrics that live calls count, the total in use is that of the live calls.
CREATE OR REPLACE FUNCTION billing_count_calls(p_group uuid) RETURNS void
LANGUAGE sql AS $$
    WITH calls AS MATERIALIZED (
        SELECT o.id, sum(l.calls)::bigint AS calls
        FROM billing_live l
        JOIN tenancy_subscription s ON s.id = l.subscription_id
        CROSS JOIN LATERAL (VALUES (s.group_id), (s.distributor_id), (s.reseller_id)) AS o(id)
        WHERE l.group_id = p_group AND o.id IS NOT NULL GROUP BY 1
    )
    UPDATE billing_total t SET used = w.calls
    FROM (
        SELECT x.organization_id, x.sku_id, coalesce(c.calls, 0) AS calls
        FROM billing_total x
        JOIN catalogue_sku k ON k.id = x.sku_id
        JOIN catalogue_metric m ON m.code = k.metric AND m.live
        LEFT JOIN calls c ON c.id = x.organization_id
        WHERE x.group_id = p_group AND x.used <> coalesce(c.calls, 0)
    ) w
    WHERE t.group_id = p_group AND t.organization_id = w.organization_id AND t.sku_id = w.sku_id
$$;

-- The usage in per cent, rounded down. More than granted may be in use.
CREATE OR REPLACE FUNCTION billing_percent(p_used bigint, p_granted bigint) RETURNS int
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_used <= 0 THEN 0
                WHEN p_granted = 0 THEN 100
                ELSE least(p_used * 100 / p_granted, 1000000)::int END
$$;

-- The balances of 80 % and more: of these subscriptions or all (NULL), and of all with live calls.
CREATE OR REPLACE FUNCTION billing_refresh_full(p_group uuid, p_changed uuid[]) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    WITH new AS MATERIALIZED (
        SELECT b.subscription_id, b.sku_id, b.granted, b.used
        FROM ledger_balance b JOIN catalogue_metric m ON m.code = b.metric AND NOT m.live
        WHERE b.group_id = p_group AND (p_changed IS NULL OR b.subscription_id = ANY (p_changed))
          AND b.used > 0 AND ledger_is_nearly_full(b.used, b.granted)
        UNION ALL
        SELECT b.subscription_id, b.sku_id, b.granted, l.calls
        FROM billing_live l
        JOIN ledger_balance b USING (group_id, subscription_id)
        JOIN catalogue_metric m ON m.code = b.metric AND m.live
        WHERE l.group_id = p_group AND ledger_is_nearly_full(l.calls, b.granted)
    ), gone AS (
        DELETE FROM billing_nearlyfull f
        USING catalogue_sku k, catalogue_metric m
        WHERE f.group_id = p_group AND k.id = f.sku_id AND m.code = k.metric
          AND (p_changed IS NULL OR m.live OR f.subscription_id = ANY (p_changed))
          AND NOT EXISTS (SELECT FROM new n
                          WHERE n.subscription_id = f.subscription_id AND n.sku_id = f.sku_id)
    )
    INSERT INTO billing_nearlyfull AS f
        (subscription_id, sku_id, group_id, path, granted, used, percent)
    SELECT n.subscription_id, n.sku_id, s.group_id, s.path, n.granted, n.used,
           billing_percent(n.used, n.granted)
    FROM new n JOIN tenancy_subscription s ON s.id = n.subscription_id
    ON CONFLICT (group_id, subscription_id, sku_id) DO UPDATE
    SET granted = excluded.granted, used = excluded.used, percent = excluded.percent
    WHERE (f.granted, f.used) IS DISTINCT FROM (excluded.granted, excluded.used);
END
$$;
