-- What follows from a call that has just begun, besides its row: rare, so that the usual call costs nothing.
-- p_exempt: an emergency call, or one that passes after one. The caller holds the subscription's lock.
CREATE OR REPLACE FUNCTION trunks_note_new_call(
    s tenancy_subscription, t trunks_trunk, o trunks_call, p_direction text, p_call_id text,
    p_now timestamptz, p_exempt boolean, p_channels bigint, p_live int, p_live_of_trunk int
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF o.trunk_id IS NOT NULL THEN  -- it needs no channel of its own
        PERFORM trunks_replace(o, s.group_id, t.id, p_direction, p_call_id);
        RETURN;
    END IF;
    PERFORM trunks_note_thresholds(s, t, p_now, p_channels, p_live, p_live_of_trunk);
    IF t.calls_per_second IS NOT NULL AND NOT p_exempt THEN
        PERFORM trunks_note_rate(t, p_direction, p_call_id, p_now);
    END IF;
END
$$;
