-- The signatures that servers of the previous release call.
CREATE OR REPLACE FUNCTION numbers_assign(
    p_group uuid, p_path text, p_actor text, p_request text, p_key text, p_fingerprint bytea,
    p_subscription uuid, p_numbers text[], p_sku text, p_quantity int, p_contiguous boolean,
    p_status text, p_until timestamptz, p_patient boolean DEFAULT false
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE sql AS $$
    SELECT * FROM numbers_assign_v2(p_group, numbers_call(
        p_path, p_actor, p_request, p_key, p_fingerprint, p_subscription, jsonb_build_object(
            'numbers', p_numbers, 'sku', p_sku, 'quantity', p_quantity,
            'contiguous', p_contiguous, 'status', p_status, 'until', p_until,
            'patient', p_patient)))
$$;

CREATE OR REPLACE FUNCTION numbers_release(
    p_group uuid, p_path text, p_actor text, p_request text, p_subscription uuid, p_e164 text,
    p_quarantine interval
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE sql AS $$
    SELECT * FROM numbers_release_v2(p_group, numbers_call(
        p_path, p_actor, p_request, NULL, NULL, p_subscription,
        jsonb_build_object('e164', p_e164, 'quarantine', p_quarantine)))
$$;

CREATE OR REPLACE FUNCTION numbers_restore(
    p_group uuid, p_path text, p_actor text, p_request text, p_key text, p_fingerprint bytea,
    p_subscription uuid, p_e164 text
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE sql AS $$
    SELECT * FROM numbers_restore_v2(p_group, numbers_call(
        p_path, p_actor, p_request, p_key, p_fingerprint, p_subscription,
        jsonb_build_object('e164', p_e164)))
$$;

CREATE OR REPLACE FUNCTION numbers_port_in(
    p_group uuid, p_path text, p_actor text, p_request text, p_key text, p_fingerprint bytea,
    p_subscription uuid, p_numbers text[], p_skus uuid[]
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE sql AS $$
    SELECT * FROM numbers_port_in_v2(p_group, numbers_call(
        p_path, p_actor, p_request, p_key, p_fingerprint, p_subscription,
        jsonb_build_object('numbers', p_numbers, 'skus', p_skus)))
$$;

CREATE OR REPLACE FUNCTION numbers_port_out(
    p_group uuid, p_path text, p_actor text, p_request text, p_key text, p_fingerprint bytea,
    p_subscription uuid, p_e164 text
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE sql AS $$
    SELECT * FROM numbers_port_out_v2(p_group, numbers_call(
        p_path, p_actor, p_request, p_key, p_fingerprint, p_subscription,
        jsonb_build_object('e164', p_e164)))
$$;

CREATE OR REPLACE FUNCTION numbers_call(
    p_path text, p_actor text, p_request text, p_key text, p_fingerprint bytea,
    p_subscription uuid, p_members jsonb
) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_array(p_members || jsonb_build_object(
        'path', p_path, 'actor', p_actor, 'request', p_request, 'key', p_key,
        'fingerprint', encode(p_fingerprint, 'hex'), 'subscription_id', p_subscription))
$$;

CREATE OR REPLACE FUNCTION numbers_lapse(
    p_subscription uuid, p_numbers text[], p_actor text, p_request text
) RETURNS int
LANGUAGE sql AS $$
    SELECT numbers_expire(p_subscription, p_numbers, p_actor, p_request)
$$;
