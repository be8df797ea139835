-- Begin a change of a subscription's numbers: lock the idempotency key and the subscription, check
-- that the caller sees the subscription, and find the stored answer of a repeated request.
--
-- If `status` is null, the change may proceed and `s` is the subscription; otherwise the caller
-- returns `status`, `replayed`, `answer`. p_growing: the change takes numbers, which requires an
-- active subscription. The caller then holds exclusive rights to change this subscription's
-- numbers, their links and its balances until the transaction ends; nobody else changes what it
-- reads of them.
CREATE OR REPLACE FUNCTION numbers_enter(
    p_group uuid, p_path text, p_subscription uuid, p_key text, p_fingerprint bytea,
    p_growing boolean,
    OUT s tenancy_subscription, OUT status int, OUT replayed boolean, OUT answer text
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_organization uuid := tenancy_organization_at(p_path);
    i record;
BEGIN
    replayed := false;
    IF p_key IS NOT NULL THEN
        PERFORM tenancy_lock_names(p_group, v_organization, ARRAY['key:' || p_key]);
    END IF;
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = p_subscription AND w.group_id = p_group AND starts_with(w.path, p_path)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        status := 404;
        answer := kernel_problem('not-found',
            'The subscription does not exist, or you cannot see it.')::text;
        RETURN;
    END IF;
    IF p_key IS NOT NULL THEN
        SELECT w.* INTO i FROM tenancy_stored_answer(p_group, v_organization, p_key, p_fingerprint) w;
        IF i.same THEN
            status := i.status;
            replayed := true;
            answer := i.answer;
            RETURN;
        ELSIF FOUND THEN
            status := 422;
            answer := kernel_problem('idempotency-key-reused',
                'This idempotency key was already used for another request. Repeat that request, or use a '
                'new key.')::text;
            RETURN;
        END IF;
    END IF;
    IF p_growing AND s.status <> 'active' THEN
        status := 409;
        answer := kernel_problem('subscription-' || s.status, format(
            'The subscription is %s. You cannot add numbers.', s.status))::text;
    END IF;
END
$$;
