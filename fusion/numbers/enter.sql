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
DECLARE
    r record;
BEGIN
    SELECT w.* INTO r FROM access_begin(p_group, p_path, p_subscription, p_key, p_fingerprint) w;
    s := r.s; status := r.status; replayed := r.replayed; answer := r.answer;
    IF status IS NULL AND p_growing AND s.status <> 'active' THEN
        status := 409;
        answer := kernel_problem('subscription-' || s.status, format(
            'The subscription is %s. You cannot add numbers.', s.status))::text;
    END IF;
END
$$;
