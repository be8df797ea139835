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

-- Units of a subscription in use now.
CREATE OR REPLACE FUNCTION trunks_live_calls(p_subscription uuid) RETURNS bigint
LANGUAGE plpgsql STABLE
SET enable_seqscan = off
AS $$
DECLARE
    v_now CONSTANT timestamptz := kernel_now();
BEGIN
    RETURN (SELECT count(*) FROM trunks_live_of(p_subscription, v_now));
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
