-- Provision the next rows of batches: create, change, link, unlink and delete users, and take numbers for
-- them. A call has {job, limit, patient?}. Returns for each {id, done, total, finished}; NULL if the job has
-- ended or another worker holds it; {id, again: true} if it must be called again with `patient`, because
-- others held free numbers (see numbers/select_free.sql).
--
-- First everything is locked and read into arrays; then the rows are judged one after another in
-- memory, each as a single request would be after those before it; then everything is written at
-- once, with the job's progress. So a chunk is done whole or not at all, and an interrupted job
-- continues where it stopped. Locks: job (skipped if locked), subscription, balances by SKU, free numbers,
-- numbers by number.
CREATE OR REPLACE FUNCTION users_provision_v2(p_group uuid, p_calls jsonb)
RETURNS TABLE (answer json)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off  -- see numbers_assign_v2
AS $$
BEGIN
    FOR i IN 0 .. jsonb_array_length(p_calls) - 1 LOOP
        answer := users_provision_one(p_group, (p_calls -> i ->> 'job')::uuid,
                                      (p_calls -> i ->> 'limit')::int,
                                      (p_calls -> i ->> 'patient')::boolean IS TRUE);
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION users_provision_one(p_group uuid, p_job uuid, p_limit int, p_patient boolean)
RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    j users_job;
    s tenancy_subscription;
    c users_rows;
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
    c := users_lock_numbers(s, users_lock_skus(s, users_read_rows(j, p_limit)), p_patient);
    IF c IS NULL THEN
        RETURN json_build_object('id', j.id, 'again', true);
    END IF;
    c := users_decide_rows(users_find_exchanges(c), s.status, v_licences.code, v_licences.granted,
                           v_licences.used);
    PERFORM users_write_rows(j, s, v_licences.sku_id, c);
    RETURN users_progress(j, c.outcome, NULL);
END
$$;

-- The next rows of a job, in the order of users/row_order.py, and the users that already exist. Reads no row of
-- another subscription.
CREATE OR REPLACE FUNCTION users_read_rows(j users_job, p_limit int) RETURNS users_rows
LANGUAGE plpgsql AS $$
DECLARE
    c users_rows;
    v_known uuid[];
    v_last int := j.done + p_limit;
BEGIN
    IF strpos(j.rows::text, '"together":') > 0 THEN
        -- Rows that exchange their numbers in a ring are in one chunk, however large it is.
        SELECT coalesce(min(w.position), j.total) INTO v_last
        FROM json_array_elements(j.rows) WITH ORDINALITY AS w(item, position)
        WHERE w.position >= v_last AND (w.item ->> 'together') IS NULL;
    END IF;
    SELECT array_agg(x.id), array_agg(x.login), array_agg(x.name), array_agg(x.kind),
           array_agg(x.number), array_agg(x.sku), array_agg(x.action), array_agg(x.problem),
           array_agg(x.changes), array_agg(x.slot), array_agg(x.known)
    INTO c.id, c.login, c.name, c.kind, c.e164, c.sku_code, c.action, c.problem, c.changes, c.user_slot,
         v_known
    FROM (
        SELECT (w.item ->> 'id')::uuid AS id, w.item ->> 'login' AS login,
               w.item ->> 'display_name' AS name, w.item ->> 'kind' AS kind,
               w.item ->> 'number' AS number, w.item ->> 'sku' AS sku, w.item ->> 'action' AS action,
               w.item -> 'problem' AS problem,
               -- Servers of the previous release write no action, and a kind in every row.
               coalesce(w.item -> 'action' IS NOT NULL AND (
                   y.display_name <> w.item ->> 'display_name' OR y.kind <> w.item ->> 'kind'), false)
                   AS changes,
               y.id AS known,
               dense_rank() OVER (ORDER BY y.id, CASE WHEN y.id IS NULL THEN k.key END) AS slot
        FROM json_array_elements(j.rows) WITH ORDINALITY AS w(item, position)
        -- Evaluated once: within the search it would make PostgreSQL prefer an index without the key.
        CROSS JOIN LATERAL (SELECT kernel_text_key(w.item ->> 'login') AS key OFFSET 0) k
        LEFT JOIN LATERAL (
            -- Among users whose logins became equal when keys were introduced, the one that the row
            -- means.
            SELECT v.id, v.display_name, v.kind FROM users_user v
            WHERE v.group_id = j.group_id AND v.subscription_id = j.subscription_id
              AND v.login_key = k.key
            ORDER BY lower(v.login) <> lower(w.item ->> 'login'), v.login_twin LIMIT 1
        ) y ON true
        WHERE w.position > j.done AND w.position <= v_last
        ORDER BY w.position
    ) x;
    SELECT array_agg(x.known ORDER BY x.slot) INTO c.user_id
    FROM (SELECT w.slot, (array_agg(w.known ORDER BY w.known))[1] AS known
          FROM unnest(c.user_slot, v_known) AS w(slot, known) GROUP BY w.slot) x;
    RETURN c;
END
$$;

-- Lock the entitlements that the rows may need: of the SKUs and of the numbers that they name. Adds them to
-- the rows; a row that names no such SKU gets its problem.
CREATE OR REPLACE FUNCTION users_lock_skus(s tenancy_subscription, c users_rows) RETURNS users_rows
LANGUAGE plpgsql AS $$
DECLARE
    v_codes CONSTANT text[] := c.sku_code;
BEGIN
    SELECT array_agg(k.id ORDER BY k.id), array_agg(k.code ORDER BY k.id) INTO c.sku, c.sku_code
    FROM catalogue_sku k
    WHERE k.group_id = s.group_id AND k.metric = 'number' AND (
        k.code = ANY (v_codes)
        OR k.id IN (SELECT n.sku_id FROM numbers_number n
                    WHERE n.e164 = ANY (c.e164) AND (n.group_id = s.group_id) IS TRUE
                      AND (n.status = 'free' OR n.subscription_id = s.id)));
    c.sku := coalesce(c.sku, '{}');
    c.sku_slot := ARRAY(
        SELECT array_position(c.sku_code, w.code)
        FROM unnest(v_codes) WITH ORDINALITY AS w(code, i) ORDER BY w.i);
    c.problem := ARRAY(
        SELECT coalesce(w.problem, CASE WHEN w.code IS NOT NULL AND w.slot IS NULL THEN
            numbers_wrong_field('sku', 'is not the code of a number type in your catalogue')::json END)
        FROM unnest(c.problem, v_codes, c.sku_slot) WITH ORDINALITY AS w(problem, code, slot, i)
        ORDER BY w.i);
    PERFORM FROM ledger_balance b
    WHERE b.group_id = s.group_id AND b.subscription_id = s.id AND b.sku_id = ANY (c.sku)
    ORDER BY b.sku_id FOR UPDATE;
    SELECT array_agg(coalesce(b.granted, 0) ORDER BY w.i), array_agg(coalesce(b.used, 0) ORDER BY w.i)
    INTO c.granted, c.used
    FROM unnest(c.sku) WITH ORDINALITY AS w(id, i)
    LEFT JOIN ledger_balance b
           ON b.group_id = s.group_id AND b.subscription_id = s.id AND b.sku_id = w.id;
    RETURN c;
END
$$;

-- Lock the numbers that the rows name, those of the users, and the next free ones of SKUs; adds them to
-- the rows. NULL if others held free numbers.
CREATE OR REPLACE FUNCTION users_lock_numbers(s tenancy_subscription, c users_rows, p_patient boolean)
RETURNS users_rows
LANGUAGE plpgsql AS $$
DECLARE
    r record;
    v_skus uuid[];
    v_wanted int[];
BEGIN
    SELECT array_agg(c.sku[x.slot] ORDER BY x.slot),
           array_agg(least(x.wanted, c.granted[x.slot] - c.used[x.slot])::int ORDER BY x.slot)
    INTO v_skus, v_wanted
    FROM (SELECT w.slot, count(*) AS wanted
          FROM unnest(c.sku_slot, c.e164, c.action) AS w(slot, e164, action)
          WHERE w.slot IS NOT NULL AND w.e164 IS NULL AND w.action IS NULL GROUP BY 1) x
    WHERE c.granted[x.slot] > c.used[x.slot];
    r := numbers_lock_for_users(s, ARRAY(
        SELECT w.e164 FROM unnest(c.e164) AS w(e164) WHERE w.e164 IS NOT NULL
        UNION
        SELECT x.e164 FROM numbers_number x WHERE x.user_id = ANY (c.user_id)
        ORDER BY 1), v_skus, v_wanted, p_patient);
    IF NOT r.complete THEN
        RETURN NULL;
    END IF;
    c.number := coalesce(r.numbers, '{}');
    c.assigned := r.assigned; c.user_before := r.users; c.trunk := r.trunks;
    c.takable := r.takable; c.is_free := r.is_free; c.is_next := r.is_next;
    c.number_sku := ARRAY(SELECT array_position(c.sku, w.sku) FROM unnest(r.skus) WITH ORDINALITY AS w(sku, i)
                          ORDER BY w.i);
    SELECT array_agg(w.slot ORDER BY x.position) INTO c.number_slot
    FROM unnest(c.e164) WITH ORDINALITY AS x(e164, position)
    LEFT JOIN unnest(c.number) WITH ORDINALITY AS w(e164, slot) ON w.e164 = x.e164;
    SELECT array_agg(x.slot ORDER BY w.slot) INTO c.user_number
    FROM unnest(c.user_id) WITH ORDINALITY AS w(id, slot)
    LEFT JOIN unnest(c.user_before) WITH ORDINALITY AS x(user_id, slot) ON x.user_id = w.id;
    RETURN c;
END
$$;

-- Record the next row of a batch as failed: the database refused it, through no fault of the
-- caller. The job reports this in `error` and continues after the row. Returns the same as
-- users_provision_v2. Locks: job (skipped if locked).
CREATE OR REPLACE FUNCTION users_give_up_row(p_job uuid) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    j users_job;
    v_row text;
BEGIN
    SELECT w.* INTO j FROM users_job w
    WHERE w.id = p_job AND w.finished_at IS NULL FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    v_row := coalesce(j.rows -> j.done ->> 'row', (j.done + 1)::text);
    INSERT INTO users_jobresult (group_id, job_id, position, status, outcome, answer)
    VALUES (j.group_id, j.id, j.done + 1, 500, 'failed', kernel_problem('internal-error', format(
        'This row failed because of an error in Fusion, and nothing was changed. The operator finds the '
        'cause in the worker''s log under job %s.', j.id)));
    RETURN users_progress(j, ARRAY['failed'], format(
        'Row %s failed because of an error in Fusion. All valid rows were processed. The operator '
        'finds the cause in the worker''s log under job %s.', v_row, j.id));
END
$$;

-- Store the progress of a job and return it: {id, done, total, finished}. p_outcomes: of the rows of this
-- step. p_error counts if there was none before.
CREATE OR REPLACE FUNCTION users_progress(j users_job, p_outcomes text[], p_error text) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    v_done CONSTANT int := j.done + cardinality(p_outcomes);
BEGIN
    UPDATE users_job w
    SET done = v_done, error = coalesce(j.error, p_error),
        failed = j.failed + x.refused + x.failed, created = j.created + x.created,
        changed = j.changed + x.changed, unchanged = j.unchanged + x.unchanged,
        deleted = j.deleted + x.deleted,
        state = CASE WHEN v_done = j.total THEN 'finished' ELSE 'running' END,
        finished_at = CASE WHEN v_done = j.total THEN kernel_now() END
    FROM (SELECT count(*) FILTER (WHERE o = 'refused') AS refused,
                 count(*) FILTER (WHERE o = 'failed') AS failed,
                 count(*) FILTER (WHERE o = 'created') AS created,
                 count(*) FILTER (WHERE o = 'changed') AS changed,
                 count(*) FILTER (WHERE o = 'unchanged') AS unchanged,
                 count(*) FILTER (WHERE o = 'deleted') AS deleted
          FROM unnest(p_outcomes) AS o) x
    WHERE w.id = j.id;
    RETURN json_build_object('id', j.id, 'done', v_done, 'total', j.total, 'finished', v_done = j.total);
END
$$;
