-- Link users to numbers of their subscriptions, one after the other.
--
-- A call has the members of access_begin and {user_id, number}. Returns
-- for each call 200 with the user's document, or the status of a refusal with {code, detail, ...}.
--
-- The first link consumes one licence, held by the user. A user with another number moves: it keeps
-- the licence, and the old number stays with the subscription. Repeating a link changes nothing.
-- Locks: key, subscription, balance, numbers by number.
CREATE OR REPLACE FUNCTION users_link_v2(p_group uuid, p_calls jsonb)
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
        r := users_link_one(p_group, p_calls -> i);
        status := r.status; replayed := r.replayed; answer := r.answer;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION users_link_one(
    p_group uuid, p_call jsonb, OUT status int, OUT replayed boolean, OUT answer text
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    r record;
    s tenancy_subscription;
    u users_user;
    v_number CONSTANT text := p_call ->> 'number';
    v_actor CONSTANT text := p_call ->> 'actor';
    v_former text;
    v_licences record;
    v_document json;
BEGIN
    r := access_begin(p_group, p_call);
    s := r.s; status := r.status; replayed := r.replayed; answer := r.answer;
    IF status IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT w.* INTO u FROM users_user w
    WHERE w.id = (p_call ->> 'user_id')::uuid AND (w.subscription_id = s.id) IS TRUE;
    IF NOT FOUND THEN
        status := 404;
        answer := users_unknown();
        RETURN;
    END IF;
    v_former := (SELECT w.e164 FROM numbers_number w WHERE w.user_id = u.id);
    v_document := users_document(u, v_number);
    IF v_former = v_number THEN
        status := 200;
        answer := v_document;
        RETURN;
    END IF;

    status := 409;
    IF s.status <> 'active' THEN
        answer := users_problem_of_state(s.status);
        RETURN;
    END IF;
    IF v_former IS NULL THEN
        v_licences := users_lock_licences(s);
    END IF;
    answer := numbers_lock_holder(p_group, s.id, v_number, v_former, 'user');
    IF answer IS NOT NULL THEN
        RETURN;
    END IF;
    IF v_former IS NOT NULL THEN
        PERFORM numbers_set_holder(p_group, ARRAY[v_former], NULL, NULL);
    ELSIF v_licences.granted - v_licences.used < 1 THEN
        answer := users_problem_no_license(v_licences.code, v_licences.granted, v_licences.used);
        RETURN;
    ELSIF ledger_consume(p_group, s.id, v_licences.sku_id, 'user', ARRAY[u.id::text], v_actor)
          IS NOT NULL THEN
        RAISE EXCEPTION 'a licence was consumed under a lock that was held';
    END IF;
    PERFORM numbers_set_holder(p_group, ARRAY[v_number], u.id, NULL);
    status := 200;
    answer := v_document;
    PERFORM access_finish(
        p_group, ARRAY[kernel_now()], ARRAY[users_fact(s, p_call, 'user.linked', v_document)],
        ARRAY[users_record(s, p_call, 'user.link', u.id, json_build_object(
            'number', v_number, 'former_number', v_former))],
        access_answers(p_call, status, answer));
END
$$;

-- Lock the balance of a subscription's user licences and return it; zeros if there is none.
CREATE OR REPLACE FUNCTION users_lock_licences(
    s tenancy_subscription, OUT sku_id uuid, OUT code text, OUT granted bigint, OUT used bigint
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    SELECT b.sku_id, b.sku, b.granted, b.used INTO sku_id, code, granted, used
    FROM ledger_balance b
    WHERE b.group_id = s.group_id AND b.subscription_id = s.id AND b.metric = 'user' FOR UPDATE;
    IF NOT FOUND THEN
        SELECT k.id, k.code, 0, 0 INTO sku_id, code, granted, used FROM catalogue_sku k
        WHERE k.group_id = s.group_id AND k.metric = 'user';
    END IF;
END
$$;
