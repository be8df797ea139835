-- Write orders that were judged. The caller holds the locks.

-- Write the orders that have a number: the orders and their lines, what they change, their events,
-- audit records and stored answers. Returns p_answer, with the documents of these orders. The
-- columns of an order come from its call, so that a new one concerns no other function.
CREATE OR REPLACE FUNCTION ordering_write_placed(
    p_group uuid, p_calls jsonb, c ordering_calls, l ordering_lines_v3, k ordering_books,
    v ordering_decisions_v2, p_number bigint[], p_answer text[]
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    v_at CONSTANT timestamptz[] := kernel_at(c.at, kernel_now());
    v_warnings json[];  -- by order, of its lines; NULL if no line can cause one
    v_expiries uuid[];  -- by order: its expiry
    v_answer text[];
BEGIN
    IF 'set' = ANY (l.action) OR num_nonnulls(VARIADIC v.warning) > 0 THEN
        v_warnings := ordering_line_warnings(p_group, c, l, v, p_number);
    END IF;
    INSERT INTO ordering_order (
        id, number, kind, state, group_id, distributor_id, reseller_id, tenant_id,
        subscription_id, external_reference, placed_by, placed_at, effective_at, completed_at,
        note, metadata, changes, warnings, reverses, ends_at, charge_from, connector)
    SELECT w.id, w.number, CASE WHEN w.reverses IS NULL THEN 'change' ELSE 'reversal' END,
           CASE WHEN w.scheduled IS NULL THEN 'completed' ELSE 'scheduled' END,
           s.group_id, s.distributor_id, s.reseller_id, s.tenant_id, s.id,
           w.external_reference, w.actor, w.at, w.effective_at,
           CASE WHEN w.scheduled IS NULL THEN w.at END, w.note, w.metadata, w.changes,
           CASE WHEN w.effective_at IS NULL THEN w.warnings ELSE ordering_join_warnings(
               CASE WHEN w.scheduled IS NULL THEN ordering_late(w.effective_at, w.at)
                    ELSE ordering_warnings(s.id, w.scheduled, 'change') END, w.warnings) END,
           w.reverses, w.ends_at, w.charge_from, w.connector
    FROM ROWS FROM (
        jsonb_to_recordset(p_calls) AS (
            id uuid, actor text, subscription_id uuid, external_reference text,
            effective_at timestamptz, note text, metadata json, reverses uuid,
            ends_at timestamptz, charge_from timestamptz, connector text),
        unnest(p_number), unnest(v_at), unnest(v.changes),
        unnest(v_warnings), unnest(c.effective)
    ) AS w(id, actor, subscription_id, external_reference, effective_at, note, metadata, reverses, ends_at,
           charge_from, connector, number, at, changes, warnings, scheduled)
    JOIN tenancy_subscription s ON s.id = w.subscription_id
    WHERE w.number IS NOT NULL;

    INSERT INTO ordering_orderline
        (group_id, order_id, position, action, product_id, revision, quantity, taken, quantity_before,
         expected_quantity, external_reference)
    SELECT p_group, c.id[w.o], w.position, w.action, w.product_id,
           CASE WHEN w.held >= w.quantity THEN NULL ELSE w.revision END, w.quantity, w.taken, w.held,
           w.expected, w.reference
    FROM unnest(l."order", l.position, l.action, l.product, l.revision, l.quantity, v.taken, v.held,
                l.expected, l.reference)
         AS w(o, position, action, product_id, revision, quantity, taken, held, expected, reference)
    WHERE p_number[w.o] IS NOT NULL;

    PERFORM ordering_write(p_group, c.id, p_number, c.actor, v_at, l, k, v);
    IF NOT p_calls @? '$[*] ? (exists(@.ends_at) || exists(@.reverses))' THEN
        RETURN ordering_record(p_group, c, p_number, v_at, p_answer);
    END IF;
    v_expiries := ordering_write_expiries(p_group, p_calls, c, l, p_number, v_at);
    v_answer := ordering_record(p_group, c, p_number, v_at, p_answer);
    FOR o IN 1 .. cardinality(c.id) LOOP
        PERFORM ordering_finish(p_group, v_expiries[o:o], c.actor[o], c.request[o], 'order.place', v_at[o:o])
        WHERE v_expiries[o] IS NOT NULL;
        PERFORM ordering_cancel_expiries(p_group, c.id[o:o], c.actor[o], c.request[o]);
    END LOOP;
    RETURN v_answer;
END
$$;

-- Change grants and holdings as judged. By order: its id, number, actor and instant.
CREATE OR REPLACE FUNCTION ordering_write(
    p_group uuid, p_id uuid[], p_number bigint[], p_actor text[], p_at timestamptz[],
    l ordering_lines_v3, k ordering_books, v ordering_decisions_v2
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_write_grants(p_group, ARRAY(
        SELECT ROW(k.balance_subscription[e.balance], k.balance_sku[e.balance], e.quantity,
                   e.granted, e.nth, e.nth = v.balance_entries[e.balance],
                   p_id[l."order"[e.line]], p_number[l."order"[e.line]], l.position[e.line],
                   p_actor[l."order"[e.line]], p_at[l."order"[e.line]])::ledger_grant_change
        FROM unnest(v.entry_line, v.entry_balance, v.entry_quantity, v.entry_granted, v.entry_nth)
             AS e(line, balance, quantity, granted, nth)),
        l.action && '{remove,set,expire}');

    INSERT INTO ordering_holding (group_id, subscription_id, product_id, revision, quantity)
    SELECT p_group, h.subscription_id, h.product_id, h.revision, h.after
    FROM unnest(k.holding_subscription, k.holding_product, k.holding_revision, k.holding_quantity,
                v.holding_quantity)
         AS h(subscription_id, product_id, revision, before, after)
    WHERE h.after <> h.before
    ON CONFLICT (group_id, subscription_id, product_id, revision)
    DO UPDATE SET quantity = excluded.quantity;
END
$$;

-- Write the events, the audit records and the stored answers of the orders that have a number;
-- returns p_answer, with their documents.
CREATE OR REPLACE FUNCTION ordering_record(
    p_group uuid, c ordering_calls, p_number bigint[], p_at timestamptz[], p_answer text[]
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    v_answer text[];
    v_at timestamptz[];
    v_facts events_fact[];
    v_records access_record[];
    v_answers access_answer[];
BEGIN
    SELECT array_agg(coalesce(w.document, w.answer)), array_agg(w.at) FILTER (WHERE w.placed),
           array_agg(w.fact) FILTER (WHERE w.placed), array_agg(w.record) FILTER (WHERE w.placed),
           array_agg(ROW(w.path, w.key, w.fingerprint, 201, w.document)::access_answer)
               FILTER (WHERE w.placed AND w.key IS NOT NULL)
    INTO v_answer, v_at, v_facts, v_records, v_answers
    FROM (
        SELECT w.answer, w.at, w.path, w.key, w.fingerprint, d.document::text, o.id IS NOT NULL AS placed,
               ordering_fact(o, s.path, d.document, w.actor) AS fact,
               ordering_audited(o, s.path, w.actor, w.request, 'order.place') AS record
        FROM unnest(c.id, p_number, c.actor, c.request, c.path, c.key, c.fingerprint, p_at, p_answer)
             WITH ORDINALITY AS w(id, number, actor, request, path, key, fingerprint, at, answer, nth)
        LEFT JOIN ordering_order o ON o.id = w.id AND w.number IS NOT NULL
        LEFT JOIN LATERAL (
            SELECT x.document FROM ordering_document x WHERE x.id = o.id OFFSET 0) d ON true  -- made once
        LEFT JOIN tenancy_subscription s ON s.id = o.subscription_id
        ORDER BY w.nth) w;
    PERFORM access_finish(p_group, v_at, v_facts, v_records, v_answers);
    RETURN v_answer;
END
$$;
