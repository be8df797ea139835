-- Restore a number from its quarantine to the subscription that had it; consumes an entitlement
-- again. Returns 200 with the number, or the status of a refusal with {code, detail, ...}.
CREATE OR REPLACE FUNCTION numbers_restore(
    p_group uuid, p_path text, p_actor text, p_request text, p_key text, p_fingerprint bytea,
    p_subscription uuid, p_e164 text
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    r record;
    n numbers_number;
    v_documents json[];
    v_answer text;
BEGIN
    SELECT w.* INTO r
    FROM numbers_enter(p_group, p_path, p_subscription, p_key, p_fingerprint, true) w;
    IF r.status IS NOT NULL THEN
        RETURN QUERY SELECT r.status, r.replayed, r.answer;
        RETURN;
    END IF;
    SELECT w.* INTO n FROM numbers_number w
    WHERE w.e164 = p_e164 AND w.subscription_id = p_subscription;
    IF n.status IS DISTINCT FROM 'quarantined' THEN
        RETURN QUERY SELECT 409, false, numbers_not_available(
            ARRAY[p_e164], ARRAY[coalesce(n.status, 'unknown')],
            'The number was not restored. Only a number in quarantine can be restored, and only to the '
            'subscription that had it.');
        RETURN;
    END IF;
    v_answer := numbers_not_entitled(p_subscription, ARRAY[n.sku_id], ARRAY[1]);
    IF v_answer IS NOT NULL THEN
        RETURN QUERY SELECT 409, false, v_answer;
        RETURN;
    END IF;
    PERFORM FROM numbers_number w WHERE w.e164 = p_e164 FOR UPDATE;
    PERFORM numbers_consume(ARRAY[p_e164], p_subscription, p_actor);
    UPDATE numbers_number w SET status = 'assigned', until = NULL WHERE w.e164 = p_e164;
    v_documents := numbers_documents(ARRAY[p_e164]);
    PERFORM numbers_record(v_documents, r.s, p_actor, p_request, 'number.restored');
    v_answer := v_documents[1]::text;
    PERFORM numbers_remember(p_group, p_path, p_key, p_fingerprint, 200, v_answer);
    RETURN QUERY SELECT 200, false, v_answer;
END
$$;
