-- Write the record of a finished call and the reason: `ended`, or `lapsed` if its lease expired.
-- Copies the ids of the organizations above the subscription from it.
CREATE OR REPLACE FUNCTION trunks_record(
    s tenancy_subscription, c trunks_call, p_ended timestamptz, p_reason text
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO trunks_callrecord (
        group_id, distributor_id, reseller_id, tenant_id, subscription_id, trunk_id, direction,
        call_id, caller, callee, admitted_at, ended_at, emergency, emergency_callback,
        shared_until, reason)
    VALUES (c.group_id, s.distributor_id, s.reseller_id, s.tenant_id, s.id, c.trunk_id, c.direction,
            c.call_id, c.caller, c.callee, c.admitted_at,
            greatest(p_ended, c.admitted_at),  -- the clock may have been set back
            c.emergency, c.emergency_callback,
            CASE WHEN c.shares_until IS NOT NULL  -- `least` would ignore NULL
                 THEN least(c.shares_until, greatest(p_ended, c.admitted_at)) END,
            p_reason);
END
$$;

-- Raise the peak of this minute if more calls are live than were counted before. Looks first: most calls
-- raise none, and an upsert locks rows that it does not change. The caller holds the subscription's lock.
CREATE OR REPLACE FUNCTION trunks_note_peak(
    p_group uuid, p_subscription uuid, p_trunk uuid, p_at timestamptz, p_live int,
    p_live_of_trunk int
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_minute CONSTANT timestamptz := date_trunc('minute', p_at);
BEGIN
    IF EXISTS (SELECT FROM trunks_channelpeak w
               WHERE w.group_id = p_group AND w.subscription_id = p_subscription AND w.trunk_id IS NULL
                 AND w.minute = v_minute AND w.peak >= p_live)
       AND EXISTS (SELECT FROM trunks_channelpeak w
                   WHERE w.group_id = p_group AND w.subscription_id = p_subscription AND w.trunk_id = p_trunk
                     AND w.minute = v_minute AND w.peak >= p_live_of_trunk)
    THEN
        RETURN;
    END IF;
    INSERT INTO trunks_channelpeak AS w (group_id, subscription_id, trunk_id, minute, peak)
    VALUES (p_group, p_subscription, NULL, v_minute, p_live),
           (p_group, p_subscription, p_trunk, v_minute, p_live_of_trunk)
    ON CONFLICT (subscription_id, trunk_id, minute, group_id) DO UPDATE SET peak = excluded.peak
    WHERE w.peak < excluded.peak;
END
$$;

-- Clean up: expired leases become records; tombstones older than p_keep, and callers of emergency calls who
-- may no longer be called back, are deleted. At most p_limit of each; returns how many there were. Skips
-- locked rows, and the calls of locked subscriptions: whoever changes the number of open calls holds that lock.
CREATE OR REPLACE FUNCTION trunks_sweep(p_keep interval, p_limit int) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    r record;
    s tenancy_subscription;
    c trunks_call;
    v_expired int := 0;
    v_deleted int;
    v_callers int;
    v_now timestamptz := kernel_now();
BEGIN
    FOR r IN
        SELECT w AS call, x AS subscription
        FROM trunks_call w JOIN tenancy_subscription x ON x.id = w.subscription_id
        WHERE w.ended_at IS NULL AND w.lease_expires_at <= v_now
        ORDER BY w.lease_expires_at LIMIT p_limit
        FOR NO KEY UPDATE OF x SKIP LOCKED FOR UPDATE OF w SKIP LOCKED  -- in this sequence
    LOOP
        c := r.call;
        s := r.subscription;
        PERFORM trunks_record(s, c, c.lease_expires_at, 'lapsed');
        DELETE FROM trunks_call w
        WHERE w.group_id = c.group_id AND w.trunk_id = c.trunk_id AND w.direction = c.direction
          AND w.call_id = c.call_id;
        v_expired := v_expired + 1;
    END LOOP;
    WITH old AS MATERIALIZED (
        SELECT x.group_id, x.trunk_id, x.direction, x.call_id FROM trunks_call x
        WHERE x.ended_at <= v_now - p_keep
        ORDER BY x.ended_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    DELETE FROM trunks_call w USING old
    WHERE (w.group_id, w.trunk_id, w.direction, w.call_id)
          = (old.group_id, old.trunk_id, old.direction, old.call_id);
    GET DIAGNOSTICS v_deleted = ROW_COUNT;
    WITH old AS MATERIALIZED (
        SELECT x.group_id, x.trunk_id, x.last_digits FROM trunks_emergencycaller x
        WHERE x.callable_until <= v_now LIMIT p_limit FOR UPDATE SKIP LOCKED)
    DELETE FROM trunks_emergencycaller w USING old
    WHERE (w.group_id, w.trunk_id, w.last_digits) = (old.group_id, old.trunk_id, old.last_digits);
    GET DIAGNOSTICS v_callers = ROW_COUNT;
    RETURN v_expired + v_deleted + v_callers;
END
$$;

-- Release the calls of a trunk that is to be deleted, under its subscription's lock, when none of
-- them is live: expired ones become records.
CREATE OR REPLACE FUNCTION trunks_forget_calls(p_trunk uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    s tenancy_subscription;
    c trunks_call;
    v_group CONSTANT uuid := (SELECT t.group_id FROM trunks_trunk t WHERE t.id = p_trunk);
BEGIN
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = (SELECT t.subscription_id FROM trunks_trunk t WHERE t.id = p_trunk);
    -- Waits for a sweep that has locked a call; the call is then no longer there.
    FOR c IN
        SELECT w.* FROM trunks_call w
        WHERE w.group_id = v_group AND w.trunk_id = p_trunk FOR UPDATE
    LOOP
        IF c.ended_at IS NULL THEN
            PERFORM trunks_record(s, c, c.lease_expires_at, 'lapsed');
        END IF;
    END LOOP;
    DELETE FROM trunks_call w WHERE w.group_id = v_group AND w.trunk_id = p_trunk;
    DELETE FROM trunks_emergencycaller w WHERE w.group_id = v_group AND w.trunk_id = p_trunk;
    DELETE FROM trunks_channelthreshold w WHERE w.group_id = v_group AND w.subject_id = p_trunk;
    DELETE FROM trunks_opencalls w
    WHERE w.group_id = v_group AND w.subscription_id = s.id AND w.trunk_id = p_trunk;
    DELETE FROM trunks_ratedcall w WHERE w.group_id = v_group AND w.trunk_id = p_trunk;
END
$$;
