-- An emergency call passes however the rest of its request looks. Everything else in a malformed request is
-- refused, and nothing is dropped silently: the answer names what was malformed.

-- Read a call that is malformed (see calls.is_call) or has a malformed `replaces`.
--
-- problem: of a call that is no emergency call, or has no name of its own; NULL otherwise. direction, caller,
-- lease, replaces: as sent if they can be read, or else outbound (the caller is the customer), the empty
-- caller of a withheld number, a lease within the limits, and none. notes: {malformed?: [names], shortened?:
-- true} for the answer; the caller of this function stores the first 255 characters of long texts.
CREATE OR REPLACE FUNCTION trunks_read_malformed(
    t trunks_trunk, p_direction text, p_call_id text, p_caller text, p_callee text, p_lease interval,
    p_replaces text, OUT problem json, OUT direction text, OUT caller text, OUT lease interval,
    OUT replaces text, OUT notes jsonb
)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_malformed text[];
BEGIN
    IF length(p_call_id) NOT BETWEEN 1 AND 255 OR p_call_id IS NULL OR p_callee IS NULL
       OR NOT trunks_is_emergency(t, p_callee) THEN
        problem := CASE
            WHEN calls.is_call(p_direction, p_call_id, left(p_caller, 255), left(p_callee, 255), p_lease)
            THEN trunks_wrong_length(p_caller, p_callee, p_replaces) ELSE calls.invalid_call() END;
        RETURN;
    END IF;
    direction := CASE lower(btrim(p_direction)) WHEN 'inbound' THEN 'inbound' ELSE 'outbound' END;
    caller := coalesce(p_caller, '');
    lease := CASE WHEN p_lease > interval '0' THEN least(p_lease, interval '1 day') ELSE interval '120 seconds' END;
    replaces := CASE WHEN length(p_replaces) BETWEEN 1 AND 255 THEN p_replaces END;
    v_malformed := ARRAY(
        SELECT w.name FROM (VALUES
            ('direction', direction = p_direction), ('caller', p_caller IS NOT NULL), ('lease', lease = p_lease),
            ('replaces', replaces IS NOT DISTINCT FROM p_replaces)) AS w(name, readable)
        WHERE w.readable IS NOT TRUE);
    notes := '{}';
    IF v_malformed <> '{}' THEN
        notes := jsonb_build_object('malformed', v_malformed);
    END IF;
    IF greatest(length(p_caller), length(p_callee)) > 255 THEN
        notes := notes || '{"shortened": true}';
    END IF;
END
$$;

-- Admit a call whose request the API refuses for its form, or because there were too many requests, if it is
-- an emergency call; 422 otherwise. A call as for trunks_admit_v2; `malformed` names the malformed members.
CREATE OR REPLACE FUNCTION trunks_admit_malformed(p_call jsonb, OUT status int, OUT answer json)
LANGUAGE plpgsql AS $$
DECLARE
    t trunks_trunk;
    r record;
    v_malformed jsonb;
BEGIN
    SELECT w.* INTO t FROM trunks_trunk w JOIN tenancy_subscription s ON s.id = w.subscription_id
    WHERE w.id = (p_call ->> 'trunk_id')::uuid AND access_sees(p_call ->> 'path', s.path);
    IF FOUND AND trunks_is_emergency(t, p_call ->> 'callee') IS NOT TRUE THEN
        status := 422; answer := calls.invalid_call(); RETURN;
    END IF;
    r := trunks_admit(
        (p_call ->> 'trunk_id')::uuid, p_call ->> 'direction', p_call ->> 'call_id', p_call ->> 'caller',
        p_call ->> 'callee', make_interval(secs => (p_call ->> 'lease_seconds')::float8), p_call ->> 'path',
        p_call ->> 'replaces');
    status := r.status; answer := r.answer;
    IF status < 300 THEN
        v_malformed := (SELECT jsonb_agg(DISTINCT name) FROM jsonb_array_elements(
            p_call -> 'malformed' || coalesce((r.answer -> 'malformed')::jsonb, '[]')) AS name);
        answer := answer::jsonb || jsonb_strip_nulls(jsonb_build_object('malformed', v_malformed));
    END IF;
END
$$;

-- The problem of a call that is no emergency call and has a text of the wrong length. An emergency call
-- passes, and the database keeps the first 255 characters.
CREATE OR REPLACE FUNCTION trunks_wrong_length(p_caller text, p_callee text, p_replaces text) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'invalid-fields',
        'detail', 'A caller, a callee and the id of a replaced call have at most 255 characters, except in an '
                  'emergency call.',
        'errors', json_agg(json_build_object('field', w.field, 'message', 'must have ' || CASE
            WHEN w.value = '' THEN 'at least 1 character' ELSE 'at most 255 characters' END)))
    FROM (VALUES ('caller', p_caller), ('callee', p_callee), ('replaces', p_replaces)) AS w(field, value)
    WHERE length(w.value) > 255 OR w.field = 'replaces' AND w.value = ''
$$;
