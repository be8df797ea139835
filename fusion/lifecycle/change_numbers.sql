-- Change many numbers of a subscription at once: release them, unlink them, move them to another
-- subscription of the same group, or link them to one of its trunks.
--
-- A call has the members of access_begin and {action: release | unlink | move | link, numbers | selection,
-- problems?, unlink?, each?, quarantine?, to_subscription_id?, trunk_id?}; see numbers_chosen. `problems`: with
-- `each`, the refusal of each of the numbers, null where there is none; a refused row may repeat a
-- number or have a text that is none. `unlink`: end the links of the numbers, which are refused otherwise.
-- Without `each` all numbers are changed or none, and the answer is 200 with {items: [number]}. With
-- `each` every number has its own result: 200 with {results: [{e164, status, number | problem}]}.
--
-- Locks: key, the subscriptions by id, the balances of both, numbers by number. Everything is decided
-- before the first write.
CREATE OR REPLACE FUNCTION lifecycle_change_numbers_v1(p_group uuid, p_calls jsonb)
RETURNS TABLE (status int, replayed boolean, answer text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    r record;
BEGIN
    PERFORM access_lock(p_group, array_agg(c.path), array_agg(c.id), array_agg(c.key), '{}', NULL)
    FROM (SELECT w.path, w.subscription_id, w.key
          FROM jsonb_to_recordset(p_calls) AS w(path text, subscription_id uuid, key text)
          UNION ALL
          SELECT w.path, w.to_subscription_id, NULL
          FROM jsonb_to_recordset(p_calls) AS w(path text, to_subscription_id uuid)) AS c(path, id, key);
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        r := lifecycle_change_numbers_one(p_group, p_calls -> i);
        status := r.status; replayed := r.replayed; answer := r.answer;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION lifecycle_change_numbers_one(
    p_group uuid, p_call jsonb, OUT status int, OUT replayed boolean, OUT answer text
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    r record;
    s tenancy_subscription;
    t tenancy_subscription;
    v_each CONSTANT boolean := (p_call ->> 'each')::boolean IS TRUE;
    v_numbers text[];
    v_problems json[];
    v_documents json[];
BEGIN
    r := access_begin(p_group, p_call);
    s := r.s; status := r.status; replayed := r.replayed; answer := r.answer;
    IF p_call ->> 'action' = 'move' AND status IS DISTINCT FROM 404 THEN
        SELECT w.* INTO t FROM tenancy_subscription w
        WHERE w.id = (p_call ->> 'to_subscription_id')::uuid AND w.group_id = p_group
          AND access_sees(p_call ->> 'path', w.path);
        IF NOT FOUND THEN
            status := 404; replayed := false; answer := access_unknown_subscription();
        ELSIF status IS NULL AND t.status <> 'active' THEN
            status := 409; answer := numbers_inactive(t.status);
        END IF;
    END IF;
    IF p_call ->> 'action' = 'link' AND status IS DISTINCT FROM 404 THEN
        IF NOT EXISTS (SELECT FROM trunks_trunk w
                       WHERE w.id = (p_call ->> 'trunk_id')::uuid AND w.group_id = p_group
                         AND w.subscription_id = s.id) THEN
            status := 404; replayed := false;
            answer := kernel_problem('not-found', 'The trunk does not exist, or you cannot see it.');
        ELSIF status IS NULL AND s.status <> 'active' THEN
            status := 409;
            answer := kernel_problem('subscription-' || s.status, format(
                'The subscription is %s. You cannot add trunks or route numbers.', s.status));
        END IF;
    END IF;
    IF status IS NOT NULL THEN
        RETURN;
    END IF;
    v_numbers := numbers_chosen(s, p_call, 10000);
    answer := lifecycle_choice_refusal(s, p_call, cardinality(v_numbers));
    IF answer IS NULL THEN
        v_problems := lifecycle_number_problems(s, t, p_call, v_numbers);
        IF NOT v_each THEN
            answer := coalesce(
                numbers_refusal_of_all(v_numbers, v_problems, 'No number was changed.'),
                CASE WHEN t.id IS NOT NULL THEN numbers_not_entitled_to(t, v_numbers) END);
        END IF;
    END IF;
    IF answer IS NOT NULL THEN
        status := CASE answer::json ->> 'code' WHEN 'invalid-fields' THEN 422 ELSE 409 END;
        RETURN;
    END IF;
    v_documents := lifecycle_write_numbers(s, t, p_call, ARRAY(
        SELECT w.e164 FROM unnest(v_numbers, v_problems) AS w(e164, problem)
        WHERE w.problem IS NULL ORDER BY 1));
    status := 200;
    answer := CASE WHEN v_each THEN lifecycle_number_results(v_numbers, v_problems, v_documents)
                   ELSE json_build_object('items', array_to_json(v_documents))::text END;
    PERFORM access_finish(p_group, ARRAY[kernel_now()], '{}', '{}',
                          access_answers(p_call, status, answer));
END
$$;

-- The refusal of a selection with too many or too few numbers; NULL for any other choice.
CREATE OR REPLACE FUNCTION lifecycle_choice_refusal(
    s tenancy_subscription, p_call jsonb, p_count int
) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_count > 10000 THEN numbers_wrong_field('selection',
            'matches more than 10000 numbers; add filters, or give a `quantity`')
        WHEN p_count < (p_call -> 'selection' ->> 'quantity')::int THEN
            kernel_problem('number-not-assigned', format(
                'The subscription has only %s such numbers%s, fewer than %s. No number was changed.',
                p_count, CASE WHEN p_call -> 'selection' ->> 'linked' = 'false'
                              THEN ' without a link' ELSE '' END,
                p_call -> 'selection' ->> 'quantity'))::text
    END
$$;

-- Why each of the numbers cannot be changed, NULL if it can; in their order. For a move, the balances
-- of both subscriptions are locked.
CREATE OR REPLACE FUNCTION lifecycle_number_problems(
    s tenancy_subscription, t tenancy_subscription, p_call jsonb, p_numbers text[]
) RETURNS json[]
LANGUAGE plpgsql AS $$
DECLARE
    v_unlink CONSTANT boolean := p_call ->> 'action' = 'unlink' OR (p_call ->> 'unlink')::boolean IS TRUE;
    v_problems json[] := numbers_stay_problems(
        s, p_numbers, CASE WHEN p_call ->> 'action' IN ('unlink', 'link') THEN ARRAY['assigned']
                           ELSE ARRAY['reserved', 'assigned'] END, v_unlink, t.id IS NOT NULL);
BEGIN
    IF p_call ->> 'action' = 'link' THEN  -- no effect on what is linked to this trunk
        v_problems := ARRAY(
            SELECT CASE WHEN n.trunk_id IS DISTINCT FROM (p_call ->> 'trunk_id')::uuid
                             OR n.subscription_id <> s.id THEN w.problem END
            FROM unnest(p_numbers, v_problems) WITH ORDINALITY AS w(e164, problem, i)
            LEFT JOIN numbers_number n ON n.e164 = w.e164
            ORDER BY w.i);
    END IF;
    IF jsonb_typeof(p_call -> 'problems') = 'array' THEN
        v_problems := ARRAY(
            SELECT coalesce(nullif(x.problem, 'null')::json, w.problem)
            FROM unnest(v_problems) WITH ORDINALITY AS w(problem, i)
            JOIN jsonb_array_elements(p_call -> 'problems') WITH ORDINALITY AS x(problem, i) USING (i)
            ORDER BY i);
    END IF;
    IF t.id IS NOT NULL THEN
        PERFORM numbers_lock_balances(s, t, p_numbers);
        IF (p_call ->> 'each')::boolean THEN
            v_problems := numbers_entitlement_problems(t, p_numbers, v_problems);
        END IF;
    END IF;
    RETURN v_problems;
END
$$;

-- Write what was decided; returns the new documents of the numbers, by number.
CREATE OR REPLACE FUNCTION lifecycle_write_numbers(
    s tenancy_subscription, t tenancy_subscription, p_call jsonb, p_numbers text[]
) RETURNS json[]
LANGUAGE plpgsql AS $$
DECLARE
    v_actor CONSTANT text := p_call ->> 'actor';
    v_documents json[];
BEGIN
    IF p_numbers = '{}' THEN
        RETURN '{}';
    END IF;
    IF p_call ->> 'action' = 'link' THEN
        PERFORM lifecycle_link_to_trunk(s, p_numbers, p_call);
        RETURN numbers_documents(p_numbers);
    END IF;
    PERFORM lifecycle_end_links(s, p_numbers, v_actor);
    CASE p_call ->> 'action'
        WHEN 'move' THEN
            RETURN numbers_move(s, t, p_numbers, p_call);
        WHEN 'release' THEN
            PERFORM numbers_give_back(s.group_id, s.id, p_numbers, v_actor);
            v_documents := numbers_vacate(p_numbers, (p_call ->> 'quarantine')::interval);
            PERFORM numbers_audit_and_emit(s, p_call - 'key', 'number.released', v_documents);
        ELSE
            v_documents := numbers_documents(p_numbers);
            PERFORM numbers_audit_and_emit(
                s, p_call - 'key', 'number.unlinked', '{}', p_numbers => p_numbers);
    END CASE;
    RETURN v_documents;
END
$$;

-- Link the numbers, which may be, to the trunk of the call; their other links end. One audit record names
-- all that were not linked to it. The caller holds the subscription's lock.
CREATE OR REPLACE FUNCTION lifecycle_link_to_trunk(
    s tenancy_subscription, p_numbers text[], p_call jsonb
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_trunk CONSTANT uuid := p_call ->> 'trunk_id';
    v_numbers CONSTANT text[] := ARRAY(
        SELECT n.e164 FROM numbers_number n
        WHERE n.e164 = ANY (p_numbers) AND n.trunk_id IS DISTINCT FROM v_trunk
        ORDER BY 1 FOR NO KEY UPDATE);
BEGIN
    IF v_numbers = '{}' THEN
        RETURN;
    END IF;
    PERFORM lifecycle_end_links(s, v_numbers, p_call ->> 'actor');
    PERFORM numbers_set_holder(s.group_id, v_numbers, NULL, v_trunk);
    PERFORM access_finish(
        s.group_id, ARRAY[kernel_now()],
        ARRAY(SELECT ROW(s.path, s.id, 'number.routed', n.e164, p_call ->> 'actor',
                         numbers_document(n))::events_fact
              FROM numbers_number n WHERE n.e164 = ANY (v_numbers) ORDER BY n.e164),
        ARRAY[ROW(s.path, s.id, p_call ->> 'actor', p_call ->> 'request', 'trunk.route', 'trunk', v_trunk,
                  json_build_object('trunk_id', v_trunk, 'numbers', v_numbers))::access_record], '{}');
END
$$;

-- End the links of the numbers to users and trunks. The caller holds the subscription's lock.
CREATE OR REPLACE FUNCTION lifecycle_end_links(
    s tenancy_subscription, p_numbers text[], p_actor text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_routed text[];
BEGIN
    PERFORM users_unlink(ARRAY(SELECT n.user_id FROM numbers_number n
                               WHERE n.e164 = ANY (p_numbers) AND n.user_id IS NOT NULL), s, p_actor);
    v_routed := ARRAY(SELECT n.e164 FROM numbers_number n
                      WHERE n.e164 = ANY (p_numbers) AND n.trunk_id IS NOT NULL ORDER BY 1);
    IF v_routed = '{}' THEN
        RETURN;
    END IF;
    PERFORM numbers_set_holder(s.group_id, v_routed, NULL, NULL);
    PERFORM events_emit_all(
        s.group_id,
        ARRAY(SELECT ROW(s.path, s.id, 'number.unrouted', n.e164, p_actor,
                         numbers_document(n))::events_fact
              FROM numbers_number n WHERE n.e164 = ANY (v_routed) ORDER BY n.e164),
        kernel_now());
END
$$;

-- The results of a change with `each`, in the order of the numbers.
CREATE OR REPLACE FUNCTION lifecycle_number_results(
    p_numbers text[], p_problems json[], p_documents json[]
) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object('results', coalesce(json_agg(
        CASE WHEN w.problem IS NULL
             THEN json_build_object('e164', w.e164, 'status', 200, 'number', d.document)
             ELSE json_build_object(
                 'e164', w.e164,
                 'status', CASE w.problem ->> 'code' WHEN 'invalid-fields' THEN 422 ELSE 409 END,
                 'problem', w.problem)
        END ORDER BY w.i), '[]'))::text
    FROM unnest(p_numbers, p_problems) WITH ORDINALITY AS w(e164, problem, i)
    LEFT JOIN (SELECT x ->> 'e164' AS e164, x AS document FROM unnest(p_documents) AS x) d
           ON d.e164 = w.e164
$$;
