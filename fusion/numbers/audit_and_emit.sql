-- Finish a change of numbers of one subscription: write an event for each of p_documents, one audit
-- record that names all numbers, and the answer for a repetition with the same key.
--
-- p_call: see access_begin; without `key` no answer is stored. Its member `at` is the instant of the change,
-- by default now. p_type is the type of the events and the
-- verb of the audit record. p_numbers: those of a change without events.
CREATE OR REPLACE FUNCTION numbers_audit_and_emit(
    s tenancy_subscription, p_call jsonb, p_type text, p_documents json[],
    p_status int DEFAULT NULL, p_answer text DEFAULT NULL, p_numbers text[] DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_facts events_fact[];
    v_numbers text[];
BEGIN
    SELECT array_agg(ROW(s.path, s.id, p_type, d ->> 'e164', p_call ->> 'actor', d)::events_fact),
           array_agg(d ->> 'e164')
    INTO v_facts, v_numbers FROM unnest(p_documents) AS d;
    PERFORM access_finish(
        s.group_id, ARRAY[coalesce((p_call ->> 'at')::timestamptz, kernel_now())], v_facts,
        ARRAY[ROW(s.path, s.id, p_call ->> 'actor', p_call ->> 'request', p_type, 'subscription', s.id,
                  CASE WHEN p_call ->> 'reason' IS NULL
                       THEN json_build_object('numbers', coalesce(p_numbers, v_numbers))
                       ELSE json_build_object('numbers', coalesce(p_numbers, v_numbers),
                                              'reason', p_call ->> 'reason') END)::access_record],
        access_answers(p_call, p_status, p_answer));
END
$$;
