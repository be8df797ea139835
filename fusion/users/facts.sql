-- What access_finish writes of a change of one user. p_call has {actor, request}. Plain expressions, so
-- that they are inlined.

-- The event, with the user's document.
CREATE OR REPLACE FUNCTION users_fact(
    s tenancy_subscription, p_call jsonb, p_type text, p_document json
) RETURNS events_fact
LANGUAGE sql STABLE AS $$
    SELECT ROW(s.path, s.id, p_type, p_document ->> 'id', p_call ->> 'actor',
               p_document)::events_fact
$$;

-- The audit record.
CREATE OR REPLACE FUNCTION users_record(
    s tenancy_subscription, p_call jsonb, p_verb text, p_user uuid, p_detail json
) RETURNS access_record
LANGUAGE sql STABLE AS $$
    SELECT ROW(s.path, s.id, p_call ->> 'actor', p_call ->> 'request', p_verb, 'user', p_user,
               p_detail)::access_record
$$;
