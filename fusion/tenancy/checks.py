"""Consistency checks of subscriptions, for `fusion verify`."""

from collections.abc import Mapping

CHECKS: Mapping[str, str] = {
    "status of a subscription differs from its holds": """
        SELECT format('subscription %s is %s and has %s open holds', s.id, s.status, count(h.id))
        FROM tenancy_subscription s
        LEFT JOIN tenancy_hold h ON h.subscription_id = s.id AND h.lifted_at IS NULL
        GROUP BY s.id HAVING (s.status = 'suspended') <> (count(h.id) > 0)""",
    "path of an organization that is not below its parent's": """
        SELECT format('organization %s: %s', o.id, o.path)
        FROM tenancy_organization o LEFT JOIN tenancy_organization p ON p.id = o.parent_id
        WHERE o.path <> coalesce(p.path, '') || replace(o.id::text, '-', '') || '/'""",
    "subscription with other organizations above it than its tenant": """
        SELECT format('subscription %s: %s', s.id, s.path)
        FROM tenancy_subscription s
        JOIN tenancy_organization t ON t.id = s.tenant_id
        LEFT JOIN tenancy_organization r
          ON r.kind = 'reseller' AND r.id = ANY (tenancy_ids_of(t.path))
        LEFT JOIN tenancy_organization d
          ON d.kind = 'distributor' AND d.id = ANY (tenancy_ids_of(t.path))
        WHERE (s.path, s.group_id, s.reseller_id, s.distributor_id)
              IS DISTINCT FROM (t.path, t.group_id, r.id, d.id)""",
    "external reference of an organization that does not see the object": """
        SELECT format('%s %s: %s', x.noun, x.id, x.external_reference)
        FROM (SELECT 'organization' AS noun, id, path, external_reference, reference_owner_id
              FROM tenancy_organization
              UNION ALL
              SELECT 'subscription', id, path, external_reference, reference_owner_id
              FROM tenancy_subscription) x
        WHERE x.reference_owner_id IS NOT NULL
          AND NOT tenancy_sees(x.reference_owner_id, x.path)""",
    "owners of a subscription over time with a gap or an overlap": """
        SELECT format('subscription %s: owned until %s, then from %s', x.subscription_id, x.former,
                      x.since)
        FROM (SELECT o.subscription_id, o.since,
                     coalesce(lag(o.until) OVER (PARTITION BY o.group_id, o.subscription_id
                                                 ORDER BY o.until), '-infinity') AS former
              FROM tenancy_ownership o) x
        WHERE x.since <> x.former""",
}
