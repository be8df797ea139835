-- Link many numbers of subscriptions to users at once, each row with its own result.
--
-- A call has the members of access_begin and {links: [{number, user_id | login, row?, problem?}]}. `row`:
-- its number for those who wrote the list, if it is not its position. `problem`: the refusal of a row that
-- cannot be read, or whose number another row has. Returns for each call 200 with
-- {results: [{e164, status, number | problem}]}, one per row, in their order; or the status of a refusal of
-- the whole call with {code, detail, ...}.
--
-- A row is judged as a single link after the rows before it, with the same functions as the rows of an
-- upload: all is locked and read, decided in memory, and written at once. Locks: key, subscription, balance
-- of licences, numbers by number.
CREATE OR REPLACE FUNCTION users_link_many_v1(p_group uuid, p_calls jsonb)
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
        r := users_link_rows(p_group, p_calls -> i);
        status := r.status; replayed := r.replayed; answer := r.answer;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION users_link_rows(
    p_group uuid, p_call jsonb, OUT status int, OUT replayed boolean, OUT answer text
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    r record;
    s tenancy_subscription;
    j users_job;
    c users_rows;
    v_licences record;
BEGIN
    r := access_begin(p_group, p_call);
    s := r.s; status := r.status; replayed := r.replayed; answer := r.answer;
    IF status IS NULL AND s.status <> 'active' THEN
        status := 409;
        answer := users_problem_of_state(s.status);
    END IF;
    IF status IS NOT NULL THEN
        RETURN;
    END IF;
    v_licences := users_lock_licences(s);
    c := users_lock_numbers(s, users_read_links(s, p_call -> 'links'), true);
    -- Unlike an upload, a link takes no number: it must be assigned already.
    c.takable := array_fill(false, ARRAY[cardinality(c.number)]);
    c.is_free := c.takable;
    c := users_decide_rows(users_find_exchanges(c), s.status, v_licences.code, v_licences.granted,
                           v_licences.used);
    j.actor := p_call ->> 'actor';
    j.request_id := p_call ->> 'request';
    PERFORM users_write_rows(j, s, v_licences.sku_id, c);
    status := 200;
    answer := users_link_results(c);
    PERFORM access_finish(p_group, ARRAY[kernel_now()], '{}', '{}',
                          access_answers(p_call, status, answer));
END
$$;

-- The rows with the users that they name. A row that names no user of the subscription, or a user that
-- another row names, too, gets its problem.
CREATE OR REPLACE FUNCTION users_read_links(s tenancy_subscription, p_links jsonb) RETURNS users_rows
LANGUAGE plpgsql AS $$
DECLARE
    c users_rows;
BEGIN
    -- Materialized: else the key is computed again for each user that is compared.
    WITH w AS MATERIALIZED (
        SELECT v.i, coalesce((v.item ->> 'row')::int, v.i) AS row, v.item ->> 'number' AS number,
               nullif(v.item -> 'problem', 'null')::json AS problem,
               v.item ->> 'user_id' IS NOT NULL AS by_id,
               coalesce(v.item ->> 'user_id', v.item ->> 'login') AS named,
               kernel_text_key(v.item ->> 'login') AS key
        FROM jsonb_array_elements(p_links) WITH ORDINALITY AS v(item, i)
    ), x AS (
        SELECT w.*, u.id, u.login,
               dense_rank() OVER (ORDER BY u.id, CASE WHEN u.id IS NULL THEN w.i END) AS slot
        FROM w
        LEFT JOIN LATERAL (
            SELECT v.id, v.login FROM users_user v
            WHERE v.id = CASE WHEN w.by_id THEN w.named::uuid END AND (v.subscription_id = s.id) IS TRUE
            UNION ALL
            (SELECT v.id, v.login FROM users_user v
             WHERE NOT w.by_id AND v.group_id = s.group_id AND v.subscription_id = s.id
               AND v.login_key = w.key
             ORDER BY lower(v.login) <> lower(w.named), v.login_twin LIMIT 1)
        ) u ON true
    ), several AS (
        SELECT x.id, (array_agg(x.row ORDER BY x.i))[1:10] AS rows
        FROM x WHERE x.id IS NOT NULL GROUP BY x.id HAVING count(*) > 1
    )
    SELECT array_agg(x.id ORDER BY x.i), array_agg(coalesce(x.login, x.named) ORDER BY x.i),
           array_agg(x.number ORDER BY x.i), array_agg(x.slot ORDER BY x.i),
           array_agg(CASE
               WHEN x.problem IS NOT NULL THEN x.problem
               WHEN x.id IS NULL THEN json_build_object(
                   'code', 'not-found',
                   'detail', format('No user of this subscription has the %s %s. Nothing was changed.',
                                    CASE WHEN x.by_id THEN 'id' ELSE 'login' END, x.named),
                   CASE WHEN x.by_id THEN 'user_id' ELSE 'login' END, x.named)
               WHEN y.id IS NOT NULL THEN numbers_wrong_field(
                   CASE WHEN x.by_id THEN 'user_id' ELSE 'login' END,
                   format('“%s” is in several rows of the list: %s; keep one of them', x.login,
                          array_to_string(y.rows, ', ')))::json
           END ORDER BY x.i)
    INTO c.id, c.login, c.e164, c.user_slot, c.problem
    FROM x LEFT JOIN several y ON y.id = x.id;
    SELECT array_agg(x.id ORDER BY x.slot) INTO c.user_id
    FROM (SELECT DISTINCT w.slot, w.id FROM unnest(c.user_slot, c.id) AS w(slot, id)) x;
    c.name := array_fill(NULL::text, ARRAY[cardinality(c.id)]);
    c.kind := c.name; c.action := c.name;
    c.changes := array_fill(false, ARRAY[cardinality(c.id)]);
    c.sku_slot := array_fill(NULL::int, ARRAY[cardinality(c.id)]);
    c.sku := '{}'; c.sku_code := '{}'; c.granted := '{}'; c.used := '{}';
    RETURN c;
END
$$;

CREATE OR REPLACE FUNCTION users_link_results(c users_rows) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT json_build_object('results', json_agg(
        CASE WHEN w.status < 300
             THEN json_build_object('e164', w.e164, 'status', w.status, 'number', numbers_document(v.n, k))
             ELSE json_build_object(
                 'e164', w.e164,
                 'status', CASE w.problem ->> 'code' WHEN 'not-found' THEN 404 ELSE w.status END,
                 'problem', w.problem)
        END ORDER BY w.i))::text
    FROM unnest(c.e164, c.status, c.answer) WITH ORDINALITY AS w(e164, status, problem, i)
    LEFT JOIN LATERAL (SELECT x AS n FROM numbers_number x WHERE x.e164 = w.e164 OFFSET 0) v ON true
    LEFT JOIN catalogue_sku k ON k.id = (v.n).sku_id
$$;
