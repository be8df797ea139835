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
    SELECT events_emit_all(
        s.group_id,
        ARRAY(SELECT ROW(s.path, s.id, p_type, d ->> 'id', p_actor, d)::events_fact
              FROM unnest(p_documents) AS d),
        kernel_now())
$$;

-- Write the audit records of the same changes.
CREATE OR REPLACE FUNCTION users_record(
    p_users uuid[], p_details json[], s tenancy_subscription, p_actor text, p_request text,
    p_verb text
) RETURNS void
LANGUAGE sql AS $$
    SELECT access_finish(
        s.group_id, kernel_now(), '{}',
        ARRAY(SELECT ROW(s.path, s.id, p_actor, p_request, p_verb, 'user', w.id::text, w.detail)
                     ::access_record
              FROM unnest(p_users, p_details) AS w(id, detail)),
        '{}')
$$;
