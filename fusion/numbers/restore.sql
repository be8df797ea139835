-- Restore numbers from their quarantine to the subscription that had them; consumes an entitlement
-- again. A call has the members of access_begin and {e164}. Returns for each 200 with the
-- number, or the status of a refusal with {code, detail, ...}.
CREATE OR REPLACE FUNCTION numbers_restore_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    r record;
BEGIN
    IF jsonb_array_length(p_calls) > 1 THEN
        PERFORM access_lock_calls(p_group, p_calls);
    END IF;
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        r := numbers_restore_one(p_group, p_calls -> i);
        status := r.status; replayed := r.replayed; answer := r.answer;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION numbers_restore_one(
    p_group uuid, p_call jsonb, OUT status int, OUT replayed boolean, OUT answer text
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    r record;
    s tenancy_subscription;
    n numbers_number;
    v_documents json[];
BEGIN
    r := access_begin(p_group, p_call);
    s := r.s; status := r.status; replayed := r.replayed; answer := r.answer;
    IF status IS NULL AND s.status <> 'active' THEN
        status := 409;
        answer := numbers_inactive(s.status);
    END IF;
    IF status IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT w.* INTO n FROM numbers_number w
    WHERE w.e164 = p_call ->> 'e164' AND (w.subscription_id = s.id) IS TRUE;
    IF n.status IS DISTINCT FROM 'quarantined' THEN
        answer := numbers_not_available(
            ARRAY[p_call ->> 'e164'], ARRAY[coalesce(n.status, 'unknown')],
            'The number was not restored. Only a number in quarantine can be restored, and only to the '
            'subscription that had it.');
    ELSE
        answer := numbers_not_entitled(p_group, s.id, ARRAY[n.sku_id], ARRAY[1]);
    END IF;
    IF answer IS NOT NULL THEN
        status := 409;
        RETURN;
    END IF;
    PERFORM FROM numbers_number w WHERE w.e164 = n.e164 FOR UPDATE;
    PERFORM numbers_consume(p_group, s.id, ARRAY[n.e164], p_call ->> 'actor');
    UPDATE numbers_number w SET status = 'assigned', until = NULL WHERE w.e164 = n.e164;
    v_documents := numbers_documents(ARRAY[n.e164]);
    status := 200;
    answer := v_documents[1]::text;
    PERFORM numbers_audit_and_emit(s, p_call, 'number.restored', v_documents, status, answer);
END
$$;

-- Restore those of the numbers that are in quarantine from a subscription whose termination is undone;
-- returns how many. The caller holds the subscription's lock, which everything that ends a quarantine
-- takes too, and has granted the entitlements again.
CREATE OR REPLACE FUNCTION numbers_restore_all(
    p_subscription uuid, p_numbers text[], p_actor text, p_request text
) RETURNS int
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    s tenancy_subscription;
    v_numbers text[];
BEGIN
    SELECT w.* INTO s FROM tenancy_subscription w WHERE w.id = p_subscription;
    v_numbers := ARRAY(
        SELECT n.e164 FROM numbers_number n
        WHERE n.e164 = ANY (p_numbers) AND (n.subscription_id = s.id) IS TRUE AND n.status = 'quarantined'
        ORDER BY n.e164);
    IF cardinality(v_numbers) > 0 THEN
        PERFORM numbers_consume(s.group_id, s.id, v_numbers, p_actor);
        PERFORM FROM numbers_number n WHERE n.e164 = ANY (v_numbers) ORDER BY n.e164 FOR UPDATE;
        UPDATE numbers_number n SET status = 'assigned', until = NULL WHERE n.e164 = ANY (v_numbers);
        PERFORM numbers_audit_and_emit(
            s, jsonb_build_object('actor', p_actor, 'request', p_request), 'number.restored',
            numbers_documents(v_numbers));
    END IF;
    RETURN cardinality(v_numbers);
END
$$;
