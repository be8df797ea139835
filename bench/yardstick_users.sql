-- The yardstick of `make bench`, continued: how the first release linked users to numbers.
CREATE OR REPLACE FUNCTION bench_users_emit(
    p_documents json[], s tenancy_subscription, p_actor text, p_type text
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO events_event
        (epoch, xid, group_id, path, subscription_id, subject, type, actor, data, at)
    SELECT e.epoch, pg_current_xact_id(), s.group_id, s.path, s.id, w.document ->> 'id', p_type,
           p_actor, w.document, clock_timestamp()
    FROM (SELECT events_epoch() AS epoch) e,
         unnest(p_documents) WITH ORDINALITY AS w(document, position)
    ORDER BY w.position
$$;

CREATE OR REPLACE FUNCTION bench_users_record(
    p_users uuid[], p_details json[], s tenancy_subscription, p_actor text, p_request text,
    p_verb text
) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO tenancy_auditrecord
        (at, group_id, path, subscription_id, actor, request_id, verb, object_type, object_id,
         detail)
    SELECT clock_timestamp(), s.group_id, s.path, s.id, p_actor, p_request, p_verb, 'user',
           w.id::text, w.detail
    FROM unnest(p_users, p_details) WITH ORDINALITY AS w(id, detail, position)
    ORDER BY w.position
$$;

CREATE OR REPLACE FUNCTION bench_users_link(
    p_group uuid, p_path text, p_actor text, p_request text,
    p_subscription uuid, p_user uuid, p_number text
) RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    s tenancy_subscription;
    u users_user;
    n numbers_number;
    b ledger_balance;
    v_sku uuid;
    v_code text;
    v_former text;
    v_document json;
BEGIN
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = p_subscription AND w.group_id = p_group AND starts_with(w.path, p_path)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 404, false, kernel_problem('not-found',
            'There is no such subscription, or it is not visible to you.')::text;
        RETURN;
    END IF;

    SELECT w.* INTO u FROM users_user w WHERE w.id = p_user AND w.subscription_id = p_subscription;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 404, false, kernel_problem('not-found',
            'There is no such user, or it is not visible to you.')::text;
        RETURN;
    END IF;
    SELECT w.e164 INTO v_former FROM numbers_number w WHERE w.user_id = p_user;
    IF v_former = p_number THEN
        RETURN QUERY SELECT 200, false, users_document(u, p_number)::text;
        RETURN;
    END IF;
    IF s.status <> 'active' THEN
        RETURN QUERY SELECT 409, false, users_problem_of_state(s.status)::text;
        RETURN;
    END IF;

    IF v_former IS NULL THEN
        SELECT k.id, k.code INTO v_sku, v_code FROM catalogue_sku k
        WHERE k.group_id = p_group AND k.metric = 'user';
        SELECT w.* INTO b FROM ledger_balance w
        WHERE w.group_id = p_group AND w.subscription_id = p_subscription AND w.sku_id = v_sku
        FOR UPDATE;
    END IF;
    PERFORM FROM numbers_number w
    WHERE w.e164 = ANY (ARRAY[p_number, v_former]) AND w.subscription_id = p_subscription
    ORDER BY w.e164 FOR NO KEY UPDATE;
    SELECT w.* INTO n FROM numbers_number w
    WHERE w.e164 = p_number AND w.subscription_id = p_subscription AND w.status = 'assigned';
    IF NOT FOUND THEN
        RETURN QUERY SELECT 409, false, kernel_problem('number-not-assigned', format(
            '%s is not assigned to this subscription. Assign it first.', p_number))::text;
        RETURN;
    ELSIF n.user_id IS NOT NULL OR n.trunk_id IS NOT NULL THEN
        RETURN QUERY SELECT 409, false, numbers_holder_refusal(
            p_number, true, n.user_id, n.trunk_id, 'user')::text;
        RETURN;
    ELSIF v_former IS NULL AND coalesce(b.granted - b.used, 0) < 1 THEN
        RETURN QUERY SELECT 409, false, users_problem_no_license(
            v_code, coalesce(b.granted, 0), coalesce(b.used, 0))::text;
        RETURN;
    END IF;

    IF v_former IS NULL THEN
        IF bench_ledger_consume(p_group, p_subscription, v_sku, 'user', ARRAY[p_user::text], p_actor)
           IS NOT NULL THEN
            RAISE EXCEPTION 'a licence was consumed under a lock that was held';
        END IF;
    ELSE
        UPDATE numbers_number w SET user_id = NULL WHERE w.e164 = v_former;
    END IF;
    UPDATE numbers_number w SET user_id = p_user WHERE w.e164 = p_number;
    v_document := users_document(u, p_number);
    PERFORM bench_users_emit(ARRAY[v_document], s, p_actor, 'user.linked');
    PERFORM bench_users_record(
        ARRAY[p_user], ARRAY[json_build_object('number', p_number, 'former_number', v_former)],
        s, p_actor, p_request, 'user.link');
    RETURN QUERY SELECT 200, false, v_document::text;
END
$$;
