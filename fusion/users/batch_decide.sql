-- The decision of a batch: what each row does, without a read or a write.

-- Users of the chunk that exchange their numbers, in a ring or in a chain that ends at a number without
-- holder: each leaves its number before any of them gets another. Sets `heir`. A row takes part only if
-- nothing else can refuse it.
CREATE OR REPLACE FUNCTION users_find_exchanges(c users_rows) RETURNS users_rows
LANGUAGE plpgsql AS $$
DECLARE
    v_numbers CONSTANT int := coalesce(cardinality(c.number), 0);
    n_user int[] := array_fill(NULL::int, ARRAY[v_numbers]);  -- the slot of the user that has it
    n_row int[] := n_user;   -- the row that moves a user to it
    u_row int[] := array_fill(NULL::int, ARRAY[cardinality(c.user_id)]);  -- the row that moves this user
    v_heir uuid[] := array_fill(NULL::uuid, ARRAY[v_numbers]);
    u int; n int;
BEGIN
    FOR u IN 1 .. cardinality(c.user_id) LOOP
        IF c.user_number[u] IS NOT NULL THEN
            n_user[c.user_number[u]] := u;
        END IF;
    END LOOP;
    FOR i IN 1 .. cardinality(c.id) LOOP
        u := c.user_slot[i]; n := c.number_slot[i];
        IF c.problem[i] IS NULL AND c.action[i] IS NULL AND n <> c.user_number[u] AND u_row[u] IS NULL
           AND n_row[n] IS NULL AND c.assigned[n] AND c.trunk[n] IS NULL
           AND (c.sku_slot[i] IS NULL OR c.sku_slot[i] = c.number_sku[n]) THEN
            u_row[u] := i; n_row[n] := i;
        END IF;
    END LOOP;
    FOR k IN 1 .. v_numbers LOOP
        n := k;
        -- A user that keeps its number stops the row for this number, and so on along the chain.
        WHILE n_row[n] IS NOT NULL AND c.user_before[n] IS NOT NULL
              AND (n_user[n] IS NULL OR u_row[n_user[n]] IS NULL) LOOP
            u := c.user_slot[n_row[n]];
            n_row[n] := NULL; u_row[u] := NULL;
            n := c.user_number[u];
        END LOOP;
    END LOOP;
    FOR k IN 1 .. v_numbers LOOP
        IF n_row[k] IS NOT NULL AND c.user_before[k] IS NOT NULL THEN
            v_heir[k] := c.user_id[c.user_slot[n_row[k]]];
        END IF;
    END LOOP;
    c.heir := v_heir;
    RETURN c;
END
$$;

-- Decide row by row, each as a single request after those before it; adds the results to the rows.
-- p_code, p_granted, p_used: the licences of the subscription.
CREATE OR REPLACE FUNCTION users_decide_rows(
    c users_rows, p_subscription_status text, p_code text, p_granted bigint, p_used bigint
) RETURNS users_rows
LANGUAGE plpgsql AS $$
DECLARE
    -- Local arrays: PostgreSQL changes an element of those in place.
    r_id uuid[] := c.id; r_login text[] := c.login; r_name text[] := c.name; r_e164 text[] := c.e164;
    r_action text[] := c.action; r_problem json[] := c.problem; r_changes boolean[] := c.changes;
    r_user int[] := c.user_slot; r_number int[] := c.number_slot; r_sku int[] := c.sku_slot;
    u_id uuid[] := c.user_id; u_number int[] := c.user_number;
    n_e164 text[] := c.number; n_sku int[] := c.number_sku; n_user uuid[] := c.user_before;
    n_heir uuid[] := c.heir; n_trunk uuid[] := c.trunk; n_assigned boolean[] := c.assigned;
    n_takable boolean[] := c.takable; n_free boolean[] := c.is_free; n_next boolean[] := c.is_next;
    k_code text[] := c.sku_code; k_granted bigint[] := c.granted; k_used bigint[] := c.used;
    v_count CONSTANT int := cardinality(r_id); v_numbers CONSTANT int := cardinality(n_e164);
    r_outcome text[] := array_fill(NULL::text, ARRAY[v_count]); r_linked text[] := r_outcome;
    r_former text[] := r_outcome; r_status int[] := array_fill(200, ARRAY[v_count]);
    r_answer json[] := array_fill(NULL::json, ARRAY[v_count]);
    n_taken boolean[] := array_fill(false, ARRAY[v_numbers]);
    k_next int[] := array_fill(1, ARRAY[cardinality(c.sku)]);
    v_used bigint := p_used; v_created int[] := '{}'; v_edited int[] := '{}'; v_moved int[] := '{}';
    v_unlinked int[] := '{}'; v_deleted int[] := '{}'; v_consuming text[] := '{}'; v_releasing text[] := '{}';
    u int; n int; k int; had int; p json;
BEGIN
    FOR i IN 1 .. v_count LOOP
        u := r_user[i]; n := r_number[i]; k := r_sku[i]; had := u_number[u];
        p := users_problem_of_row(r_problem[i], p_subscription_status, r_login[i], r_name[i], r_action[i],
                                  u_id[u], n_e164[had], r_e164[i], k_code[k], k_code[n_sku[n]]);
        IF r_action[i] IS NOT NULL THEN
            n := NULL;
        ELSIF p IS NULL AND n IS NULL AND n_sku[had] IS DISTINCT FROM k AND k IS NOT NULL THEN
            WHILE k_next[k] <= v_numbers AND NOT (
                n_next[k_next[k]] AND n_sku[k_next[k]] = k AND NOT n_taken[k_next[k]]) LOOP
                k_next[k] := k_next[k] + 1;
            END LOOP;
            n := k_next[k];
            IF n > v_numbers THEN
                p := CASE WHEN k_used[k] < k_granted[k] THEN numbers_problem_none_free(k_code[k])
                     ELSE numbers_problem_entitlement(k_code[k], k_granted[k], k_used[k]) END;
            END IF;
        END IF;
        IF p IS NULL AND n <> coalesce(had, 0) THEN
            k := CASE WHEN n_free[n] AND NOT n_taken[n] THEN n_sku[n] END;
            p := users_problem_of_number(
                n_e164[n], n_assigned[n] OR n_taken[n], n_takable[n],
                CASE WHEN n_heir[n] IS NULL THEN n_user[n] ELSE nullif(n_heir[n], u_id[u]) END, n_trunk[n]);
            IF p IS NULL AND k_used[k] >= k_granted[k] THEN
                p := numbers_problem_entitlement(k_code[k], k_granted[k], k_used[k]);
            ELSIF p IS NULL AND had IS NULL AND v_used >= p_granted THEN
                p := users_problem_no_license(p_code, p_granted, v_used);
            END IF;
        END IF;
        IF p IS NOT NULL THEN
            r_status[i] := CASE p ->> 'code' WHEN 'invalid-fields' THEN 422 ELSE 409 END;
            r_answer[i] := p; r_outcome[i] := 'refused';
            CONTINUE;
        END IF;

        r_outcome[i] := 'unchanged';
        IF u_id[u] IS NULL THEN
            r_status[i] := 201; r_outcome[i] := 'created';
            u_id[u] := r_id[i]; v_created := v_created || i;
        ELSIF r_action[i] = 'delete' THEN
            r_outcome[i] := 'deleted'; v_deleted := v_deleted || i;
        ELSIF r_changes[i] THEN
            r_outcome[i] := 'changed'; v_edited := v_edited || i;
        END IF;
        IF had IS NOT NULL AND (r_action[i] IS NOT NULL OR n <> had) THEN
            r_former[i] := n_e164[had]; u_number[u] := NULL;
            IF n_user[had] = u_id[u] THEN
                n_user[had] := NULL;
            END IF;
        END IF;
        IF r_former[i] IS NOT NULL AND n IS NULL THEN
            v_used := v_used - 1; v_releasing := v_releasing || u_id[u]::text; v_unlinked := v_unlinked || i;
        ELSIF n <> coalesce(had, 0) THEN
            IF had IS NULL THEN
                v_used := v_used + 1; v_consuming := v_consuming || u_id[u]::text;
            END IF;
            IF NOT n_assigned[n] AND NOT n_taken[n] THEN
                k_used[k] := k_used[k] + 1; n_taken[n] := true;
            END IF;
            n_user[n] := u_id[u]; n_heir[n] := NULL; u_number[u] := n; v_moved := v_moved || i;
        END IF;
        IF r_outcome[i] = 'unchanged' AND (r_former[i] IS NOT NULL OR u_number[u] IS DISTINCT FROM had) THEN
            r_outcome[i] := 'changed';
        END IF;
        r_linked[i] := n_e164[u_number[u]]; r_id[i] := u_id[u];
    END LOOP;
    c.id := r_id; c.status := r_status; c.outcome := r_outcome; c.answer := r_answer; c.linked := r_linked;
    c.former := r_former; c.user_after := n_user; c.taken := n_taken; c.created := v_created;
    c.edited := v_edited; c.moved := v_moved; c.unlinked := v_unlinked; c.deleted := v_deleted;
    c.consuming := v_consuming; c.releasing := v_releasing;
    RETURN c;
END
$$;
