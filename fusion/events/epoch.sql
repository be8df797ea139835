-- The present epoch of the change feed.
--
-- Transaction numbers (xid8) order events within one life of a cluster. They start anew when a
-- dump is restored into another cluster, and may repeat after a fail-over to another time line.
-- Whoever writes or reads the feed asks here first; a postmaster that is not the one last seen is
-- the cheap sign that the cluster must be compared, which then decides.
--
-- An epoch is the second in which it began (since 2026, UTC), and at least one more than the one
-- before: the same dump, restored twice, gives two epochs, and a cursor from the first restore is
-- behind everything that happens after the second.
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

    -- The time line that is being written now: the control file tells of it only after the first
    -- checkpoint of a promoted server.
    SELECT system_identifier INTO v_system FROM pg_control_system();
    v_timeline := ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer;

    IF (v_last.system_identifier, v_last.timeline) = (v_system, v_timeline) THEN
        -- Only started again. Whoever comes first notes it, and nobody waits for that: the note may
        -- stand in a long transaction, whose locks others would then wait for crosswise.
        PERFORM FROM events_feedepoch e WHERE e.epoch = v_last.epoch FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            UPDATE events_feedepoch e SET postmaster_started = pg_postmaster_start_time()
            WHERE e.epoch = v_last.epoch AND e.postmaster_started <> pg_postmaster_start_time();
        END IF;
        RETURN v_last.epoch;
    END IF;

    -- Two sessions may come here at once: the second sees, in a new statement, what the first wrote.
    PERFORM pg_advisory_xact_lock(hashtextextended('events_epoch', 0));
    SELECT * INTO v_last FROM events_feedepoch ORDER BY epoch DESC LIMIT 1;
    IF (v_last.system_identifier, v_last.timeline) IS DISTINCT FROM (v_system, v_timeline) THEN
        INSERT INTO events_feedepoch (epoch, system_identifier, timeline, postmaster_started, at)
        VALUES (greatest(coalesce(v_last.epoch, 0) + 1,
                         extract(epoch FROM clock_timestamp() - timestamptz '2026-01-01 00:00Z')::integer),
                v_system, v_timeline, pg_postmaster_start_time(), clock_timestamp())
        RETURNING * INTO v_last;
    END IF;
    RETURN v_last.epoch;
END
$$;
