-- The signatures that functions of the previous release call while these are installed.
CREATE OR REPLACE FUNCTION numbers_remember(
    p_group uuid, p_key text, p_fingerprint bytea, p_status int, p_answer text
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO tenancy_idempotency (group_id, key, fingerprint, status, answer, at)
    SELECT p_group, p_key, p_fingerprint, p_status, p_answer, kernel_now()
    WHERE p_key IS NOT NULL
$$;
