-- The admission of calls: two functions, in a schema and with a role of their own, through which
-- the HTTP API and SIP proxies with an SQL client go alike.
--
-- A call is a lease. It counts while it has not ended and its lease has not run out, so that nobody
-- has to notice a proxy that died. All decisions are made under the subscription's lock and with the
-- clock read after it was had.
CREATE SCHEMA IF NOT EXISTS calls;

-- Whether `p_callee` is an emergency number of the country: its own numbers, or any
-- `urn:service:sos`. A SIP or tel URI counts by its user part; visual separators do not count.
CREATE OR REPLACE FUNCTION calls.is_emergency(p_callee text, p_country text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = public, pg_temp
AS $$
    SELECT lower(p_callee) ~ '^urn:service:sos(\.|$)' OR EXISTS (
        SELECT FROM trunks_emergencynumber e
        WHERE e.country = p_country
          AND regexp_replace(
                  regexp_replace(lower(p_callee), '^(sips?:|tel:)|[@;?].*$', '', 'g'),
                  '[-. ()]', '', 'g') ~ ('^(' || e.pattern || ')$'))
$$;

-- Admit a call, or renew the lease of one that is live.
--
-- Answers (201, admitted) and (200, renewed) with {in_use, channels, lease_expires_at, emergency};
-- (404 | 409 | 410, {code, detail, ...}) otherwise. `p_lease`: how long the lease lasts. `p_path`:
-- the trunk must belong to an organization under it; everything does under ''.
CREATE OR REPLACE FUNCTION calls.admit(
    p_trunk uuid, p_direction text, p_call_id text, p_caller text, p_callee text,
    p_lease interval DEFAULT '120 seconds', p_path text DEFAULT ''
) RETURNS TABLE (status int, answer json)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
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
    SELECT w.* INTO t FROM trunks_trunk w WHERE w.id = p_trunk;
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = t.subscription_id AND starts_with(w.path, p_path)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 404, kernel_problem('not-found',
            'There is no such trunk, or it is not visible to you.');
        RETURN;
    END IF;

    -- New statements: they see what was committed before the lock was had.
    SELECT w.* INTO t FROM trunks_trunk w WHERE w.id = p_trunk;
    v_now := clock_timestamp();
    SELECT w.* INTO c FROM trunks_call w
    WHERE w.trunk_id = p_trunk AND w.direction = p_direction AND w.call_id = p_call_id
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
    WHERE b.subscription_id = s.id AND b.metric = 'sip_channel';

    IF c.lease_expires_at > v_now THEN
        UPDATE trunks_call w SET lease_expires_at = v_now + p_lease
        WHERE w.trunk_id = p_trunk AND w.direction = p_direction AND w.call_id = p_call_id;
        RETURN QUERY SELECT 200, json_build_object(
            'in_use', v_live, 'channels', v_channels,
            'lease_expires_at', kernel_instant(v_now + p_lease), 'emergency', c.emergency);
        RETURN;
    END IF;

    v_emergency := calls.is_emergency(p_callee, t.country);
    IF NOT v_emergency THEN
        IF s.status <> 'active' THEN
            RETURN QUERY SELECT 409, kernel_problem('subscription-' || s.status, format(
                'The subscription is %s: no new call is admitted, emergency calls aside.', s.status));
            RETURN;
        ELSIF v_live_of_trunk >= t.channel_cap THEN
            RETURN QUERY SELECT 409, calls.refusal_of_channels(format(
                'All %s channels that this trunk is capped at are in use. End a call, or raise the '
                'trunk''s channel_cap.', t.channel_cap), t.channel_cap, v_live_of_trunk, true);
            RETURN;
        ELSIF v_live >= v_channels THEN
            RETURN QUERY SELECT 409, calls.refusal_of_channels(format(
                'All %s SIP channels of the subscription are in use (%s calls). End a call, or order '
                'more channels.', v_channels, v_live), v_channels, v_live, false);
            RETURN;
        END IF;
    END IF;

    IF c.trunk_id IS NOT NULL THEN  -- its lease had run out: that was one call, this is another
        PERFORM trunks_record(c, c.lease_expires_at, 'lapsed');
    END IF;
    INSERT INTO trunks_call AS w (
        trunk_id, direction, call_id, subscription_id, group_id, caller, callee, emergency,
        admitted_at, lease_expires_at)
    VALUES (p_trunk, p_direction, p_call_id, s.id, s.group_id, p_caller, p_callee, v_emergency,
            v_now, v_now + p_lease)
    ON CONFLICT (trunk_id, direction, call_id) DO UPDATE
    SET caller = excluded.caller, callee = excluded.callee, emergency = excluded.emergency,
        admitted_at = excluded.admitted_at, lease_expires_at = excluded.lease_expires_at;
    PERFORM trunks_note_peak(s.id, p_trunk, v_now, v_live + 1, v_live_of_trunk + 1);
    RETURN QUERY SELECT 201, json_build_object(
        'in_use', v_live + 1, 'channels', v_channels,
        'lease_expires_at', kernel_instant(v_now + p_lease), 'emergency', v_emergency);
END
$$;

-- End a call: harmless however often and in whatever order it comes. An end that overtakes its
-- admission leaves a tombstone, which the admission will find. True when a live call was ended.
CREATE OR REPLACE FUNCTION calls.end_call(
    p_trunk uuid, p_direction text, p_call_id text, p_path text DEFAULT ''
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    s tenancy_subscription;
    c trunks_call;
    v_now timestamptz;
BEGIN
    -- The same lock as an admission, so that the one sees what the other did.
    SELECT w.* INTO s FROM tenancy_subscription w JOIN trunks_trunk t ON t.subscription_id = w.id
    WHERE t.id = p_trunk AND starts_with(w.path, p_path)
    FOR NO KEY UPDATE OF w;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    v_now := clock_timestamp();
    SELECT w.* INTO c FROM trunks_call w
    WHERE w.trunk_id = p_trunk AND w.direction = p_direction AND w.call_id = p_call_id
    FOR UPDATE;
    IF c.ended_at IS NOT NULL THEN
        RETURN false;
    END IF;
    INSERT INTO trunks_call AS w (
        trunk_id, direction, call_id, subscription_id, group_id, caller, callee, emergency, ended_at)
    VALUES (p_trunk, p_direction, p_call_id, s.id, s.group_id, '', '', false, v_now)
    ON CONFLICT (trunk_id, direction, call_id) DO UPDATE SET ended_at = excluded.ended_at;
    IF c.trunk_id IS NULL THEN
        RETURN false;
    END IF;
    IF c.lease_expires_at <= v_now THEN
        PERFORM trunks_record(c, c.lease_expires_at, 'lapsed');
    ELSE
        PERFORM trunks_record(c, v_now, 'ended');
    END IF;
    RETURN c.lease_expires_at > v_now;
END
$$;

CREATE OR REPLACE FUNCTION calls.refusal_of_channels(
    p_detail text, p_channels bigint, p_live int, p_cap boolean
) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'no-free-channel', 'detail', p_detail,
        'refusals', json_build_array(json_build_object(
            'sku', 'sip-channel', 'granted', p_channels, 'used', p_live, 'requested', 1,
            'missing', p_live + 1 - p_channels, 'limit', CASE WHEN p_cap THEN 'trunk' ELSE 'subscription' END)))
$$;

-- Who may do what: the role executes the two functions and can do nothing else.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fusion_calls') THEN
        CREATE ROLE fusion_calls NOLOGIN;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'The role fusion_calls is missing: have an administrator create it, '
                     'then run fusion migrate again.';
    WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another database of this cluster was being migrated at the same time
END
$$;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA calls FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'fusion_calls') THEN
        GRANT USAGE ON SCHEMA calls TO fusion_calls;
        GRANT EXECUTE ON FUNCTION
            calls.admit(uuid, text, text, text, text, interval, text),
            calls.end_call(uuid, text, text, text) TO fusion_calls;
    END IF;
END
$$;
