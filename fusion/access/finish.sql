-- Finish hot writes of a group: write their events, audit records and stored answers, each in the
-- given order. `begin.sql` is the other half. p_at: by event and record; the last instant counts for
-- the rest, and for the answers.
CREATE OR REPLACE FUNCTION access_finish(
    p_group uuid, p_at timestamptz[],
    p_facts events_fact[], p_records access_record[], p_answers access_answer[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_last CONSTANT int := cardinality(p_at);
BEGIN
    IF cardinality(p_facts) > 0 THEN
        PERFORM events_emit_all(p_group, p_facts, p_at);
    END IF;
    IF cardinality(p_records) > 0 THEN
        INSERT INTO tenancy_auditrecord
            (at, group_id, path, subscription_id, actor, request_id, verb, object_type, object_id,
             detail, address)
        SELECT p_at[least(r.ordinality, v_last)], p_group, r.path, r.subscription_id, r.actor,
               split_part(r.request, ' ', 1), r.verb, r.object_type, r.object_id, r.detail,
               nullif(split_part(r.request, ' ', 2), '')
        FROM unnest(p_records) WITH ORDINALITY AS r;  -- in their order
    END IF;
    IF cardinality(p_answers) > 0 THEN
        INSERT INTO tenancy_idempotency
            (group_id, organization_id, key, fingerprint, status, answer, at)
        SELECT p_group, access_organization_at(a.path), a.key, a.fingerprint, a.status, a.answer,
               p_at[v_last]
        FROM unnest(p_answers) AS a
        WHERE a.key IS NOT NULL;
    END IF;
END
$$;

-- The same, all at one instant.
CREATE OR REPLACE FUNCTION access_finish(
    p_group uuid, p_at timestamptz,
    p_facts events_fact[], p_records access_record[], p_answers access_answer[]
) RETURNS void
LANGUAGE sql AS $$
    SELECT access_finish(p_group, ARRAY[p_at], p_facts, p_records, p_answers)
$$;

-- The answers that access_finish is to store for a call of a hot function: none if the caller sent no
-- key. A plain expression, so that it is inlined.
CREATE OR REPLACE FUNCTION access_answers(p_call jsonb, p_status int, p_answer text)
RETURNS access_answer[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_call ->> 'key' IS NOT NULL THEN ARRAY[ROW(
        p_call ->> 'path', p_call ->> 'key', decode(p_call ->> 'fingerprint', 'hex'), p_status,
        p_answer)::access_answer] ELSE '{}'::access_answer[] END
$$;
