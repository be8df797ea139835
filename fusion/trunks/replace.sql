-- A call that replaces another one, as in an attended transfer (RFC 3891). Until one of the two ends, they
-- share one channel: the new call does not count while the lease of the former one lasts (`shares_until`).

-- The live call of a subscription that a new one replaces; a row of NULLs if there is none. It counts itself,
-- and is replaced once: otherwise a chain of calls would share one channel. p_replaces is its call id; names
-- that a proxy has derived from a Call-ID begin with it and a semicolon.
CREATE OR REPLACE FUNCTION trunks_replaced_call(
    s tenancy_subscription, p_trunk uuid, p_replaces text, p_now timestamptz
) RETURNS trunks_call
LANGUAGE sql STABLE AS $$
    SELECT w FROM trunks_live_of(s.id, p_now) w
    WHERE NOT w.replaced AND (w.call_id = p_replaces OR starts_with(w.call_id, p_replaces || ';'))
    ORDER BY (w.trunk_id = p_trunk) DESC, (w.call_id = p_replaces) DESC, w.admitted_at DESC LIMIT 1
$$;

-- Let the call that replaces `o` count from p_until on: at once if `o` has ended, else when its lease expires.
CREATE OR REPLACE FUNCTION trunks_share_until(o trunks_call, p_until timestamptz) RETURNS void
LANGUAGE sql AS $$
    UPDATE trunks_call w SET shares_until = p_until
    WHERE w.group_id = o.group_id AND w.subscription_id = o.subscription_id AND w.ended_at IS NULL
      AND (w.replaces_trunk_id, w.replaces_direction, w.replaces_call_id)
          = (o.trunk_id, o.direction, o.call_id)
$$;

-- Let a call that has begun replace `o`.
CREATE OR REPLACE FUNCTION trunks_replace(
    o trunks_call, p_group uuid, p_trunk uuid, p_direction text, p_call_id text
) RETURNS void
LANGUAGE sql AS $$
    UPDATE trunks_call w SET shares_until = o.lease_expires_at,
        replaces_trunk_id = o.trunk_id, replaces_direction = o.direction, replaces_call_id = o.call_id
    WHERE (w.group_id, w.trunk_id, w.direction, w.call_id) = (p_group, p_trunk, p_direction, p_call_id);
    UPDATE trunks_call w SET replaced = true
    WHERE (w.group_id, w.trunk_id, w.direction, w.call_id) = (o.group_id, o.trunk_id, o.direction, o.call_id);
$$;
