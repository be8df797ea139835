-- Provision the next p_limit rows of a batch: create users and link them to their numbers.
--
-- First everything is locked and read into arrays; then the rows are judged one after another in
-- memory, each as a single request would be after those before it; then everything is written at
-- once, with the job's progress. So a chunk is done whole or not at all, and an interrupted job
-- continues where it stopped. Returns {id, done, total, finished}; NULL if the job has ended or
-- another worker holds it. Locks: job (skipped if locked), subscription, balance, numbers by
-- number.
CREATE OR REPLACE FUNCTION users_provision(p_job uuid, p_limit int) RETURNS json
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    j users_job;
    s tenancy_subscription;
    b ledger_balance;
    r record;
    v_sku uuid; v_code text; v_granted bigint; v_used bigint; v_failed int; v_now timestamptz;
    -- by row: the requested user and number
    r_id uuid[]; r_login text[]; r_name text[]; r_kind text[]; r_e164 text[]; r_problem json[];
    r_user int[]; r_number int[];           -- its slots among users and numbers
    -- by row: the result
    r_status int[]; r_answer json[]; r_linked text[]; r_former text[]; v_count int;
    -- users that rows name, by the key of their login; u_id is NULL until the user exists
    v_users int; r_known uuid[]; u_id uuid[]; u_number int[];
    -- numbers that rows name, or that those users have
    n_e164 text[]; n_ours boolean[]; n_before uuid[]; n_user uuid[]; n_trunk uuid[];
    v_created int[] := '{}'; v_moved int[] := '{}'; v_consuming text[] := '{}';  -- rows, rows, ids
    u int; n int; p json;
BEGIN
    SELECT w.* INTO j FROM users_job w
    WHERE w.id = p_job AND w.finished_at IS NULL FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT w.* INTO s FROM tenancy_subscription w WHERE w.id = j.subscription_id FOR NO KEY UPDATE;
    SELECT k.id, k.code INTO v_sku, v_code FROM catalogue_sku k
    WHERE k.group_id = s.group_id AND k.metric = 'user';
    SELECT w.* INTO b FROM ledger_balance w
    WHERE w.subscription_id = s.id AND w.sku_id = v_sku FOR UPDATE;
    v_granted := coalesce(b.granted, 0); v_used := coalesce(b.used, 0);

    -- 1. The rows, and the users that already exist. No row of another subscription is read.
    SELECT array_agg(x.id), array_agg(x.login), array_agg(x.name), array_agg(x.kind),
           array_agg(x.number), array_agg(x.problem), array_agg(x.slot), array_agg(x.known)
    INTO r_id, r_login, r_name, r_kind, r_e164, r_problem, r_user, r_known
    FROM (
        SELECT (w.item ->> 'id')::uuid AS id, w.item ->> 'login' AS login,
               w.item ->> 'display_name' AS name, w.item ->> 'kind' AS kind,
               w.item ->> 'number' AS number, w.item -> 'problem' AS problem,
               y.id AS known,
               dense_rank() OVER (
                   ORDER BY coalesce(y.id::text, kernel_text_key(w.item ->> 'login'))) AS slot
        FROM json_array_elements(j.rows) WITH ORDINALITY AS w(item, position)
        LEFT JOIN LATERAL (
            -- Among users whose logins became equal when keys were introduced, the one that the row
            -- means.
            SELECT v.id FROM users_user v
            WHERE v.subscription_id = s.id AND v.login_key = kernel_text_key(w.item ->> 'login')
            ORDER BY lower(v.login) <> lower(w.item ->> 'login'), v.login_twin LIMIT 1
        ) y ON true
        WHERE w.position > j.done AND w.position <= j.done + p_limit
        ORDER BY w.position
    ) x;
    v_count := cardinality(r_id);
    v_users := (SELECT max(w.slot) FROM unnest(r_user) AS w(slot));
    u_id := array_fill(NULL::uuid, ARRAY[v_users]);
    u_number := array_fill(NULL::int, ARRAY[v_users]);
    FOR i IN 1 .. v_count LOOP
        u_id[r_user[i]] := r_known[i];
    END LOOP;

    -- 2. Lock the numbers; a new statement reads their holders.
    n_e164 := ARRAY(
        SELECT w.e164 FROM unnest(r_e164) AS w(e164) WHERE w.e164 IS NOT NULL
        UNION
        SELECT x.e164 FROM unnest(u_id) AS w(id) JOIN numbers_number x ON x.user_id = w.id
        ORDER BY 1);
    PERFORM FROM numbers_number w
    WHERE w.e164 = ANY (n_e164) AND w.subscription_id = s.id
    ORDER BY w.e164 FOR NO KEY UPDATE;
    SELECT array_agg(coalesce(x.status = 'assigned', false) ORDER BY w.slot),
           array_agg(x.user_id ORDER BY w.slot), array_agg(x.trunk_id ORDER BY w.slot)
    INTO n_ours, n_before, n_trunk
    FROM unnest(n_e164) WITH ORDINALITY AS w(e164, slot)
    LEFT JOIN numbers_number x ON x.e164 = w.e164 AND x.subscription_id = s.id;
    n_user := n_before;
    SELECT array_agg(w.slot ORDER BY x.position) INTO r_number
    FROM unnest(r_e164) WITH ORDINALITY AS x(e164, position)
    LEFT JOIN unnest(n_e164) WITH ORDINALITY AS w(e164, slot) ON w.e164 = x.e164;
    FOR r IN
        SELECT w.slot, x.slot AS number
        FROM unnest(u_id) WITH ORDINALITY AS w(id, slot)
        JOIN unnest(n_before) WITH ORDINALITY AS x(user_id, slot) ON x.user_id = w.id
    LOOP
        u_number[r.slot] := r.number;
    END LOOP;

    -- 3. The rule, row by row.
    r_status := array_fill(NULL::int, ARRAY[v_count]);
    r_answer := array_fill(NULL::json, ARRAY[v_count]);
    r_linked := array_fill(NULL::text, ARRAY[v_count]);
    r_former := r_linked;
    FOR i IN 1 .. v_count LOOP
        u := r_user[i]; n := r_number[i];
        p := NULL;
        IF r_problem[i] IS NOT NULL THEN
            r_status[i] := 422; r_answer[i] := r_problem[i];
            CONTINUE;
        ELSIF s.status <> 'active' THEN
            p := users_problem_of_state(s.status);
        ELSIF n IS NULL AND u_id[u] IS NOT NULL THEN
            p := users_problem_login(r_login[i]);
        ELSIF n IS NULL OR n = u_number[u] THEN
            p := NULL;
        ELSIF NOT n_ours[n] THEN
            p := users_problem_not_assigned(r_e164[i]);
        ELSIF n_user[n] IS NOT NULL OR n_trunk[n] IS NOT NULL THEN
            p := users_problem_in_use(r_e164[i], n_user[n], n_trunk[n]);
        ELSIF u_number[u] IS NULL AND v_used >= v_granted THEN
            p := users_problem_no_license(v_code, v_granted, v_used);
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
        IF n IS NOT NULL AND n IS DISTINCT FROM u_number[u] THEN
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
        r_linked[i] := n_e164[u_number[u]];
        r_id[i] := u_id[u];
    END LOOP;

    -- 4. Write.
    v_now := kernel_now();
    INSERT INTO users_user (id, group_id, subscription_id, login, display_name, kind, created_at)
    SELECT r_id[i], s.group_id, s.id, r_login[i], r_name[i], r_kind[i], v_now
    FROM unnest(v_created) AS i;
    IF cardinality(v_consuming) > 0 AND
       ledger_consume(s.id, v_sku, 'user', v_consuming, j.actor) IS NOT NULL THEN
        RAISE EXCEPTION 'licences were consumed under a lock that was held';
    END IF;
    -- First unlink, then link: a user never has two numbers.
    UPDATE numbers_number x SET user_id = NULL
    FROM unnest(n_e164, n_before, n_user) AS w(e164, before, after)
    WHERE x.e164 = w.e164 AND w.before IS NOT NULL AND w.before IS DISTINCT FROM w.after;
    UPDATE numbers_number x SET user_id = w.after
    FROM unnest(n_e164, n_before, n_user) AS w(e164, before, after)
    WHERE x.e164 = w.e164 AND w.after IS NOT NULL AND w.before IS DISTINCT FROM w.after;
    FOR r IN
        SELECT w.i, users_document(x, w.linked) AS document
        FROM unnest(r_id, r_status, r_linked) WITH ORDINALITY AS w(id, status, linked, i)
        JOIN users_user x ON x.id = w.id
        WHERE w.status < 300
    LOOP
        r_answer[r.i] := r.document;
    END LOOP;
    PERFORM users_emit(ARRAY(SELECT r_answer[i] FROM unnest(v_moved) AS i), s, j.actor, 'user.linked');
    PERFORM users_record(
        ARRAY(SELECT r_id[i] FROM unnest(v_created) AS i),
        ARRAY(SELECT json_build_object('job', j.id, 'login', r_login[i], 'number', r_linked[i])
              FROM unnest(v_created) AS i),
        s, j.actor, j.request_id, 'user.create');
    PERFORM users_record(
        ARRAY(SELECT r_id[i] FROM unnest(v_moved) AS i),
        ARRAY(SELECT json_build_object(
                  'job', j.id, 'number', r_linked[i], 'former_number', r_former[i])
              FROM unnest(v_moved) AS i),
        s, j.actor, j.request_id, 'user.link');
    INSERT INTO users_jobresult (group_id, job_id, position, status, answer)
    SELECT j.group_id, j.id, j.done + w.i, w.status, w.answer
    FROM unnest(r_status, r_answer) WITH ORDINALITY AS w(status, answer, i);
    v_failed := (SELECT count(*) FROM unnest(r_status) AS status WHERE status >= 300);
    UPDATE users_job w
    SET done = j.done + v_count, failed = j.failed + v_failed,
        state = CASE WHEN j.done + v_count = j.total THEN 'finished' ELSE 'running' END,
        finished_at = CASE WHEN j.done + v_count = j.total THEN v_now END
    WHERE w.id = j.id;
    RETURN json_build_object('id', j.id, 'done', j.done + v_count, 'total', j.total,
                             'finished', j.done + v_count = j.total);
END
$$;

-- Record the next row of a batch as failed: the database refused it, through no fault of the
-- caller. The job reports this in `error` and continues after the row. Returns the same as
-- users_provision. Locks: job (skipped if locked).
CREATE OR REPLACE FUNCTION users_give_up_row(p_job uuid) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    j users_job;
    v_position int;
BEGIN
    SELECT w.* INTO j FROM users_job w
    WHERE w.id = p_job AND w.finished_at IS NULL FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    v_position := j.done + 1;
    INSERT INTO users_jobresult (group_id, job_id, position, status, answer)
    VALUES (j.group_id, j.id, v_position, 500, kernel_problem('internal-error', format(
        'This row failed because of an error in Fusion, and nothing was changed. The operator finds the '
        'cause in the worker''s log under job %s.', j.id)));
    UPDATE users_job w
    SET done = v_position, failed = j.failed + 1,
        error = coalesce(j.error, format(
            'Row %s failed because of an error in Fusion. All valid rows were processed. The operator '
            'finds the cause in the worker''s log under job %s.',
            v_position, j.id)),
        state = CASE WHEN v_position = j.total THEN 'finished' ELSE 'running' END,
        finished_at = CASE WHEN v_position = j.total THEN kernel_now() END
    WHERE w.id = j.id;
    RETURN json_build_object('id', j.id, 'done', v_position, 'total', j.total,
                             'finished', v_position = j.total);
END
$$;
