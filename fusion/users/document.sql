-- A user as the API shows it: the same text in answers, lists, events and results of jobs.
CREATE OR REPLACE FUNCTION users_document(u users_user) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT users_document(u, (SELECT n.e164 FROM numbers_number n WHERE n.user_id = u.id))
$$;

-- The same, as it is or was with that number.
CREATE OR REPLACE FUNCTION users_document(u users_user, p_number text) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'id', u.id, 'subscription_id', u.subscription_id, 'login', u.login,
        'display_name', u.display_name, 'kind', u.kind, 'number', p_number,
        'created_at', kernel_instant(u.created_at))
$$;

-- Write the events of users whose links were just changed, in the order of the statement's rows.
CREATE OR REPLACE FUNCTION users_emit(
    p_documents json[], s tenancy_subscription, p_actor text, p_type text
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO events_event
        (epoch, xid, group_id, path, subscription_id, subject, type, actor, data, at)
    SELECT e.epoch, pg_current_xact_id(), s.group_id, s.path, s.id, w.document ->> 'id', p_type,
           p_actor, w.document, kernel_now()
    FROM (SELECT events_epoch() AS epoch) e,
         unnest(p_documents) WITH ORDINALITY AS w(document, position)
    ORDER BY w.position
$$;

-- Write the audit records of the same changes.
CREATE OR REPLACE FUNCTION users_record(
    p_users uuid[], p_details json[], s tenancy_subscription, p_actor text, p_request text,
    p_verb text
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO tenancy_auditrecord
        (at, group_id, path, subscription_id, actor, request_id, verb, object_type, object_id,
         detail, address)
    SELECT kernel_now(), s.group_id, s.path, s.id, p_actor, split_part(p_request, ' ', 1), p_verb,
           'user', w.id::text, w.detail, nullif(split_part(p_request, ' ', 2), '')
    FROM unnest(p_users, p_details) WITH ORDINALITY AS w(id, detail, position)
    ORDER BY w.position
$$;
