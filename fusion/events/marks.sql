-- Where in the feed an instant is. Events are in the order of transactions, and a transaction that began early
-- may write late: no order of `at` gives the position. So the worker notes, now and then, an instant and the
-- oldest transaction that was running then.

-- Note the present instant, unless nothing was written since the last one. All events that this statement does
-- not see yet are of v_xid or later; of those that it sees, none is later than the instant, even if the clock
-- was set back.
CREATE OR REPLACE FUNCTION events_mark() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_epoch CONSTANT int := events_epoch();
    v_last CONSTANT timestamptz := (SELECT max(m.at) FROM events_feedmark m);
BEGIN
    IF v_last IS NULL OR EXISTS (SELECT FROM events_event e WHERE e.at > v_last) THEN
        INSERT INTO events_feedmark (at, epoch, xid)
        SELECT greatest(w.now, (SELECT max(e.at) FROM events_event e WHERE e.at >= w.now)),
               v_epoch, pg_snapshot_xmin(pg_current_snapshot())
        FROM (SELECT kernel_now() AS now) w
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;

-- The position before every event of p_at or later; of NULL, before every event that nobody can have read yet.
-- It may be before earlier events too.
CREATE OR REPLACE FUNCTION events_position(p_at timestamptz) RETURNS TABLE (epoch int, xid text)
LANGUAGE plpgsql AS $$
BEGIN
    IF p_at IS NULL THEN
        RETURN QUERY SELECT events_epoch(), pg_snapshot_xmin(pg_current_snapshot())::text;
    ELSE
        RETURN QUERY
            SELECT m.epoch, m.xid::text FROM events_feedmark m
            WHERE m.at < p_at ORDER BY m.at DESC LIMIT 1;
    END IF;
END
$$;
