"""A terminated subscription stays so, unless an order reverses its termination while it has a tenant.

The previous release never changes the status of a terminated subscription. The check is made at
commit, as the order is completed after the status was changed.
"""

from django.db import migrations

STAYS = """
CREATE FUNCTION ordering_terminated_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM tenancy_subscription s
        WHERE s.group_id = NEW.group_id AND s.id = NEW.id AND s.status <> 'terminated'
          AND (NOT EXISTS (
                  SELECT FROM ordering_order r
                  JOIN ordering_order t ON t.group_id = r.group_id AND t.id = r.reverses
                  WHERE r.group_id = s.group_id AND r.subscription_id = s.id
                    AND r.kind = 'reversal' AND r.state = 'completed' AND t.kind = 'termination'
                    AND t.subscription_id = s.id AND NOT EXISTS (
                        SELECT FROM ordering_order l
                        WHERE l.group_id = s.group_id AND l.subscription_id = s.id
                          AND l.kind = 'termination' AND l.state = 'completed'
                          AND l.number > r.number))
               OR EXISTS (
                  SELECT FROM tenancy_organization o
                  WHERE o.id = s.tenant_id AND o.status <> 'active')))
    THEN
        RAISE EXCEPTION 'subscription % is terminated; only a reversal of its termination restores it',
            NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'terminated_stays';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER terminated_stays AFTER UPDATE OF status ON tenancy_subscription
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.status = 'terminated' AND NEW.status <> 'terminated')
    EXECUTE FUNCTION ordering_terminated_stays();
"""

UNDO = """
DROP TRIGGER terminated_stays ON tenancy_subscription;
DROP FUNCTION ordering_terminated_stays;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ordering", "0021_retired_checked"),
        ("tenancy", "0028_order_grace"),
    ]
    operations = [migrations.RunSQL(STAYS, UNDO)]
