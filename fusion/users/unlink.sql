-- Unlink users from their numbers, one after the other: the licence is free again, the number stays
-- with the subscription. Also on a suspended subscription; no effect on a user without a number.
--
-- A call has the members of access_begin and {user_id}. Returns for each 204, or the status of a
-- refusal with {code, detail}.
CREATE OR REPLACE FUNCTION users_unlink_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    r record;
    v_call jsonb;
    v_user uuid;
BEGIN
    IF jsonb_array_length(p_calls) > 1 THEN
        PERFORM access_lock_calls(p_group, p_calls);
    END IF;
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        v_call := p_calls -> i;
        r := access_begin(p_group, v_call);
        status := r.status; replayed := r.replayed; answer := r.answer;
        IF status IS NULL THEN
            v_user := (SELECT u.id FROM users_user u WHERE u.id = (v_call ->> 'user_id')::uuid
                       AND (u.subscription_id = (r.s).id) IS TRUE);
            status := CASE WHEN v_user IS NULL THEN 404 ELSE 204 END;
            answer := CASE WHEN v_user IS NULL THEN users_unknown() ELSE '' END;
        END IF;
        IF status = 204 AND NOT replayed THEN
            PERFORM users_unlink(ARRAY[v_user], r.s, v_call ->> 'actor');
            PERFORM access_finish(
                p_group, ARRAY[kernel_now()], '{}',
                ARRAY[users_record(r.s, v_call, 'user.unlink', v_user, json_build_object(
                    'subscription_id', (r.s).id, 'user_id', v_user))],
                access_answers(v_call, status, answer));
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Unlink users of one subscription, whose lock the caller holds. Skips users without a link. Returns
-- how many had one. Locks: balance, numbers by number.
CREATE OR REPLACE FUNCTION users_unlink(
    p_users uuid[], s tenancy_subscription, p_actor text
) RETURNS int
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    v_sku uuid;
    v_numbers text[];
    v_linked uuid[];
BEGIN
    v_sku := (users_lock_licences(s)).sku_id;
    PERFORM FROM numbers_number n
    WHERE n.user_id = ANY (p_users) AND (n.subscription_id = s.id) IS TRUE
    ORDER BY n.e164 FOR NO KEY UPDATE;
    SELECT array_agg(n.e164 ORDER BY n.e164), array_agg(n.user_id ORDER BY n.e164)
    INTO v_numbers, v_linked
    FROM numbers_number n WHERE n.user_id = ANY (p_users) AND (n.subscription_id = s.id) IS TRUE;
    IF v_linked IS NULL THEN
        RETURN 0;
    END IF;
    IF ledger_release(s.group_id, s.id, v_sku, 'user', v_linked::text[], p_actor)
       IS NOT NULL THEN
        RAISE EXCEPTION 'more licences are held by users than the balance says are used';
    END IF;
    PERFORM numbers_set_holder(s.group_id, v_numbers, NULL, NULL);
    PERFORM events_emit_all(s.group_id, ARRAY(
        SELECT users_fact(s, jsonb_build_object('actor', p_actor), 'user.unlinked',
                          users_document(u, NULL))
        FROM unnest(v_linked) WITH ORDINALITY AS w(id, position)
        JOIN users_user u ON u.id = w.id ORDER BY w.position), ARRAY[kernel_now()]);
    RETURN cardinality(v_linked);
END
$$;

-- Unlink all users of a subscription that is being terminated. The caller holds its lock.
CREATE OR REPLACE FUNCTION users_unlink_all(p_subscription uuid, p_actor text) RETURNS int
LANGUAGE sql AS $$
    SELECT users_unlink(
        ARRAY(SELECT n.user_id FROM numbers_number n
              WHERE n.subscription_id = s.id AND n.user_id IS NOT NULL), s, p_actor)
    FROM tenancy_subscription s WHERE s.id = p_subscription
$$;
