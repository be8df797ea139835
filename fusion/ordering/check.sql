-- Read orders to be placed, and check each before its quantities are judged.

CREATE OR REPLACE FUNCTION ordering_read_calls(p_calls jsonb) RETURNS ordering_calls
LANGUAGE plpgsql AS $$
DECLARE
    v_call jsonb;
    v_id uuid[]; v_actor text[]; v_request text[]; v_path text[]; v_key text[];
    v_fingerprint bytea[]; v_subscription uuid[]; v_reference text[]; v_name text[];
    v_effective timestamptz[]; v_at timestamptz[];
BEGIN
    FOR i IN 1 .. jsonb_array_length(p_calls) LOOP
        v_call := p_calls -> i - 1;
        v_id[i] := v_call ->> 'id';
        v_actor[i] := v_call ->> 'actor';
        v_request[i] := v_call ->> 'request';
        v_path[i] := v_call ->> 'path';
        v_key[i] := v_call ->> 'key';
        v_fingerprint[i] := decode(v_call ->> 'fingerprint', 'hex');
        v_subscription[i] := v_call ->> 'subscription_id';
        v_reference[i] := v_call ->> 'external_reference';
        v_name[i] := 'order:' || v_reference[i];
        v_effective[i] := v_call ->> 'effective_at';
        v_at[i] := v_call ->> 'at';
    END LOOP;
    RETURN ROW(v_id, v_actor, v_request, v_path, v_key, v_fingerprint, v_subscription, v_reference,
               v_name, v_effective, v_at)::ordering_calls;
END
$$;

-- The lines of all orders, with their products as they are now.
CREATE OR REPLACE FUNCTION ordering_requested_lines(
    p_group uuid, p_calls jsonb, p_subscription uuid[]
) RETURNS ordering_lines_v3
LANGUAGE plpgsql AS $$
DECLARE
    l ordering_lines_v3;
BEGIN
    SELECT array_agg(x.o), array_agg(x.position), array_agg(p_subscription[x.o]), array_agg(x.action),
           array_agg(x.product_id), array_agg(x.revision), array_agg(x.quantity), array_agg(x.expected),
           array_agg(x.reference), array_agg(x.named), array_agg(x.code), array_agg(x.status),
           array_agg(x.ruled)
    INTO l."order", l.position, l.subscription, l.action, l.product, l.revision, l.quantity, l.expected,
         l.reference, l.named, l.code, l.status, l.ruled
    FROM (
        SELECT d.o::int AS o, w.position::int AS position, w.line ->> 'action' AS action,
               coalesce(p.id, (w.line ->> 'product_id')::uuid) AS product_id,
               (w.line ->> 'quantity')::bigint AS quantity,
               CASE WHEN w.line ->> 'action' = 'remove' OR w.line ->> 'revision' IS NOT NULL
                         THEN (w.line ->> 'revision')::int
                    WHEN p.status = 'active' THEN p.revision END AS revision,
               (w.line ->> 'expected_quantity')::bigint AS expected,
               w.line ->> 'external_reference' AS reference,
               w.line ->> 'product_id' IS NULL AS named,
               p.code,  -- a reversal grants the revision that it names, of a retired product too
               CASE WHEN p.status = 'retired' AND w.line ->> 'revision' IS NOT NULL THEN 'active'
                    ELSE p.status END AS status,
               catalogue_has_rules(p) AND d.doc ->> 'reverses' IS NULL AS ruled
        FROM jsonb_array_elements(p_calls) WITH ORDINALITY AS d(doc, o)
        CROSS JOIN jsonb_array_elements(d.doc -> 'lines') WITH ORDINALITY AS w(line, position)
        LEFT JOIN catalogue_product p
               ON p.id = coalesce((w.line ->> 'product_id')::uuid, ordering_named_product(p_group, w.line))
              AND p.group_id = p_group
        ORDER BY d.o, w.position
    ) x;
    l.action := coalesce(l.action, '{}');  -- reversals that have no effect have no lines
    RETURN l;
END
$$;

-- The product that a line names by its code or external reference; NULL if the group has none.
CREATE OR REPLACE FUNCTION ordering_named_product(p_group uuid, p_line jsonb) RETURNS uuid
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT p.id FROM catalogue_product p
            WHERE p.group_id = p_group AND p.code = p_line ->> 'product_code'
            UNION ALL
            SELECT p.id FROM catalogue_product p
            WHERE p.group_id = p_group AND p.external_reference = p_line ->> 'product_external_reference'
            LIMIT 1);
END
$$;

-- Whether a line repeats the product of an earlier line of its order: besides one `add` line, a product
-- can have one `remove` line.
CREATE OR REPLACE FUNCTION ordering_is_repeated(l ordering_lines_v3, p_line int) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT EXISTS (
        SELECT FROM unnest(l."order", l.product, l.action) WITH ORDINALITY
             AS w(o, product, action, line)
        WHERE w.o = l."order"[p_line] AND w.product = l.product[p_line] AND w.line <> p_line
          AND (w.action = l.action[p_line] OR 'set' IN (w.action, l.action[p_line])))
$$;

-- Check each order alone, under its locks: visibility of the subscription and of the products comes
-- before a replay, that before the reference, and the date last: what is repeated too late gets the
-- answer that it got before.
CREATE OR REPLACE FUNCTION ordering_check(
    p_group uuid, p_calls jsonb, c ordering_calls, l ordering_lines_v3
) RETURNS ordering_answers
LANGUAGE plpgsql AS $$
DECLARE
    r record;
    v_effective CONSTANT timestamptz[] := c.effective; v_reference CONSTANT text[] := c.reference;
    v_now timestamptz[];
    l_status CONSTANT text[] := l.status; l_action CONSTANT text[] := l.action;
    l_named CONSTANT boolean[] := l.named;
    v_status int[] := '{}'; v_replayed boolean[] := '{}'; v_answer text[] := '{}';
    o int;
BEGIN
    FOR r IN
        SELECT f.nth, (f.s).status AS subscription_status, f.status, f.replayed, f.answer,
               taken.id AS taken_by
        FROM access_find(p_group, c.path, c.subscription, c.key, c.fingerprint) f
        LEFT JOIN LATERAL (
            SELECT x.id FROM ordering_order x
            WHERE x.group_id = p_group AND x.external_reference = v_reference[f.nth]
              AND x.external_reference IS NOT NULL AND x.state IN ('scheduled', 'completed')
            OFFSET 0) taken ON v_reference[f.nth] IS NOT NULL
    LOOP
        v_status[r.nth] := r.status; v_replayed[r.nth] := r.replayed; v_answer[r.nth] := r.answer;
        CONTINUE WHEN r.status IS NOT NULL;
        IF r.taken_by IS NOT NULL THEN
            v_status[r.nth] := 409;
            v_answer[r.nth] := ordering_reference_in_use(r.taken_by, p_calls -> (r.nth - 1)::int);
        ELSIF r.subscription_status = 'terminated' THEN
            v_status[r.nth] := 409;
            v_answer[r.nth] := kernel_problem('subscription-terminated',
                'The subscription is terminated. You can no longer order for it.');
        END IF;
    END LOOP;
    FOR i IN 1 .. coalesce(cardinality(l_action), 0) LOOP
        o := l."order"[i];
        IF l_status[i] IS NULL AND v_status[o] IS DISTINCT FROM 404 THEN
            v_status[o] := 404;
            v_replayed[o] := false;
            v_answer[o] := kernel_problem('not-found', format(
                'The product in lines.%s does not exist, or you cannot see it.', l.position[i] - 1));
        ELSIF l_named[i] AND v_status[o] IS NULL AND ordering_is_repeated(l, i) THEN
            v_status[o] := 422;
            v_answer[o] := kernel_problem('duplicate-line', format(
                'Product %s appears in more than one line. A product can have one `set` line, or one '
                '`add` line and one `remove` line.', l.code[i]));
        ELSIF l_status[i] = 'retired' AND l_action[i] = 'add' AND v_status[o] IS NULL
              AND (v_effective[o] > coalesce(c.at[o], kernel_now())) IS NOT TRUE THEN
            -- That of a scheduled order is a warning: see ordering_decide.
            v_status[o] := 409;
            v_answer[o] := ordering_retired(l.code[i]);
        END IF;
    END LOOP;
    IF p_calls @? '$[*].reverses' THEN
        FOR r IN SELECT x.nth, x.answer FROM ordering_refused_reversals(p_group, p_calls) x LOOP
            CONTINUE WHEN v_status[r.nth] IS NOT NULL;
            v_status[r.nth] := 409; v_answer[r.nth] := r.answer;
        END LOOP;
    END IF;
    IF num_nonnulls(VARIADIC v_effective) > 0 THEN
        v_now := kernel_at(c.at, kernel_now());
        FOR o IN 1 .. cardinality(v_effective) LOOP
            CONTINUE WHEN v_status[o] IS NOT NULL OR v_effective[o] IS NULL;
            v_answer[o] := ordering_too_late(p_group, v_effective[o], v_now[o]);
            v_status[o] := CASE WHEN v_answer[o] IS NOT NULL THEN 422 END;
        END LOOP;
    END IF;
    IF p_calls @? '$[*].ends_at' THEN
        FOR r IN SELECT x.nth, x.answer FROM ordering_refused_ends(p_calls, kernel_at(c.at, kernel_now())) x LOOP
            CONTINUE WHEN v_status[r.nth] IS NOT NULL;
            v_status[r.nth] := 422; v_answer[r.nth] := r.answer;
        END LOOP;
    END IF;
    IF p_calls @? '$[*].charge_from' THEN
        FOR r IN SELECT x.nth, x.answer FROM ordering_refused_charges(p_calls, kernel_at(c.at, kernel_now())) x LOOP
            CONTINUE WHEN v_status[r.nth] IS NOT NULL;
            v_status[r.nth] := 422; v_answer[r.nth] := r.answer;
        END LOOP;
    END IF;
    RETURN ROW(v_status, v_replayed, v_answer)::ordering_answers;
END
$$;
