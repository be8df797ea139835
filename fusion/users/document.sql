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
