-- Write one event in the caller's transaction: both become visible together, or neither.
CREATE OR REPLACE FUNCTION events_emit(
    p_type text, p_group uuid, p_path text, p_subscription uuid,
    p_subject text, p_actor text, p_data json
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO events_event
        (epoch, xid, group_id, path, subscription_id, subject, type, actor, data, at)
    VALUES (events_epoch(), pg_current_xact_id(), p_group, p_path, p_subscription,
            p_subject, p_type, p_actor, p_data, kernel_now())
$$;
