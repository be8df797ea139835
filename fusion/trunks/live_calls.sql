-- The units in use of metrics that live calls lease instead of consuming (see ledger/balances.sql):
-- SIP channels. A live call uses one until it ends or its lease expires, unless it shares that of the call
-- that it replaces.

-- The calls of a subscription that use one at p_now. A plain query, so that it is inlined.
--
-- "BETWEEN", ordered by subscription first, can only use the index of live calls by subscription. With "=",
-- a plan that was made while few calls were live may read the live calls of everybody.
CREATE OR REPLACE FUNCTION trunks_live_of(p_subscription uuid, p_now timestamptz) RETURNS SETOF trunks_call
LANGUAGE sql STABLE AS $$
    SELECT c.* FROM trunks_call c
    WHERE c.subscription_id BETWEEN p_subscription AND p_subscription AND c.ended_at IS NULL
      AND c.lease_expires_at > p_now AND (c.shares_until <= p_now) IS NOT FALSE
    ORDER BY c.subscription_id, c.lease_expires_at
$$;

-- The live calls of a subscription at p_now, and those of one of its trunks: as many as are open, if the number
-- is exact, that is, unless leases of open calls have expired or calls share channels. The caller holds the
-- subscription's lock.
CREATE OR REPLACE FUNCTION trunks_count_live(
    p_group uuid, p_subscription uuid, p_trunk uuid, p_now timestamptz,
    OUT live int, OUT live_of_trunk int, OUT exact boolean
)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT coalesce(sum(w.calls), 0), coalesce(sum(w.calls) FILTER (WHERE w.trunk_id = p_trunk), 0),
           coalesce(min(w.exact_until) FILTER (WHERE w.calls > 0) > p_now, true)
    INTO live, live_of_trunk, exact
    FROM trunks_opencalls w WHERE w.group_id = p_group AND w.subscription_id = p_subscription;
    IF NOT exact THEN
        SELECT count(*), count(*) FILTER (WHERE w.trunk_id = p_trunk) INTO live, live_of_trunk
        FROM trunks_live_of(p_subscription, p_now) w;
    END IF;
END
$$;

-- Note that the numbers of open calls are exact until the next lease expires, if as many are live.
CREATE OR REPLACE FUNCTION trunks_note_exact(
    p_group uuid, p_subscription uuid, p_now timestamptz, p_live int
) RETURNS void
LANGUAGE sql AS $$
    UPDATE trunks_opencalls w
    SET exact_until = (SELECT min(x.lease_expires_at) FROM trunks_live_of(p_subscription, p_now) x)
    WHERE w.group_id = p_group AND w.subscription_id = p_subscription AND w.exact_until <= p_now
      AND p_live = (SELECT sum(x.calls) FROM trunks_opencalls x
                    WHERE x.group_id = p_group AND x.subscription_id = p_subscription)
$$;

-- Units of a subscription in use now.
CREATE OR REPLACE FUNCTION trunks_live_calls(p_subscription uuid) RETURNS bigint
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
AS $$
DECLARE
    v_now CONSTANT timestamptz := kernel_now();
BEGIN
    RETURN coalesce(
        (SELECT sum(w.calls) FROM tenancy_subscription s JOIN trunks_opencalls w ON w.group_id = s.group_id
         WHERE s.id = p_subscription AND w.subscription_id = p_subscription
         HAVING min(w.exact_until) FILTER (WHERE w.calls > 0) > v_now),
        (SELECT count(*) FROM trunks_live_of(p_subscription, v_now)));
END
$$;

-- Peak of a subscription's units in use in the minute of p_at; NULL if unknown.
CREATE OR REPLACE FUNCTION trunks_live_calls_at(p_subscription uuid, p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
AS $$
BEGIN
    RETURN (SELECT p.peak FROM trunks_channelpeak p
            WHERE p.subscription_id = p_subscription AND p.trunk_id IS NULL
              AND p.minute = date_trunc('minute', p_at));
END
$$;

-- Units in use now of all subscriptions of a group under p_path.
CREATE OR REPLACE FUNCTION trunks_live_calls_under(p_group uuid, p_path text) RETURNS bigint
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
AS $$
BEGIN
    RETURN (SELECT count(*) FROM trunks_call c JOIN tenancy_subscription s ON s.id = c.subscription_id
            WHERE c.group_id = p_group AND c.ended_at IS NULL
              AND c.lease_expires_at > kernel_now() AND (c.shares_until <= kernel_now()) IS NOT FALSE
              AND access_sees(p_path, s.path));
END
$$;
