-- The calls per second of a trunk. Only trunks with a limit have rows in trunks_ratedcall, of the last second.

-- Why a call is not admitted in this second; NULL if it is. Exact over all servers: the subscription is
-- locked, and the clock was read after that. Emergency calls, calls back after them, and calls that replace
-- others do not count.
CREATE OR REPLACE FUNCTION trunks_rate_refusal(t trunks_trunk, p_now timestamptz) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_times CONSTANT timestamptz[] := ARRAY(
        SELECT w.at FROM trunks_ratedcall w
        WHERE w.group_id = t.group_id AND w.trunk_id = t.id AND w.at > p_now - interval '1 second'
        ORDER BY w.at DESC LIMIT t.calls_per_second);
    v_wait int;
BEGIN
    IF cardinality(v_times) < t.calls_per_second THEN
        RETURN NULL;
    END IF;
    -- Until the oldest of them is a second old; the clock may have been set back.
    v_wait := least(ceil(extract(epoch FROM v_times[t.calls_per_second] - p_now) * 1000) + 1000, 1000);
    RETURN json_build_object(
        'code', 'too-many-calls', 'detail', format(
            'The trunk may begin %s calls per second, and has begun as many in the last one. Try again in %s '
            'ms, or raise calls_per_second.', t.calls_per_second, v_wait),
        'limit', 'rate', 'allowed', t.calls_per_second, 'retry_after_ms', v_wait);
END
$$;

-- Count a call that begins now.
CREATE OR REPLACE FUNCTION trunks_note_rate(
    t trunks_trunk, p_direction text, p_call_id text, p_now timestamptz
) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM trunks_ratedcall w
    WHERE w.group_id = t.group_id AND w.trunk_id = t.id AND w.at <= p_now - interval '1 second';
    INSERT INTO trunks_ratedcall (group_id, trunk_id, at, direction, call_id)
    VALUES (t.group_id, t.id, p_now, p_direction, p_call_id) ON CONFLICT DO NOTHING;
$$;

-- Count the calls of the last second when a trunk gets a limit, or another one. The caller holds the
-- subscription's lock.
CREATE OR REPLACE FUNCTION trunks_begin_rate(p_group uuid, p_trunk uuid) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO trunks_ratedcall (group_id, trunk_id, at, direction, call_id)
    SELECT w.group_id, w.trunk_id, w.admitted_at, w.direction, w.call_id FROM trunks_call w
    WHERE w.group_id = p_group AND w.trunk_id = p_trunk AND w.replaces_call_id IS NULL
      AND w.admitted_at > kernel_now() - interval '1 second'
      AND NOT w.emergency AND NOT w.emergency_callback
    ON CONFLICT DO NOTHING
$$;
