-- Provision the next rows of batches: create users and link them to their numbers. A call has {job,
-- limit}. Returns for each {id, done, total, finished}; NULL if the job has ended or another worker
-- holds it.
--
-- First everything is locked and read into arrays; then the rows are judged one after another in
-- memory, each as a single request would be after those before it; then everything is written at
-- once, with the job's progress. So a chunk is done whole or not at all, and an interrupted job
-- continues where it stopped. Locks: job (skipped if locked), subscription, balance, numbers by
-- number.
CREATE OR REPLACE FUNCTION users_provision_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (answer json)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
BEGIN
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        answer := users_provision_one(p_group, (p_calls -> i ->> 'job')::uuid,
                                      (p_calls -> i ->> 'limit')::int);
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION users_provision_one(p_group uuid, p_job uuid, p_limit int) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    j users_job;
    s tenancy_subscription;
    c users_chunk;
    v_licences record;
BEGIN
    SELECT w.* INTO j FROM users_job w
    WHERE w.id = p_job AND w.finished_at IS NULL FOR NO KEY UPDATE SKIP LOCKED;
    SELECT w.* INTO s FROM tenancy_subscription w
    WHERE w.id = j.subscription_id AND w.group_id = p_group FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    v_licences := users_lock_licences(s);
    c := users_lock_numbers(s, users_read_chunk(j, p_limit));
    c := users_decide_chunk(c, s.status, v_licences.code, v_licences.granted, v_licences.used);
    PERFORM users_write_chunk(j, s, v_licences.sku_id, c);
    RETURN users_progress(j, cardinality(c.id), (
        SELECT count(*)::int FROM unnest(c.status) AS status WHERE status >= 300), NULL);
END
$$;

-- The next rows of a job, and the users that already exist. Reads no row of another subscription.
CREATE OR REPLACE FUNCTION users_read_chunk(j users_job, p_limit int)
RETURNS users_chunk
LANGUAGE plpgsql AS $$
DECLARE
    c users_chunk;
    v_known uuid[];
BEGIN
    SELECT array_agg(x.id), array_agg(x.login), array_agg(x.name), array_agg(x.kind),
           array_agg(x.number), array_agg(x.problem), array_agg(x.slot), array_agg(x.known)
    INTO c.id, c.login, c.name, c.kind, c.e164, c.problem, c.user_slot, v_known
    FROM (
        SELECT (w.item ->> 'id')::uuid AS id, w.item ->> 'login' AS login,
               w.item ->> 'display_name' AS name, w.item ->> 'kind' AS kind,
               w.item ->> 'number' AS number, w.item -> 'problem' AS problem,
               y.id AS known,
               dense_rank() OVER (ORDER BY y.id, CASE WHEN y.id IS NULL THEN k.key END) AS slot
        FROM json_array_elements(j.rows) WITH ORDINALITY AS w(item, position)
        -- Evaluated once: within the search it would make PostgreSQL prefer an index without the key.
        CROSS JOIN LATERAL (SELECT kernel_text_key(w.item ->> 'login') AS key OFFSET 0) k
        LEFT JOIN LATERAL (
            -- Among users whose logins became equal when keys were introduced, the one that the row
            -- means.
            SELECT v.id FROM users_user v
            WHERE v.group_id = j.group_id AND v.subscription_id = j.subscription_id
              AND v.login_key = k.key
            ORDER BY lower(v.login) <> lower(w.item ->> 'login'), v.login_twin LIMIT 1
        ) y ON true
        WHERE w.position > j.done AND w.position <= j.done + p_limit
        ORDER BY w.position
    ) x;
    SELECT array_agg(x.known ORDER BY x.slot) INTO c.user_id
    FROM (SELECT w.slot, (array_agg(w.known ORDER BY w.known))[1] AS known
          FROM unnest(c.user_slot, v_known) AS w(slot, known) GROUP BY w.slot) x;
    RETURN c;
END
$$;

-- Lock the numbers that the rows name, and those of the users; adds them to the chunk.
CREATE OR REPLACE FUNCTION users_lock_numbers(s tenancy_subscription, c users_chunk)
RETURNS users_chunk
LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    c.number := ARRAY(
        SELECT w.e164 FROM unnest(c.e164) AS w(e164) WHERE w.e164 IS NOT NULL
        UNION
        SELECT x.e164 FROM unnest(c.user_id) AS w(id) JOIN numbers_number x ON x.user_id = w.id
        ORDER BY 1);
    r := numbers_lock_holders(s.group_id, s.id, c.number);
    c.assigned := r.assigned; c.user_before := r.users; c.trunk := r.trunks;
    SELECT array_agg(w.slot ORDER BY x.position) INTO c.number_slot
    FROM unnest(c.e164) WITH ORDINALITY AS x(e164, position)
    LEFT JOIN unnest(c.number) WITH ORDINALITY AS w(e164, slot) ON w.e164 = x.e164;
    SELECT array_agg(x.slot ORDER BY w.slot) INTO c.user_number
    FROM unnest(c.user_id) WITH ORDINALITY AS w(id, slot)
    LEFT JOIN unnest(c.user_before) WITH ORDINALITY AS x(user_id, slot) ON x.user_id = w.id;
    RETURN c;
END
$$;

-- Decide row by row, each as a single request after those before it; adds the results to the chunk.
-- p_code, p_granted, p_used: the licences of the subscription.
CREATE OR REPLACE FUNCTION users_decide_chunk(
    c users_chunk, p_subscription_status text, p_code text, p_granted bigint, p_used bigint
) RETURNS users_chunk
LANGUAGE plpgsql AS $$
DECLARE
    -- Local arrays: PostgreSQL changes an element of those in place.
    r_id uuid[] := c.id; r_login text[] := c.login; r_e164 text[] := c.e164; r_problem json[] := c.problem;
    r_user int[] := c.user_slot; r_number int[] := c.number_slot;
    u_id uuid[] := c.user_id; u_number int[] := c.user_number;
    n_e164 text[] := c.number; n_assigned boolean[] := c.assigned; n_trunk uuid[] := c.trunk;
    n_user uuid[] := c.user_before;
    v_count int := cardinality(r_id);
    r_status int[] := array_fill(NULL::int, ARRAY[v_count]);
    r_answer json[] := array_fill(NULL::json, ARRAY[v_count]);
    r_linked text[] := array_fill(NULL::text, ARRAY[v_count]);
    r_former text[] := r_linked;
    v_used bigint := p_used;
    v_created int[] := '{}'; v_moved int[] := '{}'; v_consuming text[] := '{}';
    u int; n int; p json;
BEGIN
    FOR i IN 1 .. v_count LOOP
        u := r_user[i]; n := r_number[i];
        p := NULL;
        IF r_problem[i] IS NOT NULL THEN
            r_status[i] := 422; r_answer[i] := r_problem[i];
            CONTINUE;
        ELSIF p_subscription_status <> 'active' THEN
            p := users_problem_of_state(p_subscription_status);
        ELSIF n IS NULL AND u_id[u] IS NOT NULL THEN
            p := users_problem_login(r_login[i]);
        ELSIF n IS DISTINCT FROM u_number[u] THEN
            p := numbers_holder_refusal(r_e164[i], n_assigned[n], n_user[n], n_trunk[n], 'user');
            IF p IS NULL AND u_number[u] IS NULL AND v_used >= p_granted THEN
                p := users_problem_no_license(p_code, p_granted, v_used);
            END IF;
        END IF;
        IF p IS NOT NULL THEN
            r_status[i] := 409; r_answer[i] := p;
            CONTINUE;
        END IF;

        r_status[i] := 200;
        IF u_id[u] IS NULL THEN
            r_status[i] := 201;
            u_id[u] := r_id[i];
            v_created := v_created || i;
        END IF;
        IF n IS DISTINCT FROM u_number[u] THEN
            IF u_number[u] IS NULL THEN
                v_used := v_used + 1;
                v_consuming := v_consuming || u_id[u]::text;
            ELSE
                r_former[i] := n_e164[u_number[u]];
                n_user[u_number[u]] := NULL;
            END IF;
            n_user[n] := u_id[u];
            u_number[u] := n;
            v_moved := v_moved || i;
        END IF;
        r_linked[i] := n_e164[n];
        r_id[i] := u_id[u];
    END LOOP;
    c.id := r_id; c.status := r_status; c.answer := r_answer; c.linked := r_linked;
    c.former := r_former; c.user_after := n_user;
    c.created := v_created; c.moved := v_moved; c.consuming := v_consuming;
    RETURN c;
END
$$;

-- Write what was decided: users, licences, links, events, audit records, the results of the rows.
CREATE OR REPLACE FUNCTION users_write_chunk(
    j users_job, s tenancy_subscription, p_sku uuid, c users_chunk
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_call CONSTANT jsonb := jsonb_build_object('actor', j.actor, 'request', j.request_id);
BEGIN
    INSERT INTO users_user (id, group_id, subscription_id, login, display_name, kind, created_at)
    SELECT w.id, s.group_id, s.id, w.login, w.name, w.kind, kernel_now()
    FROM unnest(c.id, c.login, c.name, c.kind, c.status) AS w(id, login, name, kind, status)
    WHERE w.status = 201;
    IF cardinality(c.consuming) > 0 AND
       ledger_consume(s.id, p_sku, 'user', c.consuming, j.actor) IS NOT NULL THEN
        RAISE EXCEPTION 'licences were consumed under a lock that was held';
    END IF;
    -- First unlink, then link: a user never has two numbers.
    PERFORM numbers_set_holder(s.group_id, ARRAY(
        SELECT w.e164 FROM unnest(c.number, c.user_before, c.user_after) AS w(e164, before, after)
        WHERE w.before IS NOT NULL AND w.before IS DISTINCT FROM w.after ORDER BY 1), NULL, NULL);
    PERFORM numbers_set_users(s.group_id, array_agg(w.e164), array_agg(w.after))
    FROM unnest(c.number, c.user_before, c.user_after) AS w(e164, before, after)
    WHERE w.after IS NOT NULL AND w.before IS DISTINCT FROM w.after;
    c.answer := ARRAY(
        SELECT CASE WHEN w.status < 300 THEN users_document(x, w.linked) ELSE w.answer END
        FROM unnest(c.id, c.status, c.linked, c.answer) WITH ORDINALITY
             AS w(id, status, linked, answer, i)
        LEFT JOIN users_user x ON x.id = w.id
        ORDER BY w.i);
    PERFORM access_finish(
        s.group_id, ARRAY[kernel_now()],
        ARRAY(SELECT users_fact(s, v_call, 'user.linked', w.answer)
              FROM unnest(c.answer) WITH ORDINALITY AS w(answer, i)
              WHERE w.i = ANY (c.moved) ORDER BY w.i),
        users_chunk_records(j, s, v_call, c, c.created, 'user.create')
        || users_chunk_records(j, s, v_call, c, c.moved, 'user.link'), '{}');
    INSERT INTO users_jobresult (group_id, job_id, position, status, answer)
    SELECT j.group_id, j.id, j.done + w.i, w.status, w.answer
    FROM unnest(c.status, c.answer) WITH ORDINALITY AS w(status, answer, i);
END
$$;

-- The audit records of the rows p_rows of a chunk.
CREATE OR REPLACE FUNCTION users_chunk_records(
    j users_job, s tenancy_subscription, p_call jsonb, c users_chunk, p_rows int[], p_verb text
) RETURNS access_record[]
LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT users_record(s, p_call, p_verb, w.id, CASE p_verb
            WHEN 'user.create'
                THEN json_build_object('job', j.id, 'login', w.login, 'number', w.linked)
            ELSE json_build_object(
                'job', j.id, 'number', w.linked, 'former_number', w.former) END)
        FROM unnest(c.id, c.login, c.linked, c.former) WITH ORDINALITY
             AS w(id, login, linked, former, i)
        WHERE w.i = ANY (p_rows) ORDER BY w.i)
$$;

-- Record the next row of a batch as failed: the database refused it, through no fault of the
-- caller. The job reports this in `error` and continues after the row. Returns the same as
-- users_provision_v2. Locks: job (skipped if locked).
CREATE OR REPLACE FUNCTION users_give_up_row(p_job uuid) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    j users_job;
BEGIN
    SELECT w.* INTO j FROM users_job w
    WHERE w.id = p_job AND w.finished_at IS NULL FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO users_jobresult (group_id, job_id, position, status, answer)
    VALUES (j.group_id, j.id, j.done + 1, 500, kernel_problem('internal-error', format(
        'This row failed because of an error in Fusion, and nothing was changed. The operator finds the '
        'cause in the worker''s log under job %s.', j.id)));
    RETURN users_progress(j, 1, 1, format(
        'Row %s failed because of an error in Fusion. All valid rows were processed. The operator '
        'finds the cause in the worker''s log under job %s.', j.done + 1, j.id));
END
$$;

-- Store the progress of a job and return it: {id, done, total, finished}. p_done, p_failed: rows of
-- this step. p_error counts if there was none before.
CREATE OR REPLACE FUNCTION users_progress(j users_job, p_done int, p_failed int, p_error text)
RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    v_finished CONSTANT boolean := j.done + p_done = j.total;
BEGIN
    UPDATE users_job w
    SET done = j.done + p_done, failed = j.failed + p_failed, error = coalesce(j.error, p_error),
        state = CASE WHEN v_finished THEN 'finished' ELSE 'running' END,
        finished_at = CASE WHEN v_finished THEN kernel_now() END
    WHERE w.id = j.id;
    RETURN json_build_object('id', j.id, 'done', j.done + p_done, 'total', j.total,
                             'finished', v_finished);
END
$$;
