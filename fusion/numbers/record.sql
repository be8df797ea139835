-- Write what a change did to numbers of one subscription: an event for each of p_documents, and one
-- audit record that names all of them.
CREATE OR REPLACE FUNCTION numbers_record(
    p_documents json[], s tenancy_subscription, p_actor text, p_request text, p_type text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_epoch int := events_epoch();
BEGIN
    INSERT INTO events_event
        (epoch, xid, group_id, path, subscription_id, subject, type, actor, data, at)
    SELECT v_epoch, pg_current_xact_id(), s.group_id, s.path, s.id, d ->> 'e164', p_type, p_actor, d,
           kernel_now()
    FROM unnest(p_documents) AS d;
    PERFORM numbers_audit(ARRAY(SELECT d ->> 'e164' FROM unnest(p_documents) AS d),
                          s, p_actor, p_request, p_type);
END
$$;

CREATE OR REPLACE FUNCTION numbers_audit(
    p_numbers text[], s tenancy_subscription, p_actor text, p_request text, p_verb text
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO tenancy_auditrecord
        (at, group_id, path, subscription_id, actor, request_id, verb, object_type, object_id,
         detail, address)
    VALUES (kernel_now(), s.group_id, s.path, s.id, p_actor, split_part(p_request, ' ', 1), p_verb,
            'subscription', s.id::text, json_build_object('numbers', p_numbers),
            nullif(split_part(p_request, ' ', 2), ''))
$$;

-- Store the answer of a successful request, for the caller at p_path that repeats it with the same
-- key.
CREATE OR REPLACE FUNCTION numbers_remember(
    p_group uuid, p_path text, p_key text, p_fingerprint bytea, p_status int, p_answer text
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO tenancy_idempotency
        (group_id, organization_id, key, fingerprint, status, answer, at)
    SELECT p_group, tenancy_organization_at(p_path), p_key, p_fingerprint, p_status, p_answer,
           kernel_now()
    WHERE p_key IS NOT NULL
$$;
