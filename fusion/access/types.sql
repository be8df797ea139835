-- What `access_finish` writes. A type never changes: another shape gets another name.
DO $do$
BEGIN
    -- An audit record. `request` is the request's id and, after a space, the client's address.
    IF to_regtype('access_record') IS NULL THEN
        CREATE TYPE access_record AS (
            path text, subscription_id uuid, actor text, request text, verb text, object_type text,
            object_id text, detail json);
    END IF;
    -- The answer to be stored under an idempotency key of the caller at `path`.
    IF to_regtype('access_answer') IS NULL THEN
        CREATE TYPE access_answer AS (
            path text, key text, fingerprint bytea, status int, answer text);
    END IF;
END
$do$;
