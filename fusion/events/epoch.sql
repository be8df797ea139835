-- The present epoch of the change feed.
--
-- Transaction numbers (xid8) order events within one life of a cluster. They start anew when a
-- dump is restored into another cluster, and may repeat after a fail-over to another time line.
-- Whoever writes or reads the feed asks here first; a postmaster that is not the one last seen is
-- the cheap sign that the control file must be compared, which then decides.
CREATE OR REPLACE FUNCTION events_epoch() RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_last events_feedepoch;
    v_system bigint;
    v_timeline integer;
BEGIN
    SELECT * INTO v_last FROM events_feedepoch ORDER BY epoch DESC LIMIT 1;
    IF v_last.postmaster_started = pg_postmaster_start_time() THEN
        RETURN v_last.epoch;
    END IF;

    -- Two sessions may come here at once: the second sees, in a new statement, what the first wrote.
    PERFORM pg_advisory_xact_lock(hashtextextended('events_epoch', 0));
    SELECT * INTO v_last FROM events_feedepoch ORDER BY epoch DESC LIMIT 1;
    SELECT s.system_identifier, c.timeline_id INTO v_system, v_timeline
    FROM pg_control_system() s, pg_control_checkpoint() c;

    IF v_last.system_identifier = v_system AND v_last.timeline = v_timeline THEN
        UPDATE events_feedepoch SET postmaster_started = pg_postmaster_start_time()
        WHERE epoch = v_last.epoch AND postmaster_started <> pg_postmaster_start_time();
        RETURN v_last.epoch;
    END IF;
    INSERT INTO events_feedepoch (epoch, system_identifier, timeline, postmaster_started, at)
    VALUES (coalesce(v_last.epoch, 0) + 1, v_system, v_timeline,
            pg_postmaster_start_time(), clock_timestamp());
    RETURN coalesce(v_last.epoch, 0) + 1;
END
$$;
