-- Port requests: their document, and what happens to them when their numbers change.

-- A port request as the API shows it: the same text in answers, lists and events.
CREATE OR REPLACE FUNCTION numbers_port_document(p numbers_portrequest) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'id', p.id, 'state', p.state, 'direction', p.direction,
        'subscription_id', p.subscription_id, 'organization_id', p.organization_id,
        'numbers', p.numbers, 'sku', p.sku, 'accept_unknown', p.accept_reason IS NOT NULL,
        'accept_reason', p.accept_reason, 'port_date', kernel_instant(p.port_date),
        'carrier', p.carrier, 'note', p.note, 'attachments', p.attachments,
        'requested_by', p.requested_by, 'requested_at', kernel_instant(p.requested_at),
        'decided_by', p.decided_by, 'decided_at', kernel_instant(p.decided_at),
        'reason', p.reason, 'completed_at', kernel_instant(p.completed_at), 'failure', p.failure,
        'history', p.history)
$$;

CREATE OR REPLACE FUNCTION numbers_of_port(p numbers_portrequest) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY(SELECT json_array_elements_text(p.numbers))
$$;

-- The history with one more entry.
CREATE OR REPLACE FUNCTION numbers_port_history(
    p numbers_portrequest, p_actor text, p_at timestamptz, p_more json
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT (p.history::jsonb || (jsonb_build_object(
        'state', p.state, 'at', kernel_instant(p_at), 'by', p_actor)
        || coalesce(p_more, '{}')::jsonb))::json
$$;

-- Let pending port requests follow numbers that were moved from s to t. A request of which only some
-- numbers were moved is divided: those get a request of their own. When numbers go to another customer, the
-- request becomes that customer's own, without what the former one wrote and did. The former one gets an event
-- with the numbers that have left. All at p_at. The caller holds the locks of both subscriptions.
CREATE OR REPLACE FUNCTION numbers_move_ports(
    s tenancy_subscription, t tenancy_subscription, p_numbers text[], p_actor text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    p numbers_portrequest;
    v_left numbers_portrequest;
    v_moved text[];
    v_kept text[];
BEGIN
    FOR p IN
        SELECT w.* FROM numbers_portrequest w
        WHERE w.group_id = s.group_id AND w.subscription_id = s.id AND w.state IN ('open', 'approved')
          AND numbers_of_port(w) && p_numbers
        ORDER BY w.id FOR NO KEY UPDATE
    LOOP
        v_moved := ARRAY(SELECT e FROM unnest(numbers_of_port(p)) AS e WHERE e = ANY (p_numbers));
        v_kept := ARRAY(SELECT e FROM unnest(numbers_of_port(p)) AS e WHERE e <> ALL (p_numbers));
        IF v_kept <> '{}' THEN
            UPDATE numbers_portrequest w
            SET numbers = to_json(v_kept), history = numbers_port_history(p, p_actor, p_at,
                    json_build_object('moved_away', v_moved))
            WHERE w.id = p.id RETURNING * INTO p;
            PERFORM numbers_emit_changed_port(s.path, p, p_actor, p_at);
            p.id := kernel_new_id();
            p.numbers := to_json(v_moved);
            p.history := '[]';
            p.history := numbers_port_history(p, p_actor, p_at, NULL);
            INSERT INTO numbers_portrequest SELECT p.*;
            UPDATE numbers_number n SET port_id = p.id
            WHERE n.e164 = ANY (v_moved) AND n.port_id IS NOT NULL;
        END IF;
        IF t.path <> s.path THEN
            IF v_kept = '{}' THEN
                v_left := p;
                v_left.numbers := '[]';
                v_left.history := numbers_port_history(p, p_actor, p_at,
                    json_build_object('moved_away', v_moved));
                PERFORM numbers_emit_changed_port(s.path, v_left, p_actor, p_at);
            END IF;
            p.organization_id := t.tenant_id;
            p.path := t.path;
            p.requested_by := p_actor;
            p.note := NULL;
            p.attachments := '[]';
            p.history := '[]';
        END IF;
        UPDATE numbers_portrequest w
        SET subscription_id = t.id, distributor_id = t.distributor_id, reseller_id = t.reseller_id,
            tenant_id = t.tenant_id, organization_id = p.organization_id, path = p.path,
            requested_by = p.requested_by, note = p.note, attachments = p.attachments,
            history = numbers_port_history(p, p_actor, p_at,
                json_build_object('moved_to_subscription_id', t.id))
        WHERE w.id = p.id RETURNING * INTO p;
        PERFORM numbers_emit_changed_port(t.path, p, p_actor, p_at);
    END LOOP;
END
$$;

-- Write the event that numbers of a request of the subscription at p_path were moved.
CREATE OR REPLACE FUNCTION numbers_emit_changed_port(
    p_path text, p numbers_portrequest, p_actor text, p_at timestamptz
) RETURNS void
LANGUAGE sql AS $$
    SELECT events_emit_all(p.group_id, ARRAY[ROW(
        p_path, p.subscription_id, 'port-request.changed', p.id::text, p_actor,
        numbers_port_document(p))::events_fact], p_at)
$$;

-- Give back the numbers that wait to be ported in by this request: their entitlements are free, and they
-- leave the inventory, or are ported out as before. Their events show them as they were. The caller
-- holds the subscription's lock.
CREATE OR REPLACE FUNCTION numbers_undo_port_in(
    s tenancy_subscription, p numbers_portrequest, p_actor text, p_request text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_documents CONSTANT json[] := numbers_documents(numbers_of_port(p));
BEGIN
    PERFORM numbers_give_back(s.group_id, s.id, numbers_of_port(p), p_actor);
    PERFORM numbers_take_out(numbers_of_port(p));
    PERFORM numbers_audit_and_emit(s, jsonb_build_object('actor', p_actor, 'request', p_request, 'at', p_at),
                                   'number.released', numbers_became(v_documents));
END
$$;

-- Mark numbers as those that an approved request ports out on its date; NULL in p_port: not any more.
CREATE OR REPLACE FUNCTION numbers_set_port(p_numbers text[], p_subscription uuid, p_port uuid)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM numbers_number n WHERE n.e164 = ANY (p_numbers) ORDER BY n.e164 FOR NO KEY UPDATE;
    UPDATE numbers_number n SET port_id = p_port
    WHERE n.e164 = ANY (p_numbers) AND n.subscription_id = p_subscription;
END
$$;

-- Why numbers cannot be ported out of a subscription, in the form of numbers_refusal_of_all; NULL if
-- they can. p_unlink: whether their links will be ended. p_port: the request that has them already.
CREATE OR REPLACE FUNCTION numbers_not_to_port_out(
    s tenancy_subscription, p_numbers text[], p_unlink boolean, p_port uuid
) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT numbers_refusal_of_all(p_numbers, array_agg(coalesce(x.stay, CASE
        WHEN n.port_id <> p_port THEN numbers_awaits_port(n, true) END) ORDER BY x.i),
        'No number is ported out.')
    FROM unnest(p_numbers, numbers_stay_problems(
             s, p_numbers, ARRAY['assigned', 'quarantined'], p_unlink, true))
         WITH ORDINALITY AS x(e164, stay, i)
    LEFT JOIN numbers_number n ON n.e164 = x.e164
$$;

-- Move the date of numbers that wait to be ported in.
CREATE OR REPLACE FUNCTION numbers_set_port_date(p_port uuid, p_numbers text[], p_at timestamptz)
RETURNS void
LANGUAGE sql AS $$
    UPDATE numbers_number n SET until = p_at
    WHERE n.e164 = ANY (p_numbers) AND n.port_id = p_port AND n.status = 'reserved'
$$;

-- The pending request of a subscription that has one of the numbers already; NULL if there is none.
CREATE OR REPLACE FUNCTION numbers_pending_port(s tenancy_subscription, p_numbers text[])
RETURNS numbers_portrequest
LANGUAGE sql STABLE AS $$
    SELECT w FROM numbers_portrequest w
    WHERE w.group_id = s.group_id AND w.subscription_id = s.id AND w.state IN ('open', 'approved')
      AND numbers_of_port(w) && p_numbers
    ORDER BY w.id LIMIT 1
$$;

-- Carry out an approved request on its date: port its numbers in, or out. Their links have ended. The
-- caller holds the subscription's lock and that of the request.
CREATE OR REPLACE FUNCTION numbers_carry_out_port(
    s tenancy_subscription, p numbers_portrequest, p_actor text, p_request text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_numbers CONSTANT text[] := numbers_of_port(p);
    v_documents json[];
BEGIN
    IF p.direction = 'in' THEN
        UPDATE numbers_number n SET status = 'assigned', until = NULL, port_id = NULL
        WHERE n.e164 = ANY (v_numbers) AND n.status = 'reserved' AND n.port_id = p.id;
        v_documents := numbers_documents(v_numbers);
    ELSE
        v_documents := numbers_documents(v_numbers);
        PERFORM numbers_give_back(s.group_id, s.id, v_numbers, p_actor);
        PERFORM numbers_take_out(v_numbers);
        v_documents := numbers_became(v_documents);
    END IF;
    PERFORM numbers_audit_and_emit(
        s, jsonb_build_object('actor', p_actor, 'request', p_request, 'at', p_at), 'number.ported',
        v_documents);
END
$$;
