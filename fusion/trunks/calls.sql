-- Call admission. SIP proxies with an SQL client call `calls.admit` and `calls.end_call`, in a schema
-- and with a role of their own; the HTTP API calls `trunks_admit_v2` and `trunks_end_call_v2`, which
-- decide by the same functions.
--
-- A call is a lease. It counts until it ends or its lease expires, so nobody has to detect that a
-- proxy has died. All decisions are made under the subscription's lock and with the clock read
-- after the lock was acquired. A caller that waits for the lock for more than two seconds gets an
-- error: a caller does not wait longer, and the calls of one locked subscription must not occupy all
-- connections.
CREATE SCHEMA IF NOT EXISTS calls;

-- Admit a call, or renew the lease of a live one.
--
-- Returns (201, admitted) and (200, renewed) with {in_use, channels, lease_expires_at, emergency};
-- (404 | 409 | 410 | 422, {code, detail, ...}) otherwise. `p_lease`: the duration of the lease, at
-- most a day. `p_path`: the trunk must belong to an organization under this path; all do under ''.
CREATE OR REPLACE FUNCTION calls.admit(
    p_trunk uuid, p_direction text, p_call_id text, p_caller text, p_callee text,
    p_lease interval DEFAULT '120 seconds', p_path text DEFAULT ''
) RETURNS TABLE (status int, answer json)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET lock_timeout = '2s'
AS $$
DECLARE
    r record;
BEGIN
    r := trunks_admit(p_trunk, p_direction, p_call_id, p_caller, p_callee, p_lease, p_path, NULL);
    status := r.status; answer := r.answer;
    RETURN NEXT;
END
$$;

-- The same for a call that replaces another one (RFC 3891): `p_replaces` is the id of that call. They share a
-- channel until one of them ends. If no such call is live, the new one is decided like any other.
CREATE OR REPLACE FUNCTION calls.admit_replacing(
    p_trunk uuid, p_direction text, p_call_id text, p_caller text, p_callee text, p_replaces text,
    p_lease interval DEFAULT '120 seconds', p_path text DEFAULT ''
) RETURNS TABLE (status int, answer json)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET lock_timeout = '2s'
AS $$
DECLARE
    r record;
BEGIN
    r := trunks_admit(p_trunk, p_direction, p_call_id, p_caller, p_callee, p_lease, p_path, p_replaces);
    status := r.status; answer := r.answer;
    RETURN NEXT;
END
$$;

-- The same for several calls, one after the other. A call has {path, trunk_id, direction, call_id,
-- caller, callee, lease_seconds, replaces?, malformed?}; for the last see trunks_admit_malformed.
CREATE OR REPLACE FUNCTION trunks_admit_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET lock_timeout = '2s'
AS $$
DECLARE
    r record;
    v_call jsonb;
BEGIN
    IF jsonb_array_length(p_calls) > 1 THEN
        PERFORM trunks_lock_several(p_group, p_calls);
    END IF;
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        v_call := p_calls -> i;
        IF v_call ? 'malformed' THEN
            r := trunks_admit_malformed(v_call);
        ELSE
            r := trunks_admit(
                (v_call ->> 'trunk_id')::uuid, v_call ->> 'direction', v_call ->> 'call_id',
                v_call ->> 'caller', v_call ->> 'callee',
                make_interval(secs => (v_call ->> 'lease_seconds')::float8), v_call ->> 'path',
                v_call ->> 'replaces');
        END IF;
        status := r.status; replayed := false; answer := r.answer;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION trunks_admit(
    p_trunk uuid, p_direction text, p_call_id text, p_caller text, p_callee text,
    p_lease interval, p_path text, p_replaces text, OUT status int, OUT answer json
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    t trunks_trunk;
    s tenancy_subscription;
    c trunks_call;
    o trunks_call;  -- the call that this one replaces
    v_now timestamptz;
    v_emergency boolean;
    v_callback boolean := false;
    v_channels bigint;
    v_live int;
    v_live_of_trunk int;
    v_exact boolean;
    v_notes jsonb;
BEGIN
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = (SELECT x.subscription_id FROM trunks_trunk x WHERE x.id = p_trunk)
      AND access_sees(p_path, w.path)
    FOR NO KEY UPDATE;
    -- New statements: they see what was committed before the lock was acquired.
    SELECT w.* INTO t FROM trunks_trunk w WHERE w.id = p_trunk AND w.subscription_id = s.id;
    IF NOT FOUND THEN
        status := 404; answer := kernel_problem('not-found', 'The trunk does not exist, or you cannot see it.');
        RETURN;
    ELSIF calls.is_call(p_direction, p_call_id, p_caller, p_callee, p_lease) IS NOT TRUE
          OR length(p_replaces) NOT BETWEEN 1 AND 255 THEN
        SELECT w.* INTO answer, p_direction, p_caller, p_lease, p_replaces, v_notes
        FROM trunks_read_malformed(t, p_direction, p_call_id, p_caller, p_callee, p_lease, p_replaces) w;
        IF answer IS NOT NULL THEN status := 422; RETURN; END IF;
    END IF;
    v_now := kernel_now();
    SELECT w.* INTO c FROM trunks_call w
    WHERE (w.group_id, w.trunk_id, w.direction, w.call_id) = (s.group_id, p_trunk, p_direction, p_call_id)
    FOR UPDATE;
    IF c.ended_at IS NOT NULL THEN
        status := 410; answer := kernel_problem('call-ended', 'This call has ended. Use a new call id for a new call.');
        RETURN;
    END IF;
    SELECT w.* INTO v_live, v_live_of_trunk, v_exact FROM trunks_count_live(s.group_id, s.id, p_trunk, v_now) w;
    SELECT coalesce(sum(b.granted), 0) INTO v_channels FROM ledger_balance b
    WHERE b.group_id = s.group_id AND b.subscription_id = s.id AND b.metric = 'sip_channel';
    IF c.lease_expires_at > v_now THEN
        v_emergency := c.emergency;
        v_callback := c.emergency_callback;
        UPDATE trunks_call w SET lease_expires_at = v_now + p_lease
        WHERE (w.group_id, w.trunk_id, w.direction, w.call_id) = (s.group_id, p_trunk, p_direction, p_call_id);
        IF c.replaced THEN
            PERFORM trunks_share_until(c, v_now + p_lease);
        END IF;
        status := 200;
    ELSE
        IF p_replaces IS NOT NULL THEN
            o := trunks_replaced_call(s, p_trunk, p_replaces, v_now);
        END IF;
        v_emergency := trunks_is_emergency(t, p_callee);
        IF NOT v_emergency AND (o.trunk_id IS NULL OR s.status <> 'active') THEN
            answer := trunks_call_refusal(s, t, v_channels, v_live, v_live_of_trunk, v_now);
            v_callback := answer IS NOT NULL AND trunks_is_emergency_callback(t, p_direction, p_callee, v_now);
        END IF;
        IF answer IS NOT NULL AND NOT v_callback THEN
            status := 409; RETURN;
        ELSIF c.trunk_id IS NOT NULL THEN  -- its lease had expired: that was one call, this is another
            PERFORM trunks_record(s, c, c.lease_expires_at, 'lapsed');
            DELETE FROM trunks_call w
            WHERE (w.group_id, w.trunk_id, w.direction, w.call_id)
                  = (s.group_id, p_trunk, p_direction, p_call_id);
        END IF;
        -- The subscription is locked, so no other call has taken this name since it was looked up.
        INSERT INTO trunks_call (trunk_id, direction, call_id, subscription_id, group_id, caller, callee,
                                 emergency, emergency_callback, admitted_at, lease_expires_at)
        VALUES (p_trunk, p_direction, p_call_id, s.id, s.group_id, left(p_caller, 255), left(p_callee, 255),
                v_emergency, v_callback, v_now, v_now + p_lease);
        c.caller := left(p_caller, 255);
        v_live := v_live + (o.trunk_id IS NULL)::int;
        v_live_of_trunk := v_live_of_trunk + (o.trunk_id IS NULL)::int;
        IF o.trunk_id IS NOT NULL OR t.calls_per_second IS NOT NULL
           OR ledger_is_nearly_full(v_live, v_channels) OR ledger_is_nearly_full(v_live_of_trunk, t.channel_cap) THEN
            PERFORM trunks_note_new_call(s, t, o, p_direction, p_call_id, v_now, v_emergency OR v_callback,
                                         v_channels, v_live, v_live_of_trunk);
        END IF;
        status := 201;
    END IF;
    IF NOT v_exact THEN PERFORM trunks_note_exact(s.group_id, s.id, v_now, v_live); END IF;
    PERFORM trunks_note_peak(s.group_id, s.id, p_trunk, v_now, v_live, v_live_of_trunk);
    answer := json_build_object(
        'in_use', v_live, 'channels', v_channels, 'lease_expires_at', kernel_instant(v_now + p_lease),
        'emergency', v_emergency, 'emergency_callback', v_callback);
    IF v_emergency THEN
        PERFORM trunks_note_emergency(s.group_id, p_trunk, c.caller, v_now + p_lease, false);
    END IF;
    IF v_notes IS NOT NULL THEN answer := answer::jsonb || v_notes; END IF;
END
$$;

-- End a call: idempotent and independent of the order of requests. An end that overtakes its
-- admission leaves a tombstone for the admission to find. Returns true if a live call was ended,
-- false if there was none, NULL if there is no such trunk under p_path.
CREATE OR REPLACE FUNCTION calls.end_call(
    p_trunk uuid, p_direction text, p_call_id text, p_path text DEFAULT ''
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET lock_timeout = '2s'
AS $$
BEGIN
    RETURN trunks_end_call(p_trunk, p_direction, p_call_id, p_path);
END
$$;

-- The same for several calls, one after the other. A call has {path, trunk_id, direction, call_id}.
-- Returns for each 204, whether or not there was such a call; 404 if there is no such trunk.
CREATE OR REPLACE FUNCTION trunks_end_call_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET lock_timeout = '2s'
AS $$
DECLARE
    v_call jsonb;
BEGIN
    IF jsonb_array_length(p_calls) > 1 THEN
        PERFORM trunks_lock_several(p_group, p_calls);
    END IF;
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        v_call := p_calls -> i;
        status := 204; replayed := false; answer := '';
        IF trunks_end_call((v_call ->> 'trunk_id')::uuid, v_call ->> 'direction',
                           v_call ->> 'call_id', v_call ->> 'path') IS NULL THEN
            status := 404;
            answer := kernel_problem('not-found',
                'The trunk does not exist, or you cannot see it.');
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Lock the subscriptions of several calls at once, before the first of them: see access_lock_calls.
CREATE OR REPLACE FUNCTION trunks_lock_several(p_group uuid, p_calls jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM access_lock(p_group, array_agg(c.path), array_agg(t.subscription_id), '{}', '{}', NULL)
    FROM jsonb_to_recordset(p_calls) AS c(trunk_id uuid, path text)
    CROSS JOIN LATERAL (SELECT w.subscription_id FROM trunks_trunk w WHERE w.id = c.trunk_id OFFSET 0) t;
END
$$;

CREATE OR REPLACE FUNCTION trunks_end_call(
    p_trunk uuid, p_direction text, p_call_id text, p_path text
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    s tenancy_subscription;
    c trunks_call;
    v_now timestamptz;
BEGIN
    -- The same lock as for an admission, so that each sees what the other did.
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = (SELECT x.subscription_id FROM trunks_trunk x WHERE x.id = p_trunk)
      AND access_sees(p_path, w.path)
    FOR NO KEY UPDATE;
    PERFORM FROM trunks_trunk w WHERE w.id = p_trunk AND w.subscription_id = s.id;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF calls.is_call(p_direction, p_call_id, '', '-', '1 second') IS NOT TRUE THEN
        RETURN false;  -- no call was ever admitted under this name, and none will be
    END IF;
    v_now := kernel_now();
    SELECT w.* INTO c FROM trunks_call w
    WHERE w.group_id = s.group_id AND w.trunk_id = p_trunk AND w.direction = p_direction
      AND w.call_id = p_call_id
    FOR UPDATE;
    IF c.ended_at IS NOT NULL THEN
        RETURN false;
    ELSIF date_trunc('minute', c.admitted_at) < date_trunc('minute', v_now) THEN
        -- This may be the only event in this minute: then its peak is the count until now.
        PERFORM trunks_note_peak(s.group_id, s.id, p_trunk, v_now, w.live, w.live_of_trunk)
        FROM trunks_count_live(s.group_id, s.id, p_trunk, v_now) w;
    END IF;
    IF c.trunk_id IS NULL THEN
        INSERT INTO trunks_call (
            trunk_id, direction, call_id, subscription_id, group_id, caller, callee, emergency, ended_at)
        VALUES (p_trunk, p_direction, p_call_id, s.id, s.group_id, '', '', false, v_now);
        RETURN false;
    END IF;
    UPDATE trunks_call w SET ended_at = v_now
    WHERE (w.group_id, w.trunk_id, w.direction, w.call_id) = (s.group_id, p_trunk, p_direction, p_call_id);
    IF c.replaced AND c.lease_expires_at > v_now THEN
        PERFORM trunks_share_until(c, v_now);
    END IF;
    IF c.lease_expires_at <= v_now THEN
        PERFORM trunks_record(s, c, c.lease_expires_at, 'lapsed');
        RETURN false;
    ELSIF c.emergency THEN
        PERFORM trunks_note_emergency(s.group_id, p_trunk, c.caller, v_now, true);
    END IF;
    PERFORM trunks_record(s, c, v_now, 'ended');
    RETURN true;
END
$$;

-- The problem of a call that is none.
CREATE OR REPLACE FUNCTION calls.invalid_call() RETURNS json
LANGUAGE sql STABLE
SET search_path = public, pg_temp
AS $$
    SELECT kernel_problem('invalid-fields',
        'The direction must be inbound or outbound. A call id and a callee have 1 to 255 characters, a caller '
        'at most 255. A lease lasts at most one day.')
$$;

-- Whether the call has the form of one; NULL if something is missing. A plain expression, so that it is
-- inlined.
CREATE OR REPLACE FUNCTION calls.is_call(
    p_direction text, p_call_id text, p_caller text, p_callee text, p_lease interval
) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_direction IN ('inbound', 'outbound') AND length(p_call_id) BETWEEN 1 AND 255
       AND length(p_caller) <= 255 AND length(p_callee) BETWEEN 1 AND 255
       AND p_lease > interval '0' AND p_lease <= interval '1 day'
$$;

-- No free channel: the limit that was reached, its value, and the channels in use.
CREATE OR REPLACE FUNCTION calls.refusal_of_channels(
    p_group uuid, p_limit text, p_detail text, p_granted bigint, p_live int
) RETURNS json
LANGUAGE sql STABLE
SET search_path = public, pg_temp
AS $$
    SELECT json_build_object(
        'code', 'no-free-channel', 'detail', p_detail, 'limit', p_limit,
        'refusals', json_build_array(json_build_object(
            'sku', (SELECT k.code FROM catalogue_sku k
                    WHERE k.group_id = p_group AND k.metric = 'sip_channel' LIMIT 1),
            'granted', p_granted, 'used', p_live, 'requested', 1,
            'missing', p_live + 1 - p_granted)))
$$;

REVOKE ALL ON ALL ROUTINES IN SCHEMA calls FROM PUBLIC;
