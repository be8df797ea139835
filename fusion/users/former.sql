-- The signatures that servers and workers of the previous release call.
CREATE OR REPLACE FUNCTION users_link(
    p_group uuid, p_path text, p_actor text, p_request text,
    p_subscription uuid, p_user uuid, p_number text
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE sql AS $$
    SELECT * FROM users_link_v2(p_group, jsonb_build_array(jsonb_build_object(
        'path', p_path, 'actor', p_actor, 'request', p_request, 'subscription_id', p_subscription,
        'user_id', p_user, 'number', p_number)))
$$;

CREATE OR REPLACE FUNCTION users_provision(p_job uuid, p_limit int) RETURNS json
LANGUAGE sql AS $$
    SELECT w.answer
    FROM users_job j, users_provision_v2(j.group_id, jsonb_build_array(
        jsonb_build_object('job', p_job, 'limit', p_limit))) w
    WHERE j.id = p_job
$$;
