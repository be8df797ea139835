-- Write events of a group, in their order, in the caller's transaction: all become visible together
-- with its changes, or none. p_at: by event; the last instant counts for the rest.
--
-- `xid` is the transaction's number, or the highest one that had ended when it wrote its first event, if
-- that is higher. A transaction that had its number before it waited for another one, for a second lock, would
-- otherwise stand before that one in the feed. The number counts for all of its events.
CREATE OR REPLACE FUNCTION events_emit_all(p_group uuid, p_facts events_fact[], p_at timestamptz[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_xid CONSTANT xid8 := coalesce(
        nullif(current_setting('fusion.feed_xid', true), ''),
        set_config('fusion.feed_xid', greatest(pg_current_xact_id(), (
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8)::text, true));
BEGIN
    INSERT INTO events_event
        (epoch, xid, group_id, path, subscription_id, subject, type, actor, data, at)
    -- events_epoch(), without the call where it only compares
    SELECT coalesce((SELECT e.epoch FROM (SELECT * FROM events_feedepoch w ORDER BY w.epoch DESC LIMIT 1) e
                     WHERE e.postmaster_started = pg_postmaster_start_time()), events_epoch()),
           v_xid, p_group, f.path, f.subscription_id, f.subject, f.type,
           f.actor, f.data, p_at[least(f.ordinality, cardinality(p_at))]
    FROM unnest(p_facts) WITH ORDINALITY AS f;  -- in their order
END
$$;

-- The same, all at one instant.
CREATE OR REPLACE FUNCTION events_emit_all(p_group uuid, p_facts events_fact[], p_at timestamptz)
RETURNS void
LANGUAGE sql AS $$
    SELECT events_emit_all(p_group, p_facts, ARRAY[p_at])
$$;

-- Write one event.
CREATE OR REPLACE FUNCTION events_emit(
    p_type text, p_group uuid, p_path text, p_subscription uuid,
    p_subject text, p_actor text, p_data json
) RETURNS void
LANGUAGE sql AS $$
    SELECT events_emit_all(
        p_group,
        ARRAY[ROW(p_path, p_subscription, p_type, p_subject, p_actor, p_data)::events_fact],
        kernel_now())
$$;
