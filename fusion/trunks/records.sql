-- Write the record of a call that is over, and why: `ended`, or `lapsed` with its lease.
CREATE OR REPLACE FUNCTION trunks_record(c trunks_call, p_ended timestamptz, p_reason text)
RETURNS void
LANGUAGE sql AS $$
    INSERT INTO trunks_callrecord (
        group_id, subscription_id, trunk_id, direction, call_id, caller, callee, admitted_at,
        ended_at, emergency, reason)
    VALUES (c.group_id, c.subscription_id, c.trunk_id, c.direction, c.call_id, c.caller, c.callee,
            c.admitted_at, p_ended, c.emergency, p_reason)
$$;

-- Note how many calls there are at one time, where it is more than was seen in this minute.
CREATE OR REPLACE FUNCTION trunks_note_peak(
    p_subscription uuid, p_trunk uuid, p_at timestamptz, p_live int, p_live_of_trunk int
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO trunks_channelpeak AS w (subscription_id, trunk_id, minute, peak)
    VALUES (p_subscription, NULL, date_trunc('minute', p_at), p_live),
           (p_subscription, p_trunk, date_trunc('minute', p_at), p_live_of_trunk)
    ON CONFLICT (subscription_id, trunk_id, minute) DO UPDATE SET peak = excluded.peak
    WHERE w.peak < excluded.peak
$$;

-- Clear away what counts no more: leases that ran out become records, tombstones older than
-- p_keep go. At most p_limit of each; returns how many there were. Rows that somebody has in hand
-- are passed over.
CREATE OR REPLACE FUNCTION trunks_sweep(p_keep interval, p_limit int) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    c trunks_call;
    v_count int := 0;
    v_now timestamptz := clock_timestamp();
BEGIN
    FOR c IN
        SELECT w.* FROM trunks_call w
        WHERE w.ended_at IS NULL AND w.lease_expires_at <= v_now
        ORDER BY w.lease_expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM trunks_record(c, c.lease_expires_at, 'lapsed');
        DELETE FROM trunks_call w
        WHERE w.trunk_id = c.trunk_id AND w.direction = c.direction AND w.call_id = c.call_id;
        v_count := v_count + 1;
    END LOOP;
    WITH gone AS (
        DELETE FROM trunks_call w WHERE (w.trunk_id, w.direction, w.call_id) IN (
            SELECT x.trunk_id, x.direction, x.call_id FROM trunks_call x
            WHERE x.ended_at <= v_now - p_keep LIMIT p_limit FOR UPDATE SKIP LOCKED)
        RETURNING 1)
    SELECT v_count + count(*) INTO v_count FROM gone;
    RETURN v_count;
END
$$;

-- A partition of the call records for each month from p_from up to p_to; safe to repeat.
CREATE OR REPLACE FUNCTION trunks_ensure_partitions(p_from date, p_to date) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    v_month date;
    v_made int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('trunks_ensure_partitions', 0));
    FOR v_month IN SELECT generate_series(date_trunc('month', p_from), p_to, '1 month') LOOP
        IF to_regclass(format('trunks_callrecord_%s', to_char(v_month, 'YYYYMM'))) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF trunks_callrecord FOR VALUES FROM (%L) TO (%L)',
                'trunks_callrecord_' || to_char(v_month, 'YYYYMM'),
                v_month::timestamp AT TIME ZONE 'UTC',
                (v_month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
            v_made := v_made + 1;
        END IF;
    END LOOP;
    RETURN v_made;
END
$$;
