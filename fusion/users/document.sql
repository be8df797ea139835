-- A user as the API shows it: the same text in answers, lists and events.
CREATE OR REPLACE FUNCTION users_document(u users_user) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'id', u.id, 'subscription_id', u.subscription_id, 'login', u.login,
        'display_name', u.display_name, 'kind', u.kind,
        'number', (SELECT n.e164 FROM numbers_number n WHERE n.user_id = u.id),
        'created_at', kernel_instant(u.created_at))
$$;

-- Write the events of users whose links were just changed.
CREATE OR REPLACE FUNCTION users_emit(
    p_users uuid[], s tenancy_subscription, p_actor text, p_type text
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO events_event
        (epoch, xid, group_id, path, subscription_id, subject, type, actor, data, at)
    SELECT e.epoch, pg_current_xact_id(), s.group_id, s.path, s.id, u.id::text, p_type, p_actor,
           users_document(u), clock_timestamp()
    FROM (SELECT events_epoch() AS epoch) e, unnest(p_users) AS w(id) JOIN users_user u ON u.id = w.id
$$;
