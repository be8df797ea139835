-- Write what a change did to numbers of one subscription: an event for each of p_documents, and one
-- audit record that names all of them.
CREATE OR REPLACE FUNCTION numbers_record(
    p_documents json[], s tenancy_subscription, p_actor text, p_request text, p_type text
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM events_emit_all(
        s.group_id,
        ARRAY(SELECT ROW(s.path, s.id, p_type, d ->> 'e164', p_actor, d)::events_fact
              FROM unnest(p_documents) AS d),
        kernel_now());
    PERFORM numbers_audit(ARRAY(SELECT d ->> 'e164' FROM unnest(p_documents) AS d),
                          s, p_actor, p_request, p_type);
END
$$;

CREATE OR REPLACE FUNCTION numbers_audit(
    p_numbers text[], s tenancy_subscription, p_actor text, p_request text, p_verb text
) RETURNS void
LANGUAGE sql AS $$
    SELECT access_finish(
        s.group_id, kernel_now(), '{}',
        ARRAY[ROW(s.path, s.id, p_actor, p_request, p_verb, 'subscription', s.id::text,
                  json_build_object('numbers', p_numbers))::access_record],
        '{}')
$$;

-- Store the answer of a successful request, for the caller at p_path that repeats it with the same
-- key.
CREATE OR REPLACE FUNCTION numbers_remember(
    p_group uuid, p_path text, p_key text, p_fingerprint bytea, p_status int, p_answer text
) RETURNS void
LANGUAGE sql AS $$
    SELECT access_finish(
        p_group, kernel_now(), '{}', '{}',
        ARRAY[ROW(p_path, p_key, p_fingerprint, p_status, p_answer)::access_answer])
$$;
