-- The present epoch of the change feed.
--
-- Transaction numbers (xid8) order events within one life of a cluster. They start again after a restore into
-- another cluster, and may repeat after a fail-over to another timeline. Every writer and reader of the feed
-- calls this function first. It compares the start time of the postmaster, which is cheap, and only if that
-- has changed the cluster itself.
--
-- An epoch is the second in which it began (since 2026, UTC), and greater than the previous one: two restores
-- of the same dump get two epochs, and a cursor from the first restore is before all events after the second.
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

    -- The timeline of the current log file: the control file has it only after the first checkpoint of a
    -- promoted server.
    SELECT system_identifier INTO v_system FROM pg_control_system();
    v_timeline := ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer;

    IF (v_last.system_identifier, v_last.timeline) = (v_system, v_timeline) THEN
        -- Only a restart. The first caller records it, and nobody waits for that: the update may be part of a
        -- long transaction, and waiting for its lock could cause a deadlock.
        PERFORM FROM events_feedepoch e WHERE e.epoch = v_last.epoch FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            UPDATE events_feedepoch e SET postmaster_started = pg_postmaster_start_time()
            WHERE e.epoch = v_last.epoch AND e.postmaster_started <> pg_postmaster_start_time();
        END IF;
        RETURN v_last.epoch;
    END IF;

    -- Two sessions may get here at once: the second sees, in a new statement, the row of the first.
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
