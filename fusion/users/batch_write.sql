-- Write what was decided: users, licences, numbers, links, events, audit records, the results of the rows.
-- Rows of a request have no job and no results: see link_many.sql.
CREATE OR REPLACE FUNCTION users_write_rows(
    j users_job, s tenancy_subscription, p_licences uuid, c users_rows
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_call CONSTANT jsonb := jsonb_build_object('actor', j.actor, 'request', j.request_id);
BEGIN
    INSERT INTO users_user (id, group_id, subscription_id, login, display_name, kind, created_at)
    SELECT w.id, s.group_id, s.id, w.login, w.name, coalesce(w.kind, 'user'), kernel_now()
    FROM unnest(c.id, c.login, c.name, c.kind, c.status) AS w(id, login, name, kind, status)
    WHERE w.status = 201;
    UPDATE users_user u SET display_name = coalesce(w.name, u.display_name), kind = coalesce(w.kind, u.kind)
    FROM unnest(c.id, c.name, c.kind) WITH ORDINALITY AS w(id, name, kind, i)
    WHERE u.id = w.id AND w.i = ANY (c.edited);
    PERFORM numbers_take(s, v_call, ARRAY(
        SELECT w.e164 FROM unnest(c.number, c.taken) AS w(e164, taken) WHERE w.taken ORDER BY 1));
    PERFORM users_write_licences(s, p_licences, c, j.actor);
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
    DELETE FROM users_user u
    USING unnest(c.id) WITH ORDINALITY AS w(id, i) WHERE u.id = w.id AND w.i = ANY (c.deleted);
    PERFORM access_finish(
        s.group_id, ARRAY[kernel_now()],
        ARRAY(SELECT users_fact(s, v_call, x.type, w.answer)
              FROM (VALUES
                  (1, 'user.created', c.created), (2, 'user.changed', c.edited), (3, 'user.linked', c.moved),
                  (4, 'user.unlinked', c.unlinked), (5, 'user.deleted', c.deleted)) AS x(nth, type, rows)
              CROSS JOIN LATERAL unnest(x.rows) AS r(i)
              JOIN unnest(c.answer) WITH ORDINALITY AS w(answer, i) ON w.i = r.i
              ORDER BY w.i, x.nth),
        users_row_records(j, s, v_call, c, c.created, 'user.create')
        || users_row_records(j, s, v_call, c, c.edited, 'user.change')
        || users_row_records(j, s, v_call, c, c.moved, 'user.link')
        || users_row_records(j, s, v_call, c, c.unlinked, 'user.unlink')
        || users_row_records(j, s, v_call, c, c.deleted, 'user.delete'), '{}');
    INSERT INTO users_jobresult (group_id, job_id, position, status, outcome, answer)
    SELECT j.group_id, j.id, j.done + w.i, w.status, w.outcome, w.answer
    FROM unnest(c.status, c.outcome, c.answer) WITH ORDINALITY AS w(status, outcome, answer, i)
    WHERE j.id IS NOT NULL;
END
$$;

-- Release first: another row may need the licence.
CREATE OR REPLACE FUNCTION users_write_licences(
    s tenancy_subscription, p_sku uuid, c users_rows, p_actor text
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(c.releasing) > 0 AND
       ledger_release(s.group_id, s.id, p_sku, 'user', c.releasing, p_actor) IS NOT NULL THEN
        RAISE EXCEPTION 'more licences are held by users than the balance says are used';
    END IF;
    IF cardinality(c.consuming) > 0 AND
       ledger_consume(s.group_id, s.id, p_sku, 'user', c.consuming, p_actor) IS NOT NULL THEN
        RAISE EXCEPTION 'licences were consumed under a lock that was held';
    END IF;
END
$$;

-- The audit records of the rows p_rows.
CREATE OR REPLACE FUNCTION users_row_records(
    j users_job, s tenancy_subscription, p_call jsonb, c users_rows, p_rows int[], p_verb text
) RETURNS access_record[]
LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT users_record(s, p_call, p_verb, w.id, CASE p_verb
            WHEN 'user.create'
                THEN json_build_object('job', j.id, 'login', w.login, 'number', w.linked)
            WHEN 'user.change'
                THEN json_build_object('job', j.id, 'display_name', w.name, 'kind', w.kind)
            WHEN 'user.delete' THEN json_build_object('job', j.id, 'login', w.login)
            WHEN 'user.unlink'
                THEN json_build_object('job', j.id, 'number', w.linked, 'former_number', w.former)
            ELSE (CASE WHEN j.id IS NULL
                THEN json_build_object('number', w.linked, 'former_number', w.former)
                ELSE json_build_object('job', j.id, 'number', w.linked, 'former_number', w.former)
                END) END)
        FROM unnest(p_rows) AS x(i)
        JOIN unnest(c.id, c.login, c.name, c.kind, c.linked, c.former) WITH ORDINALITY
             AS w(id, login, name, kind, linked, former, i) USING (i)
        ORDER BY i)
$$;
