-- The yardstick of `make bench`, continued: how the first release admitted and ended calls.
CREATE OR REPLACE FUNCTION bench_calls_is_emergency(p_callee text, p_country text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp
AS $$
DECLARE
    v_dialled text := lower(p_callee);
BEGIN
    IF v_dialled ~ '^<?urn:service:sos([.;?>]|$)' THEN
        RETURN true;
    END IF;
    v_dialled := regexp_replace(v_dialled, '^<?(sips?:|tel:)|[@:;?>].*$', '', 'g');
    v_dialled := regexp_replace(v_dialled, '%3([0-9])', '\1', 'g');
    v_dialled := regexp_replace(v_dialled, '[-. ()]', '', 'g');
    RETURN EXISTS (
        SELECT FROM trunks_emergencynumber e
        WHERE e.country = p_country AND v_dialled ~ ('^(' || e.pattern || ')$'));
END
$$;

CREATE OR REPLACE FUNCTION bench_calls_is_call(
    p_direction text, p_call_id text, p_caller text, p_callee text, p_lease interval
) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_direction IN ('inbound', 'outbound') AND length(p_call_id) BETWEEN 1 AND 255
       AND length(p_caller) <= 255 AND length(p_callee) BETWEEN 1 AND 255
       AND p_lease > interval '0' AND p_lease <= interval '1 day'
$$;

CREATE OR REPLACE FUNCTION bench_trunks_record(c trunks_call, p_ended timestamptz, p_reason text)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO trunks_callrecord (
        group_id, distributor_id, reseller_id, tenant_id, subscription_id, trunk_id, direction,
        call_id, caller, callee, admitted_at, ended_at, emergency, reason)
    SELECT c.group_id, s.distributor_id, s.reseller_id, s.tenant_id, s.id, c.trunk_id, c.direction,
           c.call_id, c.caller, c.callee, c.admitted_at,
           greatest(p_ended, c.admitted_at),
           c.emergency, p_reason
    FROM tenancy_subscription s WHERE s.id = c.subscription_id;
END
$$;

CREATE OR REPLACE FUNCTION bench_trunks_note_peak(
    p_group uuid, p_subscription uuid, p_trunk uuid, p_at timestamptz, p_live int, p_live_of_trunk int
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO trunks_channelpeak AS w (group_id, subscription_id, trunk_id, minute, peak)
    VALUES (p_group, p_subscription, NULL, date_trunc('minute', p_at), p_live),
           (p_group, p_subscription, p_trunk, date_trunc('minute', p_at), p_live_of_trunk)
    ON CONFLICT (subscription_id, trunk_id, minute, group_id) DO UPDATE SET peak = excluded.peak
    WHERE w.peak < excluded.peak;
END
$$;

CREATE OR REPLACE FUNCTION bench_calls_admit(
    p_trunk uuid, p_direction text, p_call_id text, p_caller text, p_callee text,
    p_lease interval DEFAULT '120 seconds', p_path text DEFAULT ''
) RETURNS TABLE (status int, answer json)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET lock_timeout = '2s'
AS $$
#variable_conflict use_column
DECLARE
    t trunks_trunk;
    s tenancy_subscription;
    c trunks_call;
    v_now timestamptz;
    v_emergency boolean;
    v_channels bigint;
    v_live int;
    v_live_of_trunk int;
BEGIN
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = (SELECT x.subscription_id FROM trunks_trunk x WHERE x.id = p_trunk)
      AND starts_with(w.path, p_path)
    FOR NO KEY UPDATE;
    SELECT w.* INTO t FROM trunks_trunk w WHERE w.id = p_trunk AND w.subscription_id = s.id;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 404, kernel_problem('not-found',
            'There is no such trunk, or it is not visible to you.');
        RETURN;
    END IF;
    IF bench_calls_is_call(p_direction, p_call_id, p_caller, p_callee, p_lease) IS NOT TRUE THEN
        RETURN QUERY SELECT 422, kernel_problem('invalid-fields',
            'The direction is inbound or outbound, a call id and a callee have 1 to 255 characters, '
            'a caller has 255 at most, and a lease lasts a day at most.');
        RETURN;
    END IF;

    v_now := clock_timestamp();
    SELECT w.* INTO c FROM trunks_call w
    WHERE w.group_id = s.group_id AND w.trunk_id = p_trunk AND w.direction = p_direction
      AND w.call_id = p_call_id
    FOR UPDATE;
    IF c.ended_at IS NOT NULL THEN
        RETURN QUERY SELECT 410, kernel_problem('call-ended',
            'This call has ended; a new call needs a new call id.');
        RETURN;
    END IF;
    SELECT count(*), count(*) FILTER (WHERE w.trunk_id = p_trunk) INTO v_live, v_live_of_trunk
    FROM trunks_call w
    WHERE w.subscription_id = s.id AND w.ended_at IS NULL AND w.lease_expires_at > v_now;
    SELECT coalesce(sum(b.granted), 0) INTO v_channels FROM ledger_balance b
    WHERE b.group_id = s.group_id AND b.subscription_id = s.id AND b.metric = 'sip_channel';

    IF c.lease_expires_at > v_now THEN
        UPDATE trunks_call w SET lease_expires_at = v_now + p_lease
        WHERE w.group_id = s.group_id AND w.trunk_id = p_trunk AND w.direction = p_direction
          AND w.call_id = p_call_id;
        PERFORM bench_trunks_note_peak(s.group_id, s.id, p_trunk, v_now, v_live, v_live_of_trunk);
        RETURN QUERY SELECT 200, json_build_object(
            'in_use', v_live, 'channels', v_channels,
            'lease_expires_at', kernel_instant(v_now + p_lease), 'emergency', c.emergency);
        RETURN;
    END IF;

    v_emergency := bench_calls_is_emergency(p_callee, t.country);
    IF NOT v_emergency THEN
        IF s.status <> 'active' THEN
            RETURN QUERY SELECT 409, kernel_problem('subscription-' || s.status, format(
                'The subscription is %s: no new call is admitted, emergency calls aside.', s.status));
            RETURN;
        ELSIF v_live_of_trunk >= t.channel_cap THEN
            RETURN QUERY SELECT 409, calls.refusal_of_channels(s.group_id, 'trunk', format(
                'The trunk is capped at %s calls (channel_cap), and %s are live. End a call, or raise '
                'the cap.', t.channel_cap, v_live_of_trunk), t.channel_cap, v_live_of_trunk);
            RETURN;
        ELSIF v_live >= v_channels THEN
            RETURN QUERY SELECT 409, calls.refusal_of_channels(s.group_id, 'subscription', format(
                'The subscription has %s SIP channels, and %s calls are live. End a call, or order '
                'more channels.', v_channels, v_live), v_channels, v_live);
            RETURN;
        END IF;
    END IF;

    IF c.trunk_id IS NOT NULL THEN
        PERFORM bench_trunks_record(c, c.lease_expires_at, 'lapsed');
    END IF;
    INSERT INTO trunks_call AS w (
        trunk_id, direction, call_id, subscription_id, group_id, caller, callee, emergency,
        admitted_at, lease_expires_at)
    VALUES (p_trunk, p_direction, p_call_id, s.id, s.group_id, p_caller, p_callee, v_emergency,
            v_now, v_now + p_lease)
    ON CONFLICT (group_id, trunk_id, direction, call_id) DO UPDATE
    SET caller = excluded.caller, callee = excluded.callee, emergency = excluded.emergency,
        admitted_at = excluded.admitted_at, lease_expires_at = excluded.lease_expires_at;
    PERFORM bench_trunks_note_peak(s.group_id, s.id, p_trunk, v_now, v_live + 1, v_live_of_trunk + 1);
    RETURN QUERY SELECT 201, json_build_object(
        'in_use', v_live + 1, 'channels', v_channels,
        'lease_expires_at', kernel_instant(v_now + p_lease), 'emergency', v_emergency);
END
$$;

CREATE OR REPLACE FUNCTION bench_calls_end_call(
    p_trunk uuid, p_direction text, p_call_id text, p_path text DEFAULT ''
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET lock_timeout = '2s'
AS $$
DECLARE
    s tenancy_subscription;
    c trunks_call;
    v_now timestamptz;
BEGIN
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = (SELECT x.subscription_id FROM trunks_trunk x WHERE x.id = p_trunk)
      AND starts_with(w.path, p_path)
    FOR NO KEY UPDATE;
    PERFORM FROM trunks_trunk w WHERE w.id = p_trunk AND w.subscription_id = s.id;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF bench_calls_is_call(p_direction, p_call_id, '', '-', '1 second') IS NOT TRUE THEN
        RETURN false;
    END IF;
    v_now := clock_timestamp();
    SELECT w.* INTO c FROM trunks_call w
    WHERE w.group_id = s.group_id AND w.trunk_id = p_trunk AND w.direction = p_direction
      AND w.call_id = p_call_id
    FOR UPDATE;
    IF c.ended_at IS NOT NULL THEN
        RETURN false;
    ELSIF date_trunc('minute', c.admitted_at) < date_trunc('minute', v_now) THEN
        PERFORM bench_trunks_note_peak(s.group_id, s.id, p_trunk, v_now, w.live, w.live_of_trunk)
        FROM (SELECT count(*)::int AS live,
                     (count(*) FILTER (WHERE x.trunk_id = p_trunk))::int AS live_of_trunk
              FROM trunks_call x
              WHERE x.subscription_id = s.id AND x.ended_at IS NULL
                AND x.lease_expires_at > v_now) w;
    END IF;
    INSERT INTO trunks_call AS w (
        trunk_id, direction, call_id, subscription_id, group_id, caller, callee, emergency, ended_at)
    VALUES (p_trunk, p_direction, p_call_id, s.id, s.group_id, '', '', false, v_now)
    ON CONFLICT (group_id, trunk_id, direction, call_id) DO UPDATE SET ended_at = excluded.ended_at;
    IF c.trunk_id IS NULL THEN
        RETURN false;
    ELSIF c.lease_expires_at <= v_now THEN
        PERFORM bench_trunks_record(c, c.lease_expires_at, 'lapsed');
        RETURN false;
    END IF;
    PERFORM bench_trunks_record(c, v_now, 'ended');
    RETURN true;
END
$$;
