-- Link a user to a number of its subscription; 200 with the user's document.
--
-- The first link consumes one licence, held by the user. A user who has another number moves: the
-- licence stays, the old number stays with the subscription. Linking what is linked changes nothing.
-- Locks: subscription, balance, numbers by number, user.
CREATE OR REPLACE FUNCTION users_link(
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
BEGIN
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = p_subscription AND w.group_id = p_group AND starts_with(w.path, p_path)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 404, false, kernel_problem('not-found',
            'There is no such subscription, or it is not visible to you.')::text;
        RETURN;
    END IF;

    -- Nobody else changes this subscription's users, links or numbers now: what is read here stays.
    SELECT w.* INTO u FROM users_user w WHERE w.id = p_user AND w.subscription_id = p_subscription;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 404, false, kernel_problem('not-found',
            'There is no such user in this subscription.')::text;
        RETURN;
    END IF;
    SELECT w.e164 INTO v_former FROM numbers_number w WHERE w.user_id = p_user;
    IF v_former = p_number THEN
        RETURN QUERY SELECT 200, false, users_document(u)::text;
        RETURN;
    END IF;
    IF s.status <> 'active' THEN
        RETURN QUERY SELECT 409, false, kernel_problem('subscription-' || s.status, format(
            'The subscription is %s: nothing new is linked.', s.status))::text;
        RETURN;
    END IF;
    SELECT w.* INTO n FROM numbers_number w
    WHERE w.e164 = p_number AND w.subscription_id = p_subscription AND w.status = 'assigned';
    IF NOT FOUND THEN
        RETURN QUERY SELECT 409, false, kernel_problem('number-not-assigned', format(
            '%s is not assigned to this subscription. Assign it first.', p_number))::text;
        RETURN;
    ELSIF n.user_id IS NOT NULL OR n.trunk_id IS NOT NULL THEN
        RETURN QUERY SELECT 409, false, json_build_object(
            'code', 'number-in-use',
            'detail', format('%s is linked to another %s. Unlink it there first, or take another '
                'number.', p_number, CASE WHEN n.user_id IS NULL THEN 'trunk' ELSE 'user' END),
            'user_id', n.user_id, 'trunk_id', n.trunk_id)::text;
        RETURN;
    END IF;

    IF v_former IS NULL THEN
        SELECT k.id, k.code INTO v_sku, v_code FROM catalogue_sku k
        WHERE k.group_id = p_group AND k.metric = 'user';
        SELECT w.* INTO b FROM ledger_balance w
        WHERE w.subscription_id = p_subscription AND w.sku_id = v_sku FOR UPDATE;
        IF coalesce(b.granted - b.used, 0) < 1 THEN
            RETURN QUERY SELECT 409, false, users_no_license(
                v_code, coalesce(b.granted, 0), coalesce(b.used, 0));
            RETURN;
        END IF;
        PERFORM ledger_consume(p_subscription, v_sku, 'user', ARRAY[p_user::text], p_actor);
    END IF;
    UPDATE numbers_number w SET user_id = NULL WHERE w.e164 = v_former;
    UPDATE numbers_number w SET user_id = p_user WHERE w.e164 = p_number;
    PERFORM users_emit(ARRAY[p_user], s, p_actor, 'user.linked');
    INSERT INTO tenancy_auditrecord
        (at, group_id, path, actor, request_id, verb, object_type, object_id, detail)
    VALUES (clock_timestamp(), s.group_id, s.path, p_actor, p_request, 'user.link', 'user',
            p_user::text, json_build_object('number', p_number, 'former_number', v_former));
    RETURN QUERY SELECT 200, false, users_document(u)::text;
END
$$;

CREATE OR REPLACE FUNCTION users_no_license(p_sku text, p_granted bigint, p_used bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'no-license',
        'detail', format('%s: %s ordered, %s in use. Unlink a user, or order more.',
                         p_sku, p_granted, p_used),
        'refusals', json_build_array(json_build_object(
            'sku', p_sku, 'granted', p_granted, 'used', p_used, 'requested', 1,
            'missing', 1 - (p_granted - p_used))))::text
$$;

-- Unlink users of one subscription, whose lock the caller holds; each gives its licence back, the
-- numbers stay with the subscription. Users who have no link are passed over. How many had one.
CREATE OR REPLACE FUNCTION users_unlink(
    p_users uuid[], s tenancy_subscription, p_actor text
) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    v_linked uuid[];
    v_sku uuid;
BEGIN
    v_linked := ARRAY(
        SELECT n.user_id FROM numbers_number n
        WHERE n.subscription_id = s.id AND n.user_id = ANY (p_users) ORDER BY n.e164);
    IF cardinality(v_linked) = 0 THEN
        RETURN 0;
    END IF;
    SELECT k.id INTO v_sku FROM catalogue_sku k WHERE k.group_id = s.group_id AND k.metric = 'user';
    IF ledger_release(s.id, v_sku, 'user', v_linked::text[], p_actor) IS NOT NULL THEN
        RAISE EXCEPTION 'more licences are held by users than the balance says are used';
    END IF;
    UPDATE numbers_number n SET user_id = NULL
    WHERE n.subscription_id = s.id AND n.user_id = ANY (v_linked);
    PERFORM users_emit(v_linked, s, p_actor, 'user.unlinked');
    RETURN cardinality(v_linked);
END
$$;
