-- The change feed of a group: the events after a position, in commit order.
--
-- Rows become visible in commit order, ids do not. So only events of transactions below the oldest
-- running one may be read, ordered by transaction: nothing can appear before them any more. Events
-- of earlier epochs are settled: their transactions ended with their cluster.
--
-- An event's id is compared together with its transaction: if an older dump is restored into the
-- same cluster, the sequence repeats numbers that readers already know, but never with the same
-- transaction.
--
-- Reads at most p_limit + p_reach events of the group. Of these, the reader may see those whose path names
-- the last organization of p_path, and wants those that match each filter that is not NULL. p_types are
-- whole types, p_nouns their first halves; p_organization stands anywhere in the path. Events before the
-- first one that was written at p_since or later are skipped. The last row (document NULL) is always the
-- position to continue from.
CREATE OR REPLACE FUNCTION events_feed(
    p_group uuid, p_path text, p_epoch int, p_xid xid8, p_id bigint, p_limit int, p_reach int,
    p_types text[], p_nouns text[], p_subscription uuid, p_organization uuid, p_since timestamptz
) RETURNS TABLE (epoch int, xid text, id bigint, document text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_epoch int := events_epoch();
    v_horizon xid8 := pg_snapshot_xmin(pg_current_snapshot());
    v_reader CONSTANT text := right(p_path, 33);  -- its id and the slash
    v_organization CONSTANT text := replace(p_organization::text, '-', '') || '/';
    v_all CONSTANT boolean := p_types IS NULL AND p_nouns IS NULL;
    v_begun boolean := p_since IS NULL;
    v_found int := 0;
    e events_event;
BEGIN
    epoch := p_epoch; xid := p_xid::text; id := p_id;
    FOR e IN
        SELECT * FROM events_event w
        WHERE w.group_id = p_group AND (w.epoch, w.xid, w.id) > (p_epoch, p_xid, p_id)
          AND (w.epoch < v_epoch OR w.xid < v_horizon)
        ORDER BY w.epoch, w.xid, w.id
        LIMIT p_limit + p_reach
    LOOP
        EXIT WHEN v_found = p_limit;
        epoch := e.epoch; xid := e.xid::text; id := e.id;
        v_begun := v_begun OR e.at >= p_since;
        IF v_begun AND position(v_reader IN e.path) > 0
           AND (v_all OR e.type = ANY (p_types) OR split_part(e.type, '.', 1) = ANY (p_nouns))
           AND (p_subscription IS NULL OR e.subscription_id = p_subscription)
           AND (p_organization IS NULL OR position(v_organization IN e.path) > 0) THEN
            v_found := v_found + 1;
            document := events_document(e, p_path);
            RETURN NEXT;
        END IF;
    END LOOP;
    document := NULL;
    RETURN NEXT;
END
$$;

-- An event in the form of CloudEvents, as a reader at p_path may see it.
CREATE OR REPLACE FUNCTION events_document(e events_event, p_path text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'specversion', '1.0', 'id', e.epoch || '-' || e.xid || '-' || e.id,
        'source', '/groups/' || e.group_id, 'type', e.type, 'subject', e.subject,
        'time', kernel_instant(e.at), 'datacontenttype', 'application/json',
        'groupid', e.group_id, 'subscriptionid', e.subscription_id, 'actor', e.actor,
        'data', CASE WHEN e.type = 'number.moved' THEN events_shown(e.data, p_path) ELSE e.data END)::text
$$;
