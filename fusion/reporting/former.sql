-- The signatures that workers of the previous release call: all groups in one transaction.
CREATE OR REPLACE FUNCTION billing_refresh(p_least interval) RETURNS timestamptz
LANGUAGE sql AS $$
    SELECT max(billing_refresh_group(g.id, p_least))
    FROM billing_changed_groups(p_least) AS g(id)
$$;

CREATE OR REPLACE FUNCTION billing_fill_history(p_calls_from date) RETURNS timestamptz
LANGUAGE sql AS $$
    SELECT max(billing_fill_history(o.id, p_calls_from)) FROM tenancy_organization o
    WHERE o.parent_id IS NULL
$$;
