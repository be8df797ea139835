-- Moves in the tree: an organization under another parent, or a subscription to another tenant. The
-- operations of `lifecycle/move.py`, which calls them in one transaction.

-- The ids of the organizations in a path, from the top down.
CREATE OR REPLACE FUNCTION tenancy_ids_of(p_path text) RETURNS uuid[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT string_to_array(rtrim(p_path, '/'), '/')::uuid[]
$$;

-- Whether the organization sees what has this path: its id stands there.
CREATE OR REPLACE FUNCTION tenancy_sees(p_organization uuid, p_path text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT position(replace(p_organization::text, '-', '') || '/' IN p_path) > 0
$$;

-- Lock an organization that moves, its new parent, all that is below it, and the subscriptions, which it
-- returns by id. Whoever creates something copies the path of the organization above, which they lock FOR
-- SHARE: they wait for the move, or the move waits for them and then finds what they made. Not FOR UPDATE:
-- their foreign keys are checked when they commit, and must not wait for the move that waits for them. Each
-- statement sees what the one before it waited for. Below a parent of tenants there are only tenants.
CREATE OR REPLACE FUNCTION tenancy_lock_subtree(p_group uuid, p_root uuid, p_parent uuid)
RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
    v_path text;
BEGIN
    PERFORM FROM tenancy_organization o WHERE o.group_id = p_group AND o.id = p_parent FOR SHARE;
    SELECT o.path INTO v_path FROM tenancy_organization o
    WHERE o.group_id = p_group AND o.id = p_root FOR NO KEY UPDATE;
    PERFORM FROM tenancy_organization o
    WHERE o.group_id = p_group AND o.parent_id = p_root ORDER BY o.id FOR NO KEY UPDATE;
    RETURN ARRAY(
        SELECT l.id FROM (
            SELECT s.id FROM tenancy_subscription s
            WHERE s.group_id = p_group AND s.path >= v_path AND s.path < rtrim(v_path, '/') || '0'
            ORDER BY s.id FOR NO KEY UPDATE) l);
END
$$;

-- Give an organization another parent: new paths for it and all below it. References go whose owner no
-- longer sees the object. `tenancy_change_owner` does the rest.
CREATE OR REPLACE FUNCTION tenancy_change_parent(p_group uuid, p_root uuid, p_parent uuid)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_old CONSTANT text := (
        SELECT o.path FROM tenancy_organization o WHERE o.group_id = p_group AND o.id = p_root);
    v_new CONSTANT text := (
        SELECT o.path FROM tenancy_organization o WHERE o.group_id = p_group AND o.id = p_parent)
        || right(v_old, 33);
BEGIN
    UPDATE tenancy_organization o
    SET path = n.path, parent_id = CASE o.id WHEN p_root THEN p_parent ELSE o.parent_id END,
        external_reference = CASE WHEN tenancy_sees(o.reference_owner_id, n.path)
                                  THEN o.external_reference END,
        reference_owner_id = CASE WHEN tenancy_sees(o.reference_owner_id, n.path)
                                  THEN o.reference_owner_id END
    FROM (SELECT w.id, v_new || substr(w.path, length(v_old) + 1) AS path
          FROM tenancy_organization w
          WHERE w.group_id = p_group AND w.path >= v_old AND w.path < rtrim(v_old, '/') || '0') n
    WHERE o.group_id = p_group AND o.id = n.id;
END
$$;

-- Copy into subscriptions the organizations that are above them now, and remember the former ones until
-- p_at. p_tenant: the new tenant; NULL if each stays with its own, which has moved. The caller holds the
-- locks of the subscriptions.
CREATE OR REPLACE FUNCTION tenancy_change_owner(
    p_group uuid, p_subscriptions uuid[], p_tenant uuid, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO tenancy_subscriptionowner
        (group_id, subscription_id, distributor_id, reseller_id, tenant_id, path, since, until, names)
    SELECT o.group_id, o.subscription_id, o.distributor_id, o.reseller_id, o.tenant_id, o.path, o.since,
           greatest(p_at, o.since + interval '1 microsecond'),  -- the clock may have been set back
           jsonb_build_object(
               'subscription_name', s.name, 'subscription_external_reference', s.external_reference,
               'tenant_name', t.name, 'tenant_external_reference', t.external_reference,
               'reseller_name', r.name, 'reseller_external_reference', r.external_reference)
    FROM tenancy_ownership o
    JOIN tenancy_subscription s ON s.group_id = p_group AND s.id = o.subscription_id
    JOIN tenancy_organization t ON t.group_id = p_group AND t.id = o.tenant_id
    LEFT JOIN tenancy_organization r ON r.group_id = p_group AND r.id = o.reseller_id
    WHERE o.group_id = p_group AND o.subscription_id = ANY (p_subscriptions) AND o.until = 'infinity';

    UPDATE tenancy_subscription s
    SET tenant_id = n.tenant_id, path = n.path, distributor_id = n.distributor_id,
        reseller_id = n.reseller_id,
        external_reference = CASE WHEN tenancy_sees(s.reference_owner_id, n.path)
                                  THEN s.external_reference END,
        reference_owner_id = CASE WHEN tenancy_sees(s.reference_owner_id, n.path)
                                  THEN s.reference_owner_id END
    FROM (
        SELECT w.id, t.id AS tenant_id, t.path,
               (SELECT a.id FROM tenancy_organization a
                WHERE a.group_id = p_group AND a.id = ANY (tenancy_ids_of(t.path))
                  AND a.kind = 'distributor') AS distributor_id,
               (SELECT a.id FROM tenancy_organization a
                WHERE a.group_id = p_group AND a.id = ANY (tenancy_ids_of(t.path))
                  AND a.kind = 'reseller') AS reseller_id
        FROM tenancy_subscription w
        JOIN tenancy_organization t ON t.group_id = p_group AND t.id = coalesce(p_tenant, w.tenant_id)
        WHERE w.group_id = p_group AND w.id = ANY (p_subscriptions)) n
    WHERE s.group_id = p_group AND s.id = n.id;
END
$$;

-- Who owned each subscription, and when: one row for each owner. `since` of the first is before all time.
CREATE OR REPLACE VIEW tenancy_ownership AS
SELECT w.group_id, w.subscription_id, w.distributor_id, w.reseller_id, w.tenant_id, w.path, w.since, w.until
FROM tenancy_subscriptionowner w
UNION ALL
SELECT s.group_id, s.id, s.distributor_id, s.reseller_id, s.tenant_id, s.path,
       coalesce((SELECT max(w.until) FROM tenancy_subscriptionowner w
                 WHERE w.group_id = s.group_id AND w.subscription_id = s.id), '-infinity'),
       'infinity'
FROM tenancy_subscription s;
